use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::json;
use x428::wire::withdrawal::ChallengeStatus;

use super::OAuthFailure;
use super::client_auth::authenticate;
use super::form::Form;
use crate::exchange::call::Call;
use crate::exchange::model::{AccessToken, Challenge, Consent, Webhook};
use crate::exchange::store::{Fault, Writing};
use crate::exchange::{audit, digest};

/// Takes a token out of use (RFC 7009). The answer is the same for one that does not exist.
pub(super) async fn post(call: Call) -> Result<Response, OAuthFailure> {
    let form = Form::of_body(&call)?;
    let authenticated = authenticate(&call, &form).await?;
    let token = form.need("token", "The token is missing.")?;
    let mut writing = call.exchange.store.write().await?;
    let client = authenticated.client.id.as_str();
    if let Some((consent, _)) = call.exchange.keys.read_refresh_token(token) {
        let consent: Option<Consent> = writing.get(consent).await?;
        if let Some(consent) = consent.filter(|consent| consent.client == client) {
            writing.turn_of(&consent.owner).await?;
            let mut consent: Consent = writing.get(&consent.id).await?.ok_or(Fault::Damaged)?;
            end_consent(&mut writing, &mut consent, call.now).await?;
        }
    } else {
        let token: Option<AccessToken> = writing.get(&digest::of(token)).await?;
        if let Some(mut token) = token.filter(|token| token.client == client) {
            let consent: Option<Consent> = writing.get(&token.consent).await?;
            if let Some(consent) = consent.filter(|_| !token.revoked) {
                writing.turn_of(&consent.owner).await?;
                let what = json!({
                    "event": "token.revoked", "client": client, "consent": consent.id,
                });
                audit::append(&mut writing, &consent.owner, call.now, what).await?;
            }
            token.revoked = true;
            writing.put(&token).await?;
        }
    }
    writing.commit().await?;
    Ok(StatusCode::OK.into_response())
}

/// Ends a grant: with it its tokens, its challenges and its webhooks.
// r[impl withdrawal.revoke.grant]
// r[impl withdrawal.revoke.pending]
// r[impl withdrawal.webhook.end]
pub(crate) async fn end_consent(
    writing: &mut Writing,
    consent: &mut Consent,
    now: Timestamp,
) -> Result<(), Fault> {
    if consent.ended_at.is_some() {
        return Ok(());
    }
    consent.ended_at = Some(now);
    writing.put(consent).await?;
    let live = "SELECT data FROM challenge WHERE owner = $1 AND live_until > $2 AND consent = $3";
    let values = vec![
        consent.owner.as_str().into(),
        now.as_millisecond().into(),
        consent.id.as_str().into(),
    ];
    let challenges: Vec<Challenge> = writing.find(live, values).await?;
    for mut challenge in challenges {
        let ended = match challenge.status_at(now) {
            ChallengeStatus::Pending => ChallengeStatus::Canceled,
            _ => ChallengeStatus::Expired,
        };
        challenge.go(writing, ended, now).await?;
    }
    let webhooks = "SELECT data FROM webhook WHERE owner = $1 AND client = $2";
    let values = vec![
        consent.owner.as_str().into(),
        consent.client.as_str().into(),
    ];
    for webhook in writing.find::<Webhook>(webhooks, values).await? {
        // A later grant of the same client keeps its own.
        if webhook.consent == consent.id {
            let delete = "DELETE FROM webhook WHERE id = $1";
            writing.execute(delete, vec![webhook.id.into()]).await?;
        }
    }
    let what = json!({"event": "consent.ended", "client": consent.client, "consent": consent.id});
    audit::append(writing, &consent.owner, now, what).await
}
