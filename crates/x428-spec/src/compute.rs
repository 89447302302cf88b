//! Values of examples and messages that are computed from others: digests, signatures, tokens. The
//! attribute `computed=` says how; the check compares, `fix` writes.
//!
//! A computation goes by the values as they should be: a slip in one value is reported there, and
//! not again wherever it is used.

mod expression;
pub(crate) mod function;

use std::{cell::RefCell, collections::HashMap};

use serde_json::Value as Json;

use self::expression::{Expression, Kind};
pub(crate) use self::{
    expression::{Item, Target},
    function::Value,
};
use crate::{
    diagnostic::{Code, Diagnostic, did_you_mean},
    http::Message,
    model::{Fence, FenceKind, Protocol, Spec},
    source::Span,
    value::{Node, format::format_node, parse_json},
};

/// Why a value cannot be computed.
#[derive(Debug)]
pub(crate) enum Fault {
    /// What is wrong here.
    Here(Box<Diagnostic>),
    /// It rests on something that has a diagnostic of its own.
    Elsewhere,
}

impl Fault {
    fn new(span: Span, message: impl Into<String>) -> Self {
        Self::Here(Box::new(Diagnostic::new(Code::Computation, span, message)))
    }
}

/// Computes the values of a protocol.
pub(crate) struct Computer<'a> {
    spec: &'a Spec,
    protocol: &'a Protocol,
    as_fixed: bool,
    /// By the place of the expression.
    known: RefCell<HashMap<Span, Value>>,
}

/// How many values may rest on one another, one after the other.
const STEPS_MAX: usize = 64;

/// The expressions that are being computed, so that nothing is computed from itself.
type Under = Vec<Span>;

impl<'a> Computer<'a> {
    /// `as_fixed` says whether bodies of messages are taken as `fix` writes them, or as they stand.
    pub(crate) fn new(spec: &'a Spec, protocol: &'a Protocol, as_fixed: bool) -> Self {
        Self {
            spec,
            protocol,
            as_fixed,
            known: RefCell::default(),
        }
    }

    /// The computed values of a fence, or what is wrong with the attribute as a whole.
    pub(crate) fn items(fence: &Fence) -> Result<Vec<Item>, Box<Diagnostic>> {
        fence
            .info
            .attribute("computed")
            .map_or_else(|| Ok(Vec::new()), expression::parse)
    }

    /// The value that an item of a fence should have.
    pub(crate) fn value(&self, fence: &'a Fence, item: &Item) -> Result<Value, Fault> {
        self.item(fence, item, &mut Under::new())
    }

    /// The value of an example with everything that is computed in it.
    pub(crate) fn example(&self, fence: &'a Fence) -> Option<Json> {
        let mut json = fence.value.as_ref()?.to_value();
        for item in Self::items(fence).unwrap_or_default() {
            if let (Target::Pointer(pointer), Ok(value)) = (&item.target, self.value(fence, &item))
                && let (Some(place), Ok(value)) = (json.pointer_mut(pointer), value.into_json())
            {
                *place = value;
            }
        }
        Some(json)
    }

    /// The nodes of a value that are not what they are computed from, and what they should be.
    pub(crate) fn replacements(&self, fence: &'a Fence, node: &Node) -> Vec<(Span, Json)> {
        self.replaced(fence, node, &mut Under::new())
    }

    /// The text of a body in the house format, with everything that is computed in it.
    pub(crate) fn content(&self, fence: &'a Fence, message: &Message) -> Option<String> {
        self.fixed_content(fence, message, &mut Under::new())
    }

    fn replaced(&self, fence: &'a Fence, node: &Node, under: &mut Under) -> Vec<(Span, Json)> {
        let items = Self::items(fence).unwrap_or_default();
        let replacement = |item: &Item| {
            let Target::Pointer(pointer) = &item.target else {
                return None;
            };
            let place = node.at(pointer)?;
            let value = self.item(fence, item, under).ok()?.into_json().ok()?;
            (place.to_value() != value).then_some((place.span, value))
        };
        items.iter().filter_map(replacement).collect()
    }

    fn fixed_content(
        &self,
        fence: &'a Fence,
        message: &Message,
        under: &mut Under,
    ) -> Option<String> {
        let content = message.content.as_ref()?;
        let json = message
            .is_json()
            .then(|| parse_json(content, &mut Vec::new()))
            .flatten();
        Some(json.map_or_else(
            || content.text().to_owned(),
            |node| {
                let replaced = self.replaced(fence, &node, under);
                let raw = |node: &Node| self.spec.text(node.span).to_owned();
                format_node(&node, &raw, &replaced)
            },
        ))
    }

    fn item(&self, fence: &'a Fence, item: &Item, under: &mut Under) -> Result<Value, Fault> {
        let span = item.expression.span;
        if let Some(value) = self.known.borrow().get(&span) {
            return Ok(value.clone());
        }
        if under.contains(&span) {
            return Err(Fault::new(span, CIRCLE));
        }
        if under.len() == STEPS_MAX {
            return Err(Fault::new(span, TOO_LONG));
        }
        under.push(span);
        let value = self.expression(fence, &item.expression, under);
        under.pop();
        if let Ok(value) = &value {
            self.known.borrow_mut().insert(span, value.clone());
        }
        value
    }

    fn expression(
        &self,
        fence: &'a Fence,
        expression: &Expression,
        under: &mut Under,
    ) -> Result<Value, Fault> {
        let span = expression.span;
        match &expression.kind {
            Kind::Text(text) => Ok(Value::Text(text.clone())),
            Kind::Bytes(bytes) => Ok(Value::Bytes(bytes.clone())),
            Kind::Name(name) => self.named(name, span, under),
            Kind::Call(name, arguments) => match (name.as_str(), arguments.as_slice()) {
                ("body", names) => self.body(fence, names, span, under),
                ("header", [header, names @ ..]) => self.header(fence, header, names, span, under),
                ("public", [name]) => Ok(function::public(&self.key(name)?)),
                ("ed25519", [name, rest @ ..]) => {
                    let key = self.key(name)?;
                    let values = self.values(fence, rest, under)?;
                    function::ed25519(&key, &values).map_err(|why| Fault::new(span, why))
                }
                ("jws", [name, header, claims]) => {
                    let key = self.key(name)?;
                    let header = self.expression(fence, header, under)?;
                    let claims = self.expression(fence, claims, under)?;
                    function::jws(&key, &header, &claims).map_err(|why| Fault::new(span, why))
                }
                (name, arguments) => {
                    let named = ["body", "header", "public", "ed25519", "jws"];
                    let known = function::NAMES.iter().copied().chain(named);
                    if !known.clone().any(|own| own == name) {
                        let message = format!("there is no function `{name}`");
                        let problem = Diagnostic::new(Code::Computation, span, message);
                        let help = did_you_mean(name, known);
                        return Err(Fault::Here(Box::new(problem.maybe_help(help))));
                    }
                    let values = self.values(fence, arguments, under)?;
                    function::call(name, &values).map_err(|why| Fault::new(span, why))
                }
            },
        }
    }

    fn values(
        &self,
        fence: &'a Fence,
        expressions: &[Expression],
        under: &mut Under,
    ) -> Result<Vec<Value>, Fault> {
        let value = |expression| self.expression(fence, expression, under);
        expressions.iter().map(value).collect()
    }

    /// The value of an example or of a named text.
    fn named(&self, name: &str, span: Span, under: &mut Under) -> Result<Value, Fault> {
        let examples = &self.protocol.examples;
        let Some(fence) = examples.get(name).and_then(|id| self.spec.fence(*id)) else {
            let message = format!("there is no example `{name}`");
            let help = did_you_mean(name, examples.keys().map(String::as_str));
            let problem = Diagnostic::new(Code::UnknownExample, span, message).maybe_help(help);
            return Err(Fault::Here(Box::new(problem)));
        };
        self.whole(fence, span, under)
    }

    fn whole(&self, fence: &'a Fence, span: Span, under: &mut Under) -> Result<Value, Fault> {
        let items = Self::items(fence).map_err(|_| Fault::Elsewhere)?;
        if let FenceKind::Value { .. } = fence.kind {
            return match items.first() {
                Some(item) => self.inner(fence, item, span, under),
                None => Ok(Value::Text(fence.body.text().trim_end().to_owned())),
            };
        }
        let mut json = fence.value.as_ref().ok_or(Fault::Elsewhere)?.to_value();
        for item in &items {
            let value = self.inner(fence, item, span, under)?;
            let Target::Pointer(pointer) = &item.target else {
                return Err(Fault::Elsewhere);
            };
            let place = json.pointer_mut(pointer).ok_or(Fault::Elsewhere)?;
            *place = value.into_json().map_err(|_| Fault::Elsewhere)?;
        }
        Ok(Value::of_json(json))
    }

    /// An item of another fence. Its faults are reported there, circles at each of their members.
    fn inner(
        &self,
        fence: &'a Fence,
        item: &Item,
        span: Span,
        under: &mut Under,
    ) -> Result<Value, Fault> {
        self.item(fence, item, under).map_err(|fault| match fault {
            Fault::Here(problem) if [CIRCLE, TOO_LONG].contains(&problem.message.as_str()) => {
                Fault::new(span, problem.message)
            }
            _ => Fault::Elsewhere,
        })
    }

    fn key(&self, expression: &Expression) -> Result<ed25519_dalek::SigningKey, Fault> {
        let Kind::Name(name) = &expression.kind else {
            return Err(Fault::new(
                expression.span,
                "here the name of a key is expected",
            ));
        };
        let keys = &self.protocol.keys;
        let Some(fence) = keys.get(name).and_then(|id| self.spec.fence(*id)) else {
            let message = format!("there is no key `{name}`");
            let help = did_you_mean(name, keys.keys().map(String::as_str));
            let problem = Diagnostic::new(Code::UnknownKey, expression.span, message);
            return Err(Fault::Here(Box::new(problem.maybe_help(help))));
        };
        let jwk = fence.value.as_ref().map(Node::to_value);
        jwk.and_then(|jwk| function::key(&jwk))
            .ok_or(Fault::Elsewhere)
    }

    /// The message that `name.step` names, or the one in which the computation stands.
    fn message(
        &self,
        own: &'a Fence,
        names: &[Expression],
        span: Span,
    ) -> Result<(&'a Fence, Message), Fault> {
        let fence = match names {
            [] => own,
            [
                Expression {
                    kind: Kind::Name(name),
                    ..
                },
            ] => message_named(self.spec, self.protocol, name).ok_or_else(|| {
                let message = format!("there is no message `{name}`");
                Fault::Here(Box::new(
                    Diagnostic::new(Code::Computation, span, message)
                        .help("a message is named by its exchange and step: `submit.1`"),
                ))
            })?,
            _ => return Err(Fault::new(span, "here one name of a message is expected")),
        };
        if !matches!(fence.kind, FenceKind::Exchange { .. }) {
            return Err(Fault::new(span, "this stands in no message"));
        }
        let message = Message::parse(&fence.body, &mut Vec::new()).ok_or(Fault::Elsewhere)?;
        Ok((fence, message))
    }

    fn body(
        &self,
        own: &'a Fence,
        names: &[Expression],
        span: Span,
        under: &mut Under,
    ) -> Result<Value, Fault> {
        let (fence, message) = self.message(own, names, span)?;
        let text = if self.as_fixed {
            self.fixed_content(fence, &message, under)
        } else {
            message.content.map(|content| content.text().to_owned())
        };
        Ok(Value::Text(text.unwrap_or_default()))
    }

    fn header(
        &self,
        own: &'a Fence,
        header: &Expression,
        names: &[Expression],
        span: Span,
        under: &mut Under,
    ) -> Result<Value, Fault> {
        let Kind::Text(name) = &header.kind else {
            return Err(Fault::new(header.span, "a header is named by a text"));
        };
        let (fence, message) = self.message(own, names, span)?;
        for item in Self::items(fence).map_err(|_| Fault::Elsewhere)? {
            let is_named =
                matches!(&item.target, Target::Header(own) if own.eq_ignore_ascii_case(name));
            if is_named {
                return self.inner(fence, &item, span, under);
            }
        }
        let value = message.header(name).map(|header| header.value.clone());
        value
            .map(Value::Text)
            .ok_or_else(|| Fault::new(header.span, format!("there is no header `{name}`")))
    }
}

/// The message of a name such as `submit.1`: its exchange and its step.
pub(crate) fn message_named<'a>(
    spec: &'a Spec,
    protocol: &'a Protocol,
    name: &str,
) -> Option<&'a Fence> {
    let documents = protocol.documents.iter();
    let documents = documents.filter_map(|index| spec.documents.get(*index));
    let mut fences = documents.flat_map(|document| &document.fences);
    fences.find(|fence| match &fence.kind {
        FenceKind::Exchange { id, step, .. } => format!("{id}.{step}") == name,
        _ => false,
    })
}

const CIRCLE: &str = "this is computed from itself";
const TOO_LONG: &str = "this rests on too many others";
