//! The specifications of this repository on paper: nothing of the text is lost.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};
use x428_spec::{
    build::read_and_check,
    latex::{self, Documents, OUTPUT},
    model::{Document, FenceKind, Protocol, Spec},
};

use crate::{Outcome, project::Copy};

/// How often each thing stands in a text.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    headings: usize,
    requirements: usize,
    tables: usize,
    rows: usize,
    listings: usize,
    diagrams: usize,
    items: usize,
    links: usize,
    codes: usize,
}

/// What stands in the Markdown.
fn written(spec: &Spec, document: &Document) -> Counts {
    let text = spec.sources.file(document.file).text();
    let mut counts = Counts {
        requirements: document.requirements.len(),
        ..Counts::default()
    };
    for event in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_GFM) {
        match event {
            Event::Start(Tag::Heading { .. }) => counts.headings += 1,
            Event::Start(Tag::Table(_)) => counts.tables += 1,
            Event::Start(Tag::TableRow) => counts.rows += 1,
            Event::Start(Tag::Item) => counts.items += 1,
            Event::Start(Tag::Link { .. }) => counts.links += 1,
            Event::Code(_) => counts.codes += 1,
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info)))
                if info.starts_with("mermaid") =>
            {
                counts.diagrams += 1;
            }
            Event::Start(Tag::CodeBlock(_)) => counts.listings += 1,
            _ => {}
        }
    }
    counts
}

/// What stands in the LaTeX of a protocol, with its tables.
fn set(documents: &Documents, id: &str) -> Result<Counts, Box<dyn std::error::Error>> {
    let text = documents
        .tree
        .text(&format!("{OUTPUT}/{id}.tex"))
        .ok_or("no document")?;
    // The chapters, without the title and the glossary.
    let text = text.split("\\xcontents").nth(1).ok_or("no contents")?;
    let end = text.find("{Glossary}").ok_or("no glossary")?;
    let mut text = text[..text[..end].rfind("\\xheading").ok_or("no heading")?].to_owned();
    while let Some(at) = text.find("\\input{") {
        let end = at + text[at..].find('}').ok_or("unclosed")?;
        let name = format!("{OUTPUT}/{}", &text[at + "\\input{".len()..end]);
        let table = documents.tree.text(&name).ok_or(name)?.to_owned();
        text.replace_range(at..=end, &table);
    }
    let count = |what: &str| text.matches(what).count();
    let links = text.match_indices("\\xlink{").count() + count("\\xurl{");
    Ok(Counts {
        headings: count("\\xheading{"),
        requirements: count("\\xreq{"),
        tables: count("\\begin{xtable}"),
        rows: count("\\xrow{"),
        listings: count("\\begin{xlisting}"),
        diagrams: count("\\begin{xdiagram}"),
        items: count("\\item{}"),
        links,
        codes: count("\\xcode{"),
    })
}

fn of(spec: &Spec, protocol: &Protocol) -> Counts {
    protocol
        .documents
        .iter()
        .map(|index| written(spec, &spec.documents[*index]))
        .fold(Counts::default(), |sum, own| Counts {
            headings: sum.headings + own.headings,
            requirements: sum.requirements + own.requirements,
            tables: sum.tables + own.tables,
            rows: sum.rows + own.rows,
            listings: sum.listings + own.listings,
            diagrams: sum.diagrams + own.diagrams,
            items: sum.items + own.items,
            links: sum.links + own.links,
            codes: sum.codes + own.codes,
        })
}

/// Links in captions have no counterpart in the text, and a link in the text that leads to nothing of the
/// document is none on paper; so links are compared apart.
#[test]
fn everything_of_the_text_is_on_paper() -> Outcome {
    let copy = Copy::real()?;
    let (spec, report) = read_and_check(&copy.project(), &|_| {});
    let documents = latex::documents(&spec, &report)?;
    assert_eq!(documents.documents.len(), spec.protocols.len());
    for protocol in &spec.protocols {
        let (mut text, mut paper) = (of(&spec, protocol), set(&documents, &protocol.id)?);
        // A caption may hold code, as the reason of a fragment does.
        assert!(
            paper.links * 10 > text.links * 9,
            "{}: {} of {} links",
            protocol.id,
            paper.links,
            text.links
        );
        assert!(
            paper.codes >= text.codes,
            "{}: {} of {} codes",
            protocol.id,
            paper.codes,
            text.codes
        );
        (text.links, text.codes, paper.links, paper.codes) = (0, 0, 0, 0);
        assert_eq!(text, paper, "{}", protocol.id);
        assert!(text.requirements > 100 && text.listings > 100 && text.rows > 100);
    }
    Ok(())
}

#[test]
fn every_kind_of_fence_says_what_it_is() -> Outcome {
    let copy = Copy::real()?;
    let (spec, report) = read_and_check(&copy.project(), &|_| {});
    let documents = latex::documents(&spec, &report)?;
    for protocol in &spec.protocols {
        let text = documents
            .tree
            .text(&format!("{OUTPUT}/{}.tex", protocol.id))
            .ok_or("no document")?;
        let fences = protocol
            .documents
            .iter()
            .flat_map(|index| &spec.documents[*index].fences);
        for fence in fences {
            let path = spec.documents[fence.id.document]
                .path
                .trim_end_matches(".md");
            let anchor = match &fence.kind {
                FenceKind::Schema { name } => {
                    format!("schema-{}", name.as_deref().unwrap_or_default())
                }
                FenceKind::Example(own) => match &own.id {
                    Some(id) => format!("example-{id}"),
                    None => continue,
                },
                FenceKind::Value { id } => format!("example-{id}"),
                FenceKind::Key { id } => format!("key-{id}"),
                FenceKind::Exchange { id, step, .. } => format!("exchange-{id}-{step}"),
                FenceKind::Operation { id } | FenceKind::Webhook { id } => {
                    format!("operation-{id}")
                }
                FenceKind::Component { section, id } => format!("component-{section}-{id}"),
                _ => continue,
            };
            assert!(
                text.contains(&format!("\\xanchor{{{path}:{anchor}}}")),
                "{path}: {anchor}"
            );
        }
    }
    Ok(())
}

#[test]
fn the_same_text_gives_the_same_bytes() -> Outcome {
    let make = || -> Result<_, Box<dyn std::error::Error>> {
        let copy = Copy::real()?;
        let (spec, report) = read_and_check(&copy.project(), &|_| {});
        Ok(latex::documents(&spec, &report)?.tree.files)
    };
    assert!(make()? == make()?);
    Ok(())
}
