//! An owner who approves, with the app, the outbox and the phone of the exchange.

use std::collections::VecDeque;
use std::sync::Mutex;

use x428::wire::withdrawal::{OneTimeCode, StepUpMethod};
use x428::withdrawal::client::{Approval, Choice, Code, CodeAsked, StepUp, Waiting};

use crate::harness::{Browser, World};

pub(crate) struct Owner<'a> {
    world: &'a World,
    browser: tokio::sync::Mutex<Browser<'a>>,
    choices: Mutex<VecDeque<Choice>>,
    answers: Mutex<VecDeque<Says>>,
    decision: Option<&'static str>,
    asked: Mutex<Vec<String>>,
}

/// What the owner says when asked for a code. Afterwards it is the right one.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Says {
    Wrong,
    Again,
}

impl<'a> Owner<'a> {
    /// Chooses so, and nothing else.
    pub(crate) fn new(world: &'a World, choices: impl IntoIterator<Item = Choice>) -> Self {
        Self {
            world,
            browser: tokio::sync::Mutex::new(Browser::new(world)),
            choices: Mutex::new(choices.into_iter().collect()),
            answers: Mutex::default(),
            decision: Some("approve"),
            asked: Mutex::default(),
        }
    }

    /// Says this before the right code.
    pub(crate) fn saying(self, answers: impl IntoIterator<Item = Says>) -> Self {
        *self.answers.lock().unwrap() = answers.into_iter().collect();
        self
    }

    /// Decides otherwise on the phone and at the page, or not at all.
    pub(crate) fn deciding(self, decision: Option<&'static str>) -> Self {
        Self { decision, ..self }
    }

    pub(crate) async fn log_in(&self, login: &str) {
        self.browser.lock().await.log_in(login).await;
        // The next code is a later one, of the app and among the messages.
        self.world.clock.turn_seconds(60);
    }

    /// What the owner was asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Approval for Owner<'_> {
    async fn choose(&self, step_up: &StepUp) -> Choice {
        let next = self.choices.lock().unwrap().pop_front();
        next.unwrap_or_else(|| panic!("asked for no reason: {step_up:?}"))
    }

    async fn code(&self, asked: CodeAsked<'_>) -> Code {
        self.asked.lock().unwrap().push(format!(
            "{}{}{} left {}",
            asked.method.method,
            if asked.was_wrong { " wrong" } else { "" },
            if asked.resend_after.is_some() {
                " early"
            } else {
                ""
            },
            asked.attempts_remaining,
        ));
        let says = self.answers.lock().unwrap().pop_front();
        if says == Some(Says::Again) {
            // Half of the time that has to pass.
            self.world.clock.turn_seconds(15);
            return Code::Resend;
        }
        let code = if asked.method.method == StepUpMethod::Totp {
            self.world.totp()
        } else {
            self.browser.lock().await.newest_code("/outbox").await
        };
        let is_wrong = says == Some(Says::Wrong);
        let code = if is_wrong { other(&code) } else { code };
        Code::Entered(OneTimeCode::parse(code).unwrap())
    }

    async fn waiting(&self, step_up: &StepUp, waiting: Waiting) {
        let shown = match &waiting {
            Waiting::App(_) => "app".to_owned(),
            Waiting::Page(page) => page.to_string(),
            other => panic!("not expected: {other:?}"),
        };
        self.asked.lock().unwrap().push(shown);
        let Some(decision) = self.decision else {
            return;
        };
        let mut browser = self.browser.lock().await;
        let code = self.world.totp();
        let (path, fields) = match &waiting {
            Waiting::Page(page) => {
                let fields = vec![("method", "totp"), ("code", code.as_str())];
                (page.path(), fields)
            }
            Waiting::App(number) => {
                let mut fields = vec![("challenge", step_up.challenge.challenge_id.as_str())];
                fields.push(match number {
                    Some(number) => ("number", number.as_str()),
                    None => ("face", "yes"),
                });
                ("/phone", fields)
            }
            other => panic!("not expected: {other:?}"),
        };
        let page = browser.get(path).await;
        let fields = [fields, vec![("decision", decision)]].concat();
        let taken = browser.post(&page, path, &fields).await;
        assert_eq!(taken.status.as_u16(), 303, "{}", taken.text);
    }
}

/// A code with another first digit.
fn other(code: &str) -> String {
    let first = if code.starts_with('0') { '1' } else { '0' };
    format!("{first}{}", &code[1..])
}
