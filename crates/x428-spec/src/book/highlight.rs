//! Colours for code, made when the book is built: they print, and need no script.

use super::markup::{escape, put};
use crate::highlight::{Class, pieces};

/// The text as HTML with a span around what has a colour. Unknown languages are escaped only.
pub(super) fn highlight(language: &str, text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for (class, piece) in pieces(language, text) {
        let Some(class) = class else {
            out.push_str(&escape(piece));
            continue;
        };
        let name = match class {
            Class::Key => 'k',
            Class::String => 's',
            Class::Number => 'n',
            Class::Word => 'w',
            Class::Comment => 'c',
        };
        put(
            &mut out,
            format_args!("<span class=\"hl-{name}\">{}</span>", escape(piece)),
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::highlight;

    #[test]
    fn pieces_become_spans() {
        assert_eq!(
            highlight("json", "{\"a\": \"b\\\"c\", \"n\": [-1.5e3, true]}"),
            "{<span class=\"hl-k\">&quot;a&quot;</span>: <span class=\"hl-s\">&quot;b\\&quot;c&quot;</span>, \
             <span class=\"hl-k\">&quot;n&quot;</span>: [<span class=\"hl-n\">-1.5e3</span>, <span class=\"hl-w\">true</span>]}"
        );
        assert_eq!(highlight("text", "a < b"), "a &lt; b");
    }
}
