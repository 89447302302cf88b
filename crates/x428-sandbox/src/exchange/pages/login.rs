use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use maud::{Markup, html};
use x428::wire::withdrawal::CODE_LIFETIME_MAX;

use super::visit::{anonymous, field};
use super::{Page, Visit, page, see_other};
use crate::exchange::model::{Owner, Session};
use crate::exchange::step_up::{codes, totp};
use crate::exchange::store::Fault;
use crate::exchange::{audit, digest, notify, password};

/// How often a login may fail in an hour.
const FAILURES: i64 = 10;
const HOUR: std::time::Duration = std::time::Duration::from_hours(1);

/// Asks for the password.
pub(super) async fn get(visit: Visit) -> Result<Response, Page> {
    let next = next_of(&visit);
    if visit.session.is_none() {
        // The form needs a session before it is shown.
        let cookie = visit.renew(anonymous(visit.call.now)).await?;
        let to = format!("/login?next={}", encode(&next));
        return Ok(([(header::SET_COOKIE, cookie)], see_other(&to)).into_response());
    }
    Ok(form(&visit, &next, None, StatusCode::OK))
}

fn form(visit: &Visit, next: &str, problem: Option<&str>, status: StatusCode) -> Response {
    let content = html! {
        @if let Some(problem) = problem { p role="alert" { (problem) } }
        form method="post" action="/login" {
            (visit.token())
            input type="hidden" name="next" value=(next);
            label for="login" { "Name" }
            input id="login" name="login" autocomplete="username" required;
            label for="password" { "Password" }
            input id="password" name="password" type="password"
                autocomplete="current-password" required;
            div { button type="submit" { "Log in" } }
        }
    };
    page(status, "Log in", &content)
}

/// Checks the password.
pub(super) async fn post(visit: Visit) -> Result<Response, Page> {
    let fields = visit.form()?;
    let login = field(&fields, "login").filter(|login| !login.contains('\0'));
    let given = field(&fields, "password");
    let (login, given) = (login.unwrap_or_default(), given.unwrap_or_default());
    let next = local(field(&fields, "next").unwrap_or_default());
    let exchange = &visit.call.exchange;
    let counter = format!("login {}", digest::of(login));
    let mut writing = exchange.store.write().await?;
    let tried = writing.count(&counter, visit.call.now, HOUR).await?;
    let find = "SELECT data FROM owner WHERE login = $1";
    let owner: Option<Owner> = writing.find(find, vec![login.into()]).await?.pop();
    writing.commit().await?;
    if tried > FAILURES {
        let why = "There were too many attempts. Try again in an hour.";
        return Ok(form(
            &visit,
            &next,
            Some(why),
            StatusCode::TOO_MANY_REQUESTS,
        ));
    }
    let known = owner.as_ref().map(|owner| owner.password.clone());
    if !password::is_right(known, given.to_owned()).await? {
        let why = "Name or password are not right.";
        return Ok(form(&visit, &next, Some(why), StatusCode::UNAUTHORIZED));
    }
    let owner = owner.ok_or(Fault::Damaged)?;
    let mut writing = exchange.store.write().await?;
    writing.reset(&counter).await?;
    writing.commit().await?;
    let session = Session {
        owner: Some(owner.id),
        password_at: Some(visit.call.now),
        ..anonymous(visit.call.now)
    };
    let cookie = visit.renew(session).await?;
    Ok(([(header::SET_COOKIE, cookie)], see_other(&next)).into_response())
}

/// Asks for a second factor; without an authenticator app, a code is sent by e-mail.
pub(super) async fn factor(visit: Visit) -> Result<Response, Page> {
    let owner = visit.owner().await?;
    if owner.totp.is_none() {
        send(&visit, &owner).await?;
    }
    Ok(factor_form(&visit, &owner, None, StatusCode::OK))
}

fn factor_form(
    visit: &Visit,
    owner: &Owner,
    problem: Option<&str>,
    status: StatusCode,
) -> Response {
    let where_it_is: Markup = if owner.totp.is_some() {
        html! { "The code of the authenticator app" }
    } else {
        html! { "The code of the e-mail" }
    };
    let content = html! {
        @if let Some(problem) = problem { p role="alert" { (problem) } }
        form method="post" action="/login/factor" {
            (visit.token())
            input type="hidden" name="next" value=(next_of(visit));
            label for="code" { (where_it_is) }
            input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required;
            div { button type="submit" { "Go on" } }
        }
    };
    page(status, "Second factor", &content)
}

async fn send(visit: &Visit, owner: &Owner) -> Result<(), Page> {
    let Some(session) = &visit.session else {
        return Ok(());
    };
    let now = visit.call.now;
    if session.code.as_ref().is_some_and(|(_, until)| now < *until) {
        return Ok(());
    }
    let code = codes::fresh()?;
    let lifetime = SignedDuration::try_from(CODE_LIFETIME_MAX).map_err(Fault::because)?;
    let mut session = session.clone();
    session.code = Some((
        codes::digest(&visit.call.exchange, &session.id, &code),
        now + lifetime,
    ));
    let mut writing = visit.call.exchange.store.write().await?;
    writing.turn_of(&owner.id).await?;
    writing.put(&session).await?;
    let text = format!("Your code to log in is {code}. Tell it to nobody.");
    notify::send(&mut writing, owner, "email", "Log in", text, now).await?;
    writing.commit().await?;
    Ok(())
}

/// Checks the second factor.
pub(super) async fn post_factor(visit: Visit) -> Result<Response, Page> {
    let mut owner = visit.owner().await?;
    let fields = visit.form()?;
    let code = field(&fields, "code").unwrap_or_default().trim().to_owned();
    let next = local(field(&fields, "next").unwrap_or_default());
    let exchange = &visit.call.exchange;
    let now = visit.call.now;
    let counter = format!("factor {}", owner.id);
    let mut writing = exchange.store.write().await?;
    let tried = writing.count(&counter, now, HOUR).await?;
    writing.commit().await?;
    if tried > FAILURES {
        let why = "There were too many attempts. Try again in an hour.";
        return Ok(factor_form(
            &visit,
            &owner,
            Some(why),
            StatusCode::TOO_MANY_REQUESTS,
        ));
    }
    let session = visit.session.clone().ok_or(Fault::Damaged)?;
    let mut writing = exchange.store.write().await?;
    writing.turn_of(&owner.id).await?;
    owner = writing.get(&owner.id).await?.ok_or(Fault::Damaged)?;
    let holds = if owner.totp.is_some() {
        totp::accept(exchange, &mut owner, &code, now)?
    } else {
        session.code.as_ref().is_some_and(|(known, until)| {
            now < *until && digest::same(known, &codes::digest(exchange, &session.id, &code))
        })
    };
    if !holds {
        let why = "The code is not accepted.";
        return Ok(factor_form(
            &visit,
            &owner,
            Some(why),
            StatusCode::UNAUTHORIZED,
        ));
    }
    writing.put(&owner).await?;
    writing.reset(&counter).await?;
    let what = serde_json::json!({"event": "session.strong"});
    audit::append(&mut writing, &owner.id, now, what).await?;
    writing.commit().await?;
    let session = Session {
        factor_at: Some(now),
        code: None,
        ..session
    };
    let cookie = visit.renew(session).await?;
    Ok(([(header::SET_COOKIE, cookie)], see_other(&next)).into_response())
}

/// Ends the session.
pub(super) async fn logout(visit: Visit) -> Result<Response, Page> {
    visit.form()?;
    let cookie = visit.renew(anonymous(visit.call.now)).await?;
    Ok(([(header::SET_COOKIE, cookie)], see_other("/login")).into_response())
}

fn next_of(visit: &Visit) -> String {
    let query = visit.call.uri.query().unwrap_or_default();
    let next = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "next");
    local(
        &next
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default(),
    )
}

/// A path of this exchange: nobody is led elsewhere by the login.
fn local(next: &str) -> String {
    let is_path = next.starts_with('/')
        && !next.starts_with("//")
        && next
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_path {
        next.to_owned()
    } else {
        "/".to_owned()
    }
}

fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
