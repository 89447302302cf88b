//! What a command gives: a result on standard output, and words for people on standard error.

use std::io::{self, Write as _};

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use serde_json::Value;

use crate::advice::Advise as _;

/// How the result is written.
#[derive(Args)]
pub(crate) struct Output {
    /// Write the result as one line of JSON
    #[arg(long)]
    pub json: bool,
}

impl Output {
    /// Writes the result: as a line of JSON, or as people read it.
    pub(crate) fn give(&self, json: &Value, text: &str) -> anyhow::Result<()> {
        if self.json {
            line(&json.to_string())
        } else {
            line(text)
        }
    }
}

/// A line on standard output. Whoever closed it has read enough.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    match writeln!(io::stdout(), "{}", text.trim_end_matches('\n')) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("standard output"),
    }
}

/// JSON as people read it.
pub(crate) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}

/// A text of somebody else, without what a terminal would obey.
pub(crate) fn harmless(text: &str) -> String {
    let obeys = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|c| if obeys(c) { '\u{fffd}' } else { c })
        .collect()
}

/// The same on one line.
pub(crate) fn harmless_line(text: &str) -> String {
    harmless(text).replace(['\n', '\t'], " ")
}

/// Reads the argument of `--at`.
pub(crate) fn time(text: &str) -> anyhow::Result<Timestamp> {
    x428::clock::parse_timestamp(text)
        .map_err(|error| anyhow::anyhow!("{text:?} is no time: {}", error.detail()))
        .advise("write it as 2026-11-20T12:00:00Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_a_server_moves_the_cursor() {
        let text = "terms\u{1b}[2J\r\u{202e}evil\u{7}\tend\n";
        assert_eq!(
            harmless(text),
            "terms\u{fffd}[2J\u{fffd}\u{fffd}evil\u{fffd}\tend\n"
        );
        assert_eq!(harmless_line("a\nb"), "a b");
    }
}
