use proptest::prelude::*;

use super::{
    State, States,
    layers::Item,
    layout::{BOX_HEIGHT, Layout},
};
use crate::diagram::{Diagram, DiagramFault, parse, svg};

const DOOR: &str = "stateDiagram-v2
    accTitle: The states of a door
    direction LR
    %% one way in, one way out
    [*] --> closed
    closed --> open
    open --> closed
    closed --> locked
    locked --> closed
    open --> broken
    closed --> broken
    broken --> [*]
";

fn states(text: &str) -> States {
    match parse(text) {
        Ok(Diagram::States(states)) => states,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_door_is_drawn() {
    let diagram = parse(DOOR).unwrap();
    insta::assert_snapshot!(svg(&diagram, "d1").replace("><", ">\n<"));
}

#[test]
fn arrows_are_told_as_sentences() {
    assert_eq!(
        states(DOOR).told(),
        "It begins as closed. closed becomes open, locked or broken. open becomes closed or broken. \
         locked becomes closed. broken is terminal."
    );
}

#[test]
fn every_fault_names_its_line() {
    let faults = |text: &str| -> Vec<(usize, DiagramFault)> {
        let errors = parse(text).unwrap_err().into_iter();
        errors.map(|error| (error.line, error.fault)).collect()
    };
    let line = |text: &str| DiagramFault::Line(text.into());
    assert_eq!(faults("stateDiagram-v2\n"), [(0, DiagramFault::Empty)]);
    for wrong in [
        "a -> b",
        "a --> b: words",
        "a --> a",
        "[*] --> [*]",
        "state a",
        "--> b",
    ] {
        assert_eq!(
            faults(&format!("stateDiagram-v2\na --> b\n{wrong}")),
            [(2, line(wrong))]
        );
    }
    assert_eq!(
        faults("stateDiagram-v2\n[*] --> a\n[*] --> b\na --> b"),
        [(2, DiagramFault::SecondStart)]
    );
    let many: Vec<_> = (0..60).map(|i| format!("a{i} --> a{}", i + 1)).collect();
    assert_eq!(
        faults(&format!("stateDiagram-v2\n{}", many.join("\n"))),
        [(48, DiagramFault::TooLarge)]
    );
}

/// Any states with any arrows between them.
fn any_states() -> impl Strategy<Value = States> {
    (2..14_usize).prop_flat_map(|count| {
        let changes = proptest::collection::vec((0..count, 0..count), 1..40);
        (changes, proptest::option::of(0..count)).prop_map(move |(mut changes, initial)| {
            changes.retain(|(from, to)| from != to);
            changes.sort_unstable();
            changes.dedup();
            let state = |index| State {
                name: format!("state_{index}"),
                terminal: false,
            };
            States {
                title: None,
                description: None,
                nodes: (0..count).map(state).collect(),
                changes,
                initial,
            }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        rng_seed: proptest::test_runner::RngSeed::Fixed(428),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn boxes_stand_apart_and_lines_lead_down(diagram in any_states()) {
        let layout = Layout::new(&diagram);
        let layers = &layout.layers;
        for row in &layers.rows {
            for pair in row.windows(2) {
                let right = layout.x[pair[0]] + layout.widths[pair[0]] / 2;
                let left = layout.x[pair[1]] - layout.widths[pair[1]] / 2;
                prop_assert!(right < left);
            }
        }
        for link in &layers.links {
            prop_assert_eq!(layers.layer[link.above] + 1, layers.layer[link.below]);
        }
        for item in 0..layers.items.len() {
            prop_assert!(layout.x[item] > 0 && layout.x[item] < layout.width);
            prop_assert!(layout.y[layers.layer[item]] + BOX_HEIGHT < layout.height);
        }
        let states = layers.items.iter().filter(|item| matches!(item, Item::State(_)));
        prop_assert_eq!(states.count(), diagram.nodes.len());
        // A line leaves and enters a box within its edge.
        for (link, ends) in layers.links.iter().zip(layout.ends()) {
            prop_assert!((ends.above - layout.x[link.above]).abs() <= layout.widths[link.above] / 2);
            prop_assert!((ends.below - layout.x[link.below]).abs() <= layout.widths[link.below] / 2);
        }
    }
}
