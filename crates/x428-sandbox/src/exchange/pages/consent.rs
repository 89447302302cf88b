//! The consent page (section 3.4): what a client asks for, with limits that the owner lowers.

use axum::http::StatusCode;
use axum::response::Response;
use jiff::SignedDuration;
use serde_json::json;
use x428::wire::withdrawal::{AuthorizationDetail, Scope};

use self::form::{Refused, show};
use self::lower::{granted, is_on};
use super::visit::field;
use super::{Page, Visit, problem};
use crate::exchange::model::{
    AuthorizationCode, AuthorizationRequest, Client, Consent, ListedAsset, Owner,
};
use crate::exchange::oauth::{authorize::back, details};
use crate::exchange::store::Fault;
use crate::exchange::{api, audit, digest, notify, random};

mod form;
mod lower;

pub(super) use form::words;

/// What is asked, and by whom.
struct Asked {
    request: AuthorizationRequest,
    client: Client,
    details: Vec<AuthorizationDetail>,
    listed: Vec<ListedAsset>,
}

async fn asked(visit: &Visit) -> Result<Asked, Page> {
    let gone = || {
        let why = "Go back to the application and begin again.";
        Page::from(problem(
            StatusCode::NOT_FOUND,
            "This request is not there any more",
            why,
        ))
    };
    let exchange = &visit.call.exchange;
    let mut reading = exchange.store.read().await?;
    let request: Option<AuthorizationRequest> = reading.get(&visit.call.id).await?;
    let request = request.filter(|request| visit.call.now < request.ends_at);
    let request = request.ok_or_else(gone)?;
    let client: Client = reading.get(&request.client).await?.ok_or_else(gone)?;
    let listed = api::assets::listed(&mut reading).await?;
    reading.end().await?;
    let details =
        if request.details.is_empty() && request.scopes.contains(&Scope::WithdrawalsCreate) {
            let limit = exchange.settings.default_limit;
            vec![details::default(&listed, limit, &request.scopes)?]
        } else {
            request.details.clone()
        };
    Ok(Asked {
        request,
        client,
        details,
        listed,
    })
}

/// The owner, with a second factor if withdrawals are asked for.
// r[impl withdrawal.authorize.session]
async fn owner(visit: &Visit, asked: &Asked) -> Result<Owner, Page> {
    if asked.request.scopes.contains(&Scope::WithdrawalsCreate) {
        visit.strong_owner().await
    } else {
        visit.owner().await
    }
}

/// Shows what the client asks for.
// r[impl withdrawal.details.owner]
pub(super) async fn get(visit: Visit) -> Result<Response, Page> {
    let asked = asked(&visit).await?;
    let owner = owner(&visit, &asked).await?;
    Ok(show(&visit, &asked, &owner, None))
}

/// Takes the owner's decision.
pub(super) async fn post(visit: Visit) -> Result<Response, Page> {
    let asked = asked(&visit).await?;
    let owner = owner(&visit, &asked).await?;
    let fields = visit.form()?;
    let call = &visit.call;
    let (to, state) = (&asked.request.redirect_uri, asked.request.state.as_deref());
    if field(&fields, "decision") != Some("allow") {
        if end(&visit, &asked).await? {
            let mut writing = call.exchange.store.write().await?;
            writing.turn_of(&owner.id).await?;
            let what = json!({"event": "consent.denied", "client": asked.client.id});
            audit::append(&mut writing, &owner.id, call.now, what).await?;
            writing.commit().await?;
        }
        let answer = [
            ("error", "access_denied"),
            ("error_description", "The owner refused."),
        ];
        return Ok(back(call, to, state, &answer));
    }
    let details = match granted(&asked.details, &fields) {
        Ok(details) => details,
        Err(wrong) => {
            let refused = Refused {
                fields: &fields,
                wrong,
            };
            return Ok(show(&visit, &asked, &owner, Some(&refused)));
        }
    };
    if !end(&visit, &asked).await? {
        let why = "It has been answered already.";
        return Ok(problem(StatusCode::CONFLICT, "This request has ended", why));
    }
    let code = grant(&visit, &asked, &owner, details, &fields).await?;
    Ok(back(call, to, state, &[("code", &code)]))
}

/// Takes the request out of the store, and tells whether it was there: it is answered once.
async fn end(visit: &Visit, asked: &Asked) -> Result<bool, Page> {
    let mut writing = visit.call.exchange.store.write().await?;
    let delete = "DELETE FROM authorization_request WHERE id = $1";
    let values = vec![asked.request.id.as_str().into()];
    let first = writing.execute(delete, values).await? == 1;
    writing.commit().await?;
    Ok(first)
}

async fn grant(
    visit: &Visit,
    asked: &Asked,
    owner: &Owner,
    details: Vec<AuthorizationDetail>,
    fields: &[(String, String)],
) -> Result<String, Page> {
    let exchange = &visit.call.exchange;
    let now = visit.call.now;
    let session = visit.session.as_ref().ok_or(Fault::Damaged)?;
    let authenticated_at = session.factor_at.or(session.password_at).unwrap_or(now);
    let consent = Consent {
        id: random::id("gr")?,
        owner: owner.id.clone(),
        client: asked.client.id.clone(),
        subject: exchange.keys.subject(&owner.id, &asked.client.id),
        scopes: asked.request.scopes.clone(),
        details,
        balances: is_on(fields, "balances"),
        granted_at: now,
        authenticated_at,
        refresh: None,
        ended_at: None,
    };
    let code = exchange.random.token("ac")?;
    let lifetime = SignedDuration::try_from(exchange.settings.code_lifetime);
    let kept = AuthorizationCode {
        id: digest::of(&code),
        consent: consent.id.clone(),
        client: asked.client.id.clone(),
        redirect_uri: asked.request.redirect_uri.clone(),
        code_challenge: asked.request.code_challenge.clone(),
        jkt: asked.request.jkt.clone(),
        used: false,
        ends_at: now + lifetime.map_err(Fault::because)?,
    };
    let mut writing = exchange.store.write().await?;
    writing.turn_of(&owner.id).await?;
    writing.put(&consent).await?;
    writing.put(&kept).await?;
    let what = json!({
        "event": "consent", "consent": consent.id, "client": consent.client,
        "scopes": consent.scopes, "details": consent.details,
    });
    audit::append(&mut writing, &owner.id, now, what).await?;
    let text = format!("{} has access to your account.", asked.client.name);
    let subject = "A new access";
    notify::send(exchange, &mut writing, owner, "email", subject, text, now).await?;
    writing.commit().await?;
    Ok(code)
}
