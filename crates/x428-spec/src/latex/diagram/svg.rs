//! The SVG that the compiler draws, read again.

/// A picture. Lengths are pixels, and y points down.
#[derive(Debug, PartialEq)]
pub(super) struct Svg {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) shapes: Vec<Shape>,
}

/// A part of a picture.
#[derive(Debug, PartialEq)]
pub(super) enum Shape {
    /// A line or an area.
    Path {
        classes: Vec<String>,
        /// In the notation of SVG.
        d: String,
    },
    /// A line of words.
    Words {
        classes: Vec<String>,
        /// `start`, `middle` or `end`.
        anchor: String,
        x: f64,
        y: f64,
        text: String,
    },
}

/// Reads a picture; the message names what is not known.
pub(super) fn read(text: &str) -> Result<Svg, String> {
    let mut svg = Svg {
        width: 0.0,
        height: 0.0,
        shapes: Vec::new(),
    };
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let end = rest[at..]
            .find('>')
            .ok_or("a tag of a picture is not closed")?
            + at;
        let element = Element(rest[at + 1..end].trim_end_matches('/').trim());
        rest = &rest[end + 1..];
        let content = || rest.split('<').next().unwrap_or_default();
        match element.name() {
            "svg" => {
                svg.width = element.number("width")?;
                svg.height = element.number("height")?;
            }
            // What is told to those who do not see the picture.
            "title" | "desc" => rest = &rest[content().len()..],
            "text" => {
                svg.shapes.push(Shape::Words {
                    classes: element.classes(),
                    anchor: element.value("text-anchor").unwrap_or("start").to_owned(),
                    x: element.number("x")?,
                    y: element.number("y")?,
                    text: plain(content()),
                });
                rest = &rest[content().len()..];
            }
            "g" if element.value("transform").is_none() => {}
            name if name.starts_with('/') => {}
            name => svg.shapes.push(Shape::Path {
                classes: element.classes(),
                d: element.path(name)?,
            }),
        }
    }
    if svg.width > 0.0 && svg.height > 0.0 {
        Ok(svg)
    } else {
        Err("a picture has no size".to_owned())
    }
}

/// What stands between `<` and `>`.
struct Element<'a>(&'a str);

impl<'a> Element<'a> {
    fn name(&self) -> &'a str {
        self.0.split_whitespace().next().unwrap_or_default()
    }

    fn value(&self, name: &str) -> Option<&'a str> {
        let at = self.0.find(&format!(" {name}=\""))? + name.len() + 3;
        self.0[at..].split('"').next()
    }

    fn number(&self, name: &str) -> Result<f64, String> {
        let value = self.value(name).unwrap_or("0");
        value
            .parse()
            .map_err(|_| format!("`{value}` is no length of a picture"))
    }

    fn classes(&self) -> Vec<String> {
        self.value("class")
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_owned)
            .collect()
    }

    /// Any shape as a path.
    fn path(&self, name: &str) -> Result<String, String> {
        let number = |name| self.number(name);
        Ok(match name {
            "path" => self.value("d").unwrap_or_default().to_owned(),
            "rect" => rectangle(
                (number("x")?, number("y")?),
                (number("width")?, number("height")?),
                number("rx")?,
            ),
            "circle" => ellipse((number("cx")?, number("cy")?), (number("r")?, number("r")?)),
            "ellipse" => ellipse(
                (number("cx")?, number("cy")?),
                (number("rx")?, number("ry")?),
            ),
            "line" => format!(
                "M{} {}L{} {}",
                number("x1")?,
                number("y1")?,
                number("x2")?,
                number("y2")?
            ),
            "polygon" => format!("M{}Z", self.value("points").unwrap_or_default()),
            "polyline" => format!("M{}", self.value("points").unwrap_or_default()),
            other => {
                return Err(format!(
                    "a picture holds `{other}`, which cannot be set in LaTeX"
                ));
            }
        })
    }
}

fn rectangle((x, y): (f64, f64), (width, height): (f64, f64), round: f64) -> String {
    let round = round.min(width / 2.0).min(height / 2.0);
    if round <= 0.0 {
        return format!("M{x} {y}h{width}v{height}h{}Z", -width);
    }
    let (across, down) = (width - 2.0 * round, height - 2.0 * round);
    format!(
        "M{} {y}h{across}q{round} 0 {round} {round}v{down}q0 {round} {back} {round}h{}q{back} 0 {back} {back}v{}q0 {back} {round} {back}Z",
        x + round,
        -across,
        -down,
        back = -round,
    )
}

/// Four curves, as near to an ellipse as the eye can see.
fn ellipse((x, y): (f64, f64), (rx, ry): (f64, f64)) -> String {
    const K: f64 = 0.552_284_75;
    let (kx, ky) = (rx * K, ry * K);
    format!(
        "M{} {y}C{} {} {} {} {x} {}C{} {} {} {} {} {y}C{} {} {} {} {x} {}C{} {} {} {} {} {y}Z",
        x + rx,
        x + rx,
        y + ky,
        x + kx,
        y + ry,
        y + ry,
        x - kx,
        y + ry,
        x - rx,
        y + ky,
        x - rx,
        x - rx,
        y - ky,
        x - kx,
        y - ry,
        y - ry,
        x + kx,
        y - ry,
        x + rx,
        y - ky,
        x + rx,
    )
}

fn plain(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}
