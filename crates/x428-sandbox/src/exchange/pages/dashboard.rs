use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use x428::wire::withdrawal::ChallengeStatus;

use super::elements::{ends_of, moment, network, period, status, theirs, time_of_day};
use super::security::held;
use super::{Page, Sheet, Visit, consent, problem, see_other};
use crate::exchange::api;
use crate::exchange::model::{Challenge, Client, Consent, ListedAsset, Owner, Withdrawal};
use crate::exchange::oauth::end_consent;

const NEWEST: &str = "SELECT data FROM withdrawal WHERE owner = $1
    ORDER BY created_at DESC, id DESC LIMIT 50";
const CONSENTS: &str = "SELECT data FROM consent WHERE owner = $1";
const LIVE: &str = "SELECT data FROM challenge WHERE owner = $1 AND live_until > $2";

/// Shows balances, withdrawals and who has access.
// r[impl withdrawal.revoke.owner]
pub(super) async fn get(visit: Visit) -> Result<Response, Page> {
    let owner = visit.owner().await?;
    let now = visit.call.now;
    let mut reading = visit.call.exchange.store.read().await?;
    let listed = api::assets::listed(&mut reading).await?;
    let mut balances = Vec::new();
    for asset in &listed {
        let balance = reading.balance(&owner.id, &asset.id).await?;
        balances.push((asset.id.as_str(), balance));
    }
    let whose = || vec![owner.id.as_str().into()];
    let values = vec![owner.id.as_str().into(), now.as_millisecond().into()];
    let live: Vec<Challenge> = reading.find(LIVE, values).await?;
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
    accesses.sort_by_key(|(consent, _)| std::cmp::Reverse(consent.granted_at));
    let waiting: Vec<_> = live
        .iter()
        .filter(|challenge| challenge.status_at(now) == ChallengeStatus::Pending)
        .collect();
    let content = html! {
        p { "You are " strong { (owner.name) } "." }
        (notices(&visit, &owner))
        @if !waiting.is_empty() { (to_approve(&listed, &waiting)) }
        section.card aria-labelledby="balances" {
            h2 id="balances" { "Balances" }
            div.scrolls { table.amounts {
                thead { tr {
                    th scope="col" { "Asset" } th scope="col" { "Available" }
                    th scope="col" { "Reserved" }
                } }
                tbody { @for (asset, balance) in &balances {
                    tr { td { (asset) } td { (balance.available) } td { (balance.reserved) } }
                } }
            } }
        }
        section.card aria-labelledby="withdrawals" {
            h2 id="withdrawals" { "Withdrawals" }
            @if withdrawals.is_empty() {
                p.empty { "None yet. What an application withdraws for you appears here." }
            } @else {
                ul.rows { @for withdrawal in &withdrawals { (row(&listed, withdrawal)) } }
            }
        }
        section.card aria-labelledby="accesses" {
            h2 id="accesses" { "Who has access" }
            @if accesses.is_empty() {
                p.empty { "Nobody. An application gets access when you allow it." }
            }
            @for (consent, name) in &accesses { (access(&visit, consent, name)) }
        }
    };
    Ok(Sheet::new("Your account").of(&visit).show(&content))
}

/// What keeps the owner from withdrawing.
fn notices(visit: &Visit, owner: &Owner) -> Markup {
    html! {
        @if owner.restricted {
            p.wrong { "Your account is restricted. Nothing can be withdrawn." }
        }
        (held(owner, visit.call.now))
    }
}

fn to_approve(listed: &[ListedAsset], waiting: &[&Challenge]) -> Markup {
    html! {
        section.card.waits aria-labelledby="waiting" {
            h2 id="waiting" { "Waits for your approval" }
            ul.rows { @for challenge in waiting {
                @let shown = &challenge.display;
                li {
                    p {
                        a.amount href={ "/step-up/" (challenge.id) } {
                            (shown.amount.as_str()) " " (shown.asset.as_str())
                        }
                        " to " (ends_of(shown.address.as_str()))
                        " on " (network(listed, shown.network.as_str()))
                    }
                    p.soft {
                        "Asked for by " (theirs(shown.client.as_str())) ", until "
                        (time_of_day(challenge.expires_at))
                    }
                }
            } }
        }
    }
}

fn row(listed: &[ListedAsset], withdrawal: &Withdrawal) -> Markup {
    let wire = &withdrawal.wire;
    html! {
        li {
            p {
                a.amount href={ "/activity/" (withdrawal.id) } {
                    (wire.amount.as_str()) " " (wire.asset.as_str())
                }
                " to " (ends_of(wire.address.as_str()))
                " on " (network(listed, wire.network.as_str()))
                " " (status(wire.status))
            }
            p.soft {
                (moment(withdrawal.created_at)) ", by " (theirs(&withdrawal.client_name))
            }
        }
    }
}

fn access(visit: &Visit, consent: &Consent, name: &str) -> Markup {
    let title = format!("access-{}", consent.id);
    html! {
        form.access method="post" action={ "/grants/" (consent.id) "/end" } {
            (visit.token())
            h3 id=(title) { (theirs(name)) }
            p.soft { "Since " (moment(consent.granted_at)) }
            ul {
                @for scope in &consent.scopes { li { (consent::words(*scope)) } }
                @if consent.balances { li { "see your balances" } }
                @for limit in consent.details.iter().flat_map(|detail| detail.limits.iter()) {
                    li {
                        "at most " (limit.amount.as_str()) " " (limit.currency.as_str()) " "
                        (period(limit.period))
                    }
                }
                @for destination in consent.details.iter().flat_map(|detail| &detail.destinations)
                    .flat_map(|destinations| destinations.iter()) {
                    li { "withdraw only to " (ends_of(destination.address.as_str())) }
                }
            }
            button.other type="submit" aria-describedby=(title) { "End the access" }
        }
    }
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
