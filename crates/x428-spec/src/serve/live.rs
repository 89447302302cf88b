//! What the pages are told.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::watch;

use crate::{
    diagnostic::{Diagnostic, Style, human},
    source::Sources,
};

/// What came of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The book is new.
    Good,
    /// The book is the old one, because of these.
    Broken(Vec<Problem>),
}

/// Something wrong, as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The code; empty if the book itself could not be made.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// `file:line:column`
    pub place: String,
    /// The lines of the source with their marks.
    pub shown: String,
}

impl Problem {
    /// A diagnostic.
    #[must_use]
    pub fn new(diagnostic: &Diagnostic, sources: &Sources) -> Self {
        let span = diagnostic.primary.span;
        let position = sources.position(span);
        Self {
            code: diagnostic.code.as_str().to_owned(),
            message: diagnostic.message.clone(),
            place: format!(
                "{}:{}:{}",
                sources.file(span.file).path(),
                position.line,
                position.column
            ),
            shown: human(diagnostic, sources, Style::PLAIN),
        }
    }

    /// Anything else that went wrong, with its causes.
    #[must_use]
    pub fn of(error: &dyn std::error::Error) -> Self {
        let causes = std::iter::successors(Some(error), |error| error.source());
        let message = causes
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(": ");
        Self {
            code: String::new(),
            message,
            place: String::new(),
            shown: String::new(),
        }
    }
}

/// The state that pages follow.
#[derive(Debug, Clone, Serialize)]
pub(super) struct State {
    /// Grows with every good build.
    pub(super) version: u64,
    /// Why the last build was not good.
    pub(super) problems: Vec<Problem>,
}

/// The state, shared by the builder and the server.
#[derive(Debug, Clone)]
pub struct Live {
    state: Arc<watch::Sender<State>>,
}

impl Live {
    /// Begins with the outcome of the first build.
    #[must_use]
    pub fn new(first: Outcome) -> Self {
        let live = Self {
            state: Arc::new(watch::Sender::new(State {
                version: 0,
                problems: Vec::new(),
            })),
        };
        live.publish(first);
        live
    }

    /// Tells the pages of a build.
    pub fn publish(&self, outcome: Outcome) {
        self.state.send_modify(|state| match outcome {
            Outcome::Good => {
                state.version += 1;
                state.problems.clear();
            }
            Outcome::Broken(problems) => state.problems = problems,
        });
    }

    pub(super) fn follow(&self) -> watch::Receiver<State> {
        let mut receiver = self.state.subscribe();
        // A page that connects is told how things stand.
        receiver.mark_changed();
        receiver
    }
}
