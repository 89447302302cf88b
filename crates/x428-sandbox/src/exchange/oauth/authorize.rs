use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use jiff::SignedDuration;
use url::Url;
use x428::wire::withdrawal::ClientId;

use super::OAuthFailure;
use super::form::Form;
use super::par::URN;
use super::request::{self, Refusal};
use crate::exchange::call::Call;
use crate::exchange::model::{AuthorizationRequest, Client};
use crate::exchange::pages;
use crate::exchange::random;
use crate::exchange::store::Fault;

/// Takes the owner's browser to the consent page.
pub(super) async fn get(call: Call) -> Response {
    match checked(&call).await {
        Ok(request) => pages::see_other(&format!("/consent/{}", request.id)),
        Err(Refusal::Page(why)) => {
            pages::problem(StatusCode::BAD_REQUEST, "This request cannot be shown", why)
        }
        Err(Refusal::Fault(fault)) => pages::Page::from(fault).into_response(),
        Err(Refusal::Redirect {
            redirect_uri,
            state,
            failure,
        }) => back(
            &call,
            &redirect_uri,
            state.as_deref(),
            &[
                ("error", failure.code.as_str()),
                ("error_description", failure.description),
            ],
        ),
    }
}

async fn checked(call: &Call) -> Result<AuthorizationRequest, Refusal> {
    let query = call.uri.query().unwrap_or_default();
    let form =
        Form::parse(query.as_bytes()).map_err(|_| Refusal::Page("A parameter is there twice."))?;
    let client = form
        .get("client_id")
        .filter(|id| ClientId::parse(*id).is_ok())
        .ok_or(Refusal::Page("The client is not named."))?;
    let client = known_client(call, client).await?;
    let client = client.ok_or(Refusal::Page("The client is not known."))?;
    let request = match form.get("request_uri") {
        Some(uri) => pushed(call, &client, uri)
            .await?
            .ok_or(Refusal::Page("The pushed request is not there any more."))?,
        None => request::check(call, &form, &client, false).await?,
    };
    Ok(shown(call, request).await?)
}

async fn known_client(call: &Call, id: &str) -> Result<Option<Client>, Fault> {
    let mut reading = call.exchange.store.read().await?;
    let client = reading.get(id).await?;
    reading.end().await?;
    Ok(client)
}

/// Takes a pushed request out of the store, so that it is used once.
// r[impl withdrawal.par.once]
async fn pushed(
    call: &Call,
    client: &Client,
    uri: &str,
) -> Result<Option<AuthorizationRequest>, Fault> {
    let Some(id) = uri.strip_prefix(URN) else {
        return Ok(None);
    };
    let mut writing = call.exchange.store.write().await?;
    let request: Option<AuthorizationRequest> = writing.get(id).await?;
    let request =
        request.filter(|request| request.client == client.id && call.now < request.ends_at);
    let Some(request) = request else {
        return Ok(None);
    };
    let delete = "DELETE FROM authorization_request WHERE id = $1";
    let first = writing.execute(delete, vec![id.into()]).await? == 1;
    writing.commit().await?;
    Ok(first.then_some(request))
}

/// Keeps the request under a name that only the owner's browser learns.
async fn shown(call: &Call, request: AuthorizationRequest) -> Result<AuthorizationRequest, Fault> {
    let lifetime = SignedDuration::try_from(call.exchange.settings.request_lifetime);
    let request = AuthorizationRequest {
        id: random::token("cr")?,
        ends_at: call.now + lifetime.map_err(Fault::because)?,
        ..request
    };
    let mut writing = call.exchange.store.write().await?;
    writing.put(&request).await?;
    writing.commit().await?;
    Ok(request)
}

/// Sends the browser back to the client.
// r[impl withdrawal.authorize.iss]
pub(crate) fn back(
    call: &Call,
    redirect_uri: &str,
    state: Option<&str>,
    answer: &[(&str, &str)],
) -> Response {
    let Ok(mut url) = Url::parse(redirect_uri) else {
        return OAuthFailure::invalid_request("The redirect URI is none.").page();
    };
    {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(answer);
        if let Some(state) = state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", &call.exchange.settings.issuer);
    }
    pages::see_other(url.as_str())
}

impl OAuthFailure {
    fn page(&self) -> Response {
        pages::problem(
            StatusCode::BAD_REQUEST,
            "This request cannot be shown",
            self.description,
        )
    }
}
