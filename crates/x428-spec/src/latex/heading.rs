//! Headings, with the numbers that the text gives them.

use super::{
    escape::{self, put},
    inline::Inline,
};

/// A heading as LaTeX.
pub(super) fn render(level: u8, words: &Inline, anchor: &str) -> String {
    let (shown, number) = number(&words.plain);
    let lead = words.plain.len()
        - words.plain[shown.len()..]
            .trim_start_matches([':', ' '])
            .len();
    // The number is letters, digits and points: it stands in the LaTeX as it stands in the text.
    let cut = |text: &str| text.get(lead..).unwrap_or(text).to_owned();
    let (tex, plain) = if shown.is_empty() {
        (words.tex.clone(), words.plain.clone())
    } else {
        (cut(&words.tex), cut(&words.plain))
    };
    let mut out = String::new();
    put(
        &mut out,
        format_args!(
            "\\xheading{{{level}}}{{{shown}}}{{{number}}}{{{tex}}}{{{}}}{{{anchor}}}\n",
            escape::text(&plain).replace("\\xb{}", "")
        ),
    );
    out
}

/// The number with which a heading begins, as it is shown and as the contents have it: `5.1`, `A.2`,
/// `Appendix A` and `A`.
fn number(text: &str) -> (&str, &str) {
    let is_letter =
        |part: &str| part.len() == 1 && part.starts_with(|c: char| c.is_ascii_uppercase());
    let is_digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    if let Some(rest) = text.strip_prefix("Appendix ") {
        let letter = rest.split([':', ' ']).next().unwrap_or_default();
        if is_letter(letter) {
            return (&text[.."Appendix ".len() + letter.len()], letter);
        }
    }
    let Some((word, _)) = text.split_once(' ') else {
        return ("", "");
    };
    let mut parts = word.split('.');
    let first = parts.next().unwrap_or_default();
    let rest: Vec<_> = parts.collect();
    let is_number = (is_digits(first) || (is_letter(first) && !rest.is_empty()))
        && rest.iter().all(|part| is_digits(part));
    if is_number { (word, word) } else { ("", "") }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_of_the_text() {
        for (text, shown, contents) in [
            ("5 Data model", "5", "5"),
            ("5.1 PreconditionChallenge", "5.1", "5.1"),
            ("A.2 How", "A.2", "A.2"),
            ("Appendix A: Vectors", "Appendix A", "A"),
            ("Appendix with words", "", ""),
            ("A server", "", ""),
            ("Step 1: Version", "", ""),
            ("5", "", ""),
            ("operator-next", "", ""),
        ] {
            assert_eq!(number(text), (shown, contents), "{text}");
        }
    }
}
