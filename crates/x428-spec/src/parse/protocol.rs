//! Protocols: which documents, types, examples and keys belong to each.

use std::collections::HashMap;

use crate::{
    diagnostic::{Code, Diagnostic},
    model::{
        Directive, Document, Fence, FenceId, FenceKind, Protocol, Table, TableKind, TypeDefinition,
        TypeOrigin,
    },
    source::Sources,
    value::{Data, Member, Node},
};

/// Finds the protocols and gives each document to its own.
pub(super) fn collect(
    documents: &mut [Document],
    sources: &Sources,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Protocol> {
    let mut protocols: Vec<Protocol> = Vec::new();
    // What lies below a header that cannot be read is not to blame.
    let mut unreadable: Vec<String> = Vec::new();
    for document in &*documents {
        for directive in document
            .directives
            .iter()
            .filter(|directive| directive.name == "x428:protocol")
        {
            let Some(protocol) = header(document, directive, sources, problems) else {
                unreadable.extend(
                    document
                        .path
                        .rsplit_once('/')
                        .map(|(path, _)| format!("{path}/")),
                );
                continue;
            };
            if let Some(other) = protocols.iter().find(|other| other.id == protocol.id) {
                let message = format!("the protocol `{}` is declared twice", protocol.id);
                problems.push(
                    Diagnostic::new(Code::DuplicateProtocol, directive.span, message)
                        .also(other.span, "first declared here"),
                );
            } else {
                protocols.push(protocol);
            }
        }
    }
    let directories: HashMap<String, usize> = protocols
        .iter()
        .enumerate()
        .map(|(index, protocol)| (protocol.directory.clone(), index))
        .collect();
    for document in documents {
        let mut directory = document.path.as_str();
        while let Some(at) = directory.rfind('/') {
            directory = &directory[..at];
            if let Some(index) = directories.get(directory) {
                document.protocol = Some(*index);
                fill(&mut protocols[*index], document, problems);
                break;
            }
        }
        let excused = || {
            unreadable
                .iter()
                .any(|directory| document.path.starts_with(directory))
        };
        if document.protocol.is_none() && !excused() {
            outside(document, problems);
        }
    }
    protocols
}

fn header(
    document: &Document,
    directive: &Directive,
    sources: &Sources,
    problems: &mut Vec<Diagnostic>,
) -> Option<Protocol> {
    let info = &directive.info;
    let before = problems.len();
    let mut refuse = |message: String| {
        problems.push(Diagnostic::new(Code::ProtocolHeader, directive.span, message).help(
            "`<!-- x428:protocol id=name title=\"…\" version=0.1 base=https://…/ -->` in the README.md of its directory",
        ));
    };
    let directory = document.path.strip_suffix("/README.md");
    if directory.is_none() {
        refuse("a protocol is declared in the README.md of its directory".to_owned());
    }
    for name in ["id", "title", "version", "base"] {
        if info.value(name).is_none_or(|value| value.trim().is_empty()) {
            refuse(format!("a protocol needs `{name}=`"));
        }
    }
    let id = info.value("id").unwrap_or_default();
    if !id.is_empty()
        && !id
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    {
        refuse(format!(
            "`{id}` cannot name a protocol: it takes lowercase letters, digits and hyphens"
        ));
    }
    let base = info.value("base").unwrap_or_default();
    if !base.is_empty() && (!base.ends_with('/') || url::Url::parse(base).is_err()) {
        refuse(format!("`{base}` is not an absolute URL that ends in `/`"));
    }
    if let Some(date) = info.value("date")
        && date
            .parse::<jiff::civil::Date>()
            .map_or(true, |own| own.to_string() != date)
    {
        refuse(format!("`{date}` is not a date such as 2026-11-20"));
    }
    if problems.len() > before {
        return None;
    }
    let own = |name: &str| info.value(name).map(str::to_owned);
    let text = |name: &str| info.value(name).unwrap_or_default().to_owned();
    let summary = info
        .value("summary")
        .map_or_else(|| first_paragraph(document, sources), str::to_owned);
    Some(Protocol {
        id: text("id"),
        title: text("title"),
        version: text("version"),
        summary,
        status: own("status"),
        date: own("date"),
        licence: own("licence"),
        base: text("base"),
        directory: directory.unwrap_or_default().to_owned(),
        span: directive.span,
        documents: Vec::new(),
        types: Vec::new(),
        examples: HashMap::new(),
        keys: HashMap::new(),
        type_index: HashMap::new(),
    })
}

/// The first paragraph without its markup.
fn first_paragraph(document: &Document, sources: &Sources) -> String {
    let paragraph = document
        .blocks
        .iter()
        .find(|block| block.kind == crate::model::BlockKind::Paragraph);
    let Some(paragraph) = paragraph else {
        return String::new();
    };
    let mut text = String::new();
    for event in pulldown_cmark::Parser::new(sources.text(paragraph.span)) {
        match event {
            pulldown_cmark::Event::Text(part) | pulldown_cmark::Event::Code(part) => {
                text.push_str(&part);
            }
            pulldown_cmark::Event::SoftBreak => text.push(' '),
            _ => {}
        }
    }
    text
}

fn fill(protocol: &mut Protocol, document: &Document, problems: &mut Vec<Diagnostic>) {
    protocol.documents.push(document.index);
    for definition in types(document) {
        // Of several definitions of a name the first counts; the check of schemas says so.
        if !protocol.type_index.contains_key(&definition.name) {
            protocol
                .type_index
                .insert(definition.name.clone(), protocol.types.len());
            protocol.types.push(definition);
        }
    }
    for fence in &document.fences {
        match &fence.kind {
            FenceKind::Example(example) => {
                if let Some(id) = &example.id {
                    name(&mut protocol.examples, fence, "example", id, problems);
                }
            }
            FenceKind::Key { id } => name(&mut protocol.keys, fence, "key", id, problems),
            FenceKind::Value { id } => name(&mut protocol.examples, fence, "example", id, problems),
            _ => {}
        }
    }
}

/// The types that a document defines, in the order of the text.
pub(crate) fn types(document: &Document) -> Vec<TypeDefinition> {
    let fences = document
        .fences
        .iter()
        .filter_map(|fence| match &fence.kind {
            FenceKind::Schema { name: Some(name) } if fence.value.is_some() => {
                Some(TypeDefinition {
                    name: name.clone(),
                    name_span: fence.info.value_span("id"),
                    origin: TypeOrigin::Fence(fence.id),
                })
            }
            _ => None,
        });
    let tables = document.tables.iter().filter_map(|table| {
        let name = table
            .info
            .value("type")
            .filter(|_| table.kind == Some(TableKind::Codes))?;
        Some(TypeDefinition {
            name: name.to_owned(),
            name_span: table.info.value_span("type"),
            origin: TypeOrigin::Codes(enumeration(document, table)),
        })
    });
    let mut types: Vec<_> = fences.chain(tables).collect();
    types.sort_by_key(|definition| definition.name_span.start);
    types
}

/// The schema of a table of codes.
fn enumeration(document: &Document, table: &Table) -> Node {
    let heading = document.heading_at(table.info.span.start);
    let section = heading.map_or(document.title(), |heading| heading.text.as_str());
    let span = table.span.unwrap_or(table.info.span);
    let text = |text: &str, span| Node {
        span,
        data: Data::String(text.to_owned()),
    };
    let description = table
        .info
        .value("description")
        .map_or_else(|| format!("The codes of section {section}."), str::to_owned);
    let codes = table.rows.iter().filter_map(|row| row.cells.first());
    let codes = codes.map(|cell| text(&cell.text, cell.span)).collect();
    let member = |name: &str, value| Member {
        name: name.to_owned(),
        name_span: span,
        value,
    };
    let members = vec![
        member("description", text(&description, span)),
        member("type", text("string", span)),
        member(
            "enum",
            Node {
                span,
                data: Data::Array(codes),
            },
        ),
    ];
    Node {
        span,
        data: Data::Object(members),
    }
}

/// Gives a fence its name. Of several with the same name the first keeps it.
fn name(
    names: &mut HashMap<String, FenceId>,
    fence: &Fence,
    what: &str,
    id: &str,
    problems: &mut Vec<Diagnostic>,
) {
    if names.contains_key(id) {
        let message = format!("another {what} of this protocol is called `{id}`");
        let span = fence.info.value_span("id");
        problems.push(Diagnostic::new(Code::DuplicateId, span, message));
    } else {
        names.insert(id.to_owned(), fence.id);
    }
}

/// Only a protocol has types, examples and operations.
fn outside(document: &Document, problems: &mut Vec<Diagnostic>) {
    for region in &document.regions {
        let message = "a generated region stands outside of any protocol";
        problems.push(Diagnostic::new(
            Code::OutsideProtocol,
            region.open.span,
            message,
        ));
    }
    for fence in &document.fences {
        let belongs = matches!(
            fence.kind,
            FenceKind::Schema { .. }
                | FenceKind::Example(_)
                | FenceKind::Key { .. }
                | FenceKind::Value { .. }
                | FenceKind::Exchange { .. }
                | FenceKind::Operation { .. }
                | FenceKind::Webhook { .. }
                | FenceKind::Component { .. }
                | FenceKind::Vectors { .. }
        );
        if belongs {
            let message = "this fence stands outside of any protocol";
            problems.push(
                Diagnostic::new(Code::OutsideProtocol, fence.info.span, message).help(
                    "move it into a protocol's directory, or show it as `fragment why=\"…\"`",
                ),
            );
        }
    }
}
