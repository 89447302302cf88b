//! `r[id]` lines, and the text to which each gives its id.

use std::ops::Range;

use super::markdown::Shape;
use crate::{
    diagnostic::{Code, Diagnostic},
    model::{Document, Requirement},
    source::{FileId, Span},
};

/// Whether a line wants to be `r[id]`.
pub(super) fn looks_like_id(line: &str) -> bool {
    line.starts_with("r[")
}

/// Whether an id is lowercase words, joined by hyphens, in at least two parts joined by dots.
pub(crate) fn is_requirement_id(id: &str) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && !word.ends_with('-')
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    id.contains('.') && id.split('.').all(is_word)
}

/// Gives the blocks of a document to its requirements.
pub(super) fn assign(
    document: &mut Document,
    tops: &[(Shape, Range<usize>)],
    text: &str,
    problems: &mut Vec<Diagnostic>,
) {
    let mut assigner = Assigner {
        file: document.file,
        text,
        requirements: Vec::new(),
        pending: None,
        problems,
    };
    let mut colon = None;
    for (shape, range) in tops {
        match shape {
            Shape::Paragraph => colon = assigner.paragraph(range.clone()),
            Shape::ListOrTable => assigner.whole_block(colon.take(), range.clone()),
            Shape::Other => {
                colon = None;
                assigner.whole_block(None, range.clone());
            }
            Shape::Heading => {
                colon = None;
                assigner.abandon();
            }
            Shape::Html => {}
        }
    }
    assigner.abandon();
    let mut requirements = assigner.requirements;
    give_keywords(document, &mut requirements);
    document.requirements = requirements;
}

struct Assigner<'a> {
    file: FileId,
    text: &'a str,
    requirements: Vec<Requirement>,
    /// The requirement whose text is still to come.
    pending: Option<usize>,
    problems: &'a mut Vec<Diagnostic>,
}

impl Assigner<'_> {
    /// Returns the requirement to which a list or table that follows directly belongs.
    fn paragraph(&mut self, range: Range<usize>) -> Option<usize> {
        let mut at = range.start;
        let mut own_text: Option<Range<usize>> = None;
        for line in self.text[range.clone()].split_inclusive('\n') {
            let start = at;
            at += line.len();
            let at_column_0 = start == 0 || self.text[..start].ends_with('\n');
            if at_column_0 && looks_like_id(line) {
                self.give(own_text.take());
                self.abandon();
                self.id_line(start, line.trim_end());
            } else if !line.trim().is_empty() {
                own_text =
                    Some(own_text.map_or(start, |text| text.start)..start + line.trim_end().len());
            }
        }
        let last = self.pending;
        let colon = own_text
            .clone()
            .is_some_and(|text| self.text[text].ends_with(':'));
        self.give(own_text);
        last.filter(|_| colon)
    }

    fn whole_block(&mut self, colon: Option<usize>, range: Range<usize>) {
        let owner = self.pending.take().or(colon);
        let length = self.text[range.clone()].trim_end().len();
        let span = Span::new(self.file, range.start..range.start + length);
        if let Some(requirement) = owner.and_then(|owner| self.requirements.get_mut(owner)) {
            requirement.blocks.push(span);
        }
    }

    fn give(&mut self, text: Option<Range<usize>>) {
        let Some(text) = text else { return };
        if let Some(requirement) = self
            .pending
            .take()
            .and_then(|pending| self.requirements.get_mut(pending))
        {
            requirement.blocks.push(Span::new(self.file, text));
        }
    }

    fn abandon(&mut self) {
        if let Some(requirement) = self
            .pending
            .take()
            .and_then(|pending| self.requirements.get(pending))
        {
            let message = format!("no text follows the id `{}`", requirement.id);
            self.problems.push(Diagnostic::new(
                Code::EmptyRequirement,
                requirement.line,
                message,
            ));
        }
    }

    fn id_line(&mut self, start: usize, line: &str) {
        let span =
            |range: Range<usize>| Span::new(self.file, start + range.start..start + range.end);
        let id = line
            .strip_prefix("r[")
            .and_then(|rest| rest.strip_suffix(']'));
        let Some(id) = id.filter(|id| is_requirement_id(id)) else {
            self.problems.push(
                Diagnostic::new(Code::RequirementSyntax, span(0..line.len()), "this is no id of a requirement").help(
                    "alone on its line: `r[protocol.topic.rule]`, of lowercase letters, digits, hyphens and dots",
                ),
            );
            return;
        };
        self.pending = Some(self.requirements.len());
        self.requirements.push(Requirement {
            id: id.to_owned(),
            id_span: span(2..2 + id.len()),
            line: span(0..line.len()),
            blocks: Vec::new(),
            keywords: Vec::new(),
        });
    }
}

/// Requirements and keywords are both in the order of the text.
fn give_keywords(document: &Document, requirements: &mut [Requirement]) {
    let mut keywords: Vec<_> = document
        .blocks
        .iter()
        .flat_map(|block| &block.keywords)
        .collect();
    keywords.sort_by_key(|keyword| keyword.span);
    for requirement in requirements {
        for block in &requirement.blocks {
            let from = keywords.partition_point(|keyword| keyword.span.start < block.start);
            let within = keywords[from..]
                .iter()
                .take_while(|keyword| keyword.span.start < block.end);
            requirement
                .keywords
                .extend(within.map(|keyword| (*keyword).clone()));
        }
    }
}
