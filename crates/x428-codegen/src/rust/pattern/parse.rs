//! Reads the patterns that need no backtracking.

use super::set::Set;

/// A pattern that begins with `^` and is decided by one character at a time.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    pub(super) pieces: Vec<Piece>,
    /// Whether the pattern ends in `$`.
    pub(super) to_the_end: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// From `min` to `max` characters of a set.
    Run {
        set: Set,
        min: usize,
        max: Option<usize>,
    },
    /// From `min` to `max` times the pieces, which begin with a character of `first`.
    Group {
        pieces: Vec<Piece>,
        first: Set,
        min: usize,
        max: Option<usize>,
    },
}

impl Pattern {
    /// `None` if the pattern has anything but ASCII characters, classes, groups and counts, or is ambiguous.
    pub(super) fn parse(source: &str) -> Option<Self> {
        let inner = source.strip_prefix('^')?;
        if !inner.is_ascii() {
            return None;
        }
        let mut reader = Reader {
            rest: inner.as_bytes(),
        };
        let pieces = reader.pieces()?;
        let to_the_end = match reader.rest {
            b"$" => true,
            b"" => false,
            _ => return None,
        };
        // Where a pattern does not go to the end, anything may follow what it has read; what it reads is the same.
        is_decided(&pieces, Set::default()).then_some(Self { pieces, to_the_end })
    }
}

impl Piece {
    pub(super) fn min(&self) -> usize {
        match self {
            Self::Run { min, .. } | Self::Group { min, .. } => *min,
        }
    }

    pub(super) fn max(&self) -> Option<usize> {
        match self {
            Self::Run { max, .. } | Self::Group { max, .. } => *max,
        }
    }

    fn first(&self) -> Set {
        match self {
            Self::Run { set, .. } => *set,
            Self::Group { first, .. } => *first,
        }
    }
}

/// The characters that pieces can begin with, with those of `follow` if the pieces can be empty.
fn first(pieces: &[Piece], follow: Set) -> Set {
    let mut set = Set::default();
    for piece in pieces {
        set = set.union(piece.first());
        if piece.min() > 0 {
            return set;
        }
    }
    set.union(follow)
}

/// Whether a character that goes on with a piece never begins what follows it.
fn is_decided(pieces: &[Piece], follow: Set) -> bool {
    pieces.iter().enumerate().all(|(index, piece)| {
        let after = first(&pieces[index + 1..], follow);
        let fixed = piece.max() == Some(piece.min());
        let inside = match piece {
            Piece::Run { .. } => true,
            Piece::Group { pieces, first, .. } => is_decided(pieces, after.union(*first)),
        };
        inside && (fixed || !piece.first().meets(after))
    })
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn skip(&mut self, prefix: &[u8]) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Up to the end, a `$` or a closing parenthesis.
    fn pieces(&mut self) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        while !matches!(self.rest.first(), None | Some(b'$' | b')')) {
            pieces.push(self.piece()?);
        }
        Some(pieces)
    }

    fn piece(&mut self) -> Option<Piece> {
        if self.skip(b"(?:") {
            let pieces = self.pieces()?;
            if !self.skip(b")") || pieces.iter().all(|piece| piece.min() == 0) {
                return None;
            }
            let (min, max) = self.count()?;
            let first = first(&pieces, Set::default());
            return Some(Piece::Group {
                pieces,
                first,
                min,
                max,
            });
        }
        let set = match self.next()? {
            b'[' => self.class()?,
            b'\\' => self.escape()?,
            b'(' | b')' | b'|' | b'.' | b'^' | b'$' | b'*' | b'+' | b'?' | b'{' | b'}' | b']' => {
                return None;
            }
            byte => Set::of(byte),
        };
        let (min, max) = self.count()?;
        Some(Piece::Run { set, min, max })
    }

    /// What stands behind a backslash.
    fn escape(&mut self) -> Option<Set> {
        match self.next()? {
            b'd' => Some(Set::range(b'0', b'9')),
            b'x' => {
                let digits = [self.next()?, self.next()?];
                let byte = u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?;
                byte.is_ascii().then(|| Set::of(byte))
            }
            byte if byte.is_ascii_punctuation() => Some(Set::of(byte)),
            _ => None,
        }
    }

    /// What stands behind an opening bracket.
    fn class(&mut self) -> Option<Set> {
        let mut set = Set::default();
        if self.rest.first() == Some(&b'^') {
            return None;
        }
        while !self.skip(b"]") {
            let from = self.member()?;
            let ranges = self.rest.first() == Some(&b'-') && self.rest.get(1) != Some(&b']');
            set = set.union(if ranges {
                self.skip(b"-");
                let (from, to) = (from.only()?, self.member()?.only()?);
                if from > to {
                    return None;
                }
                Set::range(from, to)
            } else {
                from
            });
        }
        (!set.is_empty()).then_some(set)
    }

    fn member(&mut self) -> Option<Set> {
        match self.next()? {
            b'\\' => self.escape(),
            byte => Some(Set::of(byte)),
        }
    }

    /// How often what was read may stand there.
    fn count(&mut self) -> Option<(usize, Option<usize>)> {
        let count = match self.rest.first() {
            Some(b'?') => (0, Some(1)),
            Some(b'*') => (0, None),
            Some(b'+') => (1, None),
            Some(b'{') => return self.braces(),
            _ => return Some((1, Some(1))),
        };
        self.next()?;
        self.is_greedy().then_some(count)
    }

    fn braces(&mut self) -> Option<(usize, Option<usize>)> {
        let end = self.rest.iter().position(|byte| *byte == b'}')?;
        let inner = std::str::from_utf8(self.rest.get(1..end)?).ok()?;
        self.rest = self.rest.get(end + 1..)?;
        let count = match inner.split_once(',') {
            None => (inner.parse().ok()?, Some(inner.parse().ok()?)),
            Some((min, "")) => (min.parse().ok()?, None),
            Some((min, max)) => (min.parse().ok()?, Some(max.parse().ok()?)),
        };
        self.is_greedy().then_some(count)
    }

    fn is_greedy(&self) -> bool {
        self.rest.first() != Some(&b'?')
    }
}

#[cfg(test)]
mod tests;
