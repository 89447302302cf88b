use axum::http::StatusCode;
use axum::response::Response;
use maud::html;

use super::{Page, Visit, page, problem, see_other};
use crate::exchange::api;
use crate::exchange::model::{Client, Consent, Withdrawal};
use crate::exchange::oauth::end_consent;

const NEWEST: &str = "SELECT data FROM withdrawal WHERE owner = $1
    ORDER BY created_at DESC, id DESC LIMIT 50";
const CONSENTS: &str = "SELECT data FROM consent WHERE owner = $1";

/// Shows balances, withdrawals and who has access.
// r[impl withdrawal.revoke.owner]
pub(super) async fn get(visit: Visit) -> Result<Response, Page> {
    let owner = visit.owner().await?;
    let mut reading = visit.call.exchange.store.read().await?;
    let mut balances = Vec::new();
    for asset in api::assets::listed(&mut reading).await? {
        let balance = reading.balance(&owner.id, &asset.id).await?;
        balances.push((asset.id, balance));
    }
    let whose = || vec![owner.id.as_str().into()];
    let withdrawals: Vec<Withdrawal> = reading.find(NEWEST, whose()).await?;
    let mut accesses = Vec::new();
    for consent in reading.find::<Consent>(CONSENTS, whose()).await? {
        if consent.ended_at.is_none() {
            let client: Option<Client> = reading.get(&consent.client).await?;
            let name = client.map_or_else(|| consent.client.clone(), |client| client.name);
            accesses.push((consent, name));
        }
    }
    reading.end().await?;
    let content = html! {
        p { "You are " strong { (owner.name) } ". "
            a href="/phone" { "Phone" } " · " a href="/outbox" { "Messages" } " · "
            a href="/passkeys" { "Passkeys" } }
        form method="post" action="/logout" { (visit.token()) button type="submit" { "Log out" } }
        h2 { "Balances" }
        table {
            tr { th { "Asset" } th { "Available" } th { "Reserved" } }
            @for (asset, balance) in &balances {
                tr { td { (asset) } td { (balance.available) } td { (balance.reserved) } }
            }
        }
        h2 { "Withdrawals" }
        @if withdrawals.is_empty() { p { "None yet." } }
        @for withdrawal in &withdrawals {
            dl {
                dt { (withdrawal.wire.amount.as_str()) " " (withdrawal.wire.asset.as_str())
                    " on " (withdrawal.wire.network.as_str()) }
                dd { (withdrawal.status().as_str()) ", by " (withdrawal.client_name) ", to "
                    code { (withdrawal.wire.address.as_str()) } }
            }
        }
        h2 { "Who has access" }
        @if accesses.is_empty() { p { "Nobody." } }
        @for (consent, name) in &accesses {
            form method="post" action={ "/grants/" (consent.id) "/end" } {
                (visit.token())
                p { (name) ", since " (consent.granted_at)
                    ": " (consent.scopes.iter().map(|scope| scope.as_str())
                        .collect::<Vec<_>>().join(", ")) }
                button type="submit" { "End the access of " (name) }
            }
        }
    };
    Ok(page(StatusCode::OK, "Your account", &content))
}

/// Ends a grant.
pub(super) async fn end(visit: Visit) -> Result<Response, Page> {
    let owner = visit.owner().await?;
    visit.form()?;
    let exchange = &visit.call.exchange;
    let mut writing = exchange.store.write().await?;
    writing.turn_of(&owner.id).await?;
    let consent: Option<Consent> = writing.get(&visit.call.id).await?;
    let Some(mut consent) = consent.filter(|consent| consent.owner == owner.id) else {
        let why = "There is no such access.";
        return Ok(problem(StatusCode::NOT_FOUND, "Not found", why));
    };
    end_consent(&mut writing, &mut consent, visit.call.now).await?;
    writing.commit().await?;
    Ok(see_other("/"))
}
