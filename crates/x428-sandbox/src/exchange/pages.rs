//! The pages of the exchange: plain HTML that works without JavaScript, passkeys excepted.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{DOCTYPE, Markup, html};

use super::Exchange;

mod consent;
mod dashboard;
mod login;
mod outbox;
mod passkeys;
mod phone;
mod step_up;
mod visit;

pub(crate) use visit::{Page, Visit};

const STYLE: &str = include_str!("pages/style.css");
const PASSKEY: &str = include_str!("pages/passkey.js");
const REFERRER_POLICY: HeaderName = HeaderName::from_static("referrer-policy");

/// The pages.
pub(crate) fn routes() -> Router<Arc<Exchange>> {
    Router::new()
        .route("/", get(dashboard::get))
        .route("/login", get(login::get).post(login::post))
        .route("/login/factor", get(login::factor).post(login::post_factor))
        .route("/logout", axum::routing::post(login::logout))
        .route("/consent/{id}", get(consent::get).post(consent::post))
        .route("/grants/{id}/end", axum::routing::post(dashboard::end))
        .route("/outbox", get(outbox::get))
        .route("/phone", get(phone::get).post(phone::post))
        .route("/step-up/{id}", get(step_up::get).post(step_up::post))
        .route("/passkeys", get(passkeys::get).post(passkeys::post))
        .route("/static/style.css", get(async || file("text/css", STYLE)))
        .route(
            "/static/passkey.js",
            get(async || file("text/javascript", PASSKEY)),
        )
}

fn file(kind: &'static str, text: &'static str) -> Response {
    (
        [(header::CONTENT_TYPE, HeaderValue::from_static(kind))],
        text,
    )
        .into_response()
}

/// A page with its title, for the browser and above the content.
pub(crate) fn page(status: StatusCode, title: &str, content: &Markup) -> Response {
    page_to(status, title, content, None)
}

/// A page whose form leads to another site in the end, which the policy of the page names.
// r[impl withdrawal.hosted.login]
pub(crate) fn page_to(
    status: StatusCode,
    title: &str,
    content: &Markup,
    leads_to: Option<&str>,
) -> Response {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " – Example Exchange" }
                link rel="stylesheet" href="/static/style.css";
            }
            body {
                header { p { a href="/" { "Example Exchange" } " – a sandbox, with nothing of value" } }
                main { h1 { (title) } (content) }
            }
        }
    };
    let policy = format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
         form-action 'self' {}; frame-ancestors 'none'; base-uri 'none'",
        leads_to.unwrap_or_default()
    );
    let mut response = (status, axum::response::Html(document.into_string())).into_response();
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A page that says what went wrong.
pub(crate) fn problem(status: StatusCode, title: &str, why: &str) -> Response {
    page(status, title, &html! { p role="alert" { (why) } })
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
