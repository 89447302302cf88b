//! Pieces of code by what they are, for all that show code in colours.

/// What a piece of code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// The name of a member, a header, a key.
    Key,
    /// A string.
    String,
    /// A number.
    Number,
    /// A keyword, or the first line of a message.
    Word,
    /// A comment.
    Comment,
}

/// A piece of code; what has no class has no colour.
pub(crate) type Piece<'a> = (Option<Class>, &'a str);

const RUST_WORDS: &[&str] = &[
    "as", "async", "await", "const", "else", "enum", "fn", "for", "if", "impl", "in", "let",
    "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "self", "Self", "static",
    "struct", "trait", "type", "use", "where", "while",
];

/// The text in pieces; joined, they are the text. In unknown languages it is one piece.
pub(crate) fn pieces<'a>(language: &str, text: &'a str) -> Vec<Piece<'a>> {
    let mut out = Vec::new();
    match language {
        "json" => json(&mut out, text),
        "yaml" => text
            .split_inclusive('\n')
            .for_each(|line| yaml_line(&mut out, line)),
        "http" => http(&mut out, text),
        "rust" => rust(&mut out, text),
        "toml" | "sh" | "console" | "shell" => {
            out.extend(text.split_inclusive('\n').map(|line| {
                let is_comment = line.trim_start().starts_with('#');
                (is_comment.then_some(Class::Comment), line)
            }));
        }
        _ => out.push((None, text)),
    }
    out
}

fn json<'a>(out: &mut Vec<Piece<'a>>, text: &'a str) {
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
        let class = match c {
            '"' if after.trim_start().starts_with(':') => Some(Class::Key),
            '"' => Some(Class::String),
            '-' | '0'..='9' => Some(Class::Number),
            c if c.is_alphabetic() => Some(Class::Word),
            _ => None,
        };
        out.push((class, token));
        rest = after;
    }
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

fn yaml_line<'a>(out: &mut Vec<Piece<'a>>, line: &'a str) {
    let content = line.trim_start();
    let (indent, content) = line.split_at(line.len() - content.len());
    out.push((None, indent));
    if content.starts_with('#') {
        out.push((Some(Class::Comment), content));
        return;
    }
    let dash = if content.starts_with("- ") { 2 } else { 0 };
    let (lead, content) = content.split_at(dash);
    out.push((None, lead));
    let name = token_length(content, |c| {
        c.is_alphanumeric() || "_-$./{}~\"'".contains(c)
    });
    let (name, rest) = content.split_at(name);
    if !name.is_empty() && (rest.starts_with(": ") || rest.trim_end() == ":") {
        out.push((Some(Class::Key), name));
        yaml_value(out, rest);
    } else {
        yaml_value(out, content);
    }
}

fn yaml_value<'a>(out: &mut Vec<Piece<'a>>, text: &'a str) {
    let value = text.trim_start_matches([':', ' ']);
    let (lead, value) = text.split_at(text.len() - value.len());
    out.push((None, lead));
    let bare = value.trim_end();
    let class = if bare.is_empty() || bare.starts_with(['{', '[', '|', '>']) {
        None
    } else if matches!(bare, "true" | "false" | "null") {
        Some(Class::Word)
    } else if bare.parse::<f64>().is_ok() {
        Some(Class::Number)
    } else {
        Some(Class::String)
    };
    out.push((class, value));
}

fn http<'a>(out: &mut Vec<Piece<'a>>, text: &'a str) {
    let head = text.find("\n\n").unwrap_or(text.len());
    let (head, body) = text.split_at(head);
    let mut folded = false;
    for (number, line) in head.split_inclusive('\n').enumerate() {
        match line.find(':') {
            _ if folded => out.push((Some(Class::String), line)),
            _ if number == 0 => out.push((Some(Class::Word), line)),
            Some(at) => {
                out.push((Some(Class::Key), &line[..at]));
                out.push((None, ":"));
                out.push((Some(Class::String), &line[at + 1..]));
            }
            None => out.push((None, line)),
        }
        folded = line.trim_end().ends_with('\\');
    }
    if body.trim_start().starts_with(['{', '[']) {
        json(out, body);
    } else {
        out.push((None, body));
    }
}

fn rust<'a>(out: &mut Vec<Piece<'a>>, text: &'a str) {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (class, length) = match c {
            '/' if rest.starts_with("//") => {
                (Some(Class::Comment), rest.find('\n').unwrap_or(rest.len()))
            }
            '"' => (Some(Class::String), string_length(rest)),
            '0'..='9' => (
                Some(Class::Number),
                token_length(rest, |c| c.is_ascii_alphanumeric() || c == '_'),
            ),
            c if c.is_alphabetic() || c == '_' => {
                let length = token_length(rest, |c| c.is_alphanumeric() || c == '_');
                let is_word = RUST_WORDS.contains(&&rest[..length]);
                (is_word.then_some(Class::Word), length)
            }
            c => (None, c.len_utf8()),
        };
        let (token, after) = rest.split_at(length);
        out.push((class, token));
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_keys_strings_numbers_and_words() {
        let classes: Vec<_> = pieces("json", "{\"a\": \"b\\\"c\", \"n\": [-1.5e3, true]}")
            .into_iter()
            .filter_map(|(class, text)| Some((class?, text)))
            .collect();
        assert_eq!(
            classes,
            [
                (Class::Key, "\"a\""),
                (Class::String, "\"b\\\"c\""),
                (Class::Key, "\"n\""),
                (Class::Number, "-1.5e3"),
                (Class::Word, "true"),
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn no_character_is_lost(language in "json|yaml|http|rust|toml|text", text in "[ -~\n\u{e4}\u{1f600}]{0,80}") {
            let joined: String = pieces(&language, &text).into_iter().map(|(_, piece)| piece).collect();
            proptest::prop_assert_eq!(joined, text);
        }
    }
}
