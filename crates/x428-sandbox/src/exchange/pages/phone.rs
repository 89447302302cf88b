//! The owner's phone: text messages, and the exchange's app with its prompts.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use x428::wire::withdrawal::{
    ChallengeStatus, MethodStatus, StepUpMethod, WithdrawalErrorCode as Code,
};

use super::elements::{moment, wrong};
use super::step_up::{self, display};
use super::visit::field;
use super::{Page, Sheet, Visit, see_other};
use crate::exchange::api;
use crate::exchange::failure::Failure;
use crate::exchange::model::{Challenge, ListedAsset, Message};
use crate::exchange::notify::NEWEST;
use crate::exchange::step_up::verify::Brought;

const LIVE: &str = "SELECT data FROM challenge WHERE owner = $1 AND live_until > $2";

/// A form that was not taken: of which prompt, and why.
#[derive(Clone, Copy)]
struct Refused<'a> {
    challenge: &'a str,
    method: StepUpMethod,
    why: &'a str,
}

impl Refused<'_> {
    fn is_of(&self, challenge: &Challenge, method: StepUpMethod) -> bool {
        self.challenge == challenge.id && self.method == method
    }
}

/// Shows the prompts that wait, and the messages.
pub(super) async fn get(visit: Visit) -> Result<Response, Page> {
    show(&visit, None).await
}

async fn show(visit: &Visit, refused: Option<Refused<'_>>) -> Result<Response, Page> {
    let owner = visit.owner().await?;
    let now = visit.call.now;
    let mut reading = visit.call.exchange.store.read().await?;
    let listed = api::assets::listed(&mut reading).await?;
    let values = vec![owner.id.as_str().into(), now.as_millisecond().into()];
    let live: Vec<Challenge> = reading.find(LIVE, values).await?;
    let values = vec![owner.id.as_str().into(), "sms".into(), "app".into()];
    let messages: Vec<Message> = reading.find(NEWEST, values).await?;
    reading.end().await?;
    let is_asked = |challenge: &Challenge, method| {
        let offered = challenge.method(method);
        challenge.status_at(now) == ChallengeStatus::Pending
            && offered.is_some_and(|offered| offered.status == MethodStatus::Sent)
    };
    let prompts: Vec<(&Challenge, StepUpMethod)> = live
        .iter()
        .flat_map(|challenge| {
            [StepUpMethod::Push, StepUpMethod::Face]
                .into_iter()
                .filter(move |method| is_asked(challenge, *method))
                .map(move |method| (challenge, method))
        })
        .collect();
    // What has ended meanwhile has no form to stand beside.
    let is_shown = |refused: &Refused<'_>| {
        let mut all = prompts.iter();
        all.any(|(challenge, method)| refused.is_of(challenge, *method))
    };
    let content = html! {
        @if let Some(refused) = refused.filter(|refused| !is_shown(refused)) {
            (wrong("problem", refused.why))
        }
        h2 { "The app of Example Exchange" }
        @if prompts.is_empty() { p.card.empty { "Nothing waits for you." } }
        @for (challenge, method) in &prompts {
            (prompt(visit, &listed, challenge, *method, refused))
        }
        h2 { "Text messages to " (owner.phone) }
        @if messages.is_empty() { p.card.empty { "No text message yet." } }
        @for message in &messages {
            article.card { p.soft { (moment(message.at)) } p dir="auto" { (message.text) } }
        }
    };
    let status = match refused {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    Ok(Sheet::new("Phone").of(visit).status(status).show(&content))
}

/// A prompt: one that is approved with the number that the application shows, or with the face.
fn prompt(
    visit: &Visit,
    listed: &[ListedAsset],
    challenge: &Challenge,
    method: StepUpMethod,
    refused: Option<Refused<'_>>,
) -> Markup {
    let [number, hint, problem] =
        ["number", "hint", "problem"].map(|part| format!("{part}-{method}-{}", challenge.id));
    let refused = refused.filter(|refused| refused.is_of(challenge, method));
    let described = match refused {
        Some(_) => format!("{hint} {problem}"),
        None => hint.clone(),
    };
    html! {
        form.card method="post" action="/phone" {
            (visit.token())
            input type="hidden" name="challenge" value=(challenge.id);
            h3 { "Approve this withdrawal?" }
            (display(listed, challenge))
            @if method == StepUpMethod::Face {
                input type="hidden" name="face" value="yes";
                @if let Some(refused) = refused { (wrong(&problem, refused.why)) }
                (step_up::decisions("Approve with my face"))
            } @else {
                label for=(number) { "Number" }
                p.soft id=(hint) {
                    "The application or the page at which you withdraw shows it. If you are not \
                     withdrawing, deny."
                }
                @if let Some(refused) = refused { (wrong(&problem, refused.why)) }
                input.code id=(number) name="number" inputmode="numeric" autocomplete="off" required
                    aria-describedby=(described)
                    aria-invalid=[refused.map(|_| "true")] autofocus[refused.is_some()];
                (step_up::decisions("Approve"))
            }
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
            let refused = Refused {
                challenge: id,
                method: brought.method(),
                why: &match &failure {
                    Failure::Refused(refused) if refused.code() == Code::ChallengeCodeInvalid => {
                        "This is not the number.".to_owned()
                    }
                    failure => step_up::words(failure),
                },
            };
            show(&visit, Some(refused)).await
        }
    }
}
