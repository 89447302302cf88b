//! Tables that are data, and regions that are generated.

use super::Info;
use crate::source::Span;

/// What a data table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// The values of an enumeration, the first column being the code.
    Codes,
    /// Names, values and units.
    Constants,
    /// How the states of an enumeration follow one another: `from`, `to` and `when`.
    Transitions,
    /// Anything else.
    Data,
}

/// A table below `<!-- x428:table id= kind= -->`.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its id, unique in its protocol.
    pub id: String,
    /// Where the id stands.
    pub id_span: Span,
    /// What it holds; none if the kind is unknown.
    pub kind: Option<TableKind>,
    /// The comment.
    pub info: Info,
    /// The table itself; none if it does not follow.
    pub span: Option<Span>,
    /// The names of the columns.
    pub columns: Vec<Cell>,
    /// The rows.
    pub rows: Vec<Row>,
}

impl Table {
    /// The place of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.text == name)
    }

    /// The cells of a column.
    pub fn cells(&self, name: &str) -> impl Iterator<Item = &Cell> {
        let column = self.column(name);
        self.rows
            .iter()
            .filter_map(move |row| row.cells.get(column?))
    }
}

/// A row of a data table.
#[derive(Debug, Clone)]
pub struct Row {
    /// All of it.
    pub span: Span,
    /// As many cells as there are columns.
    pub cells: Vec<Cell>,
}

/// A cell of a data table.
#[derive(Debug, Clone)]
pub struct Cell {
    /// The text without markup.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// What a generated region shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegionKind {
    /// The members of a type as a table.
    Fields {
        /// The type.
        of: String,
    },
    /// The requirements of the protocol.
    Requirements {
        /// Only those whose ids begin with it.
        prefix: Option<String>,
    },
    /// The states of a type as a diagram.
    States {
        /// The type.
        of: String,
    },
    /// The vectors of the protocol.
    Vectors,
}

/// `<!-- x428:fields of=Type -->` … `<!-- /x428 -->`
#[derive(Debug, Clone)]
pub struct Region {
    /// What it shows.
    pub kind: RegionKind,
    /// The opening comment.
    pub open: Info,
    /// What is between the comments, newlines included.
    pub content: Span,
    /// From the first to the last comment.
    pub span: Span,
}
