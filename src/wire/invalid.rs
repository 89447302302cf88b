//! The error of a value that has not the form of its type.

use std::borrow::Cow;

/// A value does not have the form that the schema of its type asks for.
///
/// The message names the type and the rule. It never repeats the value, which may be long or secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{type_name}: {rule}")]
pub struct Invalid {
    type_name: &'static str,
    rule: Cow<'static, str>,
}

impl Invalid {
    pub(super) fn new(type_name: &'static str, rule: impl Into<Cow<'static, str>>) -> Self {
        Self {
            type_name,
            rule: rule.into(),
        }
    }

    /// The name of the type, as the specification has it.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// The rule that the value breaks, in words.
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.rule
    }
}
