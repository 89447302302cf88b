//! Names: from the words of the specification to those of Rust.

use proc_macro2::Span;
use syn::Ident;

/// `tos-self`, `tosSelf`, `tos_self`, `TOS_SELF` → `TosSelf`.
pub(crate) fn pascal(text: &str) -> String {
    // One word in capitals is an abbreviation, and stays as it is.
    let shouts = text.contains('_') && !text.contains(|char: char| char.is_ascii_lowercase());
    let words = words(text).into_iter();
    words
        .map(|word| {
            if shouts {
                word.to_ascii_lowercase()
            } else {
                word
            }
        })
        .map(|word| capitalized(&word))
        .collect()
}

/// `x428Version` → `x428_version`.
pub(crate) fn snake(text: &str) -> String {
    words(text).join("_").to_lowercase()
}

/// The number of words: `uiHint` has two.
pub(crate) fn word_count(text: &str) -> usize {
    words(text).len()
}

/// The name of one thing of many: `proofSuites` → `proofSuite`.
pub(crate) fn singular(text: &str) -> String {
    match text.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => match text.strip_suffix('s') {
            Some(stem) if !stem.ends_with('s') => stem.to_owned(),
            _ => format!("{text}Item"),
        },
    }
}

/// An identifier, with an underscore appended where the word is Rust's.
pub(crate) fn ident(name: &str) -> Ident {
    let name = if name.starts_with(|first: char| first.is_ascii_digit()) {
        format!("_{name}")
    } else {
        name.to_owned()
    };
    syn::parse_str::<Ident>(&name).unwrap_or_else(|_| {
        let clean: String = name
            .chars()
            .map(|char| {
                if char.is_ascii_alphanumeric() {
                    char
                } else {
                    '_'
                }
            })
            .collect();
        Ident::new(&format!("{clean}_"), Span::call_site())
    })
}

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    chars
        .next()
        .map(|first| first.to_ascii_uppercase())
        .into_iter()
        .chain(chars)
        .collect()
}

/// Splits at everything that is neither a letter nor a digit, and before a capital that follows a small letter or digit.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut previous = ' ';
    for char in text.chars() {
        let starts = char.is_ascii_uppercase()
            && (previous.is_ascii_lowercase() || previous.is_ascii_digit());
        if (starts || !char.is_ascii_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if char.is_ascii_alphanumeric() {
            word.push(char);
        }
        previous = char;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Text for a doc comment: what rustdoc would take for a tag or a link is escaped outside code.
pub(crate) fn doc(text: &str) -> String {
    let mut code = false;
    let mut out = String::with_capacity(text.len());
    for char in text.trim().chars() {
        if char == '`' {
            code = !code;
        } else if !code && matches!(char, '<' | '>' | '[' | ']') {
            out.push('\\');
        }
        out.push(char);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{doc, ident, pascal, singular, snake, word_count};

    #[test]
    fn words_become_names() {
        assert_eq!(pascal("tos-self"), "TosSelf");
        assert_eq!(pascal("unsupported_version"), "UnsupportedVersion");
        assert_eq!(pascal("WALLET_TYPE_EXCHANGE"), "WalletTypeExchange");
        assert_eq!(pascal("LEGL"), "LEGL");
        assert_eq!(pascal("eddsa-rdfc-2022"), "EddsaRdfc2022");
        assert_eq!(snake("x428Version"), "x428_version");
        assert_eq!(snake("@context"), "context");
        assert_eq!(snake("publicKeyBase58"), "public_key_base58");
        assert_eq!(
            (word_count("uiHint"), word_count("type"), word_count("")),
            (2, 1, 0)
        );
    }

    #[test]
    fn one_of_many() {
        assert_eq!(singular("proofSuites"), "proofSuite");
        assert_eq!(singular("policies"), "policy");
        assert_eq!(singular("address"), "addressItem");
        assert_eq!(singular("method"), "methodItem");
    }

    #[test]
    fn every_name_is_an_identifier() {
        let names = [
            ("type", "type_"),
            ("self", "self_"),
            ("428", "_428"),
            ("", "_"),
            ("a-b", "a_b_"),
        ];
        for (name, expected) in names {
            assert_eq!(ident(name).to_string(), expected, "{name}");
        }
    }

    #[test]
    fn comments_hold_no_tags_and_links() {
        assert_eq!(doc(" a <b> `<c>` [d] "), "a \\<b\\> `<c>` \\[d\\]");
    }
}
