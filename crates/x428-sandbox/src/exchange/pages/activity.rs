//! A withdrawal for its owner: what it is, what has become of it, and the way to stop it.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use x428::wire::withdrawal::{RequiredAction, StatusReasonCode as Because};

use super::elements::{grouped, in_words, moment, network, status, theirs, wrong};
use super::{Page, Sheet, Visit, problem, see_other};
use crate::exchange::api;
use crate::exchange::failure::Failure;
use crate::exchange::model::{ListedAsset, Owner, Withdrawal};
use crate::exchange::settlement;

/// Shows the withdrawal.
pub(super) async fn get(visit: Visit) -> Result<Response, Page> {
    let owner = visit.owner().await?;
    show(&visit, &owner, None).await
}

async fn show(visit: &Visit, owner: &Owner, refused: Option<&str>) -> Result<Response, Page> {
    let mut reading = visit.call.exchange.store.read().await?;
    let listed = api::assets::listed(&mut reading).await?;
    let withdrawal: Option<Withdrawal> = reading.get(&visit.call.id).await?;
    reading.end().await?;
    let Some(withdrawal) = withdrawal.filter(|withdrawal| withdrawal.owner == owner.id) else {
        return Ok(nothing());
    };
    let content = html! {
        @if let Some(refused) = refused { (wrong("problem", refused)) }
        p { (status(withdrawal.status())) }
        (to_do(&withdrawal))
        section.card aria-labelledby="what" {
            h2 id="what" { "The withdrawal" }
            (facts(&listed, &withdrawal))
        }
        section.card aria-labelledby="history" {
            h2 id="history" { "What has happened" }
            (history(&withdrawal))
        }
        @if withdrawal.wire.cancelable {
            form.card method="post" action={ "/activity/" (withdrawal.id) } {
                (visit.token())
                h2 { "Cancel" }
                p { "It is stopped if that is still possible." }
                p.actions { button.bad type="submit" { "Cancel the withdrawal" } }
            }
        }
    };
    let title = format!("{} {}", withdrawal.wire.amount, withdrawal.wire.asset);
    let status = match refused {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let title = format!("Withdrawal of {title}");
    Ok(Sheet::new(&title).of(visit).status(status).show(&content))
}

fn nothing() -> Response {
    let why = "There is no such withdrawal in your account.";
    problem(StatusCode::NOT_FOUND, "Not found", why)
}

/// What the owner is waited for, with whom.
fn to_do(withdrawal: &Withdrawal) -> Markup {
    let client = theirs(&withdrawal.client_name);
    let deadline = withdrawal.deadline;
    html! {
        @match withdrawal.wire.required_action {
            Some(RequiredAction::ProvideTravelRule) => p.wrong {
                "The exchange has to know who receives it. Tell " (client) "."
                @if let Some(until) = deadline { " It expires on " (moment(until)) "." }
            },
            Some(RequiredAction::ProvideOwnershipProof) => p.wrong {
                "Show in " (client) " that the address is yours."
                @if let Some(until) = deadline { " It expires on " (moment(until)) "." }
            },
            _ => {}
        }
    }
}

fn facts(listed: &[ListedAsset], withdrawal: &Withdrawal) -> Markup {
    let wire = &withdrawal.wire;
    let asset = wire.asset.as_str();
    html! {
        dl.withdrawal {
            dt { "Amount" }
            dd.amount { (wire.amount.as_str()) " " (asset) }
            dt { "To the address" }
            dd { (grouped(wire.address.as_str())) }
            @if let Some(memo) = &wire.memo { dt { "Memo" } dd { bdi { (memo.as_str()) } } }
            dt { "Network" }
            dd { (network(listed, wire.network.as_str())) }
            dt { "Fee" }
            dd { (wire.fee.amount.as_str()) " " (wire.fee.asset.as_str()) }
            dt { "Leaves your account" }
            dd {
                (wire.total_debit.as_str()) " " (asset)
                @if wire.fee.asset.as_str() != asset { " and the fee" }
            }
            dt { "Arrives" }
            dd { (wire.receive_amount.as_str()) " " (asset) }
            dt { "Asked for by the application" }
            dd { (theirs(&withdrawal.client_name)) }
            @if let Some(reference) = &wire.client_reference {
                dt { "The application's own name for it" } dd { (theirs(reference.as_str())) }
            }
            @if let Some(txid) = &wire.txid {
                dt { "Transaction" }
                dd { (grouped(txid.as_str())) }
                dt { "Confirmations" }
                dd { (wire.confirmations.get()) " of " (wire.required_confirmations.get()) }
            }
        }
    }
}

fn history(withdrawal: &Withdrawal) -> Markup {
    let last = withdrawal.history.len().saturating_sub(1);
    html! {
        ol.history { @for (place, past) in withdrawal.history.iter().enumerate() {
            @let (tone, words) = in_words(past.status);
            li class=(tone) aria-current=[(place == last).then_some("step")] {
                strong { (words) } " " span.soft { (moment(past.since)) }
                @if let Some(why) = &past.why { br; (why) }
            }
        } }
    }
}

/// Cancels the withdrawal.
pub(super) async fn post(visit: Visit) -> Result<Response, Page> {
    let owner = visit.owner().await?;
    visit.form()?;
    let now = visit.call.now;
    let mut writing = visit.call.exchange.store.write().await?;
    writing.turn_of(&owner.id).await?;
    let withdrawal: Option<Withdrawal> = writing.get(&visit.call.id).await?;
    let Some(mut withdrawal) = withdrawal.filter(|withdrawal| withdrawal.owner == owner.id) else {
        return Ok(nothing());
    };
    let by = Because::CanceledByOwner;
    match settlement::ask_to_cancel(&mut withdrawal, by, &mut writing, now).await {
        Ok(()) => {
            writing.commit().await?;
            Ok(see_other(&format!("/activity/{}", withdrawal.id)))
        }
        Err(Failure::Refused(refused)) => {
            drop(writing);
            let why = format!("It cannot be canceled any more. {}", refused.message());
            show(&visit, &owner, Some(&why)).await
        }
        Err(failure) => {
            tracing::error!(?failure, "a withdrawal was not canceled");
            let why = "Try again later.";
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Ok(problem(status, "The exchange failed", why))
        }
    }
}
