//! Colours for code, made when the book is built: they print, and need no script.

use super::markup::escape;

const RUST_WORDS: &[&str] = &[
    "as", "async", "await", "const", "else", "enum", "fn", "for", "if", "impl", "in", "let",
    "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "self", "Self", "static",
    "struct", "trait", "type", "use", "where", "while",
];

/// The text as HTML with a span around what has a colour. Unknown languages are escaped only.
pub(super) fn highlight(language: &str, text: &str) -> String {
    match language {
        "json" => json(text),
        "yaml" => lines(text, yaml_line),
        "http" => http(text),
        "rust" => rust(text),
        "toml" | "sh" | "console" | "shell" => lines(text, shell_line),
        _ => escape(text),
    }
}

fn span(class: &str, text: &str) -> String {
    format!("<span class=\"hl-{class}\">{}</span>", escape(text))
}

fn lines(text: &str, line: fn(&str) -> String) -> String {
    text.split_inclusive('\n').map(line).collect()
}

fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '"' => string_length(rest),
            '-' | '0'..='9' => token_length(rest, |c| {
                c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.')
            }),
            c if c.is_alphabetic() => token_length(rest, char::is_alphabetic),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        out.push_str(&match c {
            '"' if after.trim_start().starts_with(':') => span("k", token),
            '"' => span("s", token),
            '-' | '0'..='9' => span("n", token),
            c if c.is_alphabetic() => span("w", token),
            _ => escape(token),
        });
        rest = after;
    }
    out
}

/// The bytes of the string literal with which a text begins.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

fn token_length(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.char_indices()
        .find(|(at, c)| *at > 0 && !belongs(*c))
        .map_or(text.len(), |(at, _)| at)
}

fn yaml_line(line: &str) -> String {
    let content = line.trim_start();
    let (indent, content) = line.split_at(line.len() - content.len());
    if content.starts_with('#') {
        return format!("{indent}{}", span("c", content));
    }
    let dash = if content.starts_with("- ") { 2 } else { 0 };
    let (lead, content) = content.split_at(dash);
    let name = token_length(content, |c| {
        c.is_alphanumeric() || "_-$./{}~\"'".contains(c)
    });
    let (name, rest) = content.split_at(name);
    if !name.is_empty() && (rest.starts_with(": ") || rest.trim_end() == ":") {
        return format!("{indent}{lead}{}{}", span("k", name), yaml_value(rest));
    }
    format!("{indent}{lead}{}", yaml_value(content))
}

fn yaml_value(text: &str) -> String {
    let value = text.trim_start_matches([':', ' ']);
    let (lead, value) = text.split_at(text.len() - value.len());
    let bare = value.trim_end();
    let class = if matches!(bare, "true" | "false" | "null") {
        "w"
    } else if bare.parse::<f64>().is_ok() {
        "n"
    } else {
        "s"
    };
    if bare.is_empty() || bare.starts_with(['{', '[', '|', '>']) {
        return format!("{lead}{}", escape(value));
    }
    format!("{lead}{}", span(class, value))
}

fn http(text: &str) -> String {
    let (head, body) = text
        .split_once("\n\n")
        .map_or((text, None), |(head, body)| (head, Some(body)));
    let mut out = String::new();
    let mut folded = false;
    for (number, line) in head.split_inclusive('\n').enumerate() {
        match line.split_once(':') {
            _ if folded => out.push_str(&span("s", line)),
            _ if number == 0 => out.push_str(&span("w", line)),
            Some((name, value)) => {
                out.push_str(&span("k", name));
                out.push(':');
                out.push_str(&span("s", value));
            }
            None => out.push_str(&escape(line)),
        }
        folded = line.trim_end().ends_with('\\');
    }
    if let Some(body) = body {
        out.push_str("\n\n");
        out.push_str(&if body.trim_start().starts_with(['{', '[']) {
            json(body)
        } else {
            escape(body)
        });
    }
    out
}

fn rust(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (class, length) = match c {
            '/' if rest.starts_with("//") => ("c", rest.find('\n').unwrap_or(rest.len())),
            '"' => ("s", string_length(rest)),
            '0'..='9' => (
                "n",
                token_length(rest, |c| c.is_ascii_alphanumeric() || c == '_'),
            ),
            c if c.is_alphabetic() || c == '_' => {
                let length = token_length(rest, |c| c.is_alphanumeric() || c == '_');
                (
                    if RUST_WORDS.contains(&&rest[..length]) {
                        "w"
                    } else {
                        ""
                    },
                    length,
                )
            }
            c => ("", c.len_utf8()),
        };
        let (token, after) = rest.split_at(length);
        out.push_str(&if class.is_empty() {
            escape(token)
        } else {
            span(class, token)
        });
        rest = after;
    }
    out
}

fn shell_line(line: &str) -> String {
    if line.trim_start().starts_with('#') {
        span("c", line)
    } else {
        escape(line)
    }
}

#[cfg(test)]
mod tests {
    use super::highlight;

    fn plain(html: &str) -> String {
        let mut out = String::new();
        let mut inside = false;
        for c in html.chars() {
            match c {
                '<' => inside = true,
                '>' => inside = false,
                c if !inside => out.push(c),
                _ => {}
            }
        }
        out.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&amp;", "&")
    }

    #[test]
    fn json_has_keys_strings_numbers_and_words() {
        assert_eq!(
            highlight("json", "{\"a\": \"b\\\"c\", \"n\": [-1.5e3, true]}"),
            "{<span class=\"hl-k\">&quot;a&quot;</span>: <span class=\"hl-s\">&quot;b\\&quot;c&quot;</span>, \
             <span class=\"hl-k\">&quot;n&quot;</span>: [<span class=\"hl-n\">-1.5e3</span>, <span class=\"hl-w\">true</span>]}"
        );
    }

    proptest::proptest! {
        #[test]
        fn no_character_is_lost(language in "json|yaml|http|rust|toml|text", text in "[ -~\n\u{e4}\u{1f600}]{0,80}") {
            proptest::prop_assert_eq!(plain(&highlight(&language, &text)), text);
        }
    }
}
