//! Sequence and state diagrams: the part of the Mermaid notation that a specification needs, as
//! static SVG.
//!
//! A diagram of the text is drawn when the book is built, so that it prints, follows the theme by
//! CSS classes and reads aloud: the picture carries a title and its steps as sentences. What is not
//! understood is refused with its line, never drawn by half.
//!
//! ```
//! let diagram = x428_spec::diagram::parse("sequenceDiagram\nAgent->>Server: GET /resource\n")?;
//! assert!(x428_spec::diagram::svg(&diagram, "handshake").starts_with("<svg"));
//! # Ok::<(), Vec<x428_spec::diagram::DiagramError>>(())
//! ```

mod draw;
mod parse;
mod room;
mod states;
#[cfg(test)]
mod tests;
mod words;

pub use parse::{DiagramError, DiagramFault, parse};
pub use states::States;

/// What a diagram shows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Diagram {
    /// `sequenceDiagram`
    Sequence(Sequence),
    /// `stateDiagram-v2`
    States(States),
}

/// Draws the diagram; `id` makes the ids of its title and description unique on a page.
///
/// Colours come from the style sheet through the classes `dg-*`. The result holds no blank line, so
/// that it may stand in Markdown.
#[must_use]
pub fn svg(diagram: &Diagram, id: &str) -> String {
    match diagram {
        Diagram::Sequence(sequence) => draw::svg(sequence, id),
        Diagram::States(states) => states::svg(states, id),
    }
}

/// A sequence diagram: who takes part, and what happens from top to bottom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// `accTitle:` or `title:`.
    pub(crate) title: Option<String>,
    /// `accDescr:`; without it the steps are told as sentences.
    pub(crate) description: Option<String>,
    /// From left to right.
    pub(crate) participants: Vec<Participant>,
    /// From top to bottom.
    pub(crate) steps: Vec<Step>,
    /// `autonumber`: messages carry their number.
    pub(crate) numbered: bool,
}

/// A party with a lifeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Participant {
    /// The name used in the messages.
    pub(crate) id: String,
    /// The words in the box.
    pub(crate) label: String,
}

/// One event of a diagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// An arrow between two lifelines, or from one to itself.
    Message {
        /// Index of the sender.
        from: usize,
        /// Index of the receiver.
        to: usize,
        /// Drawn dashed: an answer.
        dashed: bool,
        /// What stands at the end of the line.
        head: Head,
        /// The words above the line; may hold line breaks.
        text: String,
    },
    /// A remark over one or more lifelines.
    Note {
        /// Index of the leftmost lifeline.
        from: usize,
        /// Index of the rightmost lifeline.
        to: usize,
        /// Where it stands.
        place: Place,
        /// The words; may hold line breaks.
        text: String,
    },
    /// `alt`, `opt`, `loop`, `par`, `critical` or `break`.
    Block {
        /// The keyword.
        keyword: &'static str,
        /// The branches with their conditions.
        sections: Vec<Section>,
    },
}

/// One branch of a [`Step::Block`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    /// The condition.
    pub(crate) label: String,
    /// What happens under it.
    pub(crate) steps: Vec<Step>,
}

/// The end of a message's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Head {
    /// `->>`: a filled arrow.
    Arrow,
    /// `-)`: an open arrow, nobody waits.
    Open,
    /// `->`: none.
    None,
    /// `-x`: the message is lost or refused.
    Cross,
}

/// Where a note stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// `Note over`.
    Over,
    /// `Note left of`.
    Left,
    /// `Note right of`.
    Right,
}
