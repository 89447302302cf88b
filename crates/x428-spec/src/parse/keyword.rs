//! The words of BCP 14 (RFC 2119, RFC 8174): only uppercase ones count.

use crate::{
    model::{Keyword, Strength},
    source::{FileId, Span},
};

/// Longer ones first, so that `MUST NOT` is not read as `MUST`.
const WORDS: &[(&str, Strength)] = &[
    ("NOT RECOMMENDED", Strength::Should),
    ("MUST NOT", Strength::Must),
    ("SHALL NOT", Strength::Must),
    ("SHOULD NOT", Strength::Should),
    ("RECOMMENDED", Strength::Should),
    ("REQUIRED", Strength::Must),
    ("OPTIONAL", Strength::May),
    ("SHOULD", Strength::Should),
    ("SHALL", Strength::Must),
    ("MUST", Strength::Must),
    ("MAY", Strength::May),
];

/// The keywords of a piece of prose that stands at `start` of the file. A word in quotation marks
/// is spoken about, not used.
pub(super) fn keywords(text: &str, file: FileId, start: usize, found: &mut Vec<Keyword>) {
    let mut at = 0;
    while let Some(offset) = text[at..].find(|c: char| c.is_ascii_uppercase()) {
        let from = at + offset;
        let rest = &text[from..];
        let word_end = rest
            .find(|c: char| !c.is_alphanumeric())
            .unwrap_or(rest.len());
        at = from + word_end;
        let Some((word, strength)) = WORDS.iter().find(|(word, _)| begins_with(rest, word)) else {
            continue;
        };
        if is_word_character(text[..from].chars().next_back()) {
            continue;
        }
        let end = from + word.len();
        at = end;
        let quoted = text[..from].ends_with(['"', '“', '„', '\''])
            && text[end..].starts_with(['"', '”', '“', '\'']);
        if !quoted {
            found.push(Keyword {
                word,
                strength: *strength,
                span: Span::new(file, start + from..start + end),
            });
        }
    }
}

fn begins_with(text: &str, word: &str) -> bool {
    text.strip_prefix(word)
        .is_some_and(|rest| !is_word_character(rest.chars().next()))
}

fn is_word_character(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-')
}
