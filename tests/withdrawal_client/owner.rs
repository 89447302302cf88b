//! An owner who answers what the test has written down.

use std::collections::VecDeque;
use std::sync::Mutex;

use serde_json::json;
use x428::wire::withdrawal::{
    IdempotencyKey, OneTimeCode, PublicKeyOptions, WebauthnCredential, WithdrawalRequest,
};
use x428::withdrawal::client::{Approval, Choice, Code, CodeAsked, StepUp, Waiting};

#[derive(Default)]
pub(crate) struct Owner {
    choices: Mutex<VecDeque<Choice>>,
    codes: Mutex<VecDeque<Option<&'static str>>>,
    credential: Option<WebauthnCredential>,
    pub(crate) asked: Mutex<Vec<String>>,
}

impl Owner {
    pub(crate) fn choosing(choices: impl IntoIterator<Item = Choice>) -> Self {
        Self {
            choices: Mutex::new(choices.into_iter().collect()),
            ..Self::default()
        }
    }

    /// Enters these; nothing asks for another message.
    pub(crate) fn entering(
        mut self,
        codes: impl IntoIterator<Item = Option<&'static str>>,
    ) -> Self {
        self.codes = Mutex::new(codes.into_iter().collect());
        self
    }

    pub(crate) fn with_credential(mut self, credential: WebauthnCredential) -> Self {
        self.credential = Some(credential);
        self
    }

    /// What the owner was asked and shown.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn note(&self, text: String) {
        self.asked.lock().unwrap().push(text);
    }
}

impl Approval for Owner {
    async fn choose(&self, step_up: &StepUp) -> Choice {
        let methods = step_up.challenge.methods.iter();
        let open: Vec<_> = methods
            .map(|method| format!("{} {}", method.method, method.status))
            .collect();
        self.note(format!("choose: {}", open.join(", ")));
        let next = self.choices.lock().unwrap().pop_front();
        next.unwrap_or(Choice::GiveUp)
    }

    async fn code(&self, asked: CodeAsked<'_>) -> Code {
        self.note(format!(
            "code: {} hint {:?} wrong {} left {} again {:?}",
            asked.method.method,
            asked.method.hint.as_str(),
            asked.was_wrong,
            asked.attempts_remaining,
            asked.resend_after.map(|time| time.to_string()),
        ));
        let next = self.codes.lock().unwrap().pop_front();
        match next {
            Some(Some(code)) => Code::Entered(OneTimeCode::parse(code).unwrap()),
            Some(None) => Code::Resend,
            None => Code::GiveUp,
        }
    }

    async fn credential(
        &self,
        _: &StepUp,
        options: &PublicKeyOptions,
    ) -> Option<WebauthnCredential> {
        self.note(format!("credential: {}", options.challenge.as_str()));
        self.credential.clone()
    }

    async fn waiting(&self, _: &StepUp, waiting: Waiting) {
        self.note(match waiting {
            Waiting::App(Some(number)) => format!("enter {}", number.as_str()),
            Waiting::Page(page) => format!("open {page}"),
            other => format!("{other:?}"),
        });
    }
}

/// One and a half ether, as the examples withdraw it.
pub(crate) fn request() -> WithdrawalRequest {
    serde_json::from_value(json!({
        "asset": "ETH",
        "network": "ethereum",
        "amount": "1.5",
        "address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    }))
    .unwrap()
}

pub(crate) fn key() -> IdempotencyKey {
    IdempotencyKey::parse("0f8fad5b-d9cb-469f-a165-70867728950e").unwrap()
}
