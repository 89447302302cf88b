//! The manifest of a protocol: what a schema cannot say.

use serde_json::{Map, Value, json};

use crate::{
    check::columns::typed,
    model::{
        BlockKind, Cell, Document, Fence, FenceKind, Machine, Protocol, Report, Row, Spec, Table,
        TableKind, Verdict,
    },
    value::Node,
};

/// The manifest (ARCHITECTURE.md, "The hinge").
#[must_use]
pub fn manifest(spec: &Spec, protocol: &Protocol, _report: &Report) -> Value {
    let documents: Vec<_> = protocol
        .documents
        .iter()
        .filter_map(|index| spec.documents.get(*index))
        .collect();
    let tables = |kind: TableKind| {
        documents.iter().flat_map(move |document| {
            let tables = document
                .tables
                .iter()
                .filter(move |table| table.kind == Some(kind));
            tables.map(move |table| (*document, table))
        })
    };
    let codes: Vec<_> = tables(TableKind::Codes)
        .map(|(document, table)| codes(spec, protocol, document, table))
        .collect();
    let constants: Vec<_> = tables(TableKind::Constants)
        .flat_map(|(document, table)| constants(spec, document, table))
        .collect();
    let data: Map<_, _> = tables(TableKind::Data)
        .map(|(_, table)| (table.id.clone(), data(table)))
        .collect();
    let fences = || {
        documents
            .iter()
            .flat_map(|document| document.fences.iter().map(move |fence| (*document, fence)))
    };
    json!({
        "protocol": {
            "id": protocol.id,
            "title": protocol.title,
            "version": protocol.version,
            "summary": protocol.summary,
            "base": protocol.base,
        },
        "codes": codes,
        "machines": Machine::all(spec, protocol).map(|own| machine(&own)).collect::<Vec<_>>(),
        "constants": constants,
        "keys": fences().filter_map(|(_, fence)| key(fence)).collect::<Vec<_>>(),
        "tables": data,
        "operations": fences().filter_map(|(document, fence)| operation(document, fence)).collect::<Vec<_>>(),
        "webhooks": fences().filter_map(|(document, fence)| webhook(document, fence)).collect::<Vec<_>>(),
        "components": components(fences().map(|(_, fence)| fence)),
        "examples": fences().filter_map(|(document, fence)| example(spec, document, fence)).collect::<Vec<_>>(),
    })
}

/// The heading under which something stands: `6.6 Errors`.
fn section(document: &Document, offset: usize) -> &str {
    document
        .heading_at(offset)
        .map_or(document.title(), |heading| heading.text.as_str())
}

/// Prose keeps its markup; everything else is data.
fn cell_value(spec: &Spec, column: &str, cell: &Cell) -> Value {
    if column == "meaning" {
        return spec.text(cell.span).into();
    }
    match cell.text.parse::<u64>() {
        Ok(number) if number.to_string() == cell.text => number.into(),
        _ => cell.text.as_str().into(),
    }
}

fn row_object(spec: &Spec, table: &Table, row: &Row) -> Map<String, Value> {
    let columns = table.columns.iter().zip(&row.cells);
    columns
        .map(|(column, cell)| (column.text.clone(), cell_value(spec, &column.text, cell)))
        .collect()
}

/// A row of codes: what is yes or no is a truth value.
fn code(spec: &Spec, table: &Table, row: &Row) -> Value {
    let mut code = row_object(spec, table, row);
    for (column, value) in &mut code {
        match value.as_str() {
            Some("yes") if column != "meaning" => *value = true.into(),
            Some("no") if column != "meaning" => *value = false.into(),
            _ => {}
        }
    }
    Value::Object(code)
}

fn machine(machine: &Machine<'_>) -> Value {
    let transitions = machine.transitions().filter_map(|transition| {
        Some(json!({"from": transition.from?, "to": transition.to, "when": transition.when}))
    });
    json!({
        "of": machine.of,
        "section": section(machine.document, machine.table.info.span.start),
        "initial": machine.initial(),
        "terminal": machine.terminal().collect::<Vec<_>>(),
        "transitions": transitions.collect::<Vec<_>>(),
    })
}

fn codes(spec: &Spec, protocol: &Protocol, document: &Document, table: &Table) -> Value {
    let name = table.info.value("type").unwrap_or_default();
    let schema = protocol
        .type_definition(name)
        .and_then(|definition| definition.schema(spec));
    let description = schema
        .and_then(|schema| schema.get("description"))
        .and_then(Node::as_str);
    let rows: Vec<_> = table
        .rows
        .iter()
        .map(|row| code(spec, table, row))
        .collect();
    let mut codes = json!({
        "type": name,
        "section": section(document, table.info.span.start),
        "source": document.path,
        "description": description.unwrap_or_default(),
        "rows": rows,
    });
    let columns: Map<_, _> = typed(table)
        .map(|(column, of)| (column.to_owned(), of.into()))
        .collect();
    if !columns.is_empty() {
        codes["columns"] = columns.into();
    }
    codes
}

fn constants(spec: &Spec, document: &Document, table: &Table) -> Vec<Value> {
    let section = section(document, table.info.span.start);
    let rows = table.rows.iter().map(|row| {
        let mut constant = row_object(spec, table, row);
        constant.insert("section".to_owned(), section.into());
        Value::Object(constant)
    });
    rows.collect()
}

fn data(table: &Table) -> Value {
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|column| column.text.as_str())
        .collect();
    let rows: Vec<_> = table
        .rows
        .iter()
        .map(|row| {
            let cells = table.columns.iter().zip(&row.cells);
            let row: Map<_, _> = cells
                .map(|(column, cell)| (column.text.clone(), Value::from(cell.text.as_str())))
                .collect();
            Value::Object(row)
        })
        .collect();
    json!({"columns": columns, "rows": rows})
}

/// The public half of a test key.
fn key(fence: &Fence) -> Option<Value> {
    let FenceKind::Key { id } = &fence.kind else {
        return None;
    };
    let member = |name: &str| fence.value.as_ref()?.get(name)?.as_str();
    Some(json!({"name": id, "kty": member("kty")?, "crv": member("crv")?, "x": member("x")?}))
}

fn operation(document: &Document, fence: &Fence) -> Option<Value> {
    let FenceKind::Operation { id } = &fence.kind else {
        return None;
    };
    let value = fence.value.as_ref()?;
    let text = |name: &str| value.get(name).and_then(Node::as_str).unwrap_or_default();
    let mut operation = Map::new();
    for member in value
        .members()
        .iter()
        .filter(|member| !["method", "path"].contains(&member.name.as_str()))
    {
        operation.insert(member.name.clone(), member.value.to_value());
    }
    Some(json!({
        "id": id,
        "method": text("method"),
        "path": text("path"),
        "section": section(document, fence.span.start),
        "operation": operation,
    }))
}

fn webhook(document: &Document, fence: &Fence) -> Option<Value> {
    let FenceKind::Webhook { id } = &fence.kind else {
        return None;
    };
    let value = fence.value.as_ref()?;
    let method = value.get("method").and_then(Node::as_str);
    let members = value.members().iter();
    let operation: Map<_, _> = members
        .filter(|member| member.name != "method")
        .map(|member| (member.name.clone(), member.value.to_value()))
        .collect();
    Some(json!({
        "id": id,
        "method": method.unwrap_or_default(),
        "section": section(document, fence.span.start),
        "operation": operation,
    }))
}

fn components<'a>(fences: impl Iterator<Item = &'a Fence>) -> Value {
    let mut sections = Map::new();
    for fence in fences {
        let FenceKind::Component { section, id } = &fence.kind else {
            continue;
        };
        let Some(value) = &fence.value else { continue };
        let entry = sections
            .entry(section.clone())
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(components) = entry {
            components.insert(id.clone(), value.to_value());
        }
    }
    Value::Object(sections)
}

fn example(spec: &Spec, document: &Document, fence: &Fence) -> Option<Value> {
    let (example, value) = fence.example_value()?;
    let id = example.id.as_ref()?;
    if example.verdict != Verdict::Valid {
        return None;
    }
    Some(json!({
        "id": id,
        "of": example.of,
        "summary": summary(spec, document, fence),
        "section": section(document, fence.span.start),
        "value": value.to_value(),
    }))
}

/// The sentence that introduces an example, or the heading it stands under.
fn summary(spec: &Spec, document: &Document, fence: &Fence) -> String {
    let before = document
        .blocks
        .iter()
        .rfind(|block| block.span.end <= fence.span.start);
    let introduction = before.filter(|block| {
        let between = spec
            .sources
            .file(document.file)
            .text()
            .get(block.span.end..fence.span.start);
        block.kind == BlockKind::Paragraph
            && between.is_some_and(|between| between.trim().is_empty())
    });
    let sentence = introduction.and_then(|block| spec.text(block.span).trim().strip_suffix(':'));
    let sentence = sentence.filter(|sentence| !sentence.contains(['.', '\n', '[']));
    sentence.map_or_else(
        || {
            document
                .heading_at(fence.span.start)
                .map_or(document.title(), |heading| heading.unnumbered())
                .to_owned()
        },
        |sentence| sentence.replace('`', ""),
    )
}
