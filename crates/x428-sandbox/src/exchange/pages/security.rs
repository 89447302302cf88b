//! Where an owner changes password, contact data and the authenticator app.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use maud::{Markup, html};
use zeroize::Zeroizing;

use super::elements::{moment, wrong as said};
use super::visit::field;
use super::{Page, Sheet, Visit, see_other};
use crate::exchange::model::{Owner, Session};
use crate::exchange::security::{self, Change};
use crate::exchange::seed::base32;
use crate::exchange::step_up::totp;
use crate::exchange::store::Fault;
use crate::exchange::{mail, password, random};

/// How long a password is, in characters.
const PASSWORD: std::ops::RangeInclusive<usize> = 12..=256;
/// How often a wrong password may be given in an hour.
const FAILURES: i64 = 10;
/// How often an owner may change the contact data in a day. Each change sends messages to an
/// address and a number that may be anybody's; a mistake is mended with one or two more.
const CONTACTS: i64 = 5;
const HOUR: std::time::Duration = std::time::Duration::from_hours(1);
const DAY: std::time::Duration = std::time::Duration::from_hours(24);

/// Shows what can be changed.
pub(super) async fn get(visit: Visit) -> Result<Response, Page> {
    let owner = visit.strong_owner().await?;
    show(&visit, &owner, None, StatusCode::OK)
}

fn show(
    visit: &Visit,
    owner: &Owner,
    wrong: Option<&str>,
    status: StatusCode,
) -> Result<Response, Page> {
    let content = html! {
        @if let Some(wrong) = wrong { (said("problem", wrong)) }
        (held(owner, visit.call.now))
        form.card method="post" action="/security" aria-labelledby="password" {
            (visit.token())
            h2 id="password" { "Password" }
            label for="current" { "The password now" }
            input id="current" name="current" type="password" autocomplete="current-password"
                required;
            label for="new" { "A new one, of 12 characters or more" }
            input id="new" name="new" type="password" autocomplete="new-password" minlength="12"
                maxlength="256" required;
            (ends("password"))
            p.actions { button type="submit" name="change" value="password" { "Change the password" } }
        }
        form.card method="post" action="/security" aria-labelledby="contact" {
            (visit.token())
            h2 id="contact" { "Where you are reached" }
            label for="email" { "E-mail address" }
            input id="email" name="email" type="email" autocomplete="email" required
                value=(owner.email);
            label for="phone" { "Number of the phone, such as +351900000042" }
            input id="phone" name="phone" type="tel" autocomplete="tel" value=(owner.phone);
            p.actions { button type="submit" name="change" value="contact" { "Change where you are reached" } }
        }
        form.card method="post" action="/security" aria-labelledby="app" {
            (visit.token())
            h2 id="app" { "Authenticator app" }
            (authenticator(visit, owner)?)
        }
        p { a href="/passkeys" { "Passkeys" } " · " a href="/destinations" { "Destinations" } }
    };
    let sheet = Sheet::new("Password and factors").of(visit);
    Ok(sheet.status(status).show(&content))
}

/// Until when withdrawals are held.
pub(super) fn held(owner: &Owner, now: Timestamp) -> Markup {
    let until = owner.held_until.filter(|until| now < *until);
    html! {
        @if let Some(until) = until {
            p.wrong { "Withdrawals are held until " (moment(until)) ", because something was changed." }
        }
    }
}

fn ends(id: &str) -> Markup {
    let id = format!("ends-{id}");
    html! {
        p.choice {
            input type="checkbox" id=(id) name="ends" value="yes";
            label for=(id) { "End the access of every application" }
        }
    }
}

fn authenticator(visit: &Visit, owner: &Owner) -> Result<Markup, Fault> {
    let session = visit.session.as_ref();
    let secret = session.and_then(|session| session.authenticator.as_deref());
    let exchange = &visit.call.exchange;
    Ok(match (&owner.totp, secret) {
        (Some(_), _) => html! {
            p { "You have one." }
            (ends("authenticator"))
            button type="submit" name="change" value="remove" { "Remove it" }
        },
        (None, None) => html! {
            p { "You have none." }
            button type="submit" name="change" value="begin" { "Add one" }
        },
        (None, Some(sealed)) => {
            let secret = base32(&exchange.keys.open(totp::PURPOSE, sealed)?);
            html! {
                p { "Give this secret to the app, and enter the code that it shows:" }
                p { code { (secret) } }
                label for="code" { "Code" }
                input id="code" name="code" inputmode="numeric" autocomplete="one-time-code";
                button type="submit" name="change" value="add" { "Add the app" }
            }
        }
    })
}

/// Changes something.
pub(super) async fn post(visit: Visit) -> Result<Response, Page> {
    let owner = visit.strong_owner().await?;
    let fields = visit.form()?;
    let done = match field(&fields, "change").unwrap_or_default() {
        "password" => change_password(&visit, &owner, &fields).await?,
        "contact" => change_contact(&visit, &owner, &fields).await?,
        "begin" => begin(&visit)?,
        "add" => add(&visit, &owner, &fields).await?,
        "remove" => {
            let ends = field(&fields, "ends") == Some("yes");
            let change = Change::AuthenticatorRemoved;
            change_owner(&visit, &owner, change, ends, |owner| {
                let had = owner.totp.take().is_some();
                owner.totp_step = None;
                if had { Ok(()) } else { Err("There is none.") }
            })
            .await?
        }
        _ => Err("Nothing was changed."),
    };
    match done {
        Ok(session) => {
            let cookie = visit.renew(session).await?;
            Ok(([(header::SET_COOKIE, cookie)], see_other("/security")).into_response())
        }
        Err(wrong) => show(
            &visit,
            &owner,
            Some(wrong),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    }
}

/// What was done: the session that goes on, or why nothing was.
type Done = Result<Session, &'static str>;

/// Changes the owner, in the owner's turn, with everything that follows from it.
pub(super) async fn change_owner(
    visit: &Visit,
    owner: &Owner,
    change: Change,
    ends: bool,
    how: impl FnOnce(&mut Owner) -> Result<(), &'static str> + Send,
) -> Result<Done, Fault> {
    let (exchange, now) = (&visit.call.exchange, visit.call.now);
    let session = visit.session.clone().ok_or(Fault::Damaged)?;
    let mut writing = exchange.store.write().await?;
    writing.turn_of(&owner.id).await?;
    let before: Owner = writing.get(&owner.id).await?.ok_or(Fault::Damaged)?;
    let mut owner = before.clone();
    if let Err(wrong) = how(&mut owner) {
        return Ok(Err(wrong));
    }
    security::changed(exchange, &mut writing, &before, &mut owner, change, now).await?;
    if ends {
        security::end_accesses(&mut writing, &mut owner, now).await?;
    }
    writing.commit().await?;
    Ok(Ok(session.refreshed(now)))
}

async fn change_password(
    visit: &Visit,
    owner: &Owner,
    fields: &[(String, String)],
) -> Result<Done, Page> {
    let exchange = &visit.call.exchange;
    let text = |name| Zeroizing::new(field(fields, name).unwrap_or_default().to_owned());
    let (current, new) = (text("current"), text("new"));
    // It is guessed here as it is at the login, but only by one who has logged in: failures at the
    // login, which are anybody's, do not count.
    let counter = format!("password {}", owner.id);
    let mut writing = exchange.store.write().await?;
    let tried = writing.count(&counter, visit.call.now, HOUR).await?;
    writing.commit().await?;
    if tried > FAILURES {
        let why = "There were too many attempts. Try again in an hour.";
        return Err(too_often(visit, owner, why));
    }
    if !password::is_right(Some(owner.password.clone()), current.to_string()).await? {
        return Ok(Err("The password is not right."));
    }
    if !PASSWORD.contains(&new.chars().count()) || *new == *current {
        return Ok(Err(
            "A new password has 12 to 256 characters, and is another one.",
        ));
    }
    let mut writing = exchange.store.write().await?;
    writing.reset(&counter).await?;
    writing.commit().await?;
    let hashed = password::hash(new.to_string()).await?;
    let ends = field(fields, "ends") == Some("yes");
    let known = owner.password.clone();
    let done = change_owner(visit, owner, Change::Password, ends, |owner| {
        if owner.password != known {
            return Err("The password was changed meanwhile.");
        }
        owner.password = hashed;
        Ok(())
    });
    Ok(done.await?)
}

/// Says that something was done too often.
fn too_often(visit: &Visit, owner: &Owner, why: &str) -> Page {
    match show(visit, owner, Some(why), StatusCode::TOO_MANY_REQUESTS) {
        Ok(shown) => Page::from(shown),
        Err(page) => page,
    }
}

async fn change_contact(
    visit: &Visit,
    owner: &Owner,
    fields: &[(String, String)],
) -> Result<Done, Page> {
    let email = field(fields, "email").unwrap_or_default().trim().to_owned();
    let phone = field(fields, "phone").unwrap_or_default().trim().to_owned();
    let is_number = |number: &str| {
        number.strip_prefix('+').is_some_and(|digits| {
            (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    if !mail::is_address(&email) || !(phone.is_empty() || is_number(&phone)) {
        return Ok(Err(
            "That is no e-mail address, or no number with its country.",
        ));
    }
    let exchange = &visit.call.exchange;
    let counter = format!("contact {}", owner.id);
    let mut writing = exchange.store.write().await?;
    if writing.count(&counter, visit.call.now, DAY).await? > CONTACTS {
        let why = "This was changed too often. Try again in a day.";
        return Err(too_often(visit, owner, why));
    }
    writing.commit().await?;
    let done = change_owner(visit, owner, Change::Contact, false, |owner| {
        if owner.email == email && owner.phone == phone {
            return Err("Nothing was changed.");
        }
        owner.email = email;
        owner.phone = phone;
        Ok(())
    });
    let done = done.await?;
    if done.is_err() {
        let mut writing = exchange.store.write().await?;
        writing.uncount(&counter).await?;
        writing.commit().await?;
    }
    Ok(done)
}

/// Draws a secret, which is the owner's when the app has shown a code of it.
fn begin(visit: &Visit) -> Result<Done, Fault> {
    let exchange = &visit.call.exchange;
    // RFC 4226 recommends 160 bits.
    let secret = Zeroizing::new(random::bytes::<20>()?);
    let session = visit.session.clone().ok_or(Fault::Damaged)?;
    Ok(Ok(Session {
        authenticator: Some(exchange.keys.seal(totp::PURPOSE, secret.as_slice())?),
        ..session
    }))
}

async fn add(visit: &Visit, owner: &Owner, fields: &[(String, String)]) -> Result<Done, Fault> {
    let (exchange, now) = (&visit.call.exchange, visit.call.now);
    let code = field(fields, "code").unwrap_or_default().trim().to_owned();
    let session = visit.session.as_ref().ok_or(Fault::Damaged)?;
    let Some(sealed) = session.authenticator.clone() else {
        return Ok(Err("Begin again."));
    };
    let done = change_owner(visit, owner, Change::AuthenticatorAdded, false, |owner| {
        if owner.totp.is_some() {
            return Err("There is one already.");
        }
        owner.totp = Some(sealed);
        owner.totp_step = None;
        // The code is used up with it.
        match totp::accept(exchange, owner, &code, now) {
            Ok(true) => Ok(()),
            Ok(false) => Err("The code is not one of this secret."),
            Err(_) => Err("The secret cannot be read. Begin again."),
        }
    });
    Ok(done.await?.map(|session| Session {
        authenticator: None,
        ..session
    }))
}
