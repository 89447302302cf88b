//! From the notation to a [`Diagram`].

use super::{Diagram, Head, Participant, Place, Section, Sequence, Step, states};

/// What is wrong with a diagram, and in which of its lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct DiagramError {
    /// The line within the fence, from 0.
    pub line: usize,
    /// What is wrong.
    pub fault: DiagramFault,
}

/// The ways in which a line of a diagram can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiagramFault {
    /// The first line names another kind of diagram, or none.
    #[error("only `sequenceDiagram` and `stateDiagram-v2` can be drawn, this is `{0}`")]
    Kind(String),
    /// A line that is no message, note, block or declaration.
    #[error("this line of the diagram is not understood: `{0}`")]
    Line(String),
    /// `else`, `and`, `option` or `end` outside of a block that takes it.
    #[error("`{0}` without a block that it belongs to")]
    Stray(String),
    /// A block without `end`.
    #[error("`{0}` is never closed by `end`")]
    Unclosed(&'static str),
    /// A name that no participant has, though participants are declared.
    #[error("`{0}` is not a declared participant")]
    Undeclared(String),
    /// `[*]` leads to two states.
    #[error("the diagram begins twice")]
    SecondStart,
    /// More than a reader can take in.
    #[error("the diagram is too large to be read")]
    TooLarge,
    /// Nothing happens.
    #[error("the diagram shows nothing")]
    Empty,
}

struct Open {
    keyword: &'static str,
    line: usize,
    sections: Vec<Section>,
}

#[derive(Default)]
struct Parser {
    sequence: Option<Sequence>,
    declared: bool,
    open: Vec<Open>,
    errors: Vec<DiagramError>,
}

/// Reads a diagram.
///
/// # Errors
/// Every line that is not understood, with its number within the fence.
pub fn parse(text: &str) -> Result<Diagram, Vec<DiagramError>> {
    let lines = text.lines().enumerate();
    let mut lines = lines
        .map(|(number, line)| (number, line.trim().trim_end_matches(';')))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with("%%"))
        .peekable();
    if lines
        .next_if(|(_, line)| *line == "stateDiagram-v2")
        .is_some()
    {
        return states::parse(lines).map(Diagram::States);
    }
    sequence(lines).map(Diagram::Sequence)
}

fn sequence<'a>(
    lines: impl Iterator<Item = (usize, &'a str)>,
) -> Result<Sequence, Vec<DiagramError>> {
    let mut parser = Parser::default();
    for (number, line) in lines {
        parser.line(number, line);
        if parser.sequence.is_none() {
            break;
        }
    }
    for open in &parser.open {
        parser.errors.push(DiagramError {
            line: open.line,
            fault: DiagramFault::Unclosed(open.keyword),
        });
    }
    match parser.sequence {
        Some(sequence) if parser.errors.is_empty() && !sequence.steps.is_empty() => Ok(sequence),
        _ => {
            if parser.errors.is_empty() {
                parser.errors.push(DiagramError {
                    line: 0,
                    fault: DiagramFault::Empty,
                });
            }
            parser.errors.sort_by_key(|error| error.line);
            Err(parser.errors)
        }
    }
}

/// The arrows, longest spelling first, so that `-->>` is not read as `-->`.
const ARROWS: [(&str, bool, Head); 8] = [
    ("-->>", true, Head::Arrow),
    ("->>", false, Head::Arrow),
    ("--x", true, Head::Cross),
    ("--)", true, Head::Open),
    ("-->", true, Head::None),
    ("-x", false, Head::Cross),
    ("-)", false, Head::Open),
    ("->", false, Head::None),
];

const BLOCKS: [(&str, &str); 6] = [
    ("alt", "else"),
    ("opt", ""),
    ("loop", ""),
    ("par", "and"),
    ("critical", "option"),
    ("break", ""),
];

impl Parser {
    fn fail(&mut self, line: usize, fault: DiagramFault) {
        self.errors.push(DiagramError { line, fault });
    }

    fn line(&mut self, number: usize, line: &str) {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let Some(sequence) = self.sequence.as_mut() else {
            if line == "sequenceDiagram" {
                self.sequence = Some(Sequence {
                    title: None,
                    description: None,
                    participants: Vec::new(),
                    steps: Vec::new(),
                    numbered: false,
                });
            } else {
                self.fail(number, DiagramFault::Kind(word.to_owned()));
            }
            return;
        };
        match word {
            "autonumber" => sequence.numbered = true,
            "title" | "title:" | "accTitle:" => {
                sequence.title = Some(rest.trim_start_matches(':').trim().to_owned());
            }
            "accDescr:" => sequence.description = Some(rest.to_owned()),
            "participant" | "actor" if !rest.is_empty() => {
                let (id, label) = rest.split_once(" as ").unwrap_or((rest, rest));
                let (id, label) = (id.trim().to_owned(), words(label));
                self.declared = true;
                match sequence
                    .participants
                    .iter_mut()
                    .find(|known| known.id == id)
                {
                    Some(known) => known.label = label,
                    None => sequence.participants.push(Participant { id, label }),
                }
            }
            // Activation bars would add ink and no meaning: the lifelines show who acts.
            "activate" | "deactivate" if !rest.is_empty() => {}
            "end" if rest.is_empty() => self.close(number),
            "Note" | "note" => {
                if !self.note(number, rest) {
                    self.fail(number, DiagramFault::Line(line.to_owned()));
                }
            }
            _ => self.block_or_message(number, word, rest, line),
        }
    }

    fn block_or_message(&mut self, number: usize, word: &str, rest: &str, line: &str) {
        if let Some((keyword, _)) = BLOCKS.iter().find(|(keyword, _)| *keyword == word) {
            let first = Section {
                label: words(rest),
                steps: Vec::new(),
            };
            self.open.push(Open {
                keyword,
                line: number,
                sections: vec![first],
            });
        } else if BLOCKS.iter().any(|(_, branch)| *branch == word) {
            match self.open.last_mut() {
                Some(open) if BLOCKS.contains(&(open.keyword, word)) => {
                    open.sections.push(Section {
                        label: words(rest),
                        steps: Vec::new(),
                    });
                }
                _ => self.fail(number, DiagramFault::Stray(word.to_owned())),
            }
        } else if !self.message(number, line) {
            self.fail(number, DiagramFault::Line(line.to_owned()));
        }
    }

    fn close(&mut self, number: usize) {
        match self.open.pop() {
            Some(open) => self.push(Step::Block {
                keyword: open.keyword,
                sections: open.sections,
            }),
            None => self.fail(number, DiagramFault::Stray("end".to_owned())),
        }
    }

    fn push(&mut self, step: Step) {
        if let Some(section) = self
            .open
            .last_mut()
            .and_then(|open| open.sections.last_mut())
        {
            section.steps.push(step);
        } else if let Some(sequence) = self.sequence.as_mut() {
            sequence.steps.push(step);
        }
    }

    fn participant(&mut self, number: usize, name: &str) -> Option<usize> {
        let sequence = self.sequence.as_mut()?;
        if let Some(index) = sequence
            .participants
            .iter()
            .position(|known| known.id == name)
        {
            return Some(index);
        }
        if self.declared {
            self.fail(number, DiagramFault::Undeclared(name.to_owned()));
            // The line is understood; the fault has been named.
            return Some(0);
        }
        sequence.participants.push(Participant {
            id: name.to_owned(),
            label: name.to_owned(),
        });
        Some(sequence.participants.len() - 1)
    }

    fn note(&mut self, number: usize, rest: &str) -> bool {
        let Some((place, text)) = rest.split_once(':') else {
            return false;
        };
        let places = [
            ("over ", Place::Over),
            ("left of ", Place::Left),
            ("right of ", Place::Right),
        ];
        let Some((names, place)) = places
            .iter()
            .find_map(|(word, kind)| Some((place.trim().strip_prefix(word)?, *kind)))
        else {
            return false;
        };
        let mut columns = Vec::new();
        for name in names.split(',').map(str::trim) {
            match self.participant(number, name) {
                Some(index) if !name.is_empty() => columns.push(index),
                _ => return false,
            }
        }
        let (Some(from), Some(to)) = (columns.iter().min(), columns.iter().max()) else {
            return false;
        };
        self.push(Step::Note {
            from: *from,
            to: *to,
            place,
            text: words(text),
        });
        true
    }

    fn message(&mut self, number: usize, line: &str) -> bool {
        let (route, text) = line.split_once(':').unwrap_or((line, ""));
        let Some((at, (arrow, dashed, head))) = ARROWS
            .iter()
            .filter_map(|arrow| Some((route.find(arrow.0)?, *arrow)))
            .min_by_key(|(at, _)| *at)
        else {
            return false;
        };
        let from = route[..at].trim().to_owned();
        let to = route[at + arrow.len()..]
            .trim()
            .trim_start_matches(['+', '-'])
            .trim()
            .to_owned();
        if from.is_empty() || to.is_empty() {
            return false;
        }
        let (Some(from), Some(to)) = (
            self.participant(number, &from),
            self.participant(number, &to),
        ) else {
            return false;
        };
        self.push(Step::Message {
            from,
            to,
            dashed,
            head,
            text: words(text),
        });
        true
    }
}

/// The words of a label: `<br/>` is a line break, `#35;` and its like are characters.
fn words(text: &str) -> String {
    let mut out = text.trim().to_owned();
    for (written, meant) in [
        ("<br/>", "\n"),
        ("<br />", "\n"),
        ("<br>", "\n"),
        ("#59;", ";"),
        ("#35;", "#"),
        ("#colon;", ":"),
    ] {
        out = out.replace(written, meant);
    }
    out
}
