//! Characters that TeX obeys, as characters that it prints.

use std::fmt::Write as _;

/// Text of a paragraph.
pub(super) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut run = 0;
    for c in text.chars() {
        match c {
            '\n' | '\t' | '\r' | ' ' => out.push(' '),
            c => prose(&mut out, c),
        }
        // Addresses and paths in prose have no hyphenation of their own.
        run = if c.is_whitespace() { 0 } else { run + 1 };
        if run > 8 && matches!(c, '/' | '.' | '_' | '=' | '&') {
            out.push_str("\\xb{}");
        }
    }
    out
}

/// Code between words: it may be broken after punctuation, before the capitals of a compound, and
/// anywhere in what has neither.
pub(super) fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut run = 0;
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if breaks(before, c, run) {
            out.push_str("\\xb{}");
            run = 0;
        }
        if c.is_whitespace() {
            out.push_str(
                if before.is_none_or(char::is_whitespace) || rest.peek().is_none() {
                    "~"
                } else {
                    " "
                },
            );
            run = 0;
        } else {
            character(&mut out, c);
            run += 1;
        }
        before = Some(c);
    }
    out
}

/// Runs of letters without a place to break are broken after as many.
pub(super) const LONGEST_RUN: usize = 14;

/// Whether code may be broken before `c`.
pub(super) fn breaks(before: Option<char>, c: char, run: usize) -> bool {
    let Some(before) = before else { return false };
    let after_punctuation = matches!(
        before,
        '/' | '.' | '-' | '_' | ':' | ',' | '=' | '&' | '?' | '#' | '@' | '|' | '+' | ';'
    ) && (c.is_alphanumeric() || c == '{')
        && run > 2;
    let hump = before.is_lowercase() && c.is_uppercase() && run > 3;
    after_punctuation || hump || (run >= LONGEST_RUN && c.is_alphanumeric())
}

/// A line of code, with its spaces as they are.
pub(super) fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        match c {
            ' ' | '\t' => out.push('~'),
            c => character(&mut out, c),
        }
    }
    out
}

/// How a character without a picture is shown in code, where every character counts.
pub(super) fn shown(c: char) -> Option<String> {
    let blank = c.is_whitespace() && c.is_ascii();
    (is_unprintable(c) && !blank).then(|| format!("<U+{:04X}>", u32::from(c)))
}

/// The argument of `\href`: what is not plain is percent-encoded.
pub(super) fn url(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    for byte in url.bytes() {
        match byte {
            b'#' | b'%' | b'&' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'/'
            | b':'
            | b'?'
            | b'='
            | b'@'
            | b'+'
            | b','
            | b';'
            | b'~'
            | b'!'
            | b'*'
            | b'('
            | b')' => {
                out.push(char::from(byte));
            }
            byte => put(&mut out, format_args!("\\%{byte:02X}")),
        }
    }
    out
}

/// A name for TeX and for files: letters, digits and some punctuation; what else there is becomes its
/// number.
pub(super) fn name(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '/') {
            out.push(c);
        } else {
            put(&mut out, format_args!("+{:x}", u32::from(c)));
        }
    }
    out
}

/// A place in a file for the log, where no character may be obeyed.
pub(super) fn place(text: &str) -> String {
    let keeps = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '/' | '_');
    text.chars()
        .map(|c| if keeps(c) { c } else { '?' })
        .collect()
}

/// Appends formatted text.
pub(super) fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
}

/// A character in a font of few scripts.
fn prose(out: &mut String, c: char) {
    let known = u32::from(c) < 0x180
        || matches!(
            c,
            '–' | '—'
                | '‘'
                | '’'
                | '“'
                | '”'
                | '•'
                | '…'
                | '†'
                | '‡'
                | '€'
                | '™'
                | '−'
        );
    if known || is_unprintable(c) {
        character(out, c);
    } else {
        put(out, format_args!("\\xfallback{{{c}}}"));
    }
}

fn character(out: &mut String, c: char) {
    match c {
        '\\' => out.push_str("\\textbackslash{}"),
        '{' | '}' | '$' | '&' | '#' | '_' | '%' => {
            out.push('\\');
            out.push(c);
        }
        '^' => out.push_str("\\textasciicircum{}"),
        '~' => out.push_str("\\textasciitilde{}"),
        '\u{a0}' => out.push('~'),
        c if is_unprintable(c) => put(out, format_args!("\\xunprintable{{{:04X}}}", u32::from(c))),
        c => out.push(c),
    }
}

/// Characters that have no picture in the fonts, or that would change the order of others.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}')
        || (u32::from(c) & 0xfffe) == 0xfffe
        // What DejaVu has no glyphs for: East Asian scripts, wide forms, pictures.
        || (u32::from(c) >= 0x2e80 && !matches!(c, '\u{fb00}'..='\u{fb06}' | '\u{fffd}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What TeX prints; none if it would obey a character that is not one of ours.
    fn printed(tex: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = tex;
        while let Some(c) = rest.chars().next() {
            let after = &rest[c.len_utf8()..];
            let known = [
                ("\\textbackslash{}", "\\"),
                ("\\textasciicircum{}", "^"),
                ("\\textasciitilde{}", "~"),
                ("\\xb{}", ""),
            ];
            if let Some((command, shown)) =
                known.iter().find(|(command, _)| rest.starts_with(command))
            {
                out.push_str(shown);
                rest = &rest[command.len()..];
            } else if let Some(inside) = rest.strip_prefix("\\xfallback{") {
                let end = inside.find('}')?;
                out.push_str(&inside[..end]);
                rest = &inside[end + 1..];
            } else if let Some(inside) = rest.strip_prefix("\\xunprintable{") {
                let end = inside.find('}')?;
                out.push(char::from_u32(
                    u32::from_str_radix(&inside[..end], 16).ok()?,
                )?);
                rest = &inside[end + 1..];
            } else if c == '\\' {
                let special = after.chars().next()?;
                if !"{}$&#_%".contains(special) {
                    return None;
                }
                out.push(special);
                rest = &after[1..];
            } else if "{}$&#_%^".contains(c) || c.is_control() {
                return None;
            } else {
                out.push(if c == '~' { ' ' } else { c });
                rest = after;
            }
        }
        Some(out)
    }

    fn blank(text: &str) -> String {
        text.replace(['\n', '\t', '\r', '\u{a0}'], " ")
    }

    #[test]
    fn every_special_character() {
        assert_eq!(
            text("\\ { } $ & # ^ _ % ~ \" ' ` - --"),
            "\\textbackslash{} \\{ \\} \\$ \\& \\# \\textasciicircum{} \\_ \\% \\textasciitilde{} \" ' ` - --"
        );
        assert_eq!(
            text("é − ‖ \u{202e} \u{0}"),
            "é − \\xfallback{‖} \\xunprintable{202E} \\xunprintable{0000}"
        );
        assert_eq!(line("  a~b\t{"), "~~a\\textasciitilde{}b~\\{");
        assert_eq!(
            url("https://a.example/ä b?x=1&y=%20#f_1\\"),
            "https://a.example/\\%C3\\%A4\\%20b?x=1\\&y=\\%20\\#f_1\\%5C"
        );
        assert_eq!(name("a_b c/d:e.f-g"), "a+5fb+20c/d:e.f-g");
        assert_eq!(place("spec/a_b c%.md:1"), "spec/a_b?c?.md:1");
    }

    proptest::proptest! {
        #[test]
        fn tex_prints_what_was_written(written in "\\PC{0,60}|[\\\\{}$&#^_%~ a-z/.\n\t\u{0}-\u{1f}\u{2028}\u{202e}]{0,60}") {
            let shown = Some(blank(&written));
            proptest::prop_assert_eq!(printed(&text(&written)).map(|text| blank(&text)), shown.clone());
            proptest::prop_assert_eq!(printed(&code(&written)).map(|text| blank(&text)), written.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect::<String>().into());
            proptest::prop_assert_eq!(printed(&line(&written)).map(|text| blank(&text)), shown);
        }

        #[test]
        fn no_address_holds_what_tex_obeys(written in "\\PC{0,60}") {
            let rest = url(&written).replace("\\#", "").replace("\\%", "").replace("\\&", "");
            proptest::prop_assert!(!rest.contains(['\\', '#', '%', '&', '{', '}', ' ', '^', '$']), "{}", rest);
        }
    }
}
