//! Where everything stands. Lengths are CSS pixels.

use super::{
    States,
    layers::{Item, Layers},
    order::arrange,
};
use crate::diagram::words::measure;

/// The height of a box.
pub(super) const BOX_HEIGHT: i32 = 34;
const BOX_PADDING: i32 = 13;
const MARGIN: i32 = 12;
/// Between neighbours of a layer.
const GAP: i32 = 14;
const BEND_WIDTH: i32 = 4;
/// Between two layers, and more of it for many lines.
const LAYER_GAP: i32 = 40;
/// Between the ends of lines at a box.
const PORT_GAP: i32 = 14;
const ROUNDS: usize = 24;

/// A diagram with the places of its boxes and lines.
pub(super) struct Layout {
    pub(super) layers: Layers,
    /// The middle of each item.
    pub(super) x: Vec<i32>,
    /// The upper edge of each layer.
    pub(super) y: Vec<i32>,
    /// The width of each item.
    pub(super) widths: Vec<i32>,
    pub(super) width: i32,
    pub(super) height: i32,
}

/// Where the line of a link begins and ends.
pub(super) struct Ends {
    pub(super) above: i32,
    pub(super) below: i32,
}

impl Layout {
    pub(super) fn new(diagram: &States) -> Self {
        let mut layers = Layers::new(diagram);
        arrange(&mut layers);
        let widths: Vec<i32> = layers
            .items
            .iter()
            .map(|item| match item {
                Item::State(state) => measure(diagram.name(*state)) + 2 * BOX_PADDING,
                Item::Bend { .. } => BEND_WIDTH,
            })
            .collect();
        let mut x = spread(&layers, &widths);
        let left = (0..x.len()).map(|item| x[item] - widths[item] / 2).min();
        let shift = MARGIN - left.unwrap_or(0);
        for x in &mut x {
            *x += shift;
        }
        let right = (0..x.len()).map(|item| x[item] + widths[item] / 2).max();
        // The dot where it begins stands above the first layer.
        let mut top = MARGIN + if diagram.initial.is_some() { 34 } else { 0 };
        let mut y = Vec::new();
        for layer in 0..layers.rows.len() {
            y.push(top);
            let lines = layers
                .links
                .iter()
                .filter(|link| layers.layer[link.above] == layer);
            let crowd = i32::try_from(lines.count()).unwrap_or(0);
            top += BOX_HEIGHT + LAYER_GAP + (crowd * 3).min(36);
        }
        Self {
            width: right.unwrap_or(0) + MARGIN,
            height: y.last().copied().unwrap_or(0) + BOX_HEIGHT + MARGIN,
            layers,
            x,
            y,
            widths,
        }
    }

    /// Where the lines of all links touch their items.
    ///
    /// At a box, the ends stand beside one another in the order of where they come from; what leads
    /// down into it ends at one point.
    pub(super) fn ends(&self) -> Vec<Ends> {
        let links = &self.layers.links;
        let mut ends: Vec<_> = links
            .iter()
            .map(|link| Ends {
                above: self.x[link.above],
                below: self.x[link.below],
            })
            .collect();
        for (item, kind) in self.layers.items.iter().enumerate() {
            if !matches!(kind, Item::State(_)) {
                continue;
            }
            let mut bottom: Vec<(i32, usize)> = Vec::new();
            let (mut joined, mut top): (Vec<usize>, Vec<(i32, Vec<usize>)>) = Default::default();
            for (index, link) in links.iter().enumerate() {
                if link.above == item {
                    bottom.push((self.x[link.below] * 2 + i32::from(link.up), index));
                } else if link.below == item && link.up {
                    top.push((self.x[link.above] * 2 + 1, vec![index]));
                } else if link.below == item {
                    joined.push(index);
                }
            }
            if !joined.is_empty() {
                let sum: i32 = joined.iter().map(|index| self.x[links[*index].above]).sum();
                let count = i32::try_from(joined.len()).unwrap_or(1);
                top.push((sum / count * 2, joined));
            }
            bottom.sort_by_key(|(x, _)| *x);
            top.sort_by_key(|(x, _)| *x);
            for ((_, index), x) in bottom.iter().zip(self.ports(item, bottom.len())) {
                ends[*index].above = x;
            }
            for ((_, indices), x) in top.iter().zip(self.ports(item, top.len())) {
                for index in indices {
                    ends[*index].below = x;
                }
            }
        }
        ends
    }

    /// So many points along the edge of a box.
    fn ports(&self, item: usize, count: usize) -> impl Iterator<Item = i32> {
        let count = i32::try_from(count).unwrap_or(1).max(1);
        let gap = (self.widths[item] - 16) / count;
        let gap = gap.min(PORT_GAP);
        let first = self.x[item] - gap * (count - 1) / 2;
        (0..count).map(move |index| first + index * gap)
    }
}

/// The middles of all items: near their neighbours, in the order of their rows, without overlap.
fn spread(layers: &Layers, widths: &[i32]) -> Vec<i32> {
    let mut x = vec![0; layers.items.len()];
    for row in &layers.rows {
        let offsets = offsets(row, widths);
        let middle = offsets.last().copied().unwrap_or(0) / 2;
        for (item, offset) in row.iter().zip(offsets) {
            x[*item] = offset - middle;
        }
    }
    let count = layers.rows.len();
    for round in 0..ROUNDS {
        for step in 0..count {
            let row = if round % 2 == 0 {
                step
            } else {
                count - 1 - step
            };
            let wanted: Vec<_> = layers.rows[row]
                .iter()
                .map(|item| wanted(layers, &x, *item))
                .collect();
            for (item, place) in
                layers.rows[row]
                    .iter()
                    .zip(fit(&layers.rows[row], widths, &wanted))
            {
                x[*item] = place;
            }
        }
    }
    x
}

/// Where an item would stand if it were alone, and how much that matters. Lines are kept straight
/// before boxes are centred.
fn wanted(layers: &Layers, x: &[i32], item: usize) -> (i64, i64) {
    let (mut sum, mut weight) = (0, 0);
    for link in &layers.links {
        let other = if link.above == item {
            link.below
        } else if link.below == item {
            link.above
        } else {
            continue;
        };
        let is_bend = |item: usize| matches!(layers.items[item], Item::Bend { .. });
        let pull = match (is_bend(item), is_bend(other)) {
            (true, true) => 8,
            (false, false) => 4,
            _ => 2,
        };
        sum += i64::from(x[other]) * pull;
        weight += pull;
    }
    if weight == 0 {
        (i64::from(x[item]), 1)
    } else {
        (sum / weight, weight)
    }
}

/// How far the items of a row stand from its first one at least.
fn offsets(row: &[usize], widths: &[i32]) -> Vec<i32> {
    let mut at = 0;
    let mut offsets = Vec::with_capacity(row.len());
    for (place, item) in row.iter().enumerate() {
        if let Some(before) = place.checked_sub(1).and_then(|place| row.get(place)) {
            at += i32::midpoint(widths[*before], widths[*item]) + GAP;
        }
        offsets.push(at);
    }
    offsets
}

/// The places nearest to the wanted ones that keep order and distance: neighbours that would overlap
/// are moved as one, to the mean of what they want.
fn fit(row: &[usize], widths: &[i32], wanted: &[(i64, i64)]) -> Vec<i32> {
    let offsets = offsets(row, widths);
    // Sum of what is wanted, weight, number of items.
    let mut groups: Vec<(i64, i64, usize)> = Vec::new();
    for ((place, weight), offset) in wanted.iter().zip(&offsets) {
        let mut group = ((place - i64::from(*offset)) * weight, *weight, 1);
        while let Some(before) = groups.last() {
            if before.0 * group.1 <= group.0 * before.1 {
                break;
            }
            group = (before.0 + group.0, before.1 + group.1, before.2 + group.2);
            groups.pop();
        }
        groups.push(group);
    }
    let means = groups
        .iter()
        .flat_map(|(sum, weight, count)| std::iter::repeat_n(sum.div_euclid(*weight), *count));
    means
        .zip(offsets)
        .map(|(mean, offset)| i32::try_from(mean).unwrap_or(0) + offset)
        .collect()
}
