//! The order within the layers: so that few lines cross.

use super::layers::Layers;

/// How often the layers are gone through.
const ROUNDS: usize = 24;

/// Orders the items of every layer by the places of their neighbours, and keeps the best order seen.
pub(super) fn arrange(layers: &mut Layers) {
    let mut best = layers.rows.clone();
    let mut fewest = crossings(layers);
    for round in 0..ROUNDS {
        if fewest == 0 {
            break;
        }
        let count = layers.rows.len();
        for step in 1..count {
            let down = round % 2 == 0;
            let row = if down { step } else { count - 1 - step };
            sort(layers, row, down);
        }
        swap(layers);
        let now = crossings(layers);
        if now < fewest {
            fewest = now;
            best.clone_from(&layers.rows);
        }
    }
    layers.rows = best;
}

/// The place of every item in its row.
fn places(layers: &Layers) -> Vec<usize> {
    let mut places = vec![0; layers.items.len()];
    for row in &layers.rows {
        for (place, item) in row.iter().enumerate() {
            places[*item] = place;
        }
    }
    places
}

/// Sorts a row by the mean place of the neighbours in the row above, or below.
fn sort(layers: &mut Layers, row: usize, by_above: bool) {
    let places = places(layers);
    let mean = |item: usize| {
        let neighbours = layers.links.iter().filter_map(|link| {
            if by_above {
                (link.below == item).then_some(link.above)
            } else {
                (link.above == item).then_some(link.below)
            }
        });
        let (sum, count) = neighbours.fold((0, 0), |(sum, count), other| {
            (sum + places[other] * 1000, count + 1_usize)
        });
        sum.checked_div(count).unwrap_or(places[item] * 1000)
    };
    let mut keyed: Vec<_> = layers.rows[row]
        .iter()
        .map(|item| (mean(*item), *item))
        .collect();
    keyed.sort_by_key(|(mean, _)| *mean);
    layers.rows[row] = keyed.into_iter().map(|(_, item)| item).collect();
}

/// Swaps neighbours as long as lines cross less for it.
fn swap(layers: &mut Layers) {
    let mut now = crossings(layers);
    for row in 0..layers.rows.len() {
        for place in 1..layers.rows[row].len() {
            layers.rows[row].swap(place - 1, place);
            let then = crossings(layers);
            if then < now {
                now = then;
            } else {
                layers.rows[row].swap(place - 1, place);
            }
        }
    }
}

/// How many pairs of lines cross.
pub(super) fn crossings(layers: &Layers) -> usize {
    let places = places(layers);
    let mut count = 0;
    for (index, one) in layers.links.iter().enumerate() {
        for other in &layers.links[..index] {
            if layers.layer[one.above] == layers.layer[other.above] {
                let above = places[one.above].cmp(&places[other.above]);
                let below = places[one.below].cmp(&places[other.below]);
                count += usize::from(above.is_ne() && above == below.reverse());
            }
        }
    }
    count
}
