//! A document of the specification as the Markdown that mdBook renders: the source with replacements
//! at the spans of the model.

use pulldown_cmark::{Event, Parser, TagEnd};

use super::{
    Pages, block,
    markup::{escape, href, on_one_line, page_of},
    requirement,
};
use crate::{
    model::{BlockKind, Directive, Document, LinkKind, TableKind},
    source::Span,
};

struct Edit {
    start: usize,
    end: usize,
    text: String,
}

/// The Markdown of a page.
pub(super) fn render(pages: &Pages<'_>, document: &Document) -> String {
    let text = pages.spec.sources.file(document.file).text();
    let mut edits = Vec::new();
    let mut edit = |span: Span, text: String| {
        edits.push(Edit {
            start: span.start,
            end: span.end,
            text,
        });
    };

    for fence in &document.fences {
        if let Some(html) = block::render(pages, document, fence) {
            // HTML goes on until a blank line.
            edit(fence.span, format!("{}\n", on_one_line(&html)));
        }
    }
    for requirement in &document.requirements {
        let chip = requirement::chip(pages, document, requirement);
        edit(requirement.line, format!("\n{}\n", on_one_line(&chip)));
    }
    for directive in &document.directives {
        edit(directive.span, label(pages, document, directive));
    }
    for block in document
        .blocks
        .iter()
        .filter(|block| block.kind != BlockKind::Heading)
    {
        for keyword in &block.keywords {
            edit(
                keyword.span,
                format!("<span class=\"bcp14\">{}</span>", keyword.word),
            );
        }
    }
    for link in document
        .links
        .iter()
        .filter(|link| link.kind != LinkKind::Undefined)
    {
        if pages.spec.text(link.span) == link.target
            && let Some(target) = target(pages, document, &link.target)
        {
            edit(link.span, target);
        }
    }
    apply(text, edits)
}

fn apply(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| (edit.start, std::cmp::Reverse(edit.end)));
    let mut out = String::with_capacity(text.len() * 2);
    let mut at = 0;
    for edit in edits {
        // What lies in something that is already replaced is gone with it.
        if edit.start >= at
            && let Some(kept) = text.get(at..edit.start)
        {
            out.push_str(kept);
            out.push_str(&edit.text);
            at = edit.end;
        }
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out.trim_start_matches('\u{feff}').to_owned()
}

/// What stands in the book for an `x428:` comment.
fn label(pages: &Pages<'_>, document: &Document, directive: &Directive) -> String {
    if directive.name != "x428:table" {
        return String::new();
    }
    let id = directive.info.value("id").unwrap_or_default();
    let Some(table) = document.tables.iter().find(|table| table.id == id) else {
        return String::new();
    };
    let words = match (table.kind, table.info.value("type")) {
        (Some(TableKind::Codes), Some(name)) => {
            let name = escape(name);
            let download = pages.spec.protocol_of(document).map_or_else(String::new, |protocol| {
                let file = format!("schema/{}/{name}.json", protocol.id);
                let file = href(&page_of(&document.path), &file);
                format!("<span class=\"downloads\"><a href=\"{file}\" download>Download {name}</a></span>")
            });
            format!("<span>The codes of <code>{name}</code></span>{download}")
        }
        _ => format!("<span>Data table <code>{}</code></span>", escape(id)),
    };
    format!(
        "<p class=\"data-label data-table\" id=\"table-{}\">{words}</p>\n",
        escape(id)
    )
}

/// What a link's target becomes in the book; none if it stays.
fn target(pages: &Pages<'_>, document: &Document, target: &str) -> Option<String> {
    if target.contains(':') || target.starts_with(['#', '/']) || target.is_empty() {
        return None;
    }
    let (path, anchor) = target
        .split_once('#')
        .map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let path = resolve(&pages.spec_directory(), &document.path, path)?;
    let suffix = anchor.map_or_else(String::new, |anchor| format!("#{anchor}"));
    let page = page_of(&document.path);
    let Some(inside) = path.strip_prefix(&format!("{}/", pages.spec_directory())) else {
        return if ["schema/", "openapi/", "vectors/"]
            .iter()
            .any(|directory| path.starts_with(directory))
        {
            Some(href(&page, &path))
        } else {
            pages
                .repository
                .as_ref()
                .map(|base| format!("{base}/blob/main/{path}{suffix}"))
        };
    };
    if let (true, Some(slug)) = (inside == "glossary.md", anchor)
        && let Some(definition) = definition(pages, slug)
    {
        let words = definition.replace('\\', "\\\\").replace('"', "\\\"");
        return Some(format!("{target} \"{words}\""));
    }
    inside
        .ends_with("README.md")
        .then(|| format!("{}{suffix}", href(&page, &page_of(inside))))
}

/// The path below the project's root to which a relative link leads.
fn resolve(root: &str, from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = root.split('/').chain(from.split('/')).collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The first paragraph below a term of the glossary, as plain text.
fn definition(pages: &Pages<'_>, slug: &str) -> Option<String> {
    let glossary = &pages.spec.glossary;
    let document = pages.spec.documents.get(glossary.document?)?;
    let term = glossary.terms.iter().find(|term| term.slug == slug)?;
    let end = document
        .headings
        .iter()
        .map(|heading| heading.span.start)
        .find(|start| *start > term.span.start);
    let text = pages.spec.sources.file(document.file).text();
    let text = text.get(term.span.end..end.unwrap_or(text.len()))?;
    let mut words = String::new();
    for event in Parser::new(text) {
        match event {
            Event::Text(piece) | Event::Code(piece) => words.push_str(&piece),
            Event::SoftBreak | Event::HardBreak => words.push(' '),
            Event::End(TagEnd::Paragraph) => break,
            _ => {}
        }
    }
    let words = words.trim();
    (!words.is_empty()).then(|| words.to_owned())
}
