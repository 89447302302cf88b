//! HTML as a string, safe to stand in Markdown.

use std::fmt::Write as _;

/// Text for an element or an attribute in double quotes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
    out
}

/// Makes one line of HTML. A block of HTML ends at the first blank line of the Markdown around it,
/// and in a list every line would need the list's indentation.
pub(super) fn on_one_line(html: &str) -> String {
    html.replace("\r\n", "\n").replace('\n', "&#10;")
}

/// Appends formatted text.
pub(super) fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
}

/// A small label.
pub(super) fn tag(class: &str, text: &str) -> String {
    format!("<span class=\"tag {class}\">{}</span>", escape(text))
}

/// The words of a schema's description: code between backticks, nothing else is markup.
pub(super) fn inline(text: &str) -> String {
    let mut out = String::new();
    let mut parts = text.split('`');
    while let Some(plain) = parts.next() {
        out.push_str(&escape(plain));
        match (parts.next(), parts.clone().next()) {
            (Some(code), Some(_)) => put(&mut out, format_args!("<code>{}</code>", escape(code))),
            // A backtick without its partner stands for itself.
            (Some(rest), None) => put(&mut out, format_args!("`{}", escape(rest))),
            _ => {}
        }
    }
    out
}

/// The way from one page to another: paths below the book's root, with `/`.
pub(super) fn href(from: &str, to: &str) -> String {
    let own: Vec<&str> = from.split('/').collect();
    let (path, anchor) = to
        .split_once('#')
        .map_or((to, None), |(path, anchor)| (path, Some(anchor)));
    let mut way = String::new();
    if path != from || anchor.is_none() {
        let other: Vec<&str> = path.split('/').collect();
        let shared = own[..own.len() - 1]
            .iter()
            .zip(&other[..other.len() - 1])
            .take_while(|(a, b)| a == b)
            .count();
        way.push_str(&"../".repeat(own.len() - 1 - shared));
        way.push_str(&other[shared..].join("/"));
    }
    if let Some(anchor) = anchor {
        put(&mut way, format_args!("#{anchor}"));
    }
    way
}

/// The page that a document becomes.
pub(super) fn page_of(document: &str) -> String {
    let renamed = match document.strip_suffix("README.md") {
        Some(directory) if directory.is_empty() || directory.ends_with('/') => {
            format!("{directory}index.md")
        }
        _ => document.to_owned(),
    };
    renamed
        .strip_suffix(".md")
        .map_or(renamed.clone(), |stem| format!("{stem}.html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_are_relative() {
        assert_eq!(href("a/b.html", "a/c.html#x"), "c.html#x");
        assert_eq!(href("a/b.html", "c.html"), "../c.html");
        assert_eq!(href("a/b.html", "a/b.html#x"), "#x");
        assert_eq!(href("index.html", "schema/a/T.json"), "schema/a/T.json");
        assert_eq!(href("a/b/c.html", "a/d/e.html"), "../d/e.html");
    }

    #[test]
    fn pages_of_documents() {
        assert_eq!(page_of("README.md"), "index.html");
        assert_eq!(page_of("attestation/README.md"), "attestation/index.html");
        assert_eq!(page_of("a/NOTREADME.md"), "a/NOTREADME.html");
        assert_eq!(page_of("glossary.md"), "glossary.html");
    }

    #[test]
    fn backticks_become_code_and_nothing_else_is_markup() {
        assert_eq!(inline("a `<b>` & c"), "a <code>&lt;b&gt;</code> &amp; c");
        assert_eq!(inline("one ` alone"), "one ` alone");
        assert_eq!(inline("`a` and `b`"), "<code>a</code> and <code>b</code>");
    }
}
