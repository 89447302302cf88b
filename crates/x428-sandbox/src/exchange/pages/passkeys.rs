//! How an owner proves who they are: the factors, and the passkeys, which are added and removed.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde_json::{Value, json};
use x428::encoding::base64url;

use super::form::{Refused, Shown};
use super::security::{aftermath, change_owner};
use super::visit::field;
use super::{Page, Sheet, Visit, passkey_script, problem, see_other};
use crate::exchange::model::{Owner, Session};
use crate::exchange::random;
use crate::exchange::security::{self, Change};
use crate::exchange::step_up::webauthn;
use crate::exchange::store::Fault;

/// More than a person has.
const PASSKEYS: usize = 16;
/// How long the name of a passkey may be.
const NAME: usize = 64;

/// Shows the factors and the passkeys, and offers to add one.
pub(super) async fn get(visit: Visit) -> Result<Response, Page> {
    let owner = visit.strong_owner().await?;
    show(&visit, &owner, Shown::default()).await
}

async fn show(visit: &Visit, owner: &Owner, shown: Shown<'_>) -> Result<Response, Page> {
    let challenge = challenge(visit, owner).await?;
    let content = html! {
        @if shown.is_fresh() { (aftermath(visit, owner)) }
        section.card aria-labelledby="factors" {
            h2 id="factors" { "How you prove that it is you" }
            (factors(owner))
        }
        section.card aria-labelledby="passkeys" {
            h2 id="passkeys" { "Passkeys" }
            @if owner.passkeys.is_empty() { p.empty { "You have none yet." } }
            @else { ul.rows { @for (place, passkey) in owner.passkeys.iter().enumerate() {
                @let title = format!("passkey-{place}");
                li { form.beside method="post" action={ "/passkeys/" (passkey.id) "/remove" } {
                    (visit.token())
                    strong id=(title) { bdi { (passkey.name) } }
                    button.other type="submit" aria-describedby=(title) { "Remove" }
                } }
            } } }
        }
        (addition(visit, owner, &challenge, shown))
    };
    let sheet = Sheet::new("Security").of(visit);
    Ok(sheet.status(shown.status()).show(&content))
}

/// The challenge of the passkey that is made next: the same on all pages of the session, so that
/// one that was opened later does not spoil the others.
async fn challenge(visit: &Visit, owner: &Owner) -> Result<String, Page> {
    let shown = visit.session.as_ref().ok_or(Fault::Damaged)?;
    if let Some(challenge) = &shown.enrolling {
        return Ok(challenge.clone());
    }
    let challenge = base64url(random::bytes::<32>()?);
    let mut writing = visit.call.exchange.store.write().await?;
    writing.turn_of(&owner.id).await?;
    // Another request of the browser may have drawn one, or ended the session, before this one had
    // its turn.
    let Some(session) = writing.get::<Session>(&shown.id).await? else {
        return Err(Page::from(see_other("/login?next=/passkeys")));
    };
    if let Some(challenge) = session.enrolling {
        return Ok(challenge);
    }
    let session = Session {
        enrolling: Some(challenge.clone()),
        ..session
    };
    writing.put(&session).await?;
    writing.commit().await?;
    Ok(challenge)
}

fn factors(owner: &Owner) -> Markup {
    let app = match (owner.app, owner.face) {
        (true, true) => "on your phone, knows your face",
        (true, false) => "on your phone",
        _ => "not set up",
    };
    let totp = if owner.totp.is_some() {
        "set up"
    } else {
        "not set up"
    };
    html! {
        dl {
            dt { "Authenticator app" } dd { (totp) }
            dt { "E-mail" } dd { (owner.email) }
            dt { "Text messages" }
            dd { @if owner.phone.is_empty() { "not set up" } @else { (owner.phone) } }
            dt { "The app of Example Exchange" } dd { (app) }
        }
        p.actions {
            a href="/security" { "Change password, contact data and authenticator app" } " "
            a href="/destinations" { "Destinations" }
        }
    }
}

fn addition(visit: &Visit, owner: &Owner, challenge: &str, shown: Shown<'_>) -> Markup {
    let exchange = &visit.call.exchange;
    let known: Vec<_> = owner
        .passkeys
        .iter()
        .map(|passkey| json!({"type": "public-key", "id": passkey.id}))
        .collect();
    let options = json!({
        "challenge": challenge,
        "rp": {"id": exchange.settings.host(), "name": exchange.settings.name},
        "user": {
            "id": base64url(owner.id.as_bytes()), "name": owner.login, "displayName": owner.name,
        },
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -8},
            {"type": "public-key", "alg": -257}],
        "excludeCredentials": known,
        "authenticatorSelection": {"residentKey": "preferred", "userVerification": "required"},
        "attestation": "none",
    });
    let name = shown.beside("name");
    html! {
        form.card method="post" action="/passkeys" aria-labelledby="add" {
            (visit.token())
            h2 id="add" { "Add a passkey" }
            input type="hidden" name="credential" value="" autocomplete="off";
            (shown.above())
            label for="name" { "Name" }
            p.soft id="name-hint" { "So that you know it again among the others." }
            (name.told())
            input id="name" name="name" maxlength=(NAME) required
                value=(shown.value("name", "Passkey of this device")) autocomplete="off"
                aria-describedby=[name.described(Some("name-hint"))]
                aria-invalid=[name.invalid()] autofocus[name.is_wrong()];
            noscript { p { "Passkeys need JavaScript. Switch it on to add one." } }
            p.wrong role="alert" hidden {}
            p.actions {
                button type="submit" hidden data-passkey="create"
                    data-options=(options.to_string()) { "Add a passkey" }
            }
            (passkey_script())
        }
    }
}

/// Takes a new passkey.
pub(super) async fn post(visit: Visit) -> Result<Response, Page> {
    let owner = visit.strong_owner().await?;
    let fields = visit.form()?;
    let exchange = &visit.call.exchange;
    let session = visit.session.clone().ok_or(Fault::Damaged)?;
    let name = field(&fields, "name").unwrap_or_default().trim().to_owned();
    if !(1..=NAME).contains(&name.chars().count()) {
        let refused = Refused::at("name", "Give it a name of at most 64 characters.");
        return show(&visit, &owner, Shown::refused(refused, &fields)).await;
    }
    let given: Value =
        serde_json::from_str(field(&fields, "credential").unwrap_or_default()).unwrap_or_default();
    let challenge = session
        .enrolling
        .as_deref()
        .filter(|text| webauthn::is_challenge(text));
    let made = challenge.and_then(|challenge| webauthn::enroll(exchange, challenge, &name, &given));
    let Some(passkey) = made else {
        let why = "What the browser made is no passkey for this exchange. Try again.";
        let refused = Refused::because(why);
        return show(&visit, &owner, Shown::refused(refused, &fields)).await;
    };
    let mut writing = exchange.store.write().await?;
    writing.turn_of(&owner.id).await?;
    let mut owner: Owner = writing.get(&owner.id).await?.ok_or(Fault::Damaged)?;
    if owner.passkeys.len() >= PASSKEYS || owner.passkeys.iter().any(|own| own.id == passkey.id) {
        drop(writing);
        let why = "It is there already, or there are too many.";
        let refused = Refused::because(why);
        return show(&visit, &owner, Shown::refused(refused, &fields)).await;
    }
    let before = owner.clone();
    owner.passkeys.push(passkey);
    let (change, now) = (Change::PasskeyAdded, visit.call.now);
    security::changed(exchange, &mut writing, &before, &mut owner, change, now).await?;
    writing.commit().await?;
    // The challenge is used up with the session.
    let session = Session {
        enrolling: None,
        ..session.refreshed(change, now)
    };
    let cookie = visit.renew(session).await?;
    Ok(([(header::SET_COOKIE, cookie)], see_other("/passkeys")).into_response())
}

/// Removes a passkey.
pub(super) async fn remove(visit: Visit) -> Result<Response, Page> {
    let owner = visit.strong_owner().await?;
    visit.form()?;
    let removed = change_owner(&visit, &owner, Change::PasskeyRemoved, false, |owner| {
        let before = owner.passkeys.len();
        owner.passkeys.retain(|passkey| passkey.id != visit.call.id);
        if owner.passkeys.len() == before {
            return Err(Refused::because(
                "There is no such passkey in your account.",
            ));
        }
        Ok(())
    });
    match removed.await? {
        Ok(session) => {
            let cookie = visit.renew(session).await?;
            Ok(([(header::SET_COOKIE, cookie)], see_other("/passkeys")).into_response())
        }
        Err(refused) => Ok(problem(StatusCode::NOT_FOUND, "Not found", refused.why())),
    }
}
