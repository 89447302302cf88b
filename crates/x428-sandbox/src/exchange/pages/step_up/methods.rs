//! The methods by which the owner approves on the hosted page, each with its form.

use maud::{Markup, html};
use x428::wire::withdrawal::{CODE_DIGITS_MIN, MethodStatus, OneTimeCode, StepUpMethod};

use super::Refused;
use crate::exchange::model::{Challenge, Method, Owner};
use crate::exchange::pages::elements::{time_of_day, wrong};
use crate::exchange::pages::visit::field;
use crate::exchange::pages::{Visit, passkey_script};
use crate::exchange::step_up::answer;
use crate::exchange::step_up::verify::Brought;
use crate::exchange::store::Fault;

/// What is said of a code that is none.
pub(super) const FORM: &str = "Enter the code as you see it, without anything else.";
/// What is said of a code that is not the right one.
pub(super) const NOT_RIGHT: &str = "This code is not right, or it was used already.";

fn name(method: StepUpMethod) -> &'static str {
    match method {
        StepUpMethod::Totp => "Authenticator app",
        StepUpMethod::Webauthn => "Passkey",
        StepUpMethod::Push => "The app on your phone",
        StepUpMethod::Sms => "Text message",
        StepUpMethod::Email => "E-mail",
        StepUpMethod::Face => "Your face, in the app on your phone",
        _ => "Another method",
    }
}

/// All methods that are offered; the one that the owner is at is open.
pub(super) fn all(
    visit: &Visit,
    challenge: &Challenge,
    owner: &Owner,
    refused: Option<&Refused>,
) -> Result<Markup, Fault> {
    let waiting = |offered: &&Method| offered.status != MethodStatus::Verified;
    let newest = challenge
        .methods
        .iter()
        .filter(|offered| offered.status == MethodStatus::Sent)
        .max_by_key(|offered| offered.sent_at);
    let first = challenge.methods.iter().find(waiting);
    let open = refused
        .and_then(|refused| refused.method)
        .or_else(|| newest.or(first).map(|offered| offered.method));
    let mut shown = Vec::new();
    for offered in &challenge.methods {
        shown.push(html! {
            @if offered.status == MethodStatus::Verified {
                p.met { (name(offered.method)) ": done" }
            } @else {
                @let refused = refused.filter(|refused| refused.method == Some(offered.method));
                details name="method" open[open == Some(offered.method)] {
                    summary { (name(offered.method)) }
                    (form(visit, challenge, owner, offered, refused)?)
                }
            }
        });
    }
    Ok(html! {
        @if let Some(refused) = refused.filter(|refused| refused.method.is_none()) {
            (wrong("problem", &refused.why))
        }
        @for method in shown { (method) }
    })
}

fn form(
    visit: &Visit,
    challenge: &Challenge,
    owner: &Owner,
    offered: &Method,
    refused: Option<&Refused>,
) -> Result<Markup, Fault> {
    let method = offered.method;
    let problem = format!("problem-{method}");
    let content = match method {
        StepUpMethod::Webauthn => passkey(visit, challenge, owner)?,
        StepUpMethod::Push | StepUpMethod::Face => in_app(challenge, offered),
        _ => by_code(offered, refused),
    };
    let is_of_field = refused.is_some_and(|refused| refused.is_of_code)
        && !matches!(method, StepUpMethod::Webauthn);
    Ok(html! {
        form method="post" action={ "/step-up/" (challenge.id) } aria-label=(name(method)) {
            (visit.token())
            input type="hidden" name="method" value=(method.as_str());
            // What is wrong with a field stands beside it.
            @if let Some(refused) = refused && !is_of_field { (wrong(&problem, &refused.why)) }
            (content)
        }
    })
}

fn by_code(offered: &Method, refused: Option<&Refused>) -> Markup {
    let method = offered.method;
    let [code, hint, problem] = ["code", "hint", "problem"].map(|part| format!("{part}-{method}"));
    let refused = refused.filter(|refused| refused.is_of_code);
    let described = match refused {
        Some(_) => format!("{hint} {problem}"),
        None => hint.clone(),
    };
    let is_started = crate::exchange::step_up::is_started(method);
    let is_sent = offered.status == MethodStatus::Sent;
    html! {
        p id=(hint) {
            @if !is_started {
                "Enter the code that the app shows for Example Exchange."
            } @else if let Some(at) = offered.sent_at.filter(|_| is_sent) {
                "A code was sent to " (offered.hint) " at " (time_of_day(at)) ". " (where_it_is(method))
            } @else {
                "A code is sent to " (offered.hint) "."
            }
        }
        @if is_sent || !is_started {
            label for=(code) { "Code of " (CODE_DIGITS_MIN) " digits" }
            @if let Some(refused) = refused { (wrong(&problem, &refused.why)) }
            input.code id=(code) name="code" inputmode="numeric" autocomplete="one-time-code" required
                aria-describedby=(described) aria-invalid=[refused.map(|_| "true")]
                autofocus[refused.is_some() || is_sent];
        }
        p.actions {
            @if is_sent || !is_started {
                button type="submit" name="decision" value="approve" { "Approve" }
            }
            @if is_started { (start(is_sent, "Send a code", "Send another code")) }
        }
    }
}

fn in_app(challenge: &Challenge, offered: &Method) -> Markup {
    let is_sent = offered.status == MethodStatus::Sent;
    html! {
        @if !is_sent {
            p { "The app of Example Exchange shows the withdrawal, and asks you." }
        } @else if let Some(number) = &offered.number {
            p { "Enter this number in the app:" }
            p.number { (number) }
        } @else {
            p { "Look into the camera when the app asks you to." }
        }
        @if is_sent { p { (where_it_is(offered.method)) } }
        p.actions {
            @if is_sent {
                a.button href={ "/step-up/" (challenge.id) } { "I have done it" }
            }
            (start(is_sent, "Ask my phone", "Ask my phone again"))
        }
    }
}

/// The button that sends a code or a prompt.
fn start(is_sent: bool, first: &str, again: &str) -> Markup {
    html! {
        button.other[is_sent] type="submit" name="decision" value="start" formnovalidate {
            @if is_sent { (again) } @else { (first) }
        }
    }
}

/// Where the sandbox shows what would reach the owner.
fn where_it_is(method: StepUpMethod) -> Markup {
    html! {
        "In this sandbox "
        @match method {
            StepUpMethod::Email => { "it is among your " a href="/outbox" { "messages" } },
            StepUpMethod::Sms => { "it is on the page " a href="/phone" { "Phone" } },
            _ => { "the app is on the page " a href="/phone" { "Phone" } },
        }
        "."
    }
}

/// The button appears where there is JavaScript.
fn passkey(visit: &Visit, challenge: &Challenge, owner: &Owner) -> Result<Markup, Fault> {
    if owner.passkeys.is_empty() {
        return Ok(html! { p { "Your account has no passkey any more. Choose another way." } });
    }
    let wire = answer::answer(&visit.call.exchange, challenge, owner, visit.call.now)?;
    let mut methods = wire.methods.iter();
    let offered = methods.find(|offered| offered.method == StepUpMethod::Webauthn);
    let options = offered
        .and_then(|offered| serde_json::to_string(&offered.public_key).ok())
        .ok_or(Fault::Damaged)?;
    Ok(html! {
        input type="hidden" name="credential" value="" autocomplete="off";
        p { "Confirm with the device or the security key that holds your passkey." }
        noscript { p { "Passkeys need JavaScript. Choose another way, or switch it on." } }
        p.wrong role="alert" hidden {}
        p.actions {
            button type="submit" name="decision" value="approve" hidden
                data-passkey="get" data-options=(options) { "Use a passkey" }
        }
        (passkey_script())
    })
}

/// What the form brings. A push and a face are met in the app alone.
pub(super) fn brought(method: StepUpMethod, fields: &[(String, String)]) -> Option<Brought> {
    match method {
        StepUpMethod::Webauthn => {
            let credential = field(fields, "credential")?;
            let credential = serde_json::from_str(credential).ok()?;
            Some(Brought::Assertion(Box::new(credential)))
        }
        StepUpMethod::Totp | StepUpMethod::Sms | StepUpMethod::Email => {
            // Apps show a code in two groups.
            let code: String = field(fields, "code")?.split_whitespace().collect();
            let is_code = OneTimeCode::parse(code.as_str()).is_ok();
            is_code.then_some(Brought::Code(method, code))
        }
        _ => None,
    }
}
