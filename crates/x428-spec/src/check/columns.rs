//! Columns of tables of codes: what their cells hold, and the types that `columns=` gives them.

use crate::{
    diagnostic::{Code, Diagnostic, did_you_mean},
    model::{Attribute, Protocol, Spec, Table},
    value::Node,
};

/// The columns that a table of codes gives a type: `columns=mode:MethodMode`.
pub(crate) fn typed(table: &Table) -> impl Iterator<Item = (&str, &str)> {
    let columns = table.info.attribute("columns").into_iter();
    columns
        .flat_map(Attribute::list)
        .filter_map(|(part, _)| part.split_once(':'))
}

/// Checks the columns beside the codes.
pub(super) fn check(spec: &Spec, protocol: &Protocol, table: &Table, found: &mut Vec<Diagnostic>) {
    for column in &table.columns {
        if column.text != "meaning" {
            yes_or_no(table, &column.text, found);
        }
    }
    for cell in table.cells("status") {
        let status = cell.text.parse::<u16>();
        if !status.is_ok_and(|status| (100..600).contains(&status)) {
            let message = format!("`{}` is no HTTP status", cell.text);
            found.push(Diagnostic::new(Code::TableValue, cell.span, message));
        }
    }
    for (part, span) in table
        .info
        .attribute("columns")
        .into_iter()
        .flat_map(Attribute::list)
    {
        let mut refuse = |message: String, help: Option<String>| {
            found.push(Diagnostic::new(Code::AttributeValue, span, message).maybe_help(help));
        };
        let Some((column, of)) = part.split_once(':') else {
            refuse(format!("`{part}` is not of the form column:Type"), None);
            continue;
        };
        if table.column(column).is_none() {
            let names = table.columns.iter().map(|column| column.text.as_str());
            let help = did_you_mean(column, names);
            refuse(format!("the table has no column `{column}`"), help);
            continue;
        }
        let Some(words) = words(spec, protocol, of) else {
            let names = protocol.types.iter().map(|own| own.name.as_str());
            let help = did_you_mean(of, names);
            refuse(format!("`{of}` is no enumeration of this protocol"), help);
            continue;
        };
        for cell in table
            .cells(column)
            .filter(|cell| !words.contains(&cell.text.as_str()))
        {
            let message = format!("`{}` is none of the values of {of}", cell.text);
            let help = did_you_mean(&cell.text, words.iter().copied());
            found.push(Diagnostic::new(Code::TableValue, cell.span, message).maybe_help(help));
        }
    }
}

/// The values of an enumeration.
fn words<'a>(spec: &'a Spec, protocol: &'a Protocol, of: &str) -> Option<Vec<&'a str>> {
    let schema = protocol.type_definition(of)?.schema(spec)?;
    let words = schema.get("enum")?.elements().iter();
    Some(words.filter_map(Node::as_str).collect())
}

/// A column that says yes or no in one row says it in all.
fn yes_or_no(table: &Table, column: &str, found: &mut Vec<Diagnostic>) {
    let says = |text: &str| matches!(text, "yes" | "no");
    if !table.cells(column).any(|cell| says(&cell.text)) {
        return;
    }
    for cell in table.cells(column).filter(|cell| !says(&cell.text)) {
        let message = format!(
            "`{}` is neither yes nor no, as the column `{column}` is elsewhere",
            cell.text
        );
        found.push(Diagnostic::new(Code::TableValue, cell.span, message));
    }
}
