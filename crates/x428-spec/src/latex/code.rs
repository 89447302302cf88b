//! Listings: every line breaks where the page ends, at the same place each time.

use super::escape::{self, put};
use crate::highlight::{Class, pieces};

/// How many characters a line of a listing holds.
pub(super) const COLUMNS: usize = 105;
/// How many of them a level of a list takes.
pub(super) const INDENT: usize = 4;
/// A listing is never narrower.
pub(super) const LEAST: usize = 40;
/// A break is put after a space or a comma if there is one among so many of the last characters.
const REACH: usize = 24;

/// A piece of a line.
type Run<'a> = (Option<Class>, &'a str);

/// A listing with its caption, `columns` characters wide.
pub(super) fn listing(language: &str, text: &str, caption: &str, columns: usize) -> String {
    let mut out = format!("\\begin{{xlisting}}{{{caption}}}%\n");
    let lines: Vec<_> = split(language, text.trim_end())
        .iter()
        .flat_map(|line| fold(line, columns))
        .collect();
    let last = lines.len().saturating_sub(1);
    for (at, line) in lines.iter().enumerate() {
        // Neither the first two lines nor the last two are parted.
        let keeps = at < last && (at < 2 || at + 1 == last);
        put(
            &mut out,
            format_args!("\\{}{{{line}}}%\n", if keeps { "xk" } else { "xl" }),
        );
    }
    out.push_str("\\end{xlisting}\n");
    out
}

/// The lines of a text with their colours.
fn split<'a>(language: &str, text: &'a str) -> Vec<Vec<Run<'a>>> {
    let mut lines = vec![Vec::new()];
    for (class, piece) in pieces(language, text) {
        for (at, part) in piece.split('\n').enumerate() {
            if at > 0 {
                lines.push(Vec::new());
            }
            let part = part.trim_end_matches('\r');
            if let Some(line) = lines.last_mut().filter(|_| !part.is_empty()) {
                line.push((class, part));
            }
        }
    }
    lines
}

/// A line as LaTeX, in as many lines of at most `columns` characters as it takes. A line that continues
/// another begins with its indentation and a hook.
fn fold(line: &[Run<'_>], columns: usize) -> Vec<String> {
    let characters: Vec<(Option<Class>, char)> = line
        .iter()
        .flat_map(|(class, text)| {
            let shown = text.chars().flat_map(|c| match escape::shown(c) {
                Some(words) => words.chars().collect(),
                None => vec![c],
            });
            shown.map(|c| (*class, c)).collect::<Vec<_>>()
        })
        .collect();
    let indent = characters
        .iter()
        .take_while(|(_, c)| *c == ' ')
        .count()
        .min(columns / 4);
    let mut out = Vec::new();
    let mut rest = characters.as_slice();
    loop {
        let (lead, room) = if out.is_empty() {
            (String::new(), columns)
        } else {
            (
                format!("{}\\xc{{}}", "~".repeat(indent)),
                columns - indent - 2,
            )
        };
        let take = break_at(rest, room);
        let (now, later) = rest.split_at(take);
        out.push(format!("{lead}{}", coloured(now)));
        if later.is_empty() {
            return out;
        }
        rest = later;
    }
}

/// How many characters stand on a line that has room for `room`.
fn break_at(characters: &[(Option<Class>, char)], room: usize) -> usize {
    if characters.len() <= room {
        return characters.len();
    }
    let within = &characters[..room];
    let last = within
        .iter()
        .rposition(|(_, c)| matches!(c, ' ' | ',' | ';' | '&'));
    last.filter(|at| at + REACH >= room && *at > 0)
        .map_or(room, |at| at + 1)
}

fn coloured(characters: &[(Option<Class>, char)]) -> String {
    let mut out = String::new();
    for run in characters.chunk_by(|a, b| a.0 == b.0) {
        let text: String = run.iter().map(|(_, c)| *c).collect();
        let text = escape::line(&text);
        let class = match run.first().and_then(|(class, _)| *class) {
            Some(Class::Key) => "\\xtk",
            Some(Class::String) => "\\xts",
            Some(Class::Number) => "\\xtn",
            Some(Class::Word) => "\\xtw",
            Some(Class::Comment) => "\\xtc",
            None => "",
        };
        if class.is_empty() {
            out.push_str(&text);
        } else {
            put(&mut out, format_args!("{class}{{{text}}}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line as LaTeX back to its characters.
    fn plain(tex: &str) -> String {
        let mut tex = tex.replace("\\textbackslash{}", "\u{1}").replace('~', " ");
        for command in ["\\xtk{", "\\xts{", "\\xtn{", "\\xtw{", "\\xtc{"] {
            tex = tex.replace(command, "{");
        }
        tex.replace("\\{", "\u{2}")
            .replace("\\}", "\u{3}")
            .replace(['{', '}'], "")
            .replace('\u{2}', "{")
            .replace('\u{3}', "}")
            .replace("\\_", "_")
            .replace("\\&", "&")
            .replace('\u{1}', "\\")
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_sticks_out(language in "json|http|yaml|text", written in "[ a-z{}\"_:,&;\\\\]{0,300}", columns in LEAST..COLUMNS) {
            for line in split(&language, &written) {
                let whole: String = line.iter().map(|(_, text)| *text).collect();
                let mut joined = String::new();
                for part in fold(&line, columns) {
                    let part = part.split_once("\\xc{}").map_or_else(|| plain(&part), |(_, rest)| format!("> {}", plain(rest)));
                    proptest::prop_assert!(part.chars().count() <= columns, "{}", part);
                    joined.push_str(part.strip_prefix("> ").unwrap_or(&part));
                }
                proptest::prop_assert_eq!(joined, whole);
            }
        }
    }
}
