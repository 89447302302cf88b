//! Words in a picture: their width, their lines, and the whole as sentences.

use std::fmt::Write as _;

use super::{Sequence, Step};

/// Where a label is broken at the latest, in pixels.
pub(super) const WRAP: i32 = 230;

pub(super) fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

pub(super) fn count(words: &[String]) -> i32 {
    i32::try_from(words.len()).unwrap_or(1).max(1)
}

pub(super) fn widest(words: &[String]) -> i32 {
    words.iter().map(|line| measure(line)).max().unwrap_or(0)
}

/// Breaks a label at its line breaks and, beyond `limit` pixels, at spaces.
pub(super) fn lines(text: &str, limit: i32) -> Vec<String> {
    let mut out = Vec::new();
    for part in text.split('\n') {
        let mut line = String::new();
        for word in part.split_whitespace() {
            if !line.is_empty() && measure(&line) + measure(word) + 4 > limit {
                out.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        out.push(line);
    }
    out
}

/// The width of a text in a 14 px sans-serif font, estimated on the generous side: the reader's font
/// is not known when the book is built.
pub(super) fn measure(text: &str) -> i32 {
    let tenths: i32 = text
        .chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 40,
            ' ' | 't' | 'f' | 'r' | '(' | ')' | '[' | ']' | '/' | '-' => 52,
            'm' | 'w' | 'M' | 'W' | '@' | '%' => 122,
            'A'..='Z' => 98,
            _ if c.is_ascii() => 82,
            _ => 100,
        })
        .sum();
    tenths / 10
}

pub(super) fn title_of(sequence: &Sequence) -> String {
    let names: Vec<_> = sequence
        .participants
        .iter()
        .map(|one| one.label.replace('\n', " "))
        .collect();
    format!("Sequence diagram of {}", names.join(", "))
}

/// The steps as sentences, for readers who do not see the picture.
pub(super) fn told(sequence: &Sequence, steps: &[Step]) -> String {
    let name = |index: usize| {
        sequence
            .participants
            .get(index)
            .map_or("", |one| one.label.as_str())
    };
    let mut out = String::new();
    for step in steps {
        match step {
            Step::Message { from, to, text, .. } if from == to => {
                put(&mut out, format_args!("{}: {text}. ", name(*from)));
            }
            Step::Message { from, to, text, .. } => put(
                &mut out,
                format_args!("{} to {}: {text}. ", name(*from), name(*to)),
            ),
            Step::Note { text, .. } => put(&mut out, format_args!("Note: {text}. ")),
            Step::Block { keyword, sections } => {
                for (index, section) in sections.iter().enumerate() {
                    let condition = match (*keyword, index, section.label.as_str()) {
                        (_, _, "") => (*keyword).to_owned(),
                        ("alt" | "opt", 0, label) => format!("If {label}"),
                        ("alt", _, label) => format!("Otherwise, if {label}"),
                        ("loop", _, label) => format!("Repeatedly, {label}"),
                        (keyword, _, label) => format!("{keyword} {label}"),
                    };
                    put(
                        &mut out,
                        format_args!("{condition}: {}", told(sequence, &section.steps)),
                    );
                }
                put(&mut out, format_args!("End of {keyword}. "));
            }
        }
    }
    out
}
