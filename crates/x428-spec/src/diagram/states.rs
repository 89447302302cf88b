//! State diagrams: `stateDiagram-v2` with states and arrows between them.

mod draw;
mod layers;
mod layout;
mod order;
#[cfg(test)]
mod tests;

use super::{DiagramError, DiagramFault};

pub(super) use draw::svg;

/// The most states of a diagram: more than that no one reads.
const STATES_MAX: usize = 48;
/// The most arrows of a diagram.
const CHANGES_MAX: usize = 256;

/// A state diagram: states, and which of them follows which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct States {
    /// `accTitle:` or `title:`.
    pub(crate) title: Option<String>,
    /// `accDescr:`; without it the arrows are told as sentences.
    pub(crate) description: Option<String>,
    /// The states in the order in which they are named first.
    pub(crate) nodes: Vec<State>,
    /// The arrows: before and after, as indices of `nodes`.
    pub(crate) changes: Vec<(usize, usize)>,
    /// Where it begins: `[*] --> state`.
    pub(crate) initial: Option<usize>,
}

/// A state of a diagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// The word in the box.
    pub(crate) name: String,
    /// Whether it ends the diagram: `state --> [*]`.
    pub(crate) terminal: bool,
}

const EDGE: &str = "[*]";

/// Reads the lines after `stateDiagram-v2`, each with its number within the fence.
pub(super) fn parse<'a>(
    lines: impl Iterator<Item = (usize, &'a str)>,
) -> Result<States, Vec<DiagramError>> {
    let mut diagram = States {
        title: None,
        description: None,
        nodes: Vec::new(),
        changes: Vec::new(),
        initial: None,
    };
    let mut errors = Vec::new();
    for (line, text) in lines {
        if let Err(fault) = diagram.line(text) {
            errors.push(DiagramError { line, fault });
        }
        let too_large = diagram.nodes.len() > STATES_MAX || diagram.changes.len() > CHANGES_MAX;
        if too_large {
            let fault = DiagramFault::TooLarge;
            errors.push(DiagramError { line, fault });
            break;
        }
    }
    if errors.is_empty() && diagram.changes.is_empty() {
        let fault = DiagramFault::Empty;
        errors.push(DiagramError { line: 0, fault });
    }
    if errors.is_empty() {
        Ok(diagram)
    } else {
        Err(errors)
    }
}

impl States {
    fn line(&mut self, text: &str) -> Result<(), DiagramFault> {
        let not_understood = || DiagramFault::Line(text.to_owned());
        let (word, rest) = text
            .split_once(char::is_whitespace)
            .map_or((text, ""), |(word, rest)| (word, rest.trim()));
        match word {
            "title" | "title:" | "accTitle:" => {
                self.title = Some(rest.trim_start_matches(':').trim().to_owned());
                return Ok(());
            }
            "accDescr:" => {
                self.description = Some(rest.to_owned());
                return Ok(());
            }
            // The book draws from top to bottom, so that a telephone shows it.
            "direction" => return Ok(()),
            _ => {}
        }
        let (from, to) = text.split_once("-->").ok_or_else(not_understood)?;
        let (from, to) = (from.trim(), to.trim());
        match (from == EDGE, to == EDGE) {
            (true, true) => return Err(not_understood()),
            (true, false) => {
                let to = self.state(to).ok_or_else(not_understood)?;
                if self.initial.replace(to).is_some_and(|other| other != to) {
                    return Err(DiagramFault::SecondStart);
                }
            }
            (false, true) => {
                let from = self.state(from).ok_or_else(not_understood)?;
                if let Some(state) = self.nodes.get_mut(from) {
                    state.terminal = true;
                }
            }
            (false, false) => {
                let from = self.state(from).ok_or_else(not_understood)?;
                let to = self.state(to).ok_or_else(not_understood)?;
                if from == to {
                    return Err(not_understood());
                }
                if !self.changes.contains(&(from, to)) {
                    self.changes.push((from, to));
                }
            }
        }
        Ok(())
    }

    /// The state of a name; none if it is no name.
    fn state(&mut self, name: &str) -> Option<usize> {
        let is_name = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-'));
        if !is_name {
            return None;
        }
        let known = self.nodes.iter().position(|state| state.name == name);
        Some(known.unwrap_or_else(|| {
            self.nodes.push(State {
                name: name.to_owned(),
                terminal: false,
            });
            self.nodes.len() - 1
        }))
    }

    fn name(&self, index: usize) -> &str {
        self.nodes
            .get(index)
            .map_or("", |state| state.name.as_str())
    }

    /// The arrows as sentences, for readers who do not see the picture.
    pub(super) fn told(&self) -> String {
        let mut sentences = Vec::new();
        if let Some(initial) = self.initial {
            sentences.push(format!("It begins as {}.", self.name(initial)));
        }
        for (index, state) in self.nodes.iter().enumerate() {
            let next: Vec<_> = self
                .changes
                .iter()
                .filter(|(from, _)| *from == index)
                .map(|(_, to)| self.name(*to))
                .collect();
            if let Some((last, others)) = next.split_last() {
                let others = others.join(", ");
                let next = if others.is_empty() {
                    (*last).to_owned()
                } else {
                    format!("{others} or {last}")
                };
                sentences.push(format!("{} becomes {next}.", state.name));
            } else if state.terminal {
                sentences.push(format!("{} is terminal.", state.name));
            }
        }
        sentences.join(" ")
    }
}
