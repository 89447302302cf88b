//! What LaTeX says, and which line of the Markdown it says it of.

use std::fmt;

/// Words and tables may stick out of the page by so many points; the eye does not see it.
pub const TOLERANCE: f64 = 1.0;

/// Something that is wrong with a typeset document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, as LaTeX says it.
    pub message: String,
    /// The place in the Markdown that was being set: `spec/attestation/06-protocol.md:120`.
    pub place: Option<String>,
    /// The lines of the log that say more.
    pub log: Vec<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "error: {}", self.message)?;
        if let Some(place) = &self.place {
            write!(formatter, "\n  --> {place}")?;
        }
        for line in &self.log {
            write!(formatter, "\n   | {line}")?;
        }
        Ok(())
    }
}

/// How many lines of the log an error takes along.
const CONTEXT: usize = 8;

/// Reads the log of a run. The marks that `\xat` leaves say where in the text each message belongs.
#[must_use]
pub fn faults(log: &str) -> Vec<Fault> {
    let lines: Vec<&str> = log.lines().collect();
    let mut place = None;
    let mut found: Vec<Fault> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if let Some(mark) = line
            .strip_prefix("[x428 at ")
            .and_then(|rest| rest.strip_suffix(']'))
        {
            place = Some(mark.to_owned());
        } else if let Some(message) = error(line) {
            let log = lines[at + 1..]
                .iter()
                .take(CONTEXT)
                .take_while(|line| {
                    error(line).is_none()
                        && defect(line).is_none()
                        && !line.starts_with("[x428 at ")
                })
                .map(|line| (*line).to_owned())
                .filter(|line| !line.trim().is_empty())
                .collect();
            found.push(Fault {
                message: message.to_owned(),
                place: place.clone(),
                log,
            });
        } else if let Some(message) = defect(line) {
            let is_global =
                line.contains("(dest)") || line.starts_with("LaTeX Warning: There were");
            let log = if is_overfull(line) {
                lines
                    .get(at + 1)
                    .map(|line| (*line).to_owned())
                    .into_iter()
                    .collect()
            } else {
                Vec::new()
            };
            found.push(Fault {
                message,
                place: place.clone().filter(|_| !is_global),
                log,
            });
        }
    }
    found.dedup();
    found
}

/// `! Undefined control sequence.`, or the same after the name of a file and a line.
fn error(line: &str) -> Option<&str> {
    if let Some(message) = line.strip_prefix("! ") {
        return Some(message);
    }
    let (file, rest) = line.split_once(':')?;
    let (number, message) = rest.split_once(": ")?;
    let is_place = file
        .rsplit_once('.')
        .is_some_and(|(_, kind)| matches!(kind, "tex" | "sty"))
        && number.parse::<u32>().is_ok();
    is_place.then_some(message)
}

fn is_overfull(line: &str) -> bool {
    line.starts_with("Overfull \\hbox") || line.starts_with("Overfull \\vbox")
}

/// Something that is no error to LaTeX, and a defect to the reader.
fn defect(line: &str) -> Option<String> {
    if is_overfull(line) {
        let points = line
            .split_once('(')
            .and_then(|(_, rest)| rest.split_once("pt"))?
            .0;
        let sticks_out = points.parse::<f64>().is_ok_and(|points| points > TOLERANCE);
        return sticks_out.then(|| (*line).to_owned());
    }
    let is_defect = line.starts_with("Missing character: ")
        || (line.starts_with("LaTeX Warning: ")
            && (line.contains("undefined") || line.contains("multiply")))
        || (line.starts_with("LaTeX Font Warning: ") && line.contains("undefined"))
        || (line.contains("(dest)") && line.contains("does not exist"))
        || line.contains("destination with the same identifier")
        || line.contains("No file x428");
    is_defect.then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
This is LuaHBTeX, Version 1.15.0
[x428 at spec/demo/01.md:3]
Underfull \\hbox (badness 10000) in paragraph at lines 1--2
Overfull \\hbox (0.4pt too wide) in paragraph at lines 1--2
Overfull \\hbox (12.5pt too wide) in paragraph at lines 1--2
 [] \\TU/lmroman10-regular(0)/m/n/10 too wide
[x428 at spec/demo/02.md:9]
Missing character: There is no \u{1f600} (U+1F600) in font lmroman10-regular:mode=node;
./demo.tex:40: Undefined control sequence.
l.40 \\nonsense
               {x}

LaTeX Warning: There were undefined references.
warning  (pdf backend): unreferenced destination with name 'x'
warning  (dest): name{nowhere} has been referenced but does not exist, replaced by a fixed one
! Emergency stop.
";

    #[test]
    fn messages_have_their_places() {
        let shown: Vec<_> = faults(LOG).iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
error: Overfull \hbox (12.5pt too wide) in paragraph at lines 1--2
  --> spec/demo/01.md:3
   |  [] \TU/lmroman10-regular(0)/m/n/10 too wide
error: Missing character: There is no 😀 (U+1F600) in font lmroman10-regular:mode=node;
  --> spec/demo/02.md:9
error: Undefined control sequence.
  --> spec/demo/02.md:9
   | l.40 \nonsense
   |                {x}
error: LaTeX Warning: There were undefined references.
error: warning  (dest): name{nowhere} has been referenced but does not exist, replaced by a fixed one
error: Emergency stop.
  --> spec/demo/02.md:9
"#);
    }
}
