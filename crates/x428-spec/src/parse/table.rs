//! Tables: the cells of all, the rows of those that are data.

use std::ops::Range;

use super::{comment, markdown::Reader};
use crate::{
    model::{Cell, Row, Table},
    source::Span,
};

/// A table that is being read.
#[derive(Default)]
pub(super) struct OpenTable {
    pub(super) columns: Vec<Cell>,
    pub(super) rows: Vec<Row>,
    pub(super) cells: Vec<Cell>,
    pub(super) cell: Option<String>,
}

impl Reader<'_> {
    /// A table is data if nothing but its comment stands directly above it.
    pub(super) fn close_table(&mut self, range: &Range<usize>) {
        let Some(open) = self.table.take() else {
            return;
        };
        let end = range.start + self.text[range.clone()].trim_end().len();
        let span = self.span(range.start..end);
        let Some(directive) = self.document.directives.last() else {
            return;
        };
        let between = self
            .text
            .get(directive.span.end..range.start)
            .unwrap_or("x");
        if directive.name != "x428:table" || !between.trim().is_empty() {
            return;
        }
        let at = directive.span;
        if let Some(table) = self.table_of(at) {
            table.span = Some(span);
            table.columns = open.columns;
            table.rows = open.rows;
        }
    }

    fn table_of(&mut self, directive: Span) -> Option<&mut Table> {
        let index = self
            .document
            .directives
            .iter()
            .rposition(|other| other.span == directive)?;
        let table = comment::table(self.document.directives.get(index)?, &mut self.problems)?;
        self.document.tables.push(table);
        self.document.tables.last_mut()
    }

    /// A cell or a row without the bars around it.
    pub(super) fn trimmed(&self, range: &Range<usize>) -> Span {
        let blank = |c: char| c.is_whitespace() || c == '|';
        let text = &self.text[range.clone()];
        let start = range.start + text.len() - text.trim_start_matches(blank).len();
        self.span(start..range.start + text.trim_end_matches(blank).len())
    }
}
