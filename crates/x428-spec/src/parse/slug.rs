//! Anchors of headings, as mdBook makes them.

use std::collections::HashSet;

/// The anchors of one page.
#[derive(Default)]
pub(super) struct Slugs {
    used: HashSet<String>,
}

impl Slugs {
    /// The anchor of the next heading with this text.
    pub(super) fn next(&mut self, text: &str) -> String {
        let base = slug(text);
        if self.used.insert(base.clone()) {
            return base;
        }
        let mut number = 1_u32;
        loop {
            let candidate = format!("{base}-{number}");
            if self.used.insert(candidate.clone()) {
                return candidate;
            }
            number += 1;
        }
    }
}

/// The anchor of a heading's text, before it is made unique.
pub(crate) fn slug(text: &str) -> String {
    let keep = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    text.trim()
        .to_lowercase()
        .chars()
        .filter_map(|c| {
            if c.is_whitespace() {
                Some('-')
            } else {
                keep(c).then_some(c)
            }
        })
        .collect()
}
