//! A page: the events of the Markdown reader, with the model at their places.

mod prose;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use pulldown_cmark::{BlockQuoteKind, Event, Parser, Tag, TagEnd};

use super::{
    Scope, code,
    error::LatexError,
    escape::{self, put},
    fence, heading,
    inline::Inline,
    table::Table,
    target::anchor,
};
use crate::{
    model::{Document, RegionKind},
    parse::options,
    source::Span,
};

/// Appends a page to `out` and its tables to `tables`. With `only`, the sections of other anchors are
/// left out.
pub(super) fn render(
    scope: &Scope<'_>,
    document: &Document,
    only: Option<&BTreeSet<String>>,
    out: &mut String,
    tables: &mut BTreeMap<String, String>,
) -> Result<(), LatexError> {
    let text = scope.spec.sources.file(document.file).text();
    let mut page = Page {
        scope,
        document,
        only,
        out: String::new(),
        tables,
        words: Inline::default(),
        lists: Vec::new(),
        quotes: 0,
        heading: None,
        code: None,
        table: None,
        skipped: None,
        requirement: 0,
        left_out: false,
    };
    for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
        page.event(event, range)?;
    }
    page.flush();
    out.push_str(&page.out);
    Ok(())
}

struct Page<'a, 'b> {
    scope: &'a Scope<'a>,
    document: &'a Document,
    only: Option<&'a BTreeSet<String>>,
    out: String,
    tables: &'b mut BTreeMap<String, String>,
    /// The paragraph, heading or cell that is open.
    words: Inline,
    /// The environments of the lists that are open.
    lists: Vec<&'static str>,
    quotes: usize,
    heading: Option<usize>,
    code: Option<(Range<usize>, String)>,
    table: Option<Table>,
    /// The end of a line that is no prose.
    skipped: Option<usize>,
    /// The next requirement of the document.
    requirement: usize,
    /// Whether the section is one that is left out.
    left_out: bool,
}

impl Page<'_, '_> {
    fn event(&mut self, event: Event<'_>, range: Range<usize>) -> Result<(), LatexError> {
        if self.left_out && !matches!(event, Event::Start(Tag::Heading { .. })) {
            return Ok(());
        }
        match event {
            Event::Start(tag) => return self.start(tag, range),
            Event::End(tag) => return self.end(tag, &range),
            Event::Text(text) => {
                if let Some((_, code)) = &mut self.code {
                    code.push_str(&text);
                } else if !self.is_requirement(&range) {
                    self.prose(&text, &range);
                }
            }
            Event::Code(text) => self.words.code(&text),
            Event::SoftBreak => {
                if self.skipped != Some(range.start) {
                    self.words.space();
                }
            }
            Event::HardBreak => self.words.line_break(),
            Event::Rule => {
                self.flush();
                self.out.push_str("\\xrule{}\n");
            }
            Event::TaskListMarker(done) => self.words.text(if done { "☑ " } else { "☐ " }),
            Event::Html(html) => return self.html(&html, &range),
            Event::InlineHtml(html) => return self.inline_html(&html, &range),
            Event::FootnoteReference(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {
                return Err(
                    self.refuse(&range, "footnotes and formulas cannot be set in LaTeX yet")
                );
            }
        }
        Ok(())
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) -> Result<(), LatexError> {
        match tag {
            Tag::Paragraph => {
                self.flush();
                self.mark(&range);
            }
            Tag::Heading { .. } => {
                self.flush();
                let index = self
                    .document
                    .headings
                    .iter()
                    .position(|heading| heading.span.start == range.start);
                let own = index.and_then(|index| self.document.headings.get(index));
                self.left_out = self.only.is_some_and(|only| {
                    own.is_some_and(|own| own.level > 1 && !only.contains(&own.slug))
                });
                self.heading = index;
                if !self.left_out {
                    self.mark(&range);
                }
            }
            Tag::BlockQuote(kind) => {
                self.flush();
                self.quotes += 1;
                let label = match kind {
                    Some(BlockQuoteKind::Note) => "Note",
                    Some(BlockQuoteKind::Tip) => "Tip",
                    Some(BlockQuoteKind::Important) => "Important",
                    Some(BlockQuoteKind::Warning) => "Warning",
                    Some(BlockQuoteKind::Caution) => "Caution",
                    None => "",
                };
                put(
                    &mut self.out,
                    format_args!("\\begin{{xquote}}{{{label}}}\n"),
                );
            }
            Tag::CodeBlock(_) => {
                self.flush();
                self.code = Some((range, String::new()));
            }
            Tag::HtmlBlock => self.flush(),
            Tag::List(first) => {
                self.flush();
                let environment = if first.is_some() {
                    "enumerate"
                } else {
                    "itemize"
                };
                put(&mut self.out, format_args!("\\begin{{{environment}}}\n"));
                if let Some(first) = first.filter(|first| *first != 1) {
                    let level = self.lists.iter().filter(|own| **own == environment).count();
                    let counter = ["enumi", "enumii", "enumiii", "enumiv"]
                        .get(level)
                        .unwrap_or(&"enumiv");
                    put(
                        &mut self.out,
                        format_args!("\\setcounter{{{counter}}}{{{}}}\n", first.saturating_sub(1)),
                    );
                }
                self.lists.push(environment);
                if self.lists.len() > 4 {
                    return Err(
                        self.refuse(&range, "lists deeper than four cannot be set in LaTeX")
                    );
                }
            }
            Tag::Item => {
                self.flush();
                self.mark(&range);
                self.out.push_str("\\item{} ");
            }
            Tag::Table(_) => {
                self.flush();
                self.mark(&range);
                self.table = Some(Table::default());
            }
            Tag::TableRow => {
                let place = self.scope.place(self.span(&range));
                if let Some(table) = &mut self.table {
                    table.rows.push((place, Vec::new()));
                }
            }
            Tag::TableHead | Tag::TableCell => {}
            Tag::Emphasis => self.words.open("\\emph{", "}"),
            Tag::Strong => self.words.open("\\textbf{", "}"),
            Tag::Link { dest_url, .. } => self.open_link(&dest_url),
            other => {
                let what = format!("{other:?}")
                    .split(['(', ' ', '{'])
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                return Err(self.refuse(
                    &range,
                    &format!("`{what}` of Markdown cannot be set in LaTeX yet"),
                ));
            }
        }
        Ok(())
    }

    fn end(&mut self, tag: TagEnd, range: &Range<usize>) -> Result<(), LatexError> {
        match tag {
            TagEnd::Paragraph | TagEnd::Item => self.flush(),
            TagEnd::Heading(_) => {
                let words = std::mem::take(&mut self.words);
                if let Some(own) = self
                    .heading
                    .take()
                    .and_then(|index| self.document.headings.get(index))
                {
                    // The terms of the glossary would fill the contents.
                    let deeper = u8::from(self.only.is_some() && own.level > 1);
                    self.out.push_str(&heading::render(
                        own.level + deeper,
                        &words,
                        &anchor(self.document, &own.slug),
                    ));
                }
            }
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.quotes -= 1;
                self.out.push_str("\\end{xquote}\n");
            }
            TagEnd::CodeBlock => return self.end_code(),
            TagEnd::List(_) => {
                self.flush();
                let environment = self.lists.pop().unwrap_or("itemize");
                put(&mut self.out, format_args!("\\end{{{environment}}}\n"));
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.words);
                if let Some(table) = &mut self.table {
                    match table.rows.last_mut() {
                        Some((_, row)) => row.push(cell),
                        None => table.head.push(cell),
                    }
                }
            }
            TagEnd::Table => self.end_table(range),
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Link => self.words.close(),
            _ => {}
        }
        Ok(())
    }

    fn end_code(&mut self) -> Result<(), LatexError> {
        let Some((range, text)) = self.code.take() else {
            return Ok(());
        };
        self.mark(&range);
        let indent = code::INDENT * (self.lists.len() + 2 * self.quotes);
        let columns = code::COLUMNS.saturating_sub(indent).max(code::LEAST);
        let fence = self
            .document
            .fences
            .iter()
            .find(|fence| fence.span.start == range.start);
        let block = match fence {
            Some(fence) => fence::render(self.scope, self.document, fence, columns)?,
            None => code::listing("", &text, "", columns),
        };
        self.out.push_str(&block);
        Ok(())
    }

    fn end_table(&mut self, range: &Range<usize>) {
        let Some(table) = self.table.take() else {
            return;
        };
        let text = table.render();
        let data = self
            .document
            .tables
            .iter()
            .find(|own| own.span.is_some_and(|span| span.start == range.start));
        let members = self
            .document
            .regions
            .iter()
            .find_map(|region| match &region.kind {
                RegionKind::Fields { of } if region.span.contains(self.span(range)) => {
                    Some(format!("fields-{of}"))
                }
                _ => None,
            });
        if let Some(data) = data {
            put(
                &mut self.out,
                format_args!(
                    "\\xanchor{{{}}}%\n",
                    anchor(self.document, &format!("table-{}", data.id))
                ),
            );
        }
        match data.map(|data| data.id.clone()).or(members) {
            Some(id) => {
                let name = format!(
                    "{}/tables/{}.tex",
                    self.scope.protocol.id,
                    escape::name(&id).replace([':', '/'], "-")
                );
                put(&mut self.out, format_args!("\\input{{{name}}}\n"));
                self.tables.insert(name, text);
            }
            None => self.out.push_str(&text),
        }
    }

    /// Ends the paragraph that is open.
    fn flush(&mut self) {
        let words = std::mem::take(&mut self.words);
        if !words.tex.trim().is_empty() {
            self.out.push_str(words.tex.trim_end());
            self.out.push_str("\n\n");
        }
    }

    /// Leaves a mark in the log, by which messages of LaTeX find their places in the text.
    fn mark(&mut self, range: &Range<usize>) {
        let place = self.scope.place(self.span(range));
        put(
            &mut self.out,
            format_args!("\\xat{{{}}}%\n", escape::place(&place)),
        );
    }

    fn span(&self, range: &Range<usize>) -> Span {
        Span::new(self.document.file, range.clone())
    }

    fn refuse(&self, range: &Range<usize>, what: &str) -> LatexError {
        self.scope.at(self.span(range), what)
    }
}
