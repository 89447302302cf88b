use std::sync::Arc;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use maud::html;
use x428::wire::withdrawal::{CODE_LIFETIME_MAX, StepUpMethod};

use super::elements::wrong;
use super::visit::{anonymous, field};
use super::{Page, Sheet, Visit, see_other};
use crate::exchange::mail::Mail;
use crate::exchange::model::{Owner, Session};
use crate::exchange::step_up::{attempts, codes, sends, totp};
use crate::exchange::store::Fault;
use crate::exchange::{Exchange, audit, digest, notify, password};

/// How often a login may fail in an hour, for one owner from one place, or by its second factor.
const FAILURES: i64 = 10;
/// How often from everywhere: somebody elsewhere who guesses does not lock the owner out at once.
const FAILURES_EVERYWHERE: i64 = 100;
const HOUR: std::time::Duration = std::time::Duration::from_hours(1);

/// Asks for the password.
pub(super) async fn get(visit: Visit) -> Result<Response, Page> {
    let next = next_of(&visit);
    if visit.session.is_none() {
        // The form needs a session before it is shown.
        let cookie = visit.begin(anonymous(visit.call.now)).await?;
        let to = format!("/login?next={}", encode(&next));
        return Ok(([(header::SET_COOKIE, cookie)], see_other(&to)).into_response());
    }
    Ok(form(&visit, &next, "", None, StatusCode::OK))
}

fn form(
    visit: &Visit,
    next: &str,
    login: &str,
    problem: Option<&str>,
    status: StatusCode,
) -> Response {
    let (described, is_wrong) = (problem.map(|_| "problem"), problem.map(|_| "true"));
    let content = html! {
        form.card method="post" action="/login" {
            (visit.token())
            input type="hidden" name="next" value=(next);
            @if let Some(problem) = problem { (wrong("problem", problem)) }
            label for="login" { "Name" }
            input id="login" name="login" value=(login) autocomplete="username"
                autocapitalize="none" spellcheck="false" required
                aria-describedby=[described] aria-invalid=[is_wrong]
                autofocus[login.is_empty()];
            label for="password" { "Password" }
            input id="password" name="password" type="password"
                autocomplete="current-password" required
                aria-describedby=[described] aria-invalid=[is_wrong]
                autofocus[!login.is_empty()];
            p.actions { button type="submit" { "Log in" } }
        }
    };
    sheet("Log in", visit, status).show(&content)
}

/// A page of the login, which names an error in its title.
fn sheet<'a>(title: &'a str, visit: &'a Visit, status: StatusCode) -> Sheet<'a> {
    Sheet::new(title).of(visit).status(status)
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
    let counter_here = format!("{counter} {}", visit.call.visitor.origin());
    let mut writing = exchange.store.write().await?;
    let tried_here = writing.count(&counter_here, visit.call.now, HOUR).await?;
    // One who is stopped here is not counted against the others.
    let tried = if tried_here > FAILURES {
        0
    } else {
        writing.count(&counter, visit.call.now, HOUR).await?
    };
    let find = "SELECT data FROM owner WHERE login = $1";
    let owner: Option<Owner> = writing.find(find, vec![login.into()]).await?.pop();
    writing.commit().await?;
    if tried_here > FAILURES || tried > FAILURES_EVERYWHERE {
        let why = "There were too many attempts. Try again in an hour.";
        let status = StatusCode::TOO_MANY_REQUESTS;
        return Ok(form(&visit, &next, login, Some(why), status));
    }
    let known = owner.as_ref().map(|owner| owner.password.clone());
    if !password::is_right(known, given.to_owned()).await? {
        if let Some(owner) = owner {
            note(&visit, &owner.id, false).await?;
        }
        let why = "The name or the password is not right.";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(form(&visit, &next, login, Some(why), status));
    }
    let owner = owner.ok_or(Fault::Damaged)?;
    let mut writing = exchange.store.write().await?;
    writing.reset(&counter_here).await?;
    writing.commit().await?;
    note(&visit, &owner.id, true).await?;
    let session = Session {
        owner: Some(owner.id),
        password_at: Some(visit.call.now),
        ..anonymous(visit.call.now)
    };
    let cookie = visit.begin(session).await?;
    Ok(([(header::SET_COOKIE, cookie)], see_other(&next)).into_response())
}

/// Puts into the owner's record whether a password was right.
async fn note(visit: &Visit, owner: &str, accepted: bool) -> Result<(), Fault> {
    let mut writing = visit.call.exchange.store.write().await?;
    writing.turn_of(owner).await?;
    let what = serde_json::json!({"event": "login", "method": "password", "accepted": accepted});
    audit::append(&mut writing, owner, visit.call.now, what).await?;
    writing.commit().await
}

/// By which method an owner logs in: the authenticator app, or a code by e-mail without one.
fn method_of(owner: &Owner) -> StepUpMethod {
    if owner.totp.is_some() {
        StepUpMethod::Totp
    } else {
        StepUpMethod::Email
    }
}

/// Asks for a second factor; without an authenticator app, a code is sent by e-mail.
pub(super) async fn factor(visit: Visit) -> Result<Response, Page> {
    let owner = visit.owner().await?;
    let next = next_of(&visit);
    let session = visit.session.as_ref();
    if session.is_some_and(|session| session.factor_at.is_some()) {
        // Nobody is sent a code who has entered one.
        return Ok(see_other(&next));
    }
    if method_of(&owner) == StepUpMethod::Email
        && let Err((status, why)) = send(&visit, &owner).await?
    {
        return Ok(factor_form(&visit, &owner, &next, Some(why), status));
    }
    Ok(factor_form(&visit, &owner, &next, None, StatusCode::OK))
}

fn factor_form(
    visit: &Visit,
    owner: &Owner,
    next: &str,
    problem: Option<&str>,
    status: StatusCode,
) -> Response {
    let (described, is_wrong) = (
        if problem.is_some() {
            "where problem"
        } else {
            "where"
        },
        problem.map(|_| "true"),
    );
    let content = html! {
        form.card method="post" action="/login/factor" {
            (visit.token())
            input type="hidden" name="next" value=(next);
            p id="where" {
                @if owner.totp.is_some() {
                    "Open your authenticator app, and enter the code for Example Exchange."
                } @else if visit.call.exchange.mailer.is_some() {
                    "A code was sent to your e-mail address."
                } @else {
                    "A code was sent to your e-mail address. In this sandbox it is among your "
                    a href="/outbox" { "messages" } "."
                }
            }
            label for="code" { "Code" }
            @if let Some(problem) = problem { (wrong("problem", problem)) }
            input.code id="code" name="code" inputmode="numeric" autocomplete="one-time-code"
                required autofocus aria-describedby=(described) aria-invalid=[is_wrong];
            p.actions { button type="submit" { "Continue" } }
        }
    };
    sheet("Enter your code", visit, status).show(&content)
}

/// Why no code was sent.
type Unsent = (StatusCode, &'static str);

async fn send(visit: &Visit, owner: &Owner) -> Result<Result<(), Unsent>, Fault> {
    let Some(session) = &visit.session else {
        return Ok(Ok(()));
    };
    let now = visit.call.now;
    if has_code(session, now) {
        return Ok(Ok(()));
    }
    // The task ends what has begun, even if the browser has gone away meanwhile: a session with a
    // code that nobody has sent would send no other one.
    let exchange = Arc::clone(&visit.call.exchange);
    let (owner, session) = (owner.clone(), session.id.clone());
    let task = tokio::spawn(async move { carry(&exchange, &owner, &session, now).await });
    task.await.map_err(Fault::because)?
}

/// Whether a code was sent that can still be entered.
fn has_code(session: &Session, now: Timestamp) -> bool {
    session.code.as_ref().is_some_and(|(_, until)| now < *until)
}

/// Gives the session a code, and hands the e-mail with it over. If the server does not take it,
/// there is no code.
async fn carry(
    exchange: &Exchange,
    owner: &Owner,
    session: &str,
    now: Timestamp,
) -> Result<Result<(), Unsent>, Fault> {
    let method = StepUpMethod::Email;
    let code = codes::fresh(exchange)?;
    let text = format!("Your code to log in is {code}. Tell it to nobody.");
    let subject = "Log in";
    let mut writing = exchange.store.write().await?;
    writing.turn_of(&owner.id).await?;
    // Another request of the browser may have sent one, or ended the session, before this one had
    // its turn.
    let session: Option<Session> = writing.get(session).await?;
    let Some(mut session) = session.filter(|session| !has_code(session, now)) else {
        return Ok(Ok(()));
    };
    if sends::count(exchange, &mut writing, owner, method, now)
        .await?
        .is_err()
    {
        let why = "Too many codes were sent. Try again later.";
        return Ok(Err((StatusCode::TOO_MANY_REQUESTS, why)));
    }
    if exchange.mailer.is_none() {
        notify::send(
            exchange,
            &mut writing,
            owner,
            "email",
            subject,
            text.clone(),
            now,
        )
        .await?;
    }
    let lifetime = SignedDuration::try_from(CODE_LIFETIME_MAX).map_err(Fault::because)?;
    let sent = Some((codes::digest(exchange, &session.id, &code), now + lifetime));
    session.code.clone_from(&sent);
    writing.put(&session).await?;
    let what = serde_json::json!({"event": "login", "method": method, "sent": true});
    audit::append(&mut writing, &owner.id, now, what).await?;
    writing.commit().await?;
    let Some(mailer) = &exchange.mailer else {
        return Ok(Ok(()));
    };
    let mail = Mail::with_code(owner, subject, text, now)?;
    if let Err(why) = mailer.send(&mail).await {
        tracing::warn!(%why, "a code to log in was not sent");
        let mut writing = exchange.store.write().await?;
        writing.turn_of(&owner.id).await?;
        sends::take_back(&mut writing, owner, method).await?;
        let kept: Option<Session> = writing.get(&session.id).await?;
        if let Some(kept) = kept.filter(|kept| kept.code == sent) {
            writing.put(&Session { code: None, ..kept }).await?;
        }
        writing.commit().await?;
        let why = "The e-mail cannot be sent at the moment. Try again later.";
        return Ok(Err((StatusCode::SERVICE_UNAVAILABLE, why)));
    }
    Ok(Ok(()))
}

/// Checks the second factor. Its codes are counted and used up with those that approve
/// withdrawals.
// r[impl withdrawal.verify.totp]
pub(super) async fn post_factor(visit: Visit) -> Result<Response, Page> {
    let mut owner = visit.owner().await?;
    let fields = visit.form()?;
    // Apps show a code in two groups.
    let code = field(&fields, "code").unwrap_or_default();
    let code: String = code.split_whitespace().collect();
    let next = local(field(&fields, "next").unwrap_or_default());
    let exchange = &visit.call.exchange;
    let now = visit.call.now;
    let method = method_of(&owner);
    let mut writing = exchange.store.write().await?;
    writing.turn_of(&owner.id).await?;
    if !attempts::count(exchange, writing, &owner.id, method, now).await? {
        let why = "There were too many attempts. Try again later.";
        let status = StatusCode::TOO_MANY_REQUESTS;
        return Ok(factor_form(&visit, &owner, &next, Some(why), status));
    }
    let mut writing = exchange.store.write().await?;
    writing.turn_of(&owner.id).await?;
    owner = writing.get(&owner.id).await?.ok_or(Fault::Damaged)?;
    let shown = visit.session.as_ref().ok_or(Fault::Damaged)?;
    // What another request has used up meanwhile is not there any more.
    let session: Option<Session> = writing.get(&shown.id).await?;
    let holds = match (&session, method) {
        (None, _) => false,
        (Some(_), StepUpMethod::Totp) => totp::accept(exchange, &mut owner, &code, now)?,
        (Some(session), _) => session.code.as_ref().is_some_and(|(known, until)| {
            now < *until && digest::same(known, &codes::digest(exchange, &session.id, &code))
        }),
    };
    let Some(session) = session.filter(|_| holds) else {
        attempts::was_wrong_at_login(exchange, &mut writing, &owner.id, method, now).await?;
        writing.commit().await?;
        let why = "This code is not right, or it was used already. Enter the newest one.";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(factor_form(&visit, &owner, &next, Some(why), status));
    };
    writing.put(&owner).await?;
    attempts::was_right(&mut writing, &owner.id, method).await?;
    let what = serde_json::json!({"event": "login", "method": method, "accepted": true});
    audit::append(&mut writing, &owner.id, now, what).await?;
    // The code is used up in the same moment: the session that has it is no more.
    let session = Session {
        factor_at: Some(now),
        code: None,
        ..session
    };
    let cookie = visit.renew_with(&mut writing, session).await?;
    writing.commit().await?;
    Ok(([(header::SET_COOKIE, cookie)], see_other(&next)).into_response())
}

/// Ends the session.
pub(super) async fn logout(visit: Visit) -> Result<Response, Page> {
    visit.form()?;
    let owner = visit
        .session
        .as_ref()
        .and_then(|session| session.owner.as_deref());
    if let Some(owner) = owner {
        let mut writing = visit.call.exchange.store.write().await?;
        writing.turn_of(owner).await?;
        let what = serde_json::json!({"event": "logout"});
        audit::append(&mut writing, owner, visit.call.now, what).await?;
        writing.commit().await?;
    }
    let cookie = visit.begin(anonymous(visit.call.now)).await?;
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
