//! The shapes that a type can have in Rust.

use crate::settings::Format;
use serde_json::Value;

/// A type of the protocol with its shape.
#[derive(Debug, Clone)]
pub(crate) struct Type {
    pub(crate) name: String,
    pub(crate) doc: String,
    /// Where the schema is in the bundle.
    pub(crate) pointer: String,
    pub(crate) shape: Shape,
}

#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// Text with a rule.
    Text {
        pattern: Option<String>,
        min: usize,
        max: Option<usize>,
        format: Option<Format>,
    },
    /// One of a list of words.
    Words(Vec<String>),
    /// The codes of the manifest's table with this index.
    Codes(usize),
    /// Exactly this text.
    ConstantText(String),
    /// Exactly this integer.
    ConstantInteger(i64),
    /// An integer in a range.
    Integer { min: i64, max: i64 },
    /// A list with a rule.
    List {
        items: Value,
        min: usize,
        max: Option<usize>,
        unique: bool,
    },
    /// An object with members.
    Record(Record),
    /// One of several records, told apart by the constants of `tags`.
    Union {
        tags: Vec<String>,
        variants: Vec<Variant>,
    },
    /// One of several types, told apart by the kind of JSON value.
    Choice(Vec<(Kind, String)>),
    /// Anything else: as typify makes it.
    Plain,
}

#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// In the order in which they are declared and written.
    pub(crate) members: Vec<Member>,
    /// Whether members that the schema does not name are kept.
    pub(crate) open: bool,
    /// Whether members that the schema does not name are refused.
    pub(crate) closed: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) required: bool,
    /// The type that the schema refers to, if it is a reference.
    pub(crate) of: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) record: String,
    /// The texts of the tags; `None` for the variant of everything else.
    pub(crate) tags: Option<Vec<String>>,
}

/// The kinds of JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Object,
    List,
    Number,
    Boolean,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Object => "Object",
            Self::List => "List",
            Self::Number => "Number",
            Self::Boolean => "Boolean",
        }
    }
}
