//! The pages of the exchange: plain HTML that works without JavaScript, passkeys excepted.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{DOCTYPE, Markup, html};

use super::rate::{self, Left};
use super::{Exchange, digest};

mod activity;
mod consent;
mod dashboard;
mod destinations;
mod elements;
mod form;
mod login;
mod outbox;
mod passkeys;
mod phone;
mod security;
mod step_up;
mod visit;

pub(crate) use visit::{Page, Visit};

const STYLE: &str = include_str!("pages/style.css");
const PASSKEY: &str = include_str!("pages/passkey.js");
const ICON: &str = include_str!("pages/icon.svg");
const REFERRER_POLICY: HeaderName = HeaderName::from_static("referrer-policy");

/// Where the files are: another content has another address, so that a browser asks once.
static STYLE_AT: LazyLock<String> = LazyLock::new(|| at("style.css", STYLE));
static PASSKEY_AT: LazyLock<String> = LazyLock::new(|| at("passkey.js", PASSKEY));
static ICON_AT: LazyLock<String> = LazyLock::new(|| at("icon.svg", ICON));

fn at(name: &str, text: &str) -> String {
    format!("/static/{name}?{}", digest::of(text))
}

/// Pages that a page of the list leads to.
const PARTS: [(&str, &str); 2] = [("/security", "/passkeys"), ("/destinations", "/passkeys")];

/// The pages of an owner who is logged in, as every page lists them.
const PAGES: [(&str, &str); 4] = [
    ("/", "Account"),
    ("/passkeys", "Security"),
    ("/outbox", "Messages"),
    ("/phone", "Phone"),
];

/// The pages.
pub(crate) fn routes() -> Router<Arc<Exchange>> {
    Router::new()
        .route("/", get(dashboard::get))
        .route("/login", get(login::get).post(login::post))
        .route("/login/factor", get(login::factor).post(login::post_factor))
        .route("/logout", post(login::logout))
        .route("/consent/{id}", get(consent::get).post(consent::post))
        .route("/grants/{id}/end", post(dashboard::end))
        .route("/activity/{id}", get(activity::get).post(activity::post))
        .route("/outbox", get(outbox::get))
        .route("/phone", get(phone::get).post(phone::post))
        .route("/step-up/{id}", get(step_up::get).post(step_up::post))
        .route("/security", get(security::get).post(security::post))
        .route(
            "/destinations",
            get(destinations::get).post(destinations::post),
        )
        .route("/passkeys", get(passkeys::get).post(passkeys::post))
        .route("/passkeys/{id}/remove", post(passkeys::remove))
        .route("/static/style.css", get(async || file("text/css", STYLE)))
        .route(
            "/static/passkey.js",
            get(async || file("text/javascript", PASSKEY)),
        )
        .route(
            "/static/icon.svg",
            get(async || file("image/svg+xml", ICON)),
        )
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, text).into_response()
}

/// The script of passkeys.
fn passkey_script() -> Markup {
    html! { script src=(*PASSKEY_AT) defer {} }
}

/// What is around the content of a page.
pub(super) struct Sheet<'a> {
    title: &'a str,
    status: StatusCode,
    visit: Option<&'a Visit>,
    leads_to: Option<String>,
    is_wide: bool,
}

impl<'a> Sheet<'a> {
    /// A page with its title, for the browser and above the content.
    pub(super) fn new(title: &'a str) -> Self {
        Self {
            title,
            status: StatusCode::OK,
            visit: None,
            leads_to: None,
            is_wide: false,
        }
    }

    /// For an owner, who finds the other pages above it.
    pub(super) fn of(self, visit: &'a Visit) -> Self {
        Self {
            visit: visit.is_logged_in().then_some(visit),
            ..self
        }
    }

    pub(super) fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Names the other site to which the form of the page leads in the end, as a source of the
    /// policy of the page.
    pub(super) fn leading_to(self, leads_to: Option<String>) -> Self {
        Self { leads_to, ..self }
    }

    /// With room for two columns.
    pub(super) fn wide(self) -> Self {
        Self {
            is_wide: true,
            ..self
        }
    }

    fn document(&self, content: &Markup) -> Markup {
        // A form that was not taken says so first.
        let is_repeated = self.status == StatusCode::UNPROCESSABLE_ENTITY;
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { @if is_repeated { "Error: " } (self.title) " – Example Exchange" }
                    link rel="icon" href=(*ICON_AT);
                    link rel="stylesheet" href=(*STYLE_AT);
                }
                body.wide[self.is_wide] {
                    header {
                        p { a.brand href="/" { "Example Exchange" } " " small { "Sandbox" } }
                        @if let Some(visit) = self.visit { (navigation(visit)) }
                    }
                    main { h1 { (self.title) } (content) }
                    footer { p { "A sandbox. Nothing here has any value." } }
                }
            }
        }
    }

    // r[impl withdrawal.hosted.login]
    pub(super) fn show(&self, content: &Markup) -> Response {
        let document = self.document(content).into_string();
        let policy = format!(
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
             form-action 'self' {}; frame-ancestors 'none'; base-uri 'none'",
            self.leads_to.as_deref().unwrap_or_default()
        );
        let mut response = (self.status, axum::response::Html(document)).into_response();
        let headers = response.headers_mut();
        // Without its policy the page is not shown.
        let Ok(policy) = HeaderValue::from_str(&policy) else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        for (name, value) in [
            (header::X_FRAME_OPTIONS, "DENY"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, SAME_ORIGIN),
            (header::CACHE_CONTROL, "no-store"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// With `no-referrer`, a browser would name the origin `null` when it sends a form.
const SAME_ORIGIN: &str = "same-origin";

fn navigation(visit: &Visit) -> Markup {
    let here = visit.call.uri.path();
    let current = |path| {
        let is_part = PARTS.contains(&(here, path));
        (path == here)
            .then_some("page")
            .or(is_part.then_some("true"))
    };
    html! {
        nav aria-label="Pages" {
            @for (path, name) in PAGES {
                a href=(path) aria-current=[current(path)] { (name) }
            }
            form method="post" action="/logout" {
                (visit.token())
                button.plain type="submit" { "Log out" }
            }
        }
    }
}

/// A page that says what went wrong.
pub(crate) fn problem(status: StatusCode, title: &str, why: &str) -> Response {
    Sheet::new(title)
        .status(status)
        .show(&html! { p role="alert" { (why) } p { a href="/" { "Go to your account" } } })
}

/// Counts requests where they come from, and logs them. Their queries have codes and requests in
/// them, so that they are left out.
// r[impl withdrawal.privacy.logs]
pub(crate) async fn limits(
    State(exchange): State<Arc<Exchange>>,
    request: Request,
    next: Next,
) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = rate::admit(exchange, request, next, too_many).await;
    let status = response.status().as_u16();
    tracing::info!(method = method.as_str(), path, status, "answered");
    response
}

/// A page that says when to come again.
pub(crate) fn too_many(left: Left) -> Response {
    let mut response = problem(
        StatusCode::TOO_MANY_REQUESTS,
        "Too many requests",
        "Try again in a minute.",
    );
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, left.seconds().into());
    response
}

/// Sends the browser to another page.
pub(crate) fn see_other(location: &str) -> Response {
    match HeaderValue::from_str(location) {
        Ok(location) => {
            let headers = [
                (header::LOCATION, location),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
                (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            ];
            (StatusCode::SEE_OTHER, headers).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
