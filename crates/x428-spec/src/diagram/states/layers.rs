//! Layers: every arrow leads down, except those that close a circle.

use super::States;

/// What stands in a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    /// The box of a state.
    State(usize),
    /// A line on its way past this layer. Lines to one state run together.
    Bend {
        /// What tells the line from others: the state to which it leads, or its arrow.
        key: Key,
    },
}

/// A line that passes layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// All lines down to this state.
    To(usize),
    /// The line up of this arrow.
    Up(usize),
}

/// A line between two neighbouring layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    /// The item above, as an index of [`Layers::items`].
    pub(super) above: usize,
    /// The item below.
    pub(super) below: usize,
    /// Whether the arrow leads up.
    pub(super) up: bool,
}

/// The items of a diagram, their layers, and the lines between them.
#[derive(Debug)]
pub(super) struct Layers {
    pub(super) items: Vec<Item>,
    /// By item.
    pub(super) layer: Vec<usize>,
    /// The items of each layer from left to right.
    pub(super) rows: Vec<Vec<usize>>,
    pub(super) links: Vec<Link>,
}

impl Layers {
    pub(super) fn new(diagram: &States) -> Self {
        let up = circles(diagram);
        let depth = depths(diagram, &up);
        let mut layers = Self {
            items: Vec::new(),
            layer: Vec::new(),
            rows: vec![Vec::new(); depth.iter().max().map_or(0, |depth| depth + 1)],
            links: Vec::new(),
        };
        for (state, depth) in depth.iter().enumerate() {
            layers.add(Item::State(state), *depth);
        }
        for (index, (from, to)) in diagram.changes.iter().enumerate() {
            let up = up.get(index).copied().unwrap_or(false);
            let (above, below) = if up { (*to, *from) } else { (*from, *to) };
            let key = if up { Key::Up(index) } else { Key::To(below) };
            let mut item = above;
            for layer in depth[above] + 1..depth[below] {
                let bend = layers.bend(key, layer);
                layers.link(item, bend, up);
                item = bend;
            }
            layers.link(item, below, up);
        }
        layers
    }

    fn add(&mut self, item: Item, layer: usize) -> usize {
        self.items.push(item);
        self.layer.push(layer);
        self.rows[layer].push(self.items.len() - 1);
        self.items.len() - 1
    }

    fn bend(&mut self, key: Key, layer: usize) -> usize {
        let row = &self.rows[layer];
        let known = row
            .iter()
            .find(|item| self.items[**item] == Item::Bend { key });
        known
            .copied()
            .unwrap_or_else(|| self.add(Item::Bend { key }, layer))
    }

    fn link(&mut self, above: usize, below: usize, up: bool) {
        let link = Link { above, below, up };
        if !self.links.contains(&link) {
            self.links.push(link);
        }
    }
}

fn followers(diagram: &States, state: usize) -> impl Iterator<Item = (usize, usize)> {
    let changes = diagram.changes.iter().enumerate();
    changes
        .filter(move |(_, (from, _))| *from == state)
        .map(|(index, (_, to))| (index, *to))
}

/// The arrows that lead back to where the way came from, by a walk from the initial state.
fn circles(diagram: &States) -> Vec<bool> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        OnTheWay,
        Done,
    }
    let mut up = vec![false; diagram.changes.len()];
    let mut marks = vec![Mark::New; diagram.nodes.len()];
    for start in diagram.initial.into_iter().chain(0..diagram.nodes.len()) {
        if marks[start] != Mark::New {
            continue;
        }
        marks[start] = Mark::OnTheWay;
        let mut way = vec![(start, 0)];
        while let Some((state, tried)) = way.last_mut() {
            let Some((change, to)) = followers(diagram, *state).nth(*tried) else {
                marks[*state] = Mark::Done;
                way.pop();
                continue;
            };
            *tried += 1;
            match marks[to] {
                Mark::New => {
                    marks[to] = Mark::OnTheWay;
                    way.push((to, 0));
                }
                Mark::OnTheWay => up[change] = true,
                Mark::Done => {}
            }
        }
    }
    up
}

/// The layer of each state: below all from which an arrow leads down to it.
fn depths(diagram: &States, up: &[bool]) -> Vec<usize> {
    let mut depth = vec![0; diagram.nodes.len()];
    // Without circles the longest way has fewer arrows than there are states.
    for _ in 0..diagram.nodes.len() {
        let mut settled = true;
        for ((from, to), _) in diagram.changes.iter().zip(up).filter(|(_, up)| !**up) {
            if depth[*to] <= depth[*from] {
                depth[*to] = depth[*from] + 1;
                settled = false;
            }
        }
        if settled {
            break;
        }
    }
    depth
}
