//! Info strings and comments: words, `key=value`, `key="several words"`.

use crate::{
    diagnostic::{Code, Diagnostic},
    model::{Attribute, Info},
    source::{FileId, Span},
};

/// Takes apart `text`, which stands at `start` of the file. The first word is the language.
pub(super) fn parse_info(
    text: &str,
    file: FileId,
    start: usize,
    problems: &mut Vec<Diagnostic>,
) -> Info {
    let mut words = Words {
        text,
        file,
        start,
        at: 0,
        problems,
    };
    let language = words.next().map(|word| word.name).unwrap_or_default();
    let mut attributes: Vec<Attribute> = words.collect();
    let kind = match attributes.first() {
        Some(first) if first.value.is_none() => Some(attributes.remove(0)),
        _ => None,
    };
    let lead = text.len() - text.trim_start().len();
    let end = text.trim_end().len().max(lead);
    Info {
        span: Span::new(file, start + lead..start + end),
        language,
        kind,
        attributes,
    }
}

struct Words<'a> {
    text: &'a str,
    file: FileId,
    start: usize,
    at: usize,
    problems: &'a mut Vec<Diagnostic>,
}

impl Words<'_> {
    fn span(&self, from: usize, to: usize) -> Span {
        Span::new(self.file, self.start + from..self.start + to)
    }

    /// The length of the text from `at` to the first character that `stop` names.
    fn until(&self, at: usize, stop: impl Fn(char) -> bool) -> usize {
        let rest = &self.text[at..];
        at + rest.find(stop).unwrap_or(rest.len())
    }
}

impl Iterator for Words<'_> {
    type Item = Attribute;

    fn next(&mut self) -> Option<Attribute> {
        let from = self.until(self.at, |c| !c.is_whitespace());
        if from == self.text.len() {
            return None;
        }
        let name_end = self.until(from, |c| c.is_whitespace() || c == '=');
        let name = self.text[from..name_end].to_owned();
        let name_span = self.span(from, name_end);
        if !self.text[name_end..].starts_with('=') {
            self.at = name_end;
            return Some(Attribute {
                name,
                value: None,
                name_span,
                value_span: name_span,
            });
        }
        let value_start = name_end + 1;
        let (value_from, value_to) = if self.text[value_start..].starts_with('"') {
            let close = self.until(value_start + 1, |c| c == '"');
            if close == self.text.len() {
                let span = self.span(value_start, close);
                self.problems.push(Diagnostic::new(
                    Code::AttributeValue,
                    span,
                    "a quotation mark is not closed",
                ));
            }
            self.at = (close + 1).min(self.text.len());
            (value_start + 1, close)
        } else {
            self.at = self.until(value_start, char::is_whitespace);
            (value_start, self.at)
        };
        let value = self.text[value_from..value_to].to_owned();
        Some(Attribute {
            name,
            value: Some(value),
            name_span,
            value_span: self.span(value_from, value_to),
        })
    }
}
