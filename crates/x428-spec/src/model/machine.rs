//! State machines: a table of transitions over a table of codes, whose codes are the states.

use super::{Document, Protocol, Row, Spec, Table, TableKind};

/// What stands in the column `from` where a machine begins.
pub const START: &str = "–";

/// The states of a type, and how one follows another.
#[derive(Debug)]
pub struct Machine<'a> {
    /// Where the transitions stand.
    pub document: &'a Document,
    /// The table of transitions: `from`, `to` and `when`.
    pub table: &'a Table,
    /// The table of codes that defines the states.
    pub states: &'a Table,
    /// The type of the states.
    pub of: &'a str,
}

/// A row of a table of transitions.
#[derive(Debug, Clone, Copy)]
pub struct Transition<'a> {
    /// The state before; none where the machine begins.
    pub from: Option<&'a str>,
    /// The state after.
    pub to: &'a str,
    /// What makes the change.
    pub when: &'a str,
    /// All of it.
    pub row: &'a Row,
}

impl<'a> Machine<'a> {
    /// The machines of a protocol in the order of the text. A table whose states are defined by no
    /// table of codes is none; the check of machines says so.
    pub fn all(spec: &'a Spec, protocol: &'a Protocol) -> impl Iterator<Item = Self> {
        tables(spec, protocol)
            .filter(|(_, table)| table.kind == Some(TableKind::Transitions))
            .filter_map(move |(document, table)| {
                let of = table.info.value("of")?;
                let states = states_of(spec, protocol, of)?;
                Some(Self {
                    document,
                    table,
                    states,
                    of,
                })
            })
    }

    /// The machine of a type.
    #[must_use]
    pub fn of(spec: &'a Spec, protocol: &'a Protocol, of: &str) -> Option<Self> {
        Self::all(spec, protocol).find(|machine| machine.of == of)
    }

    /// The states in the order of their table.
    pub fn states(&self) -> impl Iterator<Item = &'a str> {
        self.states.cells("code").map(|cell| cell.text.as_str())
    }

    /// The rows of the table; none if a column is missing.
    pub fn transitions(&self) -> impl Iterator<Item = Transition<'a>> {
        let table = self.table;
        let columns = ["from", "to", "when"].map(|name| table.column(name));
        table.rows.iter().filter_map(move |row| {
            let [from, to, when] =
                columns.map(|column| Some(row.cells.get(column?)?.text.as_str()));
            Some(Transition {
                from: from.filter(|from| *from != START),
                to: to?,
                when: when?,
                row,
            })
            .filter(|_| from.is_some())
        })
    }

    /// The state in which it begins, if the table names one.
    #[must_use]
    pub fn initial(&self) -> Option<&'a str> {
        self.transitions()
            .find(|transition| transition.from.is_none())
            .map(|transition| transition.to)
    }

    /// The states that end it, after the column `terminal` of the states.
    pub fn terminal(&self) -> impl Iterator<Item = &'a str> {
        let column = self.states.column("terminal");
        let rows = self.states.rows.iter();
        rows.filter(move |row| {
            let cell = column.and_then(|column| row.cells.get(column));
            cell.is_some_and(|cell| cell.text == "yes")
        })
        .filter_map(|row| Some(row.cells.first()?.text.as_str()))
    }

    /// The states that can follow one, in the order of the table.
    pub fn successors(&self, state: &str) -> impl Iterator<Item = &'a str> {
        self.transitions()
            .filter(move |transition| transition.from == Some(state))
            .map(|transition| transition.to)
    }
}

/// The table of codes that defines a type.
#[must_use]
pub fn states_of<'a>(spec: &'a Spec, protocol: &'a Protocol, of: &str) -> Option<&'a Table> {
    tables(spec, protocol)
        .map(|(_, table)| table)
        .find(|table| table.kind == Some(TableKind::Codes) && table.info.value("type") == Some(of))
}

fn tables<'a>(
    spec: &'a Spec,
    protocol: &'a Protocol,
) -> impl Iterator<Item = (&'a Document, &'a Table)> {
    let documents = protocol.documents.iter();
    documents
        .filter_map(|index| spec.documents.get(*index))
        .flat_map(|document| document.tables.iter().map(move |table| (document, table)))
}
