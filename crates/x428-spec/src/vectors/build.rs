//! What cases are built from: examples, keys, codes.

use serde_json::Value;

use super::case::Case;
use crate::{
    diagnostic::{Code, Diagnostic, did_you_mean},
    keys::{Keys, sign},
    model::{Example, Protocol, Spec, TableKind},
    value::Node,
};

/// The protocol from which cases are built.
pub(crate) struct Builder<'a> {
    /// The specification.
    pub spec: &'a Spec,
    /// The protocol.
    pub protocol: &'a Protocol,
    /// Its keys.
    pub keys: &'a Keys,
    /// Whether anything is signed, or only looked at.
    pub signs: bool,
}

impl<'a> Builder<'a> {
    /// An example by name.
    pub(crate) fn example(&self, name: &str) -> Option<(&'a Example, &'a Node)> {
        self.spec
            .fence(*self.protocol.examples.get(name)?)?
            .example_value()
    }

    /// The example that a member names; none, without a word, if there is no such member.
    pub(super) fn example_of(
        &self,
        case: &mut Case<'_>,
        member: &str,
    ) -> Option<(&'a Example, Value)> {
        let name = case.optional_text(member)?;
        if let Some((example, value)) = self.example(&name) {
            Some((example, value.to_value()))
        } else {
            let span = case.node.get(member).unwrap_or(case.node).span;
            let message = format!("there is no example `{name}`");
            let names = self.protocol.examples.keys().map(String::as_str);
            case.found.push(
                Diagnostic::new(Code::UnknownExample, span, message)
                    .maybe_help(did_you_mean(&name, names)),
            );
            None
        }
    }

    /// The error codes of the protocol.
    pub(crate) fn codes(&self) -> Vec<&'a str> {
        let documents = self
            .protocol
            .documents
            .iter()
            .filter_map(|index| self.spec.documents.get(*index));
        let tables = documents.flat_map(|document| &document.tables);
        let codes = tables.filter(|table| table.kind == Some(TableKind::Codes));
        codes
            .flat_map(|table| table.cells("code"))
            .map(|cell| cell.text.as_str())
            .collect()
    }

    /// Signs with a key by name.
    pub(super) fn sign(
        &self,
        case: &mut Case<'_>,
        member: &str,
        name: &str,
        value: &mut Value,
    ) -> Option<()> {
        if let Some(key) = self.keys.get(name) {
            if self.signs {
                sign(value, key);
            }
            return Some(());
        }
        let span = case.node.get(member).unwrap_or(case.node).span;
        let message = format!("there is no key `{name}`");
        case.found.push(
            Diagnostic::new(Code::UnknownKey, span, message)
                .maybe_help(did_you_mean(name, self.keys.names())),
        );
        None
    }
}
