//! Enrolling a passkey.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::html;
use serde_json::{Value, json};
use x428::encoding::base64url;

use super::visit::field;
use super::{Page, Visit, page, problem, see_other};
use crate::exchange::model::{Owner, Session};
use crate::exchange::step_up::webauthn;
use crate::exchange::store::Fault;
use crate::exchange::{audit, notify, random};

/// More than a person has.
const PASSKEYS: usize = 16;

/// Shows the passkeys, and offers to add one.
pub(super) async fn get(visit: Visit) -> Result<Response, Page> {
    let owner = visit.strong_owner().await?;
    let session = visit.session.clone().ok_or(Fault::Damaged)?;
    let challenge = base64url(random::bytes::<32>()?);
    let mut writing = visit.call.exchange.store.write().await?;
    let session = Session {
        enrolling: Some(challenge.clone()),
        ..session
    };
    writing.put(&session).await?;
    writing.commit().await?;
    let known: Vec<_> = owner
        .passkeys
        .iter()
        .map(|passkey| json!({"type": "public-key", "id": passkey.id}))
        .collect();
    let options = json!({
        "challenge": challenge,
        "rp": {"id": visit.call.exchange.settings.host(), "name": visit.call.exchange.settings.name},
        "user": {
            "id": base64url(owner.id.as_bytes()), "name": owner.login, "displayName": owner.name,
        },
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -8}],
        "excludeCredentials": known,
        "authenticatorSelection": {"residentKey": "preferred", "userVerification": "required"},
        "attestation": "none",
    });
    let content = html! {
        @if owner.passkeys.is_empty() { p { "You have none yet." } }
        ul { @for passkey in &owner.passkeys { li { (passkey.name) } } }
        form method="post" action="/passkeys" {
            (visit.token())
            input type="hidden" name="credential" value="";
            label for="name" { "A name for a new one" }
            input id="name" name="name" maxlength="64" required value="Passkey of this device";
            p { "This needs JavaScript." }
            button type="submit" data-passkey="create" data-options=(options.to_string()) {
                "Add a passkey"
            }
            script src="/static/passkey.js" defer {}
        }
    };
    Ok(page(StatusCode::OK, "Passkeys", &content))
}

/// Takes a new passkey.
pub(super) async fn post(visit: Visit) -> Result<Response, Page> {
    let owner = visit.strong_owner().await?;
    let fields = visit.form()?;
    let exchange = &visit.call.exchange;
    let session = visit.session.clone().ok_or(Fault::Damaged)?;
    let name = field(&fields, "name").unwrap_or_default().trim().to_owned();
    let given: Value =
        serde_json::from_str(field(&fields, "credential").unwrap_or_default()).unwrap_or_default();
    let challenge = session
        .enrolling
        .as_deref()
        .filter(|text| webauthn::is_challenge(text));
    let made = challenge.and_then(|challenge| webauthn::enroll(exchange, challenge, &name, &given));
    let is_name = (1..=64).contains(&name.chars().count());
    let (Some(passkey), true) = (made, is_name) else {
        let why = "What the browser made is no passkey for this exchange.";
        return Ok(problem(StatusCode::UNPROCESSABLE_ENTITY, "Not added", why));
    };
    let mut writing = exchange.store.write().await?;
    writing.turn_of(&owner.id).await?;
    let mut owner: Owner = writing.get(&owner.id).await?.ok_or(Fault::Damaged)?;
    if owner.passkeys.len() >= PASSKEYS || owner.passkeys.iter().any(|own| own.id == passkey.id) {
        let why = "It is there already, or there are too many.";
        return Ok(problem(StatusCode::CONFLICT, "Not added", why));
    }
    let now = visit.call.now;
    let what = json!({"event": "passkey.added", "credential": passkey.id});
    owner.passkeys.push(passkey);
    writing.put(&owner).await?;
    audit::append(&mut writing, &owner.id, now, what).await?;
    let text = "A passkey was added to your account.".to_owned();
    notify::send(&mut writing, &owner, "email", "A new passkey", text, now).await?;
    writing.commit().await?;
    // The challenge is used up with the session.
    let cookie = visit
        .renew(Session {
            enrolling: None,
            ..session
        })
        .await?;
    Ok(([(header::SET_COOKIE, cookie)], see_other("/passkeys")).into_response())
}
