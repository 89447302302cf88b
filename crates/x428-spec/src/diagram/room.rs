//! Room between the lifelines.

use super::{
    Place, Step,
    words::{WRAP, lines, widest},
};

/// Widens the gaps between the lifelines until every word has room.
pub(super) struct Room<'a> {
    pub(super) gaps: &'a mut Vec<i32>,
    pub(super) left: &'a mut i32,
    pub(super) right: &'a mut i32,
    pub(super) last: usize,
}

impl Room<'_> {
    pub(super) fn steps(&mut self, steps: &[Step], numbered: bool) {
        for step in steps {
            match step {
                Step::Message { from, to, text, .. } => {
                    let need = widest(&lines(text, WRAP)) + if numbered { 48 } else { 28 };
                    if from == to {
                        self.beside(*from, need + 24);
                    } else {
                        self.between(*from.min(to), *from.max(to), need);
                    }
                }
                Step::Note {
                    from,
                    to,
                    place,
                    text,
                } => {
                    let need = widest(&lines(text, WRAP)) + 34;
                    match place {
                        Place::Right => self.beside(*to, need),
                        Place::Left if *from == 0 => *self.left = (*self.left).max(need),
                        Place::Left => self.between(from - 1, *from, need),
                        Place::Over => {
                            let span: i32 = self.gaps[*from..*to].iter().sum();
                            let over = (need.max(span + 72) - span) / 2;
                            if *from == 0 {
                                *self.left = (*self.left).max(over);
                            }
                            self.beside(*to, if *to == self.last { over } else { 0 });
                        }
                    }
                }
                Step::Block { sections, .. } => {
                    for section in sections {
                        self.steps(&section.steps, numbered);
                    }
                }
            }
        }
    }

    fn between(&mut self, from: usize, to: usize, need: i32) {
        let have: i32 = self.gaps[from..to].iter().sum();
        let columns = i32::try_from(to - from).unwrap_or(1).max(1);
        let more = (need - have + columns - 1) / columns;
        if more > 0 {
            self.gaps[from..to].iter_mut().for_each(|gap| *gap += more);
        }
    }

    fn beside(&mut self, column: usize, need: i32) {
        if column == self.last {
            *self.right = (*self.right).max(need);
        } else {
            self.between(column, column + 1, need);
        }
    }
}
