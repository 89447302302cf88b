//! The owner at the terminal, whom the exchange asks to approve.

use std::{
    io::{self, BufRead as _, Read as _},
    sync::atomic::{AtomicUsize, Ordering},
};

use clap::ValueEnum;
use x428::{
    wire::withdrawal::{ChallengeMethod, MethodStatus, OneTimeCode, StepUpMethod},
    withdrawal::client::{Approval, Choice, Code, CodeAsked, StepUp, Waiting},
};

use crate::{consent, output::harmless_line, report};

/// No answer is longer.
const LINE_SIZE_MAX: u64 = 256;

/// A way to approve, said beforehand.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Way {
    /// A code of the authenticator app
    Totp,
    /// A code by text message
    Sms,
    /// A code by e-mail
    Email,
    /// The exchange's app
    Push,
    /// The face, in the exchange's app
    Face,
    /// The exchange's page, in the browser
    Page,
}

impl Way {
    fn method(self) -> Option<StepUpMethod> {
        Some(match self {
            Self::Totp => StepUpMethod::Totp,
            Self::Sms => StepUpMethod::Sms,
            Self::Email => StepUpMethod::Email,
            Self::Push => StepUpMethod::Push,
            Self::Face => StepUpMethod::Face,
            Self::Page => return None,
        })
    }
}

/// Asks at the terminal. Without one, what was said beforehand is done, and then the exchange's page
/// is waited for.
pub(super) struct Terminal {
    ways: Vec<Way>,
    asked: AtomicUsize,
}

impl Terminal {
    pub(super) fn new(ways: &[Way]) -> Self {
        Self {
            ways: ways.to_vec(),
            asked: AtomicUsize::new(0),
        }
    }

    fn said_beforehand(&self, step_up: &StepUp) -> Option<Choice> {
        loop {
            let next = self.asked.fetch_add(1, Ordering::Relaxed);
            match self.ways.get(next)?.method() {
                None => return Some(Choice::HostedPage),
                Some(method) => {
                    let offered = step_up.method(method);
                    if offered.is_some_and(is_open) {
                        return Some(Choice::Method(method));
                    }
                    report::say(&format!("the exchange does not offer {method} any more"));
                }
            }
        }
    }
}

impl Approval for Terminal {
    async fn choose(&self, step_up: &StepUp) -> Choice {
        if let Some(choice) = self.said_beforehand(step_up) {
            return choice;
        }
        if !consent::is_someone_there() {
            return Choice::HostedPage;
        }
        let methods = step_up.challenge.methods.iter();
        let open: Vec<&ChallengeMethod> = methods
            .filter(|method| is_open(method) && method.method != StepUpMethod::Webauthn)
            .collect();
        report::say("the exchange asks you to approve it:");
        for (number, method) in (1..).zip(&open) {
            report::say(&format!("  {number}  {}", words(method)));
        }
        report::say("  p  at the exchange's page, in any way");
        loop {
            let answer = line("Which way? [number / p / no]").await;
            match answer.as_deref() {
                None | Some("no" | "n") => return Choice::GiveUp,
                Some("p") => return Choice::HostedPage,
                Some(number) => {
                    let place = number.parse::<usize>().ok();
                    let place = place.and_then(|number| number.checked_sub(1));
                    if let Some(method) = place.and_then(|place| open.get(place)) {
                        return Choice::Method(method.method);
                    }
                }
            }
        }
    }

    async fn code(&self, asked: CodeAsked<'_>) -> Code {
        if asked.was_wrong {
            let left = asked.attempts_remaining;
            report::say(&format!("that was not it; {left} attempts are left"));
        }
        if let Some(when) = asked.resend_after {
            report::say(&format!("another message can be sent at {when:.0}"));
        }
        let where_it_is = words(asked.method);
        loop {
            let prompt = format!("The code, {where_it_is} [code / again / other / no]");
            match line(&prompt).await.as_deref() {
                None | Some("no" | "n") => return Code::GiveUp,
                Some("again") if asked.method.method != StepUpMethod::Totp => return Code::Resend,
                Some("other") => return Code::AnotherWay,
                Some(text) => match OneTimeCode::parse(text.replace(' ', "")) {
                    Ok(code) => return Code::Entered(code),
                    Err(_) => report::say("a code is made of digits"),
                },
            }
        }
    }

    // r[impl withdrawal.hosted.browser]
    async fn waiting(&self, _: &StepUp, waiting: Waiting) {
        match waiting {
            Waiting::App(Some(number)) => {
                report::say(&format!(
                    "enter {number} in the app of the exchange; waiting"
                ));
            }
            Waiting::App(None) => report::say("approve it in the app of the exchange; waiting"),
            Waiting::Page(page) => {
                report::say("open this in your browser to approve it; waiting");
                report::say(page.as_str());
            }
            _ => report::say("approve it as the exchange tells you; waiting"),
        }
    }
}

fn is_open(method: &ChallengeMethod) -> bool {
    matches!(method.status, MethodStatus::Available | MethodStatus::Sent)
}

fn words(method: &ChallengeMethod) -> String {
    let hint = harmless_line(method.hint.as_str());
    match method.method {
        StepUpMethod::Totp => "of your authenticator app".to_owned(),
        StepUpMethod::Sms => format!("by text message to {hint}"),
        StepUpMethod::Email => format!("by e-mail to {hint}"),
        StepUpMethod::Push => format!("in the app of the exchange {hint}"),
        StepUpMethod::Face => format!("by your face, in the app of the exchange {hint}"),
        _ => format!("by {} {hint}", method.method),
    }
}

/// A line that somebody types; nothing at the end of the input.
pub(super) async fn line(prompt: &str) -> Option<String> {
    let prompt = format!("{prompt} ");
    let read = tokio::task::spawn_blocking(move || {
        use std::io::Write as _;
        // Not locked while somebody types: who presses Ctrl-C is told something.
        io::stderr().write_all(prompt.as_bytes())?;
        let mut line = String::new();
        let mut input = io::stdin().lock().take(LINE_SIZE_MAX);
        input.read_line(&mut line).map(|_| line)
    });
    let line = read.await.ok()?.ok()?;
    (!line.is_empty()).then(|| line.trim().to_lowercase())
}
