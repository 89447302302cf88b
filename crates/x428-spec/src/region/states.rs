//! The diagram of the states of a type.

use crate::model::{Machine, Protocol, Spec};

/// The diagram in Mermaid's notation, ending in a newline; none if the type has no transitions.
pub(super) fn diagram_of(spec: &Spec, protocol: &Protocol, of: &str) -> Option<String> {
    let machine = Machine::of(spec, protocol, of)?;
    let mut text = format!("```mermaid\nstateDiagram-v2\n    accTitle: The states of {of}\n");
    for transition in machine.transitions() {
        let from = transition.from.unwrap_or("[*]");
        text.extend(["    ", from, " --> ", transition.to, "\n"]);
    }
    for state in machine.terminal() {
        text.extend(["    ", state, " --> [*]\n"]);
    }
    text.push_str("```\n");
    Some(text)
}
