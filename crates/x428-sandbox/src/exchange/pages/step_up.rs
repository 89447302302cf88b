//! The hosted page of a challenge (section 7.9).

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::json;
use x428::wire::withdrawal::{ChallengePolicy, ChallengeStatus, MethodStatus, StepUpMethod};

use super::visit::field;
use super::{Page, Visit, page, problem, see_other};
use crate::exchange::audit;
use crate::exchange::failure::Failure;
use crate::exchange::model::{Challenge, Owner};
use crate::exchange::step_up::verify::{Brought, Whose, deny, ended, verify};
use crate::exchange::step_up::{answer, start};
use crate::exchange::store::Fault;

/// What the owner approves.
// r[impl withdrawal.challenge.display]
pub(super) fn display(challenge: &Challenge) -> Markup {
    let shown = &challenge.display;
    html! {
        dl {
            dt { "Application" } dd { (shown.client.as_str()) }
            dt { "Amount" } dd { (shown.amount.as_str()) " " (shown.asset.as_str()) }
            dt { "Network" } dd { (shown.network.as_str()) }
            dt { "Address" } dd { code { (shown.address.as_str()) } }
            @if let Some(memo) = &challenge.memo { dt { "Memo" } dd { (memo) } }
        }
    }
}

/// To approve and to deny, one as plainly as the other.
// r[impl withdrawal.hosted.deny]
pub(super) fn decisions(approve: &str) -> Markup {
    html! {
        button type="submit" name="decision" value="approve" { (approve) }
        button type="submit" name="decision" value="deny" { "Deny" }
        button type="submit" name="decision" value="fraud" { "Deny and report as fraud" }
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
    match decision {
        "deny" | "fraud" => {
            let denied = deny(exchange, &owner.id, id, now).await?;
            if decision == "fraud" {
                let mut writing = exchange.store.write().await?;
                writing.turn_of(&owner.id).await?;
                let what = json!({
                    "event": "fraud", "challenge": denied.id, "client": denied.client,
                });
                audit::append(&mut writing, &owner.id, now, what).await?;
                writing.commit().await?;
            }
            Ok(())
        }
        _ => {
            let whose = Whose {
                owner: &owner.id,
                client: None,
            };
            verify(exchange, &whose, id, brought, now).await.map(drop)
        }
    }
}

/// The words for what went wrong.
pub(super) fn words(failure: &Failure) -> String {
    match failure {
        Failure::Refused(refused) => refused.message().to_owned(),
        _ => "The exchange failed. Try again later.".to_owned(),
    }
}

/// Shows the withdrawal and the methods, to its owner alone.
// r[impl withdrawal.hosted.login]
// r[impl withdrawal.hosted.owner]
pub(super) async fn get(visit: Visit) -> Result<Response, Page> {
    show(&visit, None, StatusCode::OK).await
}

async fn show(visit: &Visit, wrong: Option<&str>, status: StatusCode) -> Result<Response, Page> {
    let owner = visit.owner().await?;
    let now = visit.call.now;
    let mut reading = visit.call.exchange.store.read().await?;
    let challenge: Option<Challenge> = reading.get(&visit.call.id).await?;
    reading.end().await?;
    let Some(challenge) = challenge.filter(|challenge| challenge.owner == owner.id) else {
        let why = "There is nothing to approve here.";
        return Ok(problem(StatusCode::NOT_FOUND, "Not found", why));
    };
    let content = match challenge.status_at(now) {
        ChallengeStatus::Pending => html! {
            @if let Some(wrong) = wrong { p role="alert" { (wrong) } }
            (display(&challenge))
            p {
                @if challenge.policy == ChallengePolicy::All {
                    "All of the following are needed."
                } @else {
                    "One of the following is enough."
                }
            }
            @for offered in &challenge.methods {
                @if offered.status != MethodStatus::Verified {
                    (method(visit, &challenge, &owner, offered.method, offered.status)?)
                } @else {
                    p { (name(offered.method)) ": done." }
                }
            }
            form method="post" action={ "/step-up/" (challenge.id) } {
                (visit.token())
                h2 { "Not you?" }
                button type="submit" name="decision" value="deny" { "Deny" }
                button type="submit" name="decision" value="fraud" { "Deny and report as fraud" }
            }
        },
        status => html! {
            p role="status" { (outcome(status)) }
            p { "Go back to the application." }
        },
    };
    Ok(page(status, "Approve a withdrawal", &content))
}

fn outcome(status: ChallengeStatus) -> &'static str {
    match status {
        ChallengeStatus::Verified | ChallengeStatus::Consumed => "You have approved it.",
        ChallengeStatus::Denied => "You have denied it.",
        ChallengeStatus::Locked => "There were too many wrong codes.",
        _ => "It has ended.",
    }
}

fn name(method: StepUpMethod) -> &'static str {
    match method {
        StepUpMethod::Totp => "Authenticator app",
        StepUpMethod::Webauthn => "Passkey",
        StepUpMethod::Push => "The exchange's app",
        StepUpMethod::Sms => "Text message",
        StepUpMethod::Email => "E-mail",
        StepUpMethod::Face => "Face",
        _ => "Another method",
    }
}

fn method(
    visit: &Visit,
    challenge: &Challenge,
    owner: &Owner,
    method: StepUpMethod,
    status: MethodStatus,
) -> Result<Markup, Fault> {
    let action = format!("/step-up/{}", challenge.id);
    let field_id = format!("code-{method}");
    let is_sent = status == MethodStatus::Sent;
    let number = challenge
        .method(method)
        .and_then(|offered| offered.number.as_deref());
    let options = if method == StepUpMethod::Webauthn {
        let wire = answer::answer(&visit.call.exchange, challenge, owner, visit.call.now)?;
        let offered = wire.methods.iter().find(|offered| offered.method == method);
        offered
            .and_then(|offered| serde_json::to_string(&offered.public_key).ok())
            .unwrap_or_default()
    } else {
        String::new()
    };
    Ok(html! {
        h2 { (name(method)) }
        form method="post" action=(action) {
            (visit.token())
            input type="hidden" name="method" value=(method.as_str());
            @match method {
                StepUpMethod::Webauthn => {
                    input type="hidden" name="credential" value="";
                    p { "This needs JavaScript." }
                    button type="submit" name="decision" value="approve"
                        data-passkey="get" data-options=(options) { "Use a passkey" }
                    script src="/static/passkey.js" defer {}
                }
                StepUpMethod::Push | StepUpMethod::Face => {
                    @if is_sent {
                        @if let Some(number) = number {
                            p { "Enter this number in the app: " strong { (number) } }
                        } @else {
                            p { "Look at your phone, and come back." }
                        }
                        p { a href=(action) { "I have done it" } }
                    }
                    button type="submit" name="decision" value="start" { "Send it to my phone" }
                }
                StepUpMethod::Totp => {
                    label for=(field_id) { "Code" }
                    input id=(field_id) name="code" inputmode="numeric"
                        autocomplete="one-time-code";
                    button type="submit" name="decision" value="approve" { "Approve" }
                }
                _ => {
                    @if is_sent {
                        label for=(field_id) { "Code" }
                        input id=(field_id) name="code" inputmode="numeric"
                            autocomplete="one-time-code";
                        button type="submit" name="decision" value="approve" { "Approve" }
                    }
                    button type="submit" name="decision" value="start" {
                        @if is_sent { "Send another code" } @else { "Send a code" }
                    }
                }
            }
        }
    })
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
            let Some(brought) = brought(method, &fields) else {
                let wrong = "The code is not of its form.";
                return show(&visit, Some(wrong), StatusCode::UNPROCESSABLE_ENTITY).await;
            };
            decide(&visit, &owner, &id, decision, &brought).await
        }
        _ => Ok(()),
    };
    match done {
        Ok(()) => Ok(see_other(&format!("/step-up/{id}"))),
        Err(failure) => {
            let wrong = words(&failure);
            show(&visit, Some(&wrong), StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}

/// What the form brings. A push and a face are met in the app alone.
fn brought(method: StepUpMethod, fields: &[(String, String)]) -> Option<Brought> {
    match method {
        StepUpMethod::Webauthn => {
            let credential = field(fields, "credential")?;
            let credential = serde_json::from_str(credential).ok()?;
            Some(Brought::Assertion(Box::new(credential)))
        }
        StepUpMethod::Totp | StepUpMethod::Sms | StepUpMethod::Email => {
            let code = field(fields, "code")?.trim();
            let is_code = (6..=12).contains(&code.len())
                && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
            is_code.then(|| Brought::Code(method, code.to_owned()))
        }
        _ => None,
    }
}

async fn begin(visit: &Visit, owner: &Owner, method: StepUpMethod) -> Result<(), Failure> {
    let exchange = &visit.call.exchange;
    let now = visit.call.now;
    let whose = Whose {
        owner: &owner.id,
        client: None,
    };
    let mut writing = exchange.store.write().await?;
    writing.turn_of(&owner.id).await?;
    let mut challenge = whose.own(writing.get(&visit.call.id).await?)?;
    ended(challenge.status_at(now))?;
    start::start(exchange, &mut writing, &mut challenge, owner, method, now).await?;
    writing.commit().await?;
    Ok(())
}
