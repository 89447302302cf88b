//! Who visits a page: a browser with its cookie, and perhaps an owner behind it.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use maud::{Markup, html};

use super::{problem, see_other};
use crate::exchange::call::Call;
use crate::exchange::model::{Owner, Session};
use crate::exchange::security::Change;
use crate::exchange::store::{Fault, Writing};
use crate::exchange::{Exchange, digest, random};

/// How long the pages tell that something was changed.
const A_MOMENT: SignedDuration = SignedDuration::from_mins(1);
const COOKIE: &str = "__Host-x428";

/// What a page answers when it cannot be shown.
pub(crate) struct Page(Box<Response>);

impl From<Fault> for Page {
    fn from(fault: Fault) -> Self {
        tracing::error!(%fault, "a page failed");
        Self::from(problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The exchange failed",
            "Try again later.",
        ))
    }
}

impl From<Response> for Page {
    fn from(response: Response) -> Self {
        Self(Box::new(response))
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        *self.0
    }
}

/// A request to a page.
pub(crate) struct Visit {
    pub(crate) call: Call,
    pub(crate) session: Option<Session>,
}

impl FromRequest<Arc<Exchange>> for Visit {
    type Rejection = Page;

    async fn from_request(request: Request, exchange: &Arc<Exchange>) -> Result<Self, Page> {
        let Ok(call) = Call::from_request(request, exchange).await;
        let session = match cookie(&call) {
            None => None,
            Some(cookie) => {
                let mut reading = exchange.store.read().await?;
                let session: Option<Session> = reading.get(&digest::of(&cookie)).await?;
                reading.end().await?;
                session.filter(|session| call.now < session.ends_at)
            }
        };
        if session
            .as_ref()
            .is_some_and(|session| session.factor_at.is_some())
        {
            call.visitor.is_known();
        }
        Ok(Self { call, session })
    }
}

impl Visit {
    /// Whether the password of an owner is known.
    pub(super) fn is_logged_in(&self) -> bool {
        let session = self.session.as_ref();
        session.is_some_and(|session| session.password_at.is_some())
    }

    /// The owner whose password is known, or the login page.
    pub(crate) async fn owner(&self) -> Result<Owner, Page> {
        let known = self
            .session
            .as_ref()
            .filter(|session| session.password_at.is_some());
        let Some(id) = known.and_then(|session| session.owner.as_deref()) else {
            return Err(self.log_in("/login"));
        };
        let mut reading = self.call.exchange.store.read().await?;
        let owner: Option<Owner> = reading.get(id).await?;
        reading.end().await?;
        let since = known.and_then(|session| session.password_at);
        owner
            .filter(|owner| since >= Some(owner.sessions_from))
            .ok_or_else(|| self.log_in("/login"))
    }

    /// The owner who has shown a second factor, or the page that asks for it.
    pub(crate) async fn strong_owner(&self) -> Result<Owner, Page> {
        let owner = self.owner().await?;
        let session = self.session.as_ref();
        if session.is_none_or(|session| session.factor_at.is_none()) {
            return Err(self.log_in("/login/factor"));
        }
        Ok(owner)
    }

    /// What was changed in this browser a moment ago.
    pub(super) fn just_changed(&self) -> Option<Change> {
        let session = self.session.as_ref()?;
        let (change, at) = session.changed?;
        (self.call.now < at + A_MOMENT).then_some(change)
    }

    fn log_in(&self, page: &str) -> Page {
        // A form goes to the page on which it stands, unless it stands on several.
        let path = self.call.uri.path();
        let elsewhere = ["/end", "/remove", "/logout"];
        let is_page =
            self.call.method == Method::GET || !elsewhere.iter().any(|end| path.ends_with(end));
        let back = if is_page { path } else { "/" };
        let next: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
        Page::from(see_other(&format!("{page}?next={next}")))
    }

    /// The fields of a form that comes from a page of this session.
    pub(crate) fn form(&self) -> Result<Vec<(String, String)>, Page> {
        let refuse = || {
            Page::from(problem(
                StatusCode::FORBIDDEN,
                "This form has expired",
                "Go back, load the page again and repeat it.",
            ))
        };
        let session = self.session.as_ref().ok_or_else(refuse)?;
        if let Some(origin) = self.call.headers.get(header::ORIGIN)
            && origin.as_bytes() != self.call.exchange.settings.issuer.as_bytes()
        {
            return Err(refuse());
        }
        let body = self.call.form_body().ok_or_else(refuse)?;
        let fields: Vec<(String, String)> =
            url::form_urlencoded::parse(body).into_owned().collect();
        let expected = self.call.exchange.keys.form_token(&session.id);
        let given = field(&fields, "token").unwrap_or_default();
        if !digest::same(&expected, given) {
            return Err(refuse());
        }
        Ok(fields)
    }

    /// The hidden field that every form of a page has.
    pub(crate) fn token(&self) -> Markup {
        let session = self.session.as_ref();
        let token = session.map(|session| self.call.exchange.keys.form_token(&session.id));
        html! { input type="hidden" name="token" value=(token.unwrap_or_default()); }
    }

    /// Gives the browser a session that begins now, in the place of the one that it has.
    pub(crate) async fn begin(&self, session: Session) -> Result<HeaderValue, Page> {
        let lifetime = self.call.exchange.settings.session_lifetime;
        let lifetime = SignedDuration::try_from(lifetime).map_err(Fault::because)?;
        let ends_at = self.call.now + lifetime;
        self.renew(Session { ends_at, ..session }).await
    }

    /// Gives the browser a new session in the place of the one that it has, so that nobody knows
    /// its cookie from before. It ends when the old one would have: who has taken a cookie cannot
    /// keep it alive without a login.
    pub(crate) async fn renew(&self, session: Session) -> Result<HeaderValue, Page> {
        let mut writing = self.call.exchange.store.write().await?;
        let cookie = self.renew_with(&mut writing, session).await?;
        writing.commit().await?;
        Ok(cookie)
    }

    /// The same, together with what else is written.
    pub(super) async fn renew_with(
        &self,
        writing: &mut Writing,
        session: Session,
    ) -> Result<HeaderValue, Fault> {
        let cookie = random::token("s")?;
        let session = Session {
            id: digest::of(&cookie),
            ..session
        };
        if let Some(old) = &self.session {
            let delete = "DELETE FROM session WHERE id = $1";
            writing
                .execute(delete, vec![old.id.as_str().into()])
                .await?;
        }
        writing.put(&session).await?;
        let value = format!("{COOKIE}={cookie}; Path=/; Secure; HttpOnly; SameSite=Lax");
        HeaderValue::from_str(&value).map_err(Fault::because)
    }
}

/// A session in which nothing is known yet, and which has yet to [begin](Visit::begin).
pub(crate) fn anonymous(now: jiff::Timestamp) -> Session {
    Session {
        id: String::new(),
        owner: None,
        password_at: None,
        factor_at: None,
        code: None,
        enrolling: None,
        authenticator: None,
        changed: None,
        ends_at: now,
    }
}

/// The value of a field of a form.
pub(crate) fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut values = fields.iter().filter(|(other, _)| other == name);
    let (_, value) = values.next()?;
    // Of two values nobody knows which one is meant.
    values.next().is_none().then_some(value.as_str())
}

fn cookie(call: &Call) -> Option<String> {
    call.headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value.to_owned())
}
