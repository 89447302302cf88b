//! The hosted page of a challenge (section 7.9).

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use x428::wire::withdrawal::{
    CODE_ATTEMPTS_MAX, ChallengePolicy, ChallengeStatus, MethodStatus, StepUpMethod,
    WithdrawalErrorCode as Code,
};

use super::elements::{grouped, network, theirs, time_left, time_of_day};
use super::visit::field;
use super::{Page, Sheet, Visit, problem, see_other};
use crate::exchange::api;
use crate::exchange::failure::Failure;
use crate::exchange::model::{Challenge, ListedAsset, Owner};
use crate::exchange::step_up::start;
use crate::exchange::step_up::verify::{Brought, Denial, Whose, deny, verify};

mod methods;

/// What the owner approves.
// r[impl withdrawal.challenge.display]
pub(super) fn display(listed: &[ListedAsset], challenge: &Challenge) -> Markup {
    let shown = &challenge.display;
    let costs = &challenge.costs;
    let asset = shown.asset.as_str();
    html! {
        dl.withdrawal {
            dt { "Amount" }
            dd.amount { (shown.amount.as_str()) " " (asset) }
            dt { "To the address" }
            dd { (grouped(shown.address.as_str())) }
            @if let Some(memo) = &challenge.memo { dt { "Memo" } dd { bdi { (memo) } } }
            dt { "Network" }
            dd { (network(listed, shown.network.as_str())) }
            dt { "Fee" }
            dd {
                (costs.fee) " " (costs.fee_asset)
                @if !costs.quoted { " at present" }
            }
            dt { "Leaves your account" }
            dd {
                (costs.debit) " " (asset)
                @if costs.fee_asset != asset { " and the fee" }
            }
            @if costs.receive.to_string() != shown.amount.as_str() {
                dt { "Arrives" } dd { (costs.receive) " " (asset) }
            }
            dt { "Asked for by the application" }
            dd { (theirs(shown.client.as_str())) }
        }
    }
}

/// To approve and to deny, one as plainly as the other.
// r[impl withdrawal.hosted.deny]
pub(super) fn decisions(approve: &str) -> Markup {
    html! {
        p.actions {
            button type="submit" name="decision" value="approve" { (approve) }
            (denials())
        }
    }
}

fn denials() -> Markup {
    html! {
        button.other type="submit" name="decision" value="deny" formnovalidate { "Deny" }
        button.bad type="submit" name="decision" value="fraud" formnovalidate {
            "Deny and report as fraud"
        }
    }
}

/// Does what the owner has decided.
pub(super) async fn decide(
    visit: &Visit,
    owner: &Owner,
    id: &str,
    decision: &str,
    brought: &Brought,
) -> Result<(), Failure> {
    let exchange = &visit.call.exchange;
    let now = visit.call.now;
    let denial = match decision {
        "deny" => Denial::Plain,
        "fraud" => Denial::Fraud,
        _ => {
            let whose = Whose {
                owner: &owner.id,
                client: None,
            };
            return verify(exchange, &whose, id, brought, now).await.map(drop);
        }
    };
    deny(exchange, &owner.id, id, denial, now).await.map(drop)
}

/// The words for what went wrong.
pub(super) fn words(failure: &Failure) -> String {
    match failure {
        Failure::Refused(refused) if refused.code() == Code::ResendTooSoon => {
            "It was sent a moment ago. Wait a little before you ask again.".to_owned()
        }
        Failure::Refused(refused) => refused.message().to_owned(),
        _ => "The exchange failed. Try again later.".to_owned(),
    }
}

/// A form that was not taken: of which method, and why.
struct Refused {
    method: Option<StepUpMethod>,
    why: String,
    /// Whether what was entered is wrong.
    is_of_code: bool,
}

/// Shows the withdrawal and the methods, to its owner alone.
// r[impl withdrawal.hosted.login]
// r[impl withdrawal.hosted.owner]
// r[impl withdrawal.hosted.accessible]
pub(super) async fn get(visit: Visit) -> Result<Response, Page> {
    show(&visit, None).await
}

async fn show(visit: &Visit, refused: Option<Refused>) -> Result<Response, Page> {
    let owner = visit.owner().await?;
    let now = visit.call.now;
    let mut reading = visit.call.exchange.store.read().await?;
    let challenge: Option<Challenge> = reading.get(&visit.call.id).await?;
    let listed = api::assets::listed(&mut reading).await?;
    reading.end().await?;
    let Some(challenge) = challenge.filter(|challenge| challenge.owner == owner.id) else {
        let why = "There is nothing to approve here. Perhaps you are logged in as somebody else.";
        return Ok(problem(StatusCode::NOT_FOUND, "Not found", why));
    };
    let status = challenge.status_at(now);
    if status != ChallengeStatus::Pending {
        let (title, content) = outcome(visit, &challenge, status);
        let content = html! {
            (content)
            section.card aria-labelledby="what" {
                h2 id="what" { "The withdrawal" }
                (display(&listed, &challenge))
            }
        };
        return Ok(Sheet::new(title).of(visit).show(&content));
    }
    let content = html! {
        p {
            "Answer by " (time_of_day(challenge.expires_at)) ", "
            (time_left(now, challenge.expires_at)) "."
        }
        div.columns {
            section.card.what aria-labelledby="what" {
                h2 id="what" { "The withdrawal" }
                (display(&listed, &challenge))
            }
            section.card.how aria-labelledby="how" {
                (progress(&challenge))
                (methods::all(visit, &challenge, &owner, refused.as_ref())?)
            }
            section.card.no aria-labelledby="no" {
                h2 id="no" { "Deny" }
                p { "If you did not ask for this, or something is not as it should be." }
                form method="post" action={ "/step-up/" (challenge.id) } {
                    (visit.token())
                    p.actions { (denials()) }
                }
            }
        }
    };
    let status = match refused {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let sheet = Sheet::new("Approve this withdrawal?").of(visit).wide();
    Ok(sheet.status(status).show(&content))
}

/// How many of the methods are needed, and how many tries are left.
fn progress(challenge: &Challenge) -> Markup {
    let all = challenge.methods.len();
    let is_met = |status| status == MethodStatus::Verified;
    let met = challenge
        .methods
        .iter()
        .filter(|offered| is_met(offered.status))
        .count();
    let left = challenge.attempts_left();
    html! {
        h2 id="how" { "Approve" }
        @if challenge.policy == ChallengePolicy::All {
            p { "Each of the following is needed; " (met) " of " (all) " done." }
        } @else if all > 1 {
            p { "Choose one of the following." }
        }
        @if u64::from(left) < u64::try_from(CODE_ATTEMPTS_MAX).unwrap_or_default() {
            p { (left) @if left == 1 { " try left." } @else { " tries left." } }
        }
    }
}

/// The title and the words of a challenge that waits no more.
fn outcome(
    visit: &Visit,
    challenge: &Challenge,
    status: ChallengeStatus,
) -> (&'static str, Markup) {
    let client = theirs(challenge.display.client.as_str());
    let nothing = "Nothing was withdrawn, and nothing will be.";
    match status {
        ChallengeStatus::Verified => (
            "Approved",
            html! {
                p.done role="status" {
                    "You approved the withdrawal. " (client) " can submit it now. Go back to it."
                }
                form method="post" action={ "/step-up/" (challenge.id) } {
                    (visit.token())
                    p { "As long as it is not submitted, you can take the approval back." }
                    p.actions {
                        button.other type="submit" name="decision" value="deny" {
                            "Take the approval back"
                        }
                    }
                }
            },
        ),
        ChallengeStatus::Consumed => (
            "Approved and submitted",
            html! {
                p.done role="status" { "The withdrawal is under way." }
                p { a href="/" { "Follow it in your account" } }
            },
        ),
        ChallengeStatus::Denied => (
            "Denied",
            html! {
                p.done role="status" {
                    "You denied the withdrawal. " (nothing)
                    @if challenge.is_fraud { " It was reported as fraud." }
                }
                form method="post" action={ "/grants/" (challenge.consent) "/end" } {
                    (visit.token())
                    p {
                        "If " (client) " should not ask again, end its access to your account."
                    }
                    p.actions { button.bad type="submit" { "End the access" } }
                }
            },
        ),
        ChallengeStatus::Locked => (
            "Locked",
            html! {
                p.wrong role="alert" { "There were too many wrong codes. " (nothing) }
                p { "If it was not you, " a href="/" { "end the access of the application" } "." }
            },
        ),
        ChallengeStatus::Canceled => (
            "Canceled",
            html! {
                p.done role="status" { (client) " has given it up, or its access has ended. " (nothing) }
            },
        ),
        _ => (
            "Too late",
            html! {
                p.done role="status" { "The time to approve is over. " (nothing) }
                p { "If you still want it, withdraw again in " (client) "." }
            },
        ),
    }
}

/// Takes what the owner does on the page.
pub(super) async fn post(visit: Visit) -> Result<Response, Page> {
    let owner = visit.owner().await?;
    let fields = visit.form()?;
    let id = visit.call.id.clone();
    let decision = field(&fields, "decision").unwrap_or_default();
    let method = field(&fields, "method").and_then(|name| name.parse::<StepUpMethod>().ok());
    let done = match (decision, method) {
        ("start", Some(method)) => begin(&visit, &owner, method).await,
        ("deny" | "fraud", _) => decide(&visit, &owner, &id, decision, &Brought::Face).await,
        ("approve", Some(method)) => {
            let Some(brought) = methods::brought(method, &fields) else {
                let refused = Refused {
                    method: Some(method),
                    why: methods::FORM.to_owned(),
                    is_of_code: true,
                };
                return show(&visit, Some(refused)).await;
            };
            decide(&visit, &owner, &id, decision, &brought).await
        }
        _ => Ok(()),
    };
    match done {
        Ok(()) => Ok(see_other(&format!("/step-up/{id}"))),
        Err(failure) => {
            let is_of_code = matches!(&failure, Failure::Refused(refused)
                if refused.code() == Code::ChallengeCodeInvalid);
            let why = if is_of_code {
                methods::NOT_RIGHT.to_owned()
            } else {
                words(&failure)
            };
            let refused = Refused {
                method,
                why,
                is_of_code,
            };
            show(&visit, Some(refused)).await
        }
    }
}

async fn begin(visit: &Visit, owner: &Owner, method: StepUpMethod) -> Result<(), Failure> {
    let exchange = &visit.call.exchange;
    let now = visit.call.now;
    let whose = Whose {
        owner: &owner.id,
        client: None,
    };
    start::start(exchange, &whose, &visit.call.id, method, now).await?;
    Ok(())
}
