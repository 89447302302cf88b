//! Sets of ASCII characters.

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Set(u128);

impl Set {
    pub(super) fn of(byte: u8) -> Self {
        Self::range(byte, byte)
    }

    /// The characters from `first` to `last`; those beyond ASCII are left out.
    pub(super) fn range(first: u8, last: u8) -> Self {
        Self((first..=last.min(127)).fold(0, |bits, byte| bits | 1 << byte))
    }

    pub(super) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn contains(self, byte: u8) -> bool {
        byte < 128 && self.0 & 1 << byte != 0
    }

    /// The member, if it is the only one.
    pub(super) fn only(self) -> Option<u8> {
        match self.ranges().as_slice() {
            [(first, last)] if first == last => Some(*first),
            _ => None,
        }
    }

    pub(super) fn ranges(self) -> Vec<(u8, u8)> {
        let mut ranges: Vec<(u8, u8)> = Vec::new();
        for byte in (0..128).filter(|byte| self.contains(*byte)) {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == byte => *last = byte,
                _ => ranges.push((byte, byte)),
            }
        }
        ranges
    }
}
