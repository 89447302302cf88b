//! The house format of JSON: two spaces, and what fits on a line stays on one.

use serde_json::Value;

use super::{Data, Node};
use crate::source::Span;

/// The widest line, in characters, that an array or object may make.
pub const LINE_WIDTH: usize = 100;

/// A value in the house format, without a final newline.
#[must_use]
pub fn format_value(value: &Value) -> String {
    layout(&Piece::of_value(value))
}

/// A node in the house format. `raw` gives the text of a span, so that numbers and strings keep
/// the form in which they were written. `replaced` are other values for some of the places.
pub fn format_node(
    node: &Node,
    raw: &impl Fn(&Node) -> String,
    replaced: &[(Span, Value)],
) -> String {
    layout(&Piece::of_node(node, raw, replaced))
}

/// Text that is ready, or a collection that may go on one line.
enum Piece {
    Atom(String),
    Collection {
        brackets: [char; 2],
        items: Vec<(Option<String>, Piece)>,
        width: usize,
    },
}

impl Piece {
    fn of_value(value: &Value) -> Self {
        match value {
            Value::Array(elements) => Self::collection(
                ['[', ']'],
                elements
                    .iter()
                    .map(|element| (None, Self::of_value(element)))
                    .collect(),
            ),
            Value::Object(members) => Self::collection(
                ['{', '}'],
                members
                    .iter()
                    .map(|(name, value)| (Some(quote(name)), Self::of_value(value)))
                    .collect(),
            ),
            scalar => Self::Atom(scalar.to_string()),
        }
    }

    fn of_node(node: &Node, raw: &impl Fn(&Node) -> String, replaced: &[(Span, Value)]) -> Self {
        if let Some((_, value)) = replaced.iter().find(|(span, _)| *span == node.span) {
            return Self::of_value(value);
        }
        match &node.data {
            Data::Array(elements) => Self::collection(
                ['[', ']'],
                elements
                    .iter()
                    .map(|element| (None, Self::of_node(element, raw, replaced)))
                    .collect(),
            ),
            Data::Object(members) => Self::collection(
                ['{', '}'],
                members
                    .iter()
                    .map(|member| {
                        let value = Self::of_node(&member.value, raw, replaced);
                        (Some(quote(&member.name)), value)
                    })
                    .collect(),
            ),
            _ => Self::Atom(raw(node)),
        }
    }

    fn collection(brackets: [char; 2], items: Vec<(Option<String>, Self)>) -> Self {
        let inner: usize = items
            .iter()
            .map(|(name, piece)| {
                name.as_ref().map_or(0, |name| name.chars().count() + 2) + piece.width() + 2
            })
            .sum();
        let padding = if brackets[0] == '{' && !items.is_empty() {
            2
        } else {
            0
        };
        Self::Collection {
            brackets,
            width: 2 + padding + inner.saturating_sub(2),
            items,
        }
    }

    fn width(&self) -> usize {
        match self {
            Self::Atom(text) => text.chars().count(),
            Self::Collection { width, .. } => *width,
        }
    }
}

fn quote(name: &str) -> String {
    Value::String(name.to_owned()).to_string()
}

fn layout(piece: &Piece) -> String {
    let mut text = String::new();
    // The outermost value stands over several lines, as a person would write it.
    write(piece, 0, 0, true, &mut text);
    text
}

/// `used` is the width of the line so far, and of the comma to come.
fn write(piece: &Piece, indent: usize, used: usize, outermost: bool, text: &mut String) {
    let Piece::Collection {
        brackets: [open, close],
        items,
        width,
    } = piece
    else {
        if let Piece::Atom(atom) = piece {
            text.push_str(atom);
        }
        return;
    };
    text.push(*open);
    if items.is_empty() {
        text.push(*close);
        return;
    }
    let on_one_line = used + width <= LINE_WIDTH && !outermost;
    let padding = if *open == '{' { " " } else { "" };
    for (index, (name, item)) in items.iter().enumerate() {
        if on_one_line {
            text.push_str(if index == 0 { padding } else { ", " });
        } else {
            text.push_str(if index == 0 { "\n" } else { ",\n" });
            text.extend(std::iter::repeat_n(' ', indent + 2));
        }
        let mut lead = indent + 2;
        if let Some(name) = name {
            text.push_str(name);
            text.push_str(": ");
            lead += name.chars().count() + 2;
        }
        // Inside of a line everything fits.
        let used = if on_one_line { 0 } else { lead + 1 };
        write(item, indent + 2, used, false, text);
    }
    if on_one_line {
        text.push_str(padding);
    } else {
        text.push('\n');
        text.extend(std::iter::repeat_n(' ', indent));
    }
    text.push(*close);
}
