//! One Markdown file to a [`Document`].

use std::{cell::RefCell, ops::Range};

use pulldown_cmark::{
    BrokenLink, CodeBlockKind, CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd,
};

use super::{
    comment, info::parse_info, keyword::keywords, requirement, slug::Slugs, table::OpenTable,
};
use crate::{
    diagnostic::{Code, Diagnostic},
    model::{
        Block, BlockKind, Body, Cell, Directive, Document, Heading, Keyword, Link, LinkKind, Row,
    },
    source::{FileId, Span},
};

/// The extensions that the book's renderer switches on.
pub(crate) fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_GFM
}

/// Reads a document. `index` is its place in the model.
pub(super) fn parse_markdown(
    index: usize,
    file: FileId,
    path: &str,
    text: &str,
) -> (Document, Vec<Diagnostic>) {
    let undefined = RefCell::new(Vec::new());
    let mut reader = Reader::new(index, file, path, text);
    let callback = |link: BrokenLink<'_>| -> Option<(CowStr<'_>, CowStr<'_>)> {
        // `[text]` alone is ordinary prose.
        if matches!(link.link_type, LinkType::Reference | LinkType::Collapsed) {
            undefined
                .borrow_mut()
                .push((link.reference.to_string(), link.span));
        }
        None
    };
    let parser = Parser::new_with_broken_link_callback(text, options(), Some(callback));
    for (event, range) in parser.into_offset_iter() {
        reader.event(event, range);
    }
    for (label, range) in undefined.into_inner() {
        reader.link(LinkKind::Undefined, &label, range);
    }
    reader.finish()
}

/// What stands at the top level of the document: requirements are given to these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Paragraph,
    ListOrTable,
    Heading,
    /// Comments are between the lines.
    Html,
    Other,
}

/// What has been read of a document, and what is open.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) document: Document,
    pub(super) problems: Vec<Diagnostic>,
    pub(super) slugs: Slugs,
    pub(super) tops: Vec<(Shape, Range<usize>)>,
    pub(super) depth: usize,
    pub(super) items: usize,
    pub(super) quotes: usize,
    /// The blocks that are open, innermost last.
    pub(super) blocks: Vec<Block>,
    pub(super) heading: Option<OpenHeading>,
    pub(super) fence: Option<(Range<usize>, Option<String>, Body)>,
    pub(super) table: Option<OpenTable>,
}

pub(super) struct OpenHeading {
    level: u8,
    id: Option<String>,
    text: String,
}

impl<'a> Reader<'a> {
    fn new(index: usize, file: FileId, path: &str, text: &'a str) -> Self {
        let document = Document {
            index,
            file,
            path: path.to_owned(),
            protocol: None,
            in_summary: false,
            headings: Vec::new(),
            links: Vec::new(),
            fences: Vec::new(),
            blocks: Vec::new(),
            requirements: Vec::new(),
            tables: Vec::new(),
            regions: Vec::new(),
            directives: Vec::new(),
            anchors: Vec::new(),
        };
        Self {
            text,
            document,
            problems: Vec::new(),
            slugs: Slugs::default(),
            tops: Vec::new(),
            depth: 0,
            items: 0,
            quotes: 0,
            blocks: Vec::new(),
            heading: None,
            fence: None,
            table: None,
        }
    }

    pub(super) fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.document.file, range)
    }

    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => {
                if self.depth == 0 {
                    self.tops.push((shape(&tag), range.clone()));
                }
                self.depth += 1;
                self.start(tag, range);
            }
            Event::End(tag) => {
                self.depth = self.depth.saturating_sub(1);
                self.end(tag, &range);
            }
            Event::Text(text) => self.prose(&text, range, true),
            Event::Code(text) => self.prose(&text, range, false),
            Event::SoftBreak | Event::HardBreak => self.prose(" ", range, false),
            Event::InlineHtml(_) => self.html(range),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Heading { level, id, .. } => {
                self.open_block(BlockKind::Heading, range);
                let id = id.map(|id| id.to_string());
                self.heading = Some(OpenHeading {
                    level: level_number(level),
                    id,
                    text: String::new(),
                });
            }
            Tag::Paragraph => {
                let kind = if self.items > 0 {
                    BlockKind::Item
                } else {
                    BlockKind::Paragraph
                };
                if self.items + self.quotes > 0 {
                    self.misplaced_id(&range);
                }
                self.open_block(kind, range);
            }
            Tag::Item => {
                self.items += 1;
                self.open_block(BlockKind::Item, range);
            }
            Tag::BlockQuote(_) => self.quotes += 1,
            Tag::CodeBlock(kind) => {
                let info = match kind {
                    CodeBlockKind::Fenced(info) => Some(info.to_string()),
                    CodeBlockKind::Indented => None,
                };
                let first_line_end = self.text[range.clone()]
                    .find('\n')
                    .map_or(range.end, |at| range.start + at + 1);
                self.fence = Some((range, info, Body::empty(self.document.file, first_line_end)));
            }
            Tag::HtmlBlock => self.html(range),
            Tag::Table(_) => self.table = Some(OpenTable::default()),
            Tag::TableCell => {
                if let Some(table) = &mut self.table {
                    table.cell = Some(String::new());
                }
                self.open_block(BlockKind::Cell, range);
            }
            Tag::Link {
                link_type,
                dest_url,
                ..
            } if link_type != LinkType::Email => {
                self.link(LinkKind::Link, &dest_url, range);
            }
            Tag::Image { dest_url, .. } => self.link(LinkKind::Image, &dest_url, range),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, range: &Range<usize>) {
        match tag {
            TagEnd::Heading(_) => {
                self.close_block();
                if let Some(open) = self.heading.take() {
                    let slug = open.id.unwrap_or_else(|| self.slugs.next(&open.text));
                    let end = range.start + self.text[range.clone()].trim_end().len();
                    let span = self.span(range.start..end);
                    self.document.headings.push(Heading {
                        level: open.level,
                        text: open.text,
                        slug,
                        span,
                    });
                }
            }
            TagEnd::Paragraph => self.close_block(),
            TagEnd::Item => {
                self.items = self.items.saturating_sub(1);
                self.close_block();
            }
            TagEnd::BlockQuote(_) => self.quotes = self.quotes.saturating_sub(1),
            TagEnd::CodeBlock => self.close_fence(),
            TagEnd::TableCell => {
                self.close_block();
                let span = self.trimmed(range);
                if let Some(table) = &mut self.table
                    && let Some(text) = table.cell.take()
                {
                    table.cells.push(Cell {
                        text: text.trim().to_owned(),
                        span,
                    });
                }
            }
            TagEnd::TableHead => {
                if let Some(table) = &mut self.table {
                    table.columns = std::mem::take(&mut table.cells);
                }
            }
            TagEnd::TableRow => {
                let span = self.trimmed(range);
                if let Some(table) = &mut self.table {
                    table.rows.push(Row {
                        span,
                        cells: std::mem::take(&mut table.cells),
                    });
                }
            }
            TagEnd::Table => self.close_table(range),
            _ => {}
        }
    }

    /// Text in a paragraph, a heading, a cell or a fence. Keywords count only in prose, not in code.
    fn prose(&mut self, text: &str, range: Range<usize>, counts: bool) {
        if let Some((_, _, body)) = &mut self.fence {
            body.push(text, range.start);
            return;
        }
        if let Some(heading) = &mut self.heading {
            heading.text.push_str(text);
        }
        if let Some(cell) = self.table.as_mut().and_then(|table| table.cell.as_mut()) {
            cell.push_str(text);
        }
        if counts && let Some(block) = self.blocks.last_mut() {
            let before = block.keywords.len();
            keywords(text, self.document.file, range.start, &mut block.keywords);
            merge_not(&mut block.keywords, before, self.text);
        }
    }

    fn open_block(&mut self, kind: BlockKind, range: Range<usize>) {
        let span = self.span(range);
        self.blocks.push(Block {
            kind,
            span,
            keywords: Vec::new(),
            quoted: self.quotes > 0,
        });
    }

    fn close_block(&mut self) {
        self.document.blocks.extend(self.blocks.pop());
    }

    fn link(&mut self, kind: LinkKind, target: &str, range: Range<usize>) {
        let source = self.text.get(range.clone()).unwrap_or_default();
        let span = match source.rfind(target) {
            Some(at) if !target.is_empty() => range.start + at..range.start + at + target.len(),
            _ => range,
        };
        let span = self.span(span);
        self.document.links.push(Link {
            kind,
            target: target.to_owned(),
            span,
        });
    }

    fn html(&mut self, range: Range<usize>) {
        let source = self.text.get(range.clone()).unwrap_or_default();
        self.document.anchors.extend(comment::anchors(source));
        for (at, body) in comment::comments(source) {
            let start = range.start + at;
            let Some((name_at, text)) = comment::directive(body) else {
                continue;
            };
            let info = parse_info(
                text,
                self.document.file,
                start + 4 + name_at,
                &mut self.problems,
            );
            let name = info.language.clone();
            let span = self.span(start..start + body.len() + 7);
            let mut info = info;
            // A directive has no second word.
            if let Some(word) = info.kind.take() {
                info.attributes.insert(0, word);
            }
            self.document
                .directives
                .push(Directive { name, info, span });
        }
    }

    fn misplaced_id(&mut self, range: &Range<usize>) {
        let line = self.text[range.clone()].lines().next().unwrap_or_default();
        if requirement::looks_like_id(line) {
            let span = self.span(range.start..range.start + line.len());
            self.problems.push(
                Diagnostic::new(
                    Code::RequirementSyntax,
                    span,
                    "a requirement's id stands in a list or a quote",
                )
                .help("put it at the beginning of a line, before the list or quote it belongs to"),
            );
        }
    }

    fn finish(mut self) -> (Document, Vec<Diagnostic>) {
        self.document
            .blocks
            .sort_by_key(|block| (block.span.start, std::cmp::Reverse(block.span.end)));
        requirement::assign(
            &mut self.document,
            &self.tops,
            self.text,
            &mut self.problems,
        );
        comment::finish(&mut self.document, &mut self.problems);
        (self.document, self.problems)
    }
}

/// `MUST` and `NOT` may stand on two lines, and are then two pieces of text.
fn merge_not(keywords: &mut [Keyword], before: usize, text: &str) {
    for keyword in &mut keywords[before..] {
        let rest = text.get(keyword.span.end..).unwrap_or_default();
        let gap = rest.len() - rest.trim_start().len();
        let follows = rest.trim_start().strip_prefix("NOT");
        let negated = match keyword.word {
            "MUST" => "MUST NOT",
            "SHALL" => "SHALL NOT",
            "SHOULD" => "SHOULD NOT",
            _ => continue,
        };
        if gap > 0 && follows.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)) {
            keyword.word = negated;
            keyword.span.end += gap + "NOT".len();
        }
    }
}

fn shape(tag: &Tag<'_>) -> Shape {
    match tag {
        Tag::Paragraph => Shape::Paragraph,
        Tag::List(_) | Tag::Table(_) => Shape::ListOrTable,
        Tag::Heading { .. } => Shape::Heading,
        Tag::HtmlBlock => Shape::Html,
        _ => Shape::Other,
    }
}

fn level_number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}
