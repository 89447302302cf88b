use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use x428::wire::withdrawal::{
    ErrorDetailCode, Scope, WEBHOOKS_MAX, Webhook as Wire, WebhookList, WebhookListData,
    WebhookRequest, WebhookSignatureKind, WebhookUrl, WithdrawalErrorCode as Code,
};
use x428::withdrawal::webhook::WebhookKey;

use crate::exchange::access::authorize;
use crate::exchange::call::Call;
use crate::exchange::deliver::{self, names_public};
use crate::exchange::failure::{Failure, not_found, refuse_at};
use crate::exchange::model::Webhook;
use crate::exchange::store::Fault;

const OWN: &str = "SELECT data FROM webhook WHERE owner = $1 AND client = $2";
const DELETE: &str = "DELETE FROM webhook WHERE id = $1 AND owner = $2 AND client = $3";

fn to_wire(webhook: &Webhook) -> Result<Wire, Fault> {
    Ok(Wire::new(
        webhook.id.parse()?,
        WebhookUrl::parse(webhook.url.as_str())?,
        webhook.events.clone().try_into()?,
        webhook.signature,
        webhook.created_at.try_into()?,
    ))
}

/// Subscribes a URL.
// r[impl withdrawal.webhook.max]
pub(super) async fn post(call: Call) -> Result<Response, Failure> {
    let caller = authorize(&call, Scope::WebhooksManage).await?;
    call.parameters(&[])?;
    let request: WebhookRequest = call.json()?;
    if !call.exchange.settings.private_webhooks && !names_public(request.url.as_str()) {
        return Err(refuse_at(
            Code::InvalidRequest,
            "The URL does not lead to a public address.",
            "/url",
            ErrorDetailCode::Value,
        ));
    }
    let mut writing = call.exchange.store.write().await?;
    writing.turn_of(caller.owner()).await?;
    caller.still_granted(&mut writing).await?;
    let values = vec![caller.owner().into(), caller.client.id.as_str().into()];
    let known: Vec<Webhook> = writing.find(OWN, values).await?;
    if known.len() >= WEBHOOKS_MAX {
        return Err(refuse_at(
            Code::InvalidRequest,
            "There are too many subscriptions.",
            "",
            ErrorDetailCode::Range,
        ));
    }
    let signature = request.signature.unwrap_or(WebhookSignatureKind::V1);
    let secret = match signature {
        WebhookSignatureKind::V1 => WebhookKey::generate().map_err(Fault::because)?.secret(),
        _ => None,
    };
    let sealed = match &secret {
        Some(secret) => {
            let secret = secret.as_str().as_bytes();
            Some(call.exchange.keys.seal(deliver::PURPOSE, secret)?)
        }
        None => None,
    };
    let webhook = Webhook {
        id: call.exchange.random.id("wh")?,
        owner: caller.owner().to_owned(),
        client: caller.client.id.clone(),
        consent: caller.consent.id.clone(),
        url: request.url.as_str().to_owned(),
        events: request.events.to_vec(),
        signature,
        secret: sealed,
        created_at: call.now,
    };
    writing.put(&webhook).await?;
    writing.commit().await?;
    let mut body = to_wire(&webhook)?;
    body.secret = secret;
    let location = HeaderValue::from_str(&format!("/webhooks/{}", webhook.id));
    let location = [(header::LOCATION, location.map_err(Fault::because)?)];
    Ok((StatusCode::CREATED, location, axum::Json(body)).into_response())
}

/// Lists the subscriptions of the client for the owner.
pub(super) async fn list(call: Call) -> Result<Response, Failure> {
    let caller = authorize(&call, Scope::WebhooksManage).await?;
    call.parameters(&[])?;
    let mut reading = call.exchange.store.read().await?;
    let values = vec![caller.owner().into(), caller.client.id.as_str().into()];
    let mut known: Vec<Webhook> = reading.find(OWN, values).await?;
    reading.end().await?;
    known.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
    let data = known.iter().map(to_wire).collect::<Result<Vec<_>, _>>()?;
    let list = WebhookList::new(WebhookListData::new(data)?);
    Ok(axum::Json(list).into_response())
}

/// Sends a test to a subscription.
pub(super) async fn test(call: Call) -> Result<Response, Failure> {
    let caller = authorize(&call, Scope::WebhooksManage).await?;
    call.parameters(&[])?;
    let mut writing = call.exchange.store.write().await?;
    let webhook: Option<Webhook> = writing.get(&call.id).await?;
    let webhook = webhook
        .filter(|webhook| webhook.owner == caller.owner() && webhook.client == caller.client.id);
    deliver::test(&mut writing, &webhook.ok_or_else(not_found)?, call.now).await?;
    writing.commit().await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

/// Ends a subscription.
pub(super) async fn delete(call: Call) -> Result<Response, Failure> {
    let caller = authorize(&call, Scope::WebhooksManage).await?;
    call.parameters(&[])?;
    let mut writing = call.exchange.store.write().await?;
    let values = vec![
        call.id.as_str().into(),
        caller.owner().into(),
        caller.client.id.as_str().into(),
    ];
    let ended = writing.execute(DELETE, values).await? == 1;
    writing.commit().await?;
    if ended {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Err(not_found())
    }
}
