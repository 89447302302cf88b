//! JSON and YAML with positions.
//!
//! Both kinds of fences become the same tree of [`Node`]s, each of which knows where it was
//! written; a JSON pointer therefore leads to a line and column of the Markdown.

pub mod format;
mod json;
pub mod pointer;
mod yaml;

use crate::source::Span;

pub use self::json::parse_json;
pub use self::yaml::parse_yaml;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// From its first to its last character.
    pub span: Span,
    /// What it is.
    pub data: Data,
}

/// The kinds of values.
#[derive(Clone, Debug)]
pub enum Data {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number; JSON numbers that no `serde_json::Number` holds are refused while parsing.
    Number(serde_json::Number),
    /// A string without its quotes and escapes.
    String(String),
    /// An array.
    Array(Vec<Node>),
    /// An object in the order of the text, without duplicate names.
    Object(Vec<Member>),
}

/// A member of an object.
#[derive(Clone, Debug)]
pub struct Member {
    /// The name.
    pub name: String,
    /// Where the name stands, with its quotes.
    pub name_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The value of a member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.member(name).map(|member| &member.value)
    }

    /// A member with its name.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members().iter().find(|member| member.name == name)
    }

    /// The members of an object; none for anything else.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        match &self.data {
            Data::Object(members) => members,
            _ => &[],
        }
    }

    /// The elements of an array; none for anything else.
    #[must_use]
    pub fn elements(&self) -> &[Node] {
        match &self.data {
            Data::Array(elements) => elements,
            _ => &[],
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.data {
            Data::String(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is an object.
    #[must_use]
    pub fn is_object(&self) -> bool {
        matches!(self.data, Data::Object(_))
    }

    /// The same value without positions, members in the order of the text.
    #[must_use]
    pub fn to_value(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.data {
            Data::Null => Value::Null,
            Data::Bool(value) => Value::Bool(*value),
            Data::Number(number) => Value::Number(number.clone()),
            Data::String(text) => Value::String(text.clone()),
            Data::Array(elements) => Value::Array(elements.iter().map(Self::to_value).collect()),
            Data::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|member| (member.name.clone(), member.value.to_value()))
                    .collect(),
            ),
        }
    }

    /// The node at a JSON pointer (RFC 6901).
    #[must_use]
    pub fn at(&self, pointer: &str) -> Option<&Node> {
        pointer::tokens(pointer).try_fold(self, |node, token| match &node.data {
            Data::Object(_) => node.get(&token),
            Data::Array(elements) => elements.get(token.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The deepest node on the way of a JSON pointer, which is the node itself if it exists.
    #[must_use]
    pub fn nearest(&self, pointer: &str) -> &Node {
        let mut node = self;
        for token in pointer::tokens(pointer) {
            let next = match &node.data {
                Data::Object(_) => node.get(&token),
                Data::Array(elements) => {
                    token.parse::<usize>().ok().and_then(|at| elements.get(at))
                }
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }
}
