//! The owner's phone: text messages, and the exchange's app with its prompts.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use x428::wire::withdrawal::{ChallengeStatus, MethodStatus, StepUpMethod};

use super::step_up::{self, display};
use super::visit::field;
use super::{Page, Visit, page, see_other};
use crate::exchange::model::{Challenge, Message};
use crate::exchange::notify::NEWEST;
use crate::exchange::step_up::verify::Brought;

const LIVE: &str = "SELECT data FROM challenge WHERE owner = $1 AND live_until > $2";

/// Shows the prompts that wait, and the messages.
pub(super) async fn get(visit: Visit) -> Result<Response, Page> {
    show(&visit, None, StatusCode::OK).await
}

async fn show(visit: &Visit, wrong: Option<&str>, status: StatusCode) -> Result<Response, Page> {
    let owner = visit.owner().await?;
    let now = visit.call.now;
    let mut reading = visit.call.exchange.store.read().await?;
    let values = vec![owner.id.as_str().into(), now.as_millisecond().into()];
    let live: Vec<Challenge> = reading.find(LIVE, values).await?;
    let values = vec![owner.id.as_str().into(), "sms".into(), "app".into()];
    let messages: Vec<Message> = reading.find(NEWEST, values).await?;
    reading.end().await?;
    let waiting = live
        .iter()
        .filter(|challenge| challenge.status_at(now) == ChallengeStatus::Pending);
    let content = html! {
        @if let Some(wrong) = wrong { p role="alert" { (wrong) } }
        h2 { "The app" }
        @for challenge in waiting {
            @for offered in &challenge.methods {
                @if offered.status == MethodStatus::Sent {
                    @match offered.method {
                        StepUpMethod::Push => (push(visit, challenge)),
                        StepUpMethod::Face => (face(visit, challenge)),
                        _ => {}
                    }
                }
            }
        }
        h2 { "Text messages to " (owner.phone) }
        @if messages.is_empty() { p { "None yet." } }
        @for message in &messages { p { (message.at) br; (message.text) } }
    };
    Ok(page(status, "Phone", &content))
}

/// A prompt that is approved with the number that the application shows.
fn push(visit: &Visit, challenge: &Challenge) -> Markup {
    let name = format!("number-{}", challenge.id);
    html! {
        form method="post" action="/phone" {
            (visit.token())
            input type="hidden" name="challenge" value=(challenge.id);
            (display(challenge))
            label for=(name) { "The number that the application shows" }
            input id=(name) name="number" inputmode="numeric" autocomplete="off";
            (step_up::decisions("Approve"))
        }
    }
}

fn face(visit: &Visit, challenge: &Challenge) -> Markup {
    html! {
        form method="post" action="/phone" {
            (visit.token())
            input type="hidden" name="challenge" value=(challenge.id);
            input type="hidden" name="face" value="yes";
            (display(challenge))
            (step_up::decisions("Look into the camera"))
        }
    }
}

/// Takes what the owner does on the phone.
pub(super) async fn post(visit: Visit) -> Result<Response, Page> {
    let owner = visit.owner().await?;
    let fields = visit.form()?;
    let id = field(&fields, "challenge").unwrap_or_default();
    let brought = if field(&fields, "face") == Some("yes") {
        Brought::Face
    } else {
        let number = field(&fields, "number").unwrap_or_default();
        Brought::Number(number.trim().to_owned())
    };
    let decision = field(&fields, "decision").unwrap_or_default();
    match step_up::decide(&visit, &owner, id, decision, &brought).await {
        Ok(()) => Ok(see_other("/phone")),
        Err(failure) => {
            let wrong = step_up::words(&failure);
            show(&visit, Some(&wrong), StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}
