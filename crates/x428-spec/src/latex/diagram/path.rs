//! From the paths of SVG to the operators of PDF.

use super::super::escape::put;

/// How a picture lies on the page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Points a pixel.
    pub(super) scale: f64,
    /// The height of the picture in pixels: PDF counts from below.
    pub(super) height: f64,
}

/// A length for TeX and PDF: two digits after the point at most, never `-0`.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" || text.is_empty() {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

/// The operators of a path; the message names what is not understood.
pub(super) fn operators(d: &str, place: Place) -> Result<String, String> {
    let mut out = String::new();
    let mut pen = Pen {
        at: (0.0, 0.0),
        start: (0.0, 0.0),
    };
    for (command, numbers) in commands(d)? {
        let size = match command.to_ascii_lowercase() {
            'm' | 'l' => 2,
            'h' | 'v' => 1,
            'q' => 4,
            'c' => 6,
            'z' => 0,
            _ => {
                return Err(format!(
                    "a path of a picture has `{command}`, which cannot be set in LaTeX"
                ));
            }
        };
        if size == 0 {
            out.push_str("h ");
            pen.at = pen.start;
            continue;
        }
        if numbers.is_empty() || numbers.len() % size != 0 {
            return Err(format!(
                "a path of a picture has {} numbers after `{command}`",
                numbers.len()
            ));
        }
        for (index, group) in numbers.chunks(size).enumerate() {
            // What follows the first pair of `M` are lines.
            let command = if command.eq_ignore_ascii_case(&'m') && index > 0 {
                if command == 'm' { 'l' } else { 'L' }
            } else {
                command
            };
            pen.go(&mut out, command, group, place);
        }
    }
    Ok(out)
}

struct Pen {
    at: (f64, f64),
    start: (f64, f64),
}

impl Pen {
    fn go(&mut self, out: &mut String, command: char, numbers: &[f64], place: Place) {
        let relative = command.is_ascii_lowercase();
        let base = if relative { self.at } else { (0.0, 0.0) };
        let pairs: Vec<(f64, f64)> = match (command.to_ascii_lowercase(), numbers) {
            ('h', [x]) => vec![(base.0 + x, self.at.1)],
            ('v', [y]) => vec![(self.at.0, base.1 + y)],
            (_, numbers) => numbers
                .chunks_exact(2)
                .map(|pair| (base.0 + pair[0], base.1 + pair[1]))
                .collect(),
        };
        // PDF has cubic curves only.
        let (pairs, operator) = match (command.to_ascii_lowercase(), pairs.as_slice()) {
            ('q', [control, end]) => {
                let towards = |from: (f64, f64)| {
                    (
                        from.0 + 2.0 / 3.0 * (control.0 - from.0),
                        from.1 + 2.0 / 3.0 * (control.1 - from.1),
                    )
                };
                (vec![towards(self.at), towards(*end), *end], 'c')
            }
            ('c', _) => (pairs, 'c'),
            ('m', _) => (pairs, 'm'),
            _ => (pairs, 'l'),
        };
        for (x, y) in &pairs {
            put(
                out,
                format_args!(
                    "{} {} ",
                    number(x * place.scale),
                    number((place.height - y) * place.scale)
                ),
            );
        }
        out.push(operator);
        out.push(' ');
        if let Some(last) = pairs.last() {
            self.at = *last;
        }
        if operator == 'm' {
            self.start = self.at;
        }
    }
}

/// The letters of a path, each with the numbers that follow it.
fn commands(d: &str) -> Result<Vec<(char, Vec<f64>)>, String> {
    let mut out: Vec<(char, Vec<f64>)> = Vec::new();
    let mut rest = d.trim_start();
    while let Some(c) = rest.chars().next() {
        if c.is_ascii_alphabetic() {
            out.push((c, Vec::new()));
            rest = &rest[1..];
        } else if c.is_whitespace() || c == ',' {
            rest = &rest[1..];
        } else {
            let end = rest
                .char_indices()
                .find(|(at, c)| !(c.is_ascii_digit() || *c == '.' || (*at == 0 && *c == '-')))
                .map_or(rest.len(), |(at, _)| at);
            let number: f64 = rest
                .get(..end)
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| format!("`{d}` is no path"))?;
            out.last_mut()
                .ok_or_else(|| format!("`{d}` is no path"))?
                .1
                .push(number);
            rest = &rest[end..];
        }
    }
    Ok(out)
}
