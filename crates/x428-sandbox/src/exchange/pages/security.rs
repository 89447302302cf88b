//! Where an owner changes password, contact data and the authenticator app.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use maud::{Markup, html};

use super::elements::moment;
use super::form::{Refused, Shown};
use super::visit::field;
use super::{Page, Sheet, Visit, see_other};
use crate::exchange::model::{Owner, Session};
use crate::exchange::security::{self, Change};
use crate::exchange::store::Fault;

mod authenticator;
mod contact;
mod password;

/// Shows what can be changed.
pub(super) async fn get(visit: Visit) -> Result<Response, Page> {
    let owner = visit.strong_owner().await?;
    show(&visit, &owner, Shown::default())
}

fn show(visit: &Visit, owner: &Owner, shown: Shown<'_>) -> Result<Response, Page> {
    let content = html! {
        (shown.above())
        @if shown.is_fresh() { (aftermath(visit, owner)) }
        (password::form(visit, shown))
        (contact::form(visit, owner, shown))
        (authenticator::form(visit, owner, shown)?)
    };
    let sheet = Sheet::new("Password, contact data and authenticator app").of(visit);
    Ok(sheet.status(shown.status()).show(&content))
}

/// What was just changed, and until when withdrawals are held.
pub(super) fn aftermath(visit: &Visit, owner: &Owner) -> Markup {
    html! {
        @if let Some(change) = visit.just_changed() {
            p.done role="status" { (change.words()) }
        }
        (held(owner, visit.call.now))
    }
}

/// Until when withdrawals are held.
pub(super) fn held(owner: &Owner, now: Timestamp) -> Markup {
    let until = owner.held_until.filter(|until| now < *until);
    html! {
        @if let Some(until) = until {
            p.wrong { "Withdrawals are held until " (moment(until)) ", because your account was changed." }
        }
    }
}

/// Whether a change ends the access of every application as well.
fn ends(id: &str) -> Markup {
    html! {
        p.choice {
            input type="checkbox" id=(id) name="ends" value="yes";
            label for=(id) { "End the access of every application" }
        }
    }
}

fn is_to_end(fields: &[(String, String)]) -> bool {
    field(fields, "ends") == Some("yes")
}

/// Changes something.
pub(super) async fn post(visit: Visit) -> Result<Response, Page> {
    let owner = visit.strong_owner().await?;
    let fields = visit.form()?;
    let done = match field(&fields, "change").unwrap_or_default() {
        "password" => password::change(&visit, &owner, &fields).await?,
        "contact" => contact::change(&visit, &owner, &fields).await?,
        "begin" => authenticator::begin(&visit)?,
        "add" => authenticator::add(&visit, &owner, &fields).await?,
        "remove" => authenticator::remove(&visit, &owner, &fields).await?,
        _ => Err(Refused::because("Nothing was changed.")),
    };
    match done {
        Ok(session) => {
            let cookie = visit.renew(session).await?;
            Ok(([(header::SET_COOKIE, cookie)], see_other("/security")).into_response())
        }
        Err(refused) => show(&visit, &owner, Shown::refused(refused, &fields)),
    }
}

/// What was done: the session that goes on, or why nothing was.
pub(super) type Done = Result<Session, Refused>;

/// Changes the owner, in the owner's turn, with everything that follows from it.
pub(super) async fn change_owner(
    visit: &Visit,
    owner: &Owner,
    change: Change,
    ends: bool,
    how: impl FnOnce(&mut Owner) -> Result<(), Refused> + Send,
) -> Result<Done, Fault> {
    let (exchange, now) = (&visit.call.exchange, visit.call.now);
    let session = visit.session.clone().ok_or(Fault::Damaged)?;
    let mut writing = exchange.store.write().await?;
    writing.turn_of(&owner.id).await?;
    let before: Owner = writing.get(&owner.id).await?.ok_or(Fault::Damaged)?;
    let mut owner = before.clone();
    if let Err(refused) = how(&mut owner) {
        return Ok(Err(refused));
    }
    security::changed(exchange, &mut writing, &before, &mut owner, change, now).await?;
    if ends {
        security::end_accesses(&mut writing, &mut owner, now).await?;
    }
    writing.commit().await?;
    Ok(Ok(session.refreshed(change, now)))
}
