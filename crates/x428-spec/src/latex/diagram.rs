//! Diagrams: the compiler's own pictures, as PDF operators and words that TeX sets.
//!
//! Every kind of diagram comes here as the SVG that the book shows. The reader knows the elements that
//! the compiler draws with and refuses all others, so that nothing is left out of a picture unseen.

mod path;
mod svg;

use super::escape::{self, put};
use crate::diagram;

/// The width of the page in points, and the height that a picture may have.
const ROOM: (f64, f64) = (452.0, 600.0);
/// Points a pixel, unless the picture has to be shrunk: its letters are then as large as those of tables.
const SCALE: f64 = 0.62;
/// The size of a label in pixels, as the style sheet of the book gives it.
const LETTERS: f64 = 14.0;

/// A diagram as LaTeX; the message says why there is none.
pub(super) fn render(text: &str) -> Result<String, String> {
    let diagram = diagram::parse(text).map_err(|errors| {
        let words: Vec<_> = errors.iter().map(ToString::to_string).collect();
        format!("a diagram is not understood: {}", words.join("; "))
    })?;
    draw(&diagram::svg(&diagram, "diagram"))
}

/// A picture of the compiler's as LaTeX.
pub(super) fn draw(picture: &str) -> Result<String, String> {
    let svg = svg::read(picture)?;
    let scale = SCALE.min(ROOM.0 / svg.width).min(ROOM.1 / svg.height);
    let mut out = format!(
        "\\begin{{xdiagram}}{{{}}}{{{}}}%\n",
        path::number(svg.width * scale),
        path::number(svg.height * scale)
    );
    let place = path::Place {
        scale,
        height: svg.height,
    };
    for shape in &svg.shapes {
        match shape {
            svg::Shape::Path { classes, d } => {
                let operators = path::operators(d, place)?;
                let (before, paint) = style(classes, scale);
                put(
                    &mut out,
                    format_args!("\\xpath{{{before}{operators}{paint}}}%\n"),
                );
            }
            svg::Shape::Words {
                classes,
                anchor,
                x,
                y,
                text,
            } => {
                let (font, size) = letters(classes);
                put(
                    &mut out,
                    format_args!(
                        "\\xlabel{{{}}}{{{}}}{{{}}}{{{}}}{{{font}{}}}%\n",
                        path::number(x * scale),
                        path::number((svg.height - y) * scale),
                        match anchor.as_str() {
                            "middle" => 'c',
                            "end" => 'r',
                            _ => 'l',
                        },
                        path::number(size * scale),
                        escape::text(text)
                    ),
                );
            }
        }
    }
    out.push_str("\\end{xdiagram}\n");
    Ok(out)
}

const INK: &str = "0.1 0.12 0.14";
const SOFT: &str = "0.36 0.4 0.44";
const ACCENT: &str = "0.04 0.33 0.39";

/// Operators before a path, and the one that paints it.
fn style(classes: &[String], scale: f64) -> (String, &'static str) {
    let has = |name: &str| classes.iter().any(|class| class.ends_with(name));
    let (stroke, fill, width, dash) = if has("-box") {
        (Some(ACCENT), Some("1 1 1"), 1.5, None)
    } else if has("-life") {
        (Some("0.7 0.73 0.76"), None, 1.0, Some((3.0, 4.0)))
    } else if has("-head") {
        (None, Some(INK), 1.0, None)
    } else if has("-cross") {
        (Some("0.64 0.15 0.16"), None, 2.0, None)
    } else if has("-note") {
        (Some("0.72 0.6 0.3"), Some("0.99 0.96 0.87"), 1.0, None)
    } else if has("-tab") {
        (Some(SOFT), Some("0.9 0.95 0.96"), 1.0, None)
    } else if has("-inner") {
        (Some(ACCENT), None, 1.0, None)
    } else if has("-frame") {
        (Some(SOFT), None, 1.0, None)
    } else if has("-split") {
        (Some(SOFT), None, 1.0, Some((5.0, 4.0)))
    } else {
        (Some(INK), None, 1.4, None)
    };
    let dash = if has("-dashed") {
        Some((6.0, 4.0))
    } else {
        dash
    };
    let mut before = String::new();
    if let Some(colour) = stroke {
        put(
            &mut before,
            format_args!("{colour} RG {} w ", path::number(width * scale)),
        );
    }
    if let Some(colour) = fill {
        put(&mut before, format_args!("{colour} rg "));
    }
    if let Some((on, off)) = dash {
        put(
            &mut before,
            format_args!(
                "[{} {}] 0 d ",
                path::number(on * scale),
                path::number(off * scale)
            ),
        );
    }
    let paint = match (stroke, fill) {
        (Some(_), Some(_)) => "B",
        (None, Some(_)) => "f",
        _ => "S",
    };
    (before, paint)
}

/// The font of a label, and its size in pixels.
fn letters(classes: &[String]) -> (&'static str, f64) {
    let has = |name: &str| classes.iter().any(|class| class.ends_with(name));
    if has("-name") {
        ("\\bfseries ", LETTERS)
    } else if has("-keyword") {
        ("\\bfseries\\color{xaccent}", 12.5)
    } else if has("-label") {
        ("\\color{xsoft}", 13.0)
    } else {
        ("", LETTERS)
    }
}
