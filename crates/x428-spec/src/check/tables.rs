//! Data tables: the columns that their kind needs, values that can be read, no row twice.

use std::collections::HashMap;

use super::columns;
use crate::{
    diagnostic::{Code, Diagnostic, did_you_mean},
    model::{Cell, Protocol, Spec, Table, TableKind},
    parse,
};

/// What constants are counted in.
const UNITS: &[&str] = &[
    "attempts",
    "bytes",
    "characters",
    "digits",
    "milliseconds",
    "requests",
    "seconds",
    "subscriptions",
    "minutes",
    "hours",
    "days",
    "levels",
    "preconditions",
    "members",
    "entries",
    "bits",
];

/// Columns that tables with these ids need, because the compiler reads them.
const COLUMNS_BY_ID: &[(&str, &[&str])] = &[
    ("headers", &["header", "direction", "carries"]),
    ("untested", &["requirement", "reason"]),
];

/// Checks the tables of a protocol.
pub(super) fn check(spec: &Spec, protocol: &Protocol, found: &mut Vec<Diagnostic>) {
    let documents = protocol
        .documents
        .iter()
        .filter_map(|index| spec.documents.get(*index));
    let mut ids: HashMap<&str, &Table> = HashMap::new();
    let mut names: HashMap<&str, &Table> = HashMap::new();
    for table in documents.flat_map(|document| &document.tables) {
        if let Some(other) = ids.insert(&table.id, table) {
            let message = format!("another table is called `{}`", table.id);
            found.push(
                Diagnostic::new(Code::DuplicateTable, table.id_span, message)
                    .also(other.id_span, "this one"),
            );
        }
        if table.span.is_none() {
            continue;
        }
        match table.kind {
            Some(TableKind::Codes) => {
                if shape(table, &["code", "meaning"], found) {
                    codes(table, found);
                    columns::check(spec, protocol, table, found);
                }
            }
            Some(TableKind::Constants) => {
                if shape(table, &["name", "value", "unit", "meaning"], found) {
                    constants(table, found);
                    for cell in table.cells("name") {
                        if let Some(other) = names
                            .insert(&cell.text, table)
                            .filter(|other| other.id != table.id)
                        {
                            let message = format!(
                                "the constant `{}` is in the table `{}` too",
                                cell.text, other.id
                            );
                            found.push(Diagnostic::new(Code::DuplicateRow, cell.span, message));
                        }
                    }
                }
            }
            Some(TableKind::Transitions) => {
                shape(table, &["from", "to", "when"], found);
            }
            Some(TableKind::Data) | None => {
                let needed = COLUMNS_BY_ID.iter().find(|(id, _)| *id == table.id);
                shape(table, needed.map_or(&[], |(_, needed)| needed), found);
            }
        }
        rows(table, found);
    }
}

fn shape(table: &Table, needed: &[&str], found: &mut Vec<Diagnostic>) -> bool {
    let before = found.len();
    let span =
        table
            .columns
            .first()
            .zip(table.columns.last())
            .map_or(table.info.span, |(first, last)| crate::source::Span {
                end: last.span.end,
                ..first.span
            });
    for name in needed.iter().filter(|name| table.column(name).is_none()) {
        let message = format!("the table `{}` needs a column `{name}`", table.id);
        let help = did_you_mean(
            name,
            table.columns.iter().map(|column| column.text.as_str()),
        );
        let help = help.map(|_| format!("one of its columns looks like a misspelt `{name}`"));
        found.push(Diagnostic::new(Code::TableShape, span, message).maybe_help(help));
    }
    for (index, column) in table.columns.iter().enumerate() {
        if column.text.is_empty() {
            found.push(Diagnostic::new(
                Code::TableShape,
                span,
                "a column of a data table has no name",
            ));
        } else if table.columns[..index]
            .iter()
            .any(|other| other.text == column.text)
        {
            let message = format!("two columns are called `{}`", column.text);
            found.push(Diagnostic::new(Code::TableShape, column.span, message));
        }
    }
    if found.len() == before && needed.contains(&"code") && table.column("code") != Some(0) {
        found.push(Diagnostic::new(
            Code::TableShape,
            span,
            "the first column of a table of codes is `code`",
        ));
    }
    if found.len() == before && table.rows.is_empty() {
        found.push(Diagnostic::new(
            Code::TableShape,
            span,
            "a data table needs a row",
        ));
    }
    found.len() == before
}

fn codes(table: &Table, found: &mut Vec<Diagnostic>) {
    if let Some(name) = table
        .info
        .value("type")
        .filter(|name| !parse::is_type_name(name))
    {
        let message = format!(
            "`{name}` cannot name a type: it takes letters and digits, beginning with a capital"
        );
        found.push(Diagnostic::new(
            Code::TableType,
            table.info.value_span("type"),
            message,
        ));
    }
    let mut names: HashMap<String, &Cell> = HashMap::new();
    for cell in table.cells("code") {
        if !is_code(&cell.text) {
            let message = format!(
                "`{}` is no code: it takes lowercase letters, digits, and `_`, `.`, `:` and `-` between them",
                cell.text
            );
            found.push(Diagnostic::new(Code::TableValue, cell.span, message));
        } else if let Some(other) = names.insert(letters(&cell.text), cell)
            && other.text != cell.text
        {
            let message = format!("`{}` and `{}` are one name in code", cell.text, other.text);
            found.push(
                Diagnostic::new(Code::TableValue, cell.span, message).also(other.span, "the other"),
            );
        }
    }
}

fn constants(table: &Table, found: &mut Vec<Diagnostic>) {
    for cell in table.cells("name") {
        if !is_snake_case(&cell.text) {
            let message = format!(
                "`{}` is no name: it takes lowercase letters, digits and `_`",
                cell.text
            );
            found.push(Diagnostic::new(Code::TableValue, cell.span, message));
        }
    }
    for cell in table.cells("value") {
        if cell
            .text
            .parse::<u64>()
            .map(|value| value.to_string())
            .as_deref()
            != Ok(cell.text.as_str())
        {
            let message = format!("`{}` is no whole number", cell.text);
            found.push(
                Diagnostic::new(Code::TableValue, cell.span, message)
                    .help("write it in digits alone; the unit has its own column"),
            );
        }
    }
    for cell in table.cells("unit") {
        if !UNITS.contains(&cell.text.as_str()) {
            let message = format!("`{}` is no unit", cell.text);
            let help = did_you_mean(&cell.text, UNITS.iter().copied())
                .unwrap_or_else(|| format!("one of: {}", UNITS.join(", ")));
            found.push(Diagnostic::new(Code::TableValue, cell.span, message).help(help));
        }
    }
}

/// Codes and constants are told apart by their first column, other rows by all of theirs. Those of
/// transitions have a check of their own.
fn rows(table: &Table, found: &mut Vec<Diagnostic>) {
    if table.kind == Some(TableKind::Transitions) {
        return;
    }
    let keyed = matches!(table.kind, Some(TableKind::Codes | TableKind::Constants));
    let mut first = HashMap::new();
    for row in &table.rows {
        let key: Vec<_> = row
            .cells
            .iter()
            .take(if keyed { 1 } else { usize::MAX })
            .map(|cell| &cell.text)
            .collect();
        if let Some(other) = first.insert(key, row) {
            found.push(
                Diagnostic::new(Code::DuplicateRow, row.span, "this row is there twice")
                    .also(other.span, "first here"),
            );
        }
    }
}

fn is_snake_case(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Lowercase letters and digits, with single signs between them: `awaiting_information`,
/// `assets:read`, `withdrawal.updated`.
fn is_code(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .split(['_', '.', ':', '-'])
            .all(|part| !part.is_empty() && part.chars().all(is_letter))
}

/// What of a code is left in a name of a programming language.
fn letters(code: &str) -> String {
    let parts = code.split(['_', '.', ':', '-']);
    parts.collect::<Vec<_>>().join("_")
}
