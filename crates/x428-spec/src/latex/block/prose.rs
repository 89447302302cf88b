//! What stands in a paragraph: links, ids of requirements, the words of BCP 14, pieces of HTML.

use std::ops::Range;

use super::{
    super::{
        error::LatexError,
        escape::{self, put},
        target::{Target, anchor},
    },
    Page,
};

impl Page<'_, '_> {
    pub(super) fn open_link(&mut self, target: &str) {
        if self.heading.is_some() {
            return self.words.open("{", "}");
        }
        match self.scope.target(self.document, target) {
            Target::Inside(anchor) => self.words.open(&format!("\\xlink{{{anchor}}}{{"), "}"),
            Target::Web(url) => self
                .words
                .open(&format!("\\xurl{{{}}}{{", escape::url(&url)), "}"),
            Target::Outside => self.words.open("{", "}"),
        }
    }

    /// Whether the text is an id line; its requirement begins here.
    pub(super) fn is_requirement(&mut self, range: &Range<usize>) -> bool {
        if let Some(end) = self.skipped
            && range.start < end
        {
            return true;
        }
        let Some(own) = self.document.requirements.get(self.requirement) else {
            return false;
        };
        if range.start < own.line.start || range.start >= own.line.end {
            return false;
        }
        self.requirement += 1;
        self.skipped = Some(own.line.end);
        self.flush();
        self.mark(&own.line.range());
        put(
            &mut self.out,
            format_args!(
                "\\xreq{{{}}}{{{}}}\n",
                anchor(self.document, &own.anchor()),
                escape::line(&own.id)
            ),
        );
        true
    }

    /// Prose, with the words of BCP 14 set apart.
    pub(super) fn prose(&mut self, text: &str, range: &Range<usize>) {
        let span = self.span(range);
        let is_source = self.scope.spec.text(span) == text;
        let mut at = range.start;
        if is_source && self.heading.is_none() {
            let keywords = self
                .document
                .blocks
                .iter()
                .flat_map(|block| &block.keywords);
            let mut inside: Vec<_> = keywords
                .map(|keyword| keyword.span)
                .filter(|own| span.contains(*own))
                .collect();
            inside.sort();
            inside.dedup();
            for keyword in inside.iter().filter(|keyword| keyword.start >= range.start) {
                if keyword.start < at {
                    continue;
                }
                self.words
                    .text(&text[at - range.start..keyword.start - range.start]);
                self.words.open("\\xkeyword{", "}");
                self.words
                    .text(&text[keyword.start - range.start..keyword.end - range.start]);
                self.words.close();
                at = keyword.end;
            }
        }
        self.words.text(&text[at - range.start..]);
    }

    pub(super) fn html(&mut self, html: &str, range: &Range<usize>) -> Result<(), LatexError> {
        let mut rest = html;
        while let Some((before, comment)) = rest.split_once("<!--") {
            self.only_anchors(before, range)?;
            // A comment of several lines comes in several events.
            rest = comment.split_once("-->").map_or("", |(_, rest)| rest);
        }
        self.only_anchors(rest, range)
    }

    /// A block of HTML may hold anchors and comments; anything else would be lost.
    fn only_anchors(&mut self, html: &str, range: &Range<usize>) -> Result<(), LatexError> {
        let html = html.trim();
        if html.is_empty() {
            return Ok(());
        }
        let id = html
            .strip_prefix("<a id=\"")
            .and_then(|rest| rest.strip_suffix("\"></a>"));
        match id {
            Some(id) => {
                put(
                    &mut self.out,
                    format_args!("\\xanchor{{{}}}%\n", anchor(self.document, id)),
                );
                Ok(())
            }
            None => Err(self.refuse(range, "this HTML cannot be set in LaTeX")),
        }
    }

    pub(super) fn inline_html(
        &mut self,
        html: &str,
        range: &Range<usize>,
    ) -> Result<(), LatexError> {
        match html {
            "<sup>" => self.words.open("\\textsuperscript{", "}"),
            "<sub>" => self.words.open("\\textsubscript{", "}"),
            "</sup>" | "</sub>" => self.words.close(),
            "<br>" | "<br/>" | "<br />" => self.words.line_break(),
            "</a>" => {}
            _ if html.starts_with("<!--") => {}
            _ => match html
                .strip_prefix("<a id=\"")
                .and_then(|rest| rest.strip_suffix("\">"))
            {
                Some(id) => {
                    let anchor = anchor(self.document, id);
                    self.words.mark(&format!("\\xanchor{{{anchor}}}"));
                }
                None => return Err(self.refuse(range, &format!("`{html}` cannot be set in LaTeX"))),
            },
        }
        Ok(())
    }
}
