//! The owner's list of destinations: if there is one, nothing is withdrawn to another address, and
//! to a new one only after a while.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use serde_json::json;

use super::elements::{grouped, moment, network as name_of};
use super::form::{Refused, Shown};
use super::security::{aftermath, change_owner};
use super::visit::field;
use super::{Page, Sheet, Visit, see_other};
use crate::exchange::model::{KnownAddress, ListedAsset, Owner};
use crate::exchange::security::Change;
use crate::exchange::store::Fault;
use crate::exchange::{address, api, audit, notify};

/// More than an owner has.
const DESTINATIONS: usize = 200;
const NO_LIST: &str = "You have no list of destinations any more.";

async fn listed(visit: &Visit) -> Result<Vec<ListedAsset>, Fault> {
    let mut reading = visit.call.exchange.store.read().await?;
    let listed = api::assets::listed(&mut reading).await?;
    reading.end().await?;
    Ok(listed)
}

/// Shows the list.
pub(super) async fn get(visit: Visit) -> Result<Response, Page> {
    let owner = visit.strong_owner().await?;
    show(&visit, &owner, Shown::default()).await
}

async fn show(visit: &Visit, owner: &Owner, shown: Shown<'_>) -> Result<Response, Page> {
    let listed = listed(visit).await?;
    let content = html! {
        (shown.above())
        @if shown.is_fresh() { (aftermath(visit, owner)) }
        @match &owner.addresses {
            None => (without_list(visit)),
            Some(known) => {
                (list(visit, &listed, known))
                (addition(visit, &listed, shown))
                (end_of_list(visit))
            }
        }
    };
    let sheet = Sheet::new("Destinations").of(visit);
    Ok(sheet.status(shown.status()).show(&content))
}

fn without_list(visit: &Visit) -> Markup {
    html! {
        form.card method="post" action="/destinations" {
            (visit.token())
            p { "You have no list: applications may withdraw to any address that you approve." }
            p {
                "With a list, they withdraw to its addresses alone. It begins empty, and an address \
                 that you add can be used only after a while."
            }
            p.actions { button type="submit" name="change" value="restrict" { "Begin a list" } }
        }
    }
}

fn list(visit: &Visit, listed: &[ListedAsset], known: &[KnownAddress]) -> Markup {
    html! {
        section.card aria-labelledby="list" {
            h2 id="list" { "Your list" }
            @if known.is_empty() {
                p.empty { "It is empty: nothing can be withdrawn." }
            } @else {
                p { "Applications withdraw to these addresses alone." }
                ul.rows { @for (place, known) in known.iter().enumerate() {
                    li { (entry(visit, listed, place, known)) }
                } }
            }
        }
    }
}

fn entry(visit: &Visit, listed: &[ListedAsset], place: usize, known: &KnownAddress) -> Markup {
    let title = format!("destination-{place}");
    html! {
        form.beside method="post" action="/destinations" {
            (visit.token())
            input type="hidden" name="network" value=(known.network);
            input type="hidden" name="address" value=(known.address);
            div id=(title) {
                p { strong { (name_of(listed, &known.network)) } }
                p { (grouped(&known.address)) }
                p.soft { (usable(known, visit.call.now)) }
            }
            button.other type="submit" name="change" value="remove" aria-describedby=(title) {
                "Remove"
            }
        }
    }
}

fn usable(known: &KnownAddress, now: Timestamp) -> Markup {
    html! {
        @if now < known.usable_from { "Can be used from " (moment(known.usable_from)) }
        @else { "Can be used" }
    }
}

fn addition(visit: &Visit, listed: &[ListedAsset], shown: Shown<'_>) -> Markup {
    let mut networks: Vec<&str> = Vec::new();
    for network in listed.iter().flat_map(|asset| &asset.networks) {
        let code = network.network.network.as_str();
        if !networks.contains(&code) {
            networks.push(code);
        }
    }
    let (network, address) = (shown.beside("network"), shown.beside("address"));
    let chosen = shown.value("network", "");
    html! {
        form.card method="post" action="/destinations" aria-labelledby="another" {
            (visit.token())
            h2 id="another" { "Add an address" }
            label for="network" { "Network" }
            (network.told())
            select id="network" name="network" aria-describedby=[network.described(None)]
                aria-invalid=[network.invalid()] autofocus[network.is_wrong()] {
                @for code in &networks {
                    option value=(code) selected[*code == chosen] { (name_of(listed, code)) }
                }
            }
            label for="address" { "Address" }
            (address.told())
            input.long id="address" name="address" autocomplete="off" autocapitalize="none"
                spellcheck="false" maxlength="128" required value=(shown.value("address", ""))
                aria-describedby=[address.described(None)]
                aria-invalid=[address.invalid()] autofocus[address.is_wrong()];
            p.actions { button type="submit" name="change" value="add" { "Add the address" } }
        }
    }
}

fn end_of_list(visit: &Visit) -> Markup {
    html! {
        form.card method="post" action="/destinations" aria-labelledby="none" {
            (visit.token())
            h2 id="none" { "Without a list" }
            p {
                "Without the list, applications may withdraw to any address that you approve. \
    "
                @if !visit.call.exchange.settings.security_hold.is_zero() {
                    " Withdrawals are held for a while before."
                }
            }
            p.actions { button.bad type="submit" name="change" value="open" { "End the list" } }
        }
    }
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
                let list = owner.addresses.as_mut();
                let known = list.ok_or(Refused::because(NO_LIST))?;
                let before = known.len();
                known.retain(|known| known.network != network || known.address != address);
                if known.len() == before {
                    let why = "The address is not on the list any more.";
                    return Err(Refused::because(why));
                }
                Ok(())
            })
            .await?
        }
        "open" => {
            let opened = change_owner(&visit, &owner, Change::DestinationsOpened, false, |owner| {
                let list = owner.addresses.take().map(drop);
                list.ok_or(Refused::because(NO_LIST))
            });
            match opened.await? {
                Ok(session) => {
                    let cookie = visit.renew(session).await?;
                    let to = see_other("/destinations");
                    return Ok(([(header::SET_COOKIE, cookie)], to).into_response());
                }
                Err(refused) => Err(refused),
            }
        }
        _ => Err(Refused::because("Nothing was changed.")),
    };
    match done {
        Ok(()) => Ok(see_other("/destinations")),
        Err(refused) => show(&visit, &owner, Shown::refused(refused, &fields)).await,
    }
}

fn check(listed: &[ListedAsset], network: &str, address: &str) -> Result<(), Refused> {
    let mut on_network = listed
        .iter()
        .flat_map(|asset| &asset.networks)
        .filter(|listed| listed.network.network == network)
        .peekable();
    if on_network.peek().is_none() {
        let why = "The exchange does not know this network.";
        return Err(Refused::at("network", why));
    }
    if !on_network.any(|listed| address::is_valid(listed, address)) {
        let why = "This is no address of the network, or a character of it is wrong.";
        return Err(Refused::at("address", why));
    }
    Ok(())
}

/// Adds an address, which cannot be used before the owner has had time to notice it.
// r[impl withdrawal.submit.address-book]
async fn add(
    visit: &Visit,
    owner: &Owner,
    network: &str,
    address: &str,
) -> Result<Result<(), Refused>, Fault> {
    let now = visit.call.now;
    let listed = listed(visit).await?;
    if let Err(refused) = check(&listed, network, address) {
        return Ok(Err(refused));
    }
    let cooling = visit.call.exchange.settings.address_cooling;
    let usable_from = now + SignedDuration::try_from(cooling).map_err(Fault::because)?;
    let known = KnownAddress {
        network: network.to_owned(),
        address: address.to_owned(),
        usable_from,
    };
    change(visit, owner, "destination.added", |owner| {
        let list = owner.addresses.as_mut();
        let list = list.ok_or(Refused::because(NO_LIST))?;
        let is_there = list
            .iter()
            .any(|other| other.network == known.network && other.address == known.address);
        if is_there {
            return Err(Refused::at(
                "address",
                "The address is on the list already.",
            ));
        }
        if list.len() >= DESTINATIONS {
            return Err(Refused::at(
                "address",
                "The list is full. Remove an address.",
            ));
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
    how: impl FnOnce(&mut Owner) -> Result<(), Refused> + Send,
) -> Result<Result<(), Refused>, Fault> {
    let (exchange, now) = (&visit.call.exchange, visit.call.now);
    let mut writing = exchange.store.write().await?;
    writing.turn_of(&owner.id).await?;
    let mut owner: Owner = writing.get(&owner.id).await?.ok_or(Fault::Damaged)?;
    if let Err(refused) = how(&mut owner) {
        return Ok(Err(refused));
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
