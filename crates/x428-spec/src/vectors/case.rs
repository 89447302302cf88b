//! A case of the text, read member by member.

use serde_json::Value;

use crate::{
    diagnostic::{Code, Diagnostic, did_you_mean},
    source::Span,
    value::{Data, Node},
};

/// A case, and what is wrong with it.
pub(super) struct Case<'a> {
    /// The case.
    pub node: &'a Node,
    /// What is wrong.
    pub found: &'a mut Vec<Diagnostic>,
}

impl Case<'_> {
    /// Says that the case is not of its form.
    pub(super) fn refuse(&mut self, span: Span, message: &str) {
        self.found
            .push(Diagnostic::new(Code::VectorShape, span, message));
    }

    /// Refuses members that are not among `known`.
    pub(super) fn only(&mut self, known: &[&str]) {
        for member in self.node.members() {
            if !known.contains(&member.name.as_str()) {
                let message = format!("a vector of this category has no member `{}`", member.name);
                self.found.push(
                    Diagnostic::new(Code::VectorShape, member.name_span, message)
                        .maybe_help(did_you_mean(&member.name, known.iter().copied())),
                );
            }
        }
    }

    /// A string that has to be there.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let text = self.optional_text(name);
        if text.is_none() && self.node.get(name).is_none() {
            self.refuse(self.node.span, &format!("this vector needs `{name}`"));
        }
        text
    }

    /// A string that may be there.
    pub(super) fn optional_text(&mut self, name: &str) -> Option<String> {
        let node = self.node.get(name)?;
        if let Data::String(text) = &node.data {
            Some(text.clone())
        } else {
            let span = node.span;
            self.refuse(span, &format!("`{name}` is a string"));
            None
        }
    }

    /// A number that has to be there.
    pub(super) fn number(&mut self, name: &str) -> Option<usize> {
        let node = self.node.get(name);
        let number = node.and_then(|node| match &node.data {
            Data::Number(number) => number
                .as_u64()
                .and_then(|number| usize::try_from(number).ok()),
            _ => None,
        });
        if number.is_none() {
            let span = node.unwrap_or(self.node).span;
            self.refuse(span, &format!("`{name}` is a whole number"));
        }
        number
    }

    /// One of several words, as its place among them.
    pub(super) fn one_of(&mut self, name: &str, words: &[&str]) -> Option<usize> {
        let text = self.text(name)?;
        let index = words.iter().position(|word| *word == text);
        if index.is_none() {
            let span = self.node.get(name).unwrap_or(self.node).span;
            let message = format!("`{text}` is no outcome of this category");
            let help = did_you_mean(&text, words.iter().copied())
                .unwrap_or_else(|| format!("one of: {}", words.join(", ")));
            self.found
                .push(Diagnostic::new(Code::VectorShape, span, message).help(help));
        }
        index
    }

    /// The expectation: whether it is `good`, and else which of the codes.
    pub(super) fn outcome(&mut self, good: &str, codes: &[&str]) -> Option<(bool, Option<String>)> {
        let words: Vec<_> = std::iter::once(good).chain(codes.iter().copied()).collect();
        let index = self.one_of("expect", &words)?;
        Some((index == 0, (index > 0).then(|| words[index].to_owned())))
    }

    /// Applies the JSON patch of a member. Returns whether there is one.
    pub(super) fn patch(&mut self, name: &str, value: &mut Value) -> Option<bool> {
        let Some(node) = self.node.get(name) else {
            return Some(false);
        };
        let patch: json_patch::Patch = match serde_json::from_value(node.to_value()) {
            Ok(patch) => patch,
            Err(error) => {
                let message = format!("this is no JSON Patch: {error}");
                self.found
                    .push(Diagnostic::new(Code::PatchFails, node.span, message));
                return None;
            }
        };
        match json_patch::patch(value, &patch) {
            Ok(()) => Some(true),
            Err(error) => {
                let operation = node.elements().get(error.operation).unwrap_or(node);
                let place = operation.get("path").unwrap_or(operation).span;
                let message = format!("this operation cannot be applied: {}", error.kind);
                self.found
                    .push(Diagnostic::new(Code::PatchFails, place, message));
                None
            }
        }
    }
}
