//! The owner's list of destinations: if there is one, nothing is withdrawn to another address, and
//! to a new one only after a while.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use maud::html;
use serde_json::json;

use super::elements::{address as whole, moment, wrong as said};
use super::security::{change_owner, held};
use super::visit::field;
use super::{Page, Sheet, Visit, see_other};
use crate::exchange::model::{KnownAddress, ListedAsset, Owner};
use crate::exchange::security::Change;
use crate::exchange::store::Fault;
use crate::exchange::{address, api, audit, notify};

/// More than an owner has.
const DESTINATIONS: usize = 200;

async fn listed(visit: &Visit) -> Result<Vec<ListedAsset>, Fault> {
    let mut reading = visit.call.exchange.store.read().await?;
    let listed = api::assets::listed(&mut reading).await?;
    reading.end().await?;
    Ok(listed)
}

/// Shows the list.
pub(super) async fn get(visit: Visit) -> Result<Response, Page> {
    let owner = visit.strong_owner().await?;
    show(&visit, &owner, None, StatusCode::OK).await
}

async fn show(
    visit: &Visit,
    owner: &Owner,
    wrong: Option<&str>,
    status: StatusCode,
) -> Result<Response, Page> {
    let now = visit.call.now;
    let mut networks: Vec<String> = Vec::new();
    for listed in listed(visit)
        .await?
        .iter()
        .flat_map(|asset| &asset.networks)
    {
        let name = listed.network.network.as_str();
        if !networks.iter().any(|known| known == name) {
            networks.push(name.to_owned());
        }
    }
    let content = html! {
        @if let Some(wrong) = wrong { (said("problem", wrong)) }
        (held(owner, now))
        @match &owner.addresses {
            None => {
                p { "Applications may withdraw to any address that you approve." }
                form.card method="post" action="/destinations" {
                    (visit.token())
                    button type="submit" name="change" value="restrict" {
                        "Allow the addresses of a list alone"
                    }
                }
            }
            Some(known) => {
                p { "Withdrawals go to these addresses alone." }
                @if known.is_empty() { p { "None yet." } }
                @for (number, known) in known.iter().enumerate() {
                    form.card method="post" action="/destinations" {
                        (visit.token())
                        input type="hidden" name="network" value=(known.network);
                        input type="hidden" name="address" value=(known.address);
                        p { (known.network) ": " (whole(&known.address))
                            @if now < known.usable_from { ", from " (moment(known.usable_from)) " on" } }
                        button type="submit" name="change" value="remove" {
                            "Remove number " (number + 1)
                        }
                    }
                }
                form.card method="post" action="/destinations" aria-labelledby="another" {
                    (visit.token())
                    h2 id="another" { "Another one" }
                    label for="network" { "Network" }
                    select id="network" name="network" {
                        @for network in &networks { option value=(network) { (network) } }
                    }
                    label for="address" { "Address" }
                    input id="address" name="address" autocomplete="off" maxlength="128" required;
                    button type="submit" name="change" value="add" { "Add it" }
                }
                form.card method="post" action="/destinations" aria-labelledby="none" {
                    (visit.token())
                    h2 id="none" { "No list" }
                    button type="submit" name="change" value="open" { "Allow any address" }
                }
            }
        }
    };
    let sheet = Sheet::new("Destinations").of(visit);
    Ok(sheet.status(status).show(&content))
}

/// Changes the list.
pub(super) async fn post(visit: Visit) -> Result<Response, Page> {
    let owner = visit.strong_owner().await?;
    let fields = visit.form()?;
    let network = field(&fields, "network").unwrap_or_default();
    let address = field(&fields, "address").unwrap_or_default().trim();
    let done = match field(&fields, "change").unwrap_or_default() {
        "restrict" => {
            let event = "destinations.restricted";
            change(&visit, &owner, event, |owner| {
                owner.addresses.get_or_insert_default();
                Ok(())
            })
            .await?
        }
        "add" => add(&visit, &owner, network, address).await?,
        "remove" => {
            let event = "destination.removed";
            change(&visit, &owner, event, |owner| {
                let known = owner.addresses.as_mut().ok_or("There is no list.")?;
                let before = known.len();
                known.retain(|known| known.network != network || known.address != address);
                if known.len() == before {
                    return Err("It is not on the list.");
                }
                Ok(())
            })
            .await?
        }
        "open" => {
            let opened = change_owner(&visit, &owner, Change::DestinationsOpened, false, |owner| {
                owner.addresses.take().map(drop).ok_or("There is no list.")
            });
            match opened.await? {
                Ok(session) => {
                    let cookie = visit.renew(session).await?;
                    let to = see_other("/destinations");
                    return Ok(([(header::SET_COOKIE, cookie)], to).into_response());
                }
                Err(wrong) => Err(wrong),
            }
        }
        _ => Err("Nothing was changed."),
    };
    match done {
        Ok(()) => Ok(see_other("/destinations")),
        Err(wrong) => {
            show(
                &visit,
                &owner,
                Some(wrong),
                StatusCode::UNPROCESSABLE_ENTITY,
            )
            .await
        }
    }
}

/// Adds an address, which cannot be used before the owner has had time to notice it.
// r[impl withdrawal.submit.address-book]
async fn add(
    visit: &Visit,
    owner: &Owner,
    network: &str,
    address: &str,
) -> Result<Result<(), &'static str>, Fault> {
    let now = visit.call.now;
    let listed = listed(visit).await?;
    let is_address = listed
        .iter()
        .flat_map(|asset| &asset.networks)
        .filter(|listed| listed.network.network == network)
        .any(|listed| address::is_valid(listed, address));
    if !is_address {
        return Ok(Err("The address is not one of the network."));
    }
    let cooling = visit.call.exchange.settings.address_cooling;
    let usable_from = now + SignedDuration::try_from(cooling).map_err(Fault::because)?;
    let known = KnownAddress {
        network: network.to_owned(),
        address: address.to_owned(),
        usable_from,
    };
    change(visit, owner, "destination.added", |owner| {
        let list = owner.addresses.as_mut().ok_or("There is no list.")?;
        let is_there = list
            .iter()
            .any(|other| other.network == known.network && other.address == known.address);
        if is_there || list.len() >= DESTINATIONS {
            return Err("It is there already, or there are too many.");
        }
        list.push(known);
        Ok(())
    })
    .await
}

/// Changes the list without a hold: it gets narrower, or waits itself.
async fn change(
    visit: &Visit,
    owner: &Owner,
    event: &str,
    how: impl FnOnce(&mut Owner) -> Result<(), &'static str> + Send,
) -> Result<Result<(), &'static str>, Fault> {
    let (exchange, now) = (&visit.call.exchange, visit.call.now);
    let mut writing = exchange.store.write().await?;
    writing.turn_of(&owner.id).await?;
    let mut owner: Owner = writing.get(&owner.id).await?.ok_or(Fault::Damaged)?;
    if let Err(wrong) = how(&mut owner) {
        return Ok(Err(wrong));
    }
    writing.put(&owner).await?;
    audit::append(&mut writing, &owner.id, now, json!({"event": event})).await?;
    let text = "The list of the addresses to which you withdraw was changed. If it was not you, end \
        the access of your applications and change your password.";
    let subject = "A change of your account";
    notify::send(
        exchange,
        &mut writing,
        &owner,
        "email",
        subject,
        text.to_owned(),
        now,
    )
    .await?;
    writing.commit().await?;
    Ok(Ok(()))
}
