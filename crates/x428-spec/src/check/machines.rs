//! State machines: known states, each reached from the initial one and none of them a trap.

use std::collections::{HashMap, HashSet};

use crate::{
    diagnostic::{Code, Diagnostic, did_you_mean},
    model::{Cell, Machine, Protocol, START, Spec, Table, TableKind, Transition, states_of},
};

/// Checks the machines of a protocol.
pub(super) fn check(spec: &Spec, protocol: &Protocol, found: &mut Vec<Diagnostic>) {
    let documents = protocol.documents.iter();
    let documents = documents.filter_map(|index| spec.documents.get(*index));
    let mut first: HashMap<&str, &Table> = HashMap::new();
    for table in documents.flat_map(|document| &document.tables) {
        if table.kind != Some(TableKind::Transitions) {
            continue;
        }
        let Some(of) = table.info.value("of") else {
            continue;
        };
        if states_of(spec, protocol, of).is_none() {
            found.push(no_states(protocol, table, of));
        } else if let Some(other) = first.insert(of, table) {
            let message = format!("the transitions of `{of}` are given twice");
            found.push(
                Diagnostic::new(Code::DuplicateMachine, table.info.value_span("of"), message)
                    .also(other.info.value_span("of"), "first here"),
            );
        }
    }
    for machine in Machine::all(spec, protocol) {
        if states(&machine, found) {
            one(&machine, found);
        }
    }
}

fn no_states(protocol: &Protocol, table: &Table, of: &str) -> Diagnostic {
    let span = table.info.value_span("of");
    if protocol.type_definition(of).is_some() {
        let message = format!("the states of a machine are a table of codes, and `{of}` is none");
        return Diagnostic::new(Code::TableType, span, message)
            .help("write the states as a table of `kind=codes` with a column `terminal`");
    }
    let names = protocol.types.iter().map(|own| own.name.as_str());
    let message = format!("there is no type `{of}` in the protocol {}", protocol.id);
    Diagnostic::new(Code::UnknownType, span, message).maybe_help(did_you_mean(of, names))
}

/// Whether the states say which of them are terminal.
fn states(machine: &Machine<'_>, found: &mut Vec<Diagnostic>) -> bool {
    let states = machine.states;
    if states.rows.is_empty() || machine.table.rows.is_empty() {
        return false;
    }
    if states.column("terminal").is_some() {
        return true;
    }
    let message = format!(
        "the states of `{}` need a column `terminal` with yes or no",
        machine.of
    );
    let span = states
        .columns
        .first()
        .map_or(states.info.span, |own| own.span);
    found.push(
        Diagnostic::new(Code::TableShape, span, message)
            .also(machine.table.info.span, "the transitions"),
    );
    false
}

fn one(machine: &Machine<'_>, found: &mut Vec<Diagnostic>) {
    let before = found.len();
    let states: Vec<_> = machine.states().collect();
    let terminal: HashSet<_> = machine.terminal().collect();
    let mut first: HashMap<(Option<&str>, &str), Transition<'_>> = HashMap::new();
    for transition in machine.transitions() {
        for cell in cells(machine, &transition) {
            unknown(machine, &states, cell, found);
        }
        let Transition { from, to, row, .. } = transition;
        if from == Some(to) {
            let message = format!("`{to}` does not change into itself");
            found.push(Diagnostic::new(Code::UselessTransition, row.span, message));
        } else if let Some(other) = first.insert((from, to), transition) {
            found.push(
                Diagnostic::new(
                    Code::UselessTransition,
                    row.span,
                    "this transition is there twice",
                )
                .also(other.row.span, "first here")
                .help("give all its reasons in one row"),
            );
        }
        if let Some(from) = from.filter(|from| terminal.contains(from)) {
            let message = format!("`{from}` is terminal, and nothing follows it");
            let mut problem = Diagnostic::new(Code::AfterTerminal, row.span, message);
            if let Some(state) = state(machine, from) {
                problem = problem.also(state.span, "the state");
            }
            found.push(problem);
        }
    }
    initial(machine, found);
    // What an unknown state or a missing beginning cuts off is not wrong for that.
    if found.len() == before {
        paths(machine, &states, &terminal, found);
    }
}

/// The cells that name states.
fn cells<'a>(machine: &Machine<'a>, transition: &Transition<'a>) -> impl Iterator<Item = &'a Cell> {
    let columns = ["from", "to"].map(|name| machine.table.column(name));
    let row = transition.row;
    let from_start = transition.from.is_none();
    columns
        .into_iter()
        .enumerate()
        .filter(move |(index, _)| *index != 0 || !from_start)
        .filter_map(move |(_, column)| row.cells.get(column?))
}

fn unknown(machine: &Machine<'_>, states: &[&str], cell: &Cell, found: &mut Vec<Diagnostic>) {
    if states.contains(&cell.text.as_str()) {
        return;
    }
    let message = if cell.text == START {
        "nothing leads back to the beginning".to_owned()
    } else {
        format!("`{}` is no state of `{}`", cell.text, machine.of)
    };
    let help = did_you_mean(&cell.text, states.iter().copied());
    found.push(
        Diagnostic::new(Code::UnknownState, cell.span, message)
            .maybe_help(help)
            .also(machine.states.info.span, "the states"),
    );
}

fn initial(machine: &Machine<'_>, found: &mut Vec<Diagnostic>) {
    let mut starts = machine
        .transitions()
        .filter(|transition| transition.from.is_none());
    let Some(first) = starts.next() else {
        let message = format!(
            "the transitions of `{}` do not say where they begin",
            machine.of
        );
        found.push(
            Diagnostic::new(Code::InitialState, machine.table.info.span, message)
                .help(format!("add a row from `{START}` to the initial state")),
        );
        return;
    };
    // The same row twice has its own diagnostic.
    for other in starts.filter(|other| other.to != first.to) {
        let message = format!("`{}` has a second initial state", machine.of);
        found.push(
            Diagnostic::new(Code::InitialState, other.row.span, message)
                .also(first.row.span, "the first"),
        );
    }
}

/// Every state can be reached, and leads to a terminal one where there are terminal ones.
fn paths(
    machine: &Machine<'_>,
    states: &[&str],
    terminal: &HashSet<&str>,
    found: &mut Vec<Diagnostic>,
) {
    let reached = closure(machine.initial(), |state| {
        machine.successors(state).collect()
    });
    let ending = closure(terminal.iter().copied(), |state| {
        let before = machine
            .transitions()
            .filter(|transition| transition.to == state);
        before.filter_map(|transition| transition.from).collect()
    });
    for name in states {
        let Some(cell) = state(machine, name) else {
            continue;
        };
        if !reached.contains(name) {
            let message = format!("no transition leads to `{name}`");
            found.push(
                Diagnostic::new(Code::UnreachableState, cell.span, message)
                    .also(machine.table.info.span, "the transitions"),
            );
        } else if !terminal.contains(name) {
            let message = if machine.successors(name).next().is_none() {
                format!("`{name}` is not terminal, and nothing follows it")
            } else if !terminal.is_empty() && !ending.contains(name) {
                format!("no way leads from `{name}` to a terminal state")
            } else {
                continue;
            };
            found.push(
                Diagnostic::new(Code::DeadEnd, cell.span, message)
                    .also(machine.table.info.span, "the transitions"),
            );
        }
    }
}

fn state<'a>(machine: &Machine<'a>, name: &str) -> Option<&'a Cell> {
    machine.states.cells("code").find(|cell| cell.text == name)
}

/// All that can be reached from some states.
fn closure<'a>(
    start: impl IntoIterator<Item = &'a str>,
    next: impl Fn(&'a str) -> Vec<&'a str>,
) -> HashSet<&'a str> {
    let mut open: Vec<_> = start.into_iter().collect();
    let mut reached: HashSet<_> = open.iter().copied().collect();
    while let Some(state) = open.pop() {
        open.extend(next(state).into_iter().filter(|next| reached.insert(next)));
    }
    reached
}
