//! From a [`States`] to SVG. Lengths are CSS pixels.

use super::{
    States,
    layers::{Item, Link},
    layout::{BOX_HEIGHT, Ends, Layout},
};
use crate::diagram::{
    draw::frame,
    words::{escape, put},
};

/// The length of an arrow's head.
const HEAD: i32 = 8;
const RADIUS: i32 = 5;

/// Draws the diagram; `id` makes the ids of its title and description unique on a page.
pub(in crate::diagram) fn svg(diagram: &States, id: &str) -> String {
    let layout = Layout::new(diagram);
    let mut lines = String::new();
    let mut heads = Vec::new();
    for (link, ends) in layout.layers.links.iter().zip(layout.ends()) {
        line(&layout, *link, &ends, &mut lines, &mut heads);
    }
    let mut boxes = String::new();
    for (item, kind) in layout.layers.items.iter().enumerate() {
        let (x, y) = (layout.x[item], layout.y[layout.layers.layer[item]]);
        match kind {
            Item::State(state) => {
                if diagram.initial == Some(*state) {
                    start(x, y, &mut boxes, &mut heads);
                }
                state_box(diagram, *state, (x, y, layout.widths[item]), &mut boxes);
            }
            Item::Bend { .. } => put(
                &mut lines,
                format_args!("<path class=\"dg-line\" d=\"M{x} {y}v{BOX_HEIGHT}\"/>"),
            ),
        }
    }
    heads.sort_unstable();
    heads.dedup();
    for (x, y, way) in heads {
        let back = y - way * HEAD;
        put(
            &mut lines,
            format_args!(
                "<path class=\"dg-head\" d=\"M{x} {y}L{} {back}H{}Z\"/>",
                x - 5,
                x + 5
            ),
        );
    }
    let title = diagram
        .title
        .clone()
        .unwrap_or_else(|| "State diagram".to_owned());
    let description = diagram
        .description
        .clone()
        .unwrap_or_else(|| diagram.told());
    frame(
        id,
        (layout.width, layout.height),
        (&title, &description),
        &format!("{lines}{boxes}"),
    )
}

/// The line of a link: straight down out of the item above and into the item below.
fn line(
    layout: &Layout,
    link: Link,
    ends: &Ends,
    lines: &mut String,
    heads: &mut Vec<(i32, i32, i32)>,
) {
    let is_state = |item: usize| matches!(layout.layers.items[item], Item::State(_));
    let mut top = layout.y[layout.layers.layer[link.above]] + BOX_HEIGHT;
    let mut bottom = layout.y[layout.layers.layer[link.below]];
    if link.up && is_state(link.above) {
        heads.push((ends.above, top, -1));
        top += HEAD - 1;
    }
    if !link.up && is_state(link.below) {
        heads.push((ends.below, bottom, 1));
        bottom -= HEAD - 1;
    }
    let (from, to, half) = (ends.above, ends.below, (bottom - top) / 2);
    let path = if from == to {
        format!("M{from} {top}V{bottom}")
    } else {
        format!(
            "M{from} {top}C{from} {} {to} {} {to} {bottom}",
            top + half,
            bottom - half
        )
    };
    put(
        lines,
        format_args!("<path class=\"dg-line\" d=\"{path}\"/>"),
    );
}

/// The dot from which the first arrow comes.
fn start(x: i32, y: i32, out: &mut String, heads: &mut Vec<(i32, i32, i32)>) {
    let dot = y - 34 + RADIUS;
    put(
        out,
        format_args!(
            "<circle class=\"dg-head\" cx=\"{x}\" cy=\"{dot}\" r=\"{RADIUS}\"/><path class=\"dg-line\" d=\"M{x} {dot}V{}\"/>",
            y - HEAD + 1
        ),
    );
    heads.push((x, y, 1));
}

fn state_box(diagram: &States, state: usize, place: (i32, i32, i32), out: &mut String) {
    let (x, y, width) = place;
    let left = x - width / 2;
    put(
        out,
        format_args!(
            "<rect class=\"dg-box\" x=\"{left}\" y=\"{y}\" width=\"{width}\" height=\"{BOX_HEIGHT}\" rx=\"6\"/>"
        ),
    );
    if diagram.nodes.get(state).is_some_and(|state| state.terminal) {
        put(
            out,
            format_args!(
                "<rect class=\"dg-inner\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\"/>",
                left + 3,
                y + 3,
                width - 6,
                BOX_HEIGHT - 6
            ),
        );
    }
    put(
        out,
        format_args!(
            "<text class=\"dg-text\" text-anchor=\"middle\" x=\"{x}\" y=\"{}\">{}</text>",
            y + 22,
            escape(diagram.name(state))
        ),
    );
}
