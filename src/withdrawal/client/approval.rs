//! How the owner is asked (sections 7.1, 7.4, 7.5 and 7.9).

use jiff::Timestamp;
use url::Url;

use super::StepUp;
use crate::wire::withdrawal::{
    ChallengeMethod, NumberToEnter, OneTimeCode, PublicKeyOptions, StepUpMethod, WebauthnCredential,
};

/// Asks the owner, in the application's own interface.
///
/// It shows the [`display`](crate::wire::withdrawal::Challenge::display) of the challenge as it is.
/// Every answer may take as long as the owner takes. To stop, the future of
/// [`withdraw`](super::Client::withdraw) is dropped; the submission stays kept.
pub trait Approval: Send + Sync {
    /// Lets the owner choose how to approve. Called again for each further method that is needed.
    fn choose(&self, step_up: &StepUp) -> impl Future<Output = Choice> + Send;

    /// Asks for a code.
    fn code(&self, asked: CodeAsked<'_>) -> impl Future<Output = Code> + Send;

    /// Asks the authenticator of the owner, if this application is of an origin that may; nothing
    /// if it is not, or if the owner does not want to.
    fn credential(
        &self,
        step_up: &StepUp,
        options: &PublicKeyOptions,
    ) -> impl Future<Output = Option<WebauthnCredential>> + Send {
        let _ = (step_up, options);
        std::future::ready(None)
    }

    /// Shows what the owner has to do elsewhere. Polling goes on afterwards, so this returns at
    /// once.
    fn waiting(&self, step_up: &StepUp, waiting: Waiting) -> impl Future<Output = ()> + Send;
}

/// How the owner wants to approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Choice {
    /// By a method of the challenge.
    Method(StepUpMethod),
    /// At the page of the exchange, by any method.
    HostedPage,
    /// Not at all. The challenge is canceled, and nothing is withdrawn.
    GiveUp,
}

/// A code that is asked for.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct CodeAsked<'a> {
    /// The challenge.
    pub step_up: &'a StepUp,
    /// The method whose code it is, with the hint where the owner finds it.
    pub method: &'a ChallengeMethod,
    /// Whether the code before was not accepted.
    pub was_wrong: bool,
    /// How many wrong codes are left.
    pub attempts_remaining: u8,
    /// From when on another message can be sent, if it was too soon.
    pub resend_after: Option<Timestamp>,
}

/// What the owner says when asked for a code.
#[non_exhaustive]
pub enum Code {
    /// The code.
    Entered(OneTimeCode),
    /// None has come: send another.
    Resend,
    /// Rather by another method.
    AnotherWay,
    /// Not at all.
    GiveUp,
}

/// What the owner has to do elsewhere.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Waiting {
    /// To approve in the exchange's app, and enter the number there if there is one.
    App(Option<NumberToEnter>),
    /// To approve at this page. It is opened in the owner's browser.
    Page(Url),
    /// To see what the exchange shows: this client does not understand the challenge.
    NotUnderstood,
}
