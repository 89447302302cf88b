//! Tables: columns as wide as their words ask, and never wider than the page.

use super::{
    escape::{self, put},
    inline::Inline,
};

/// How many characters a line of a table holds, gaps between its columns included.
const LINE: usize = 100;
/// The gap between two columns, in characters.
const GAP: usize = 2;
/// A word longer than this is broken.
const LONGEST_WORD: usize = 24;

/// A table that is being read.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The names of the columns.
    pub(super) head: Vec<Inline>,
    /// The rows, each with its place in the text.
    pub(super) rows: Vec<(String, Vec<Inline>)>,
}

impl Table {
    /// The table as LaTeX.
    pub(super) fn render(&self) -> String {
        let columns = self.head.len().max(1);
        let shares = self.shares();
        let spec: String = shares.iter().fold(String::new(), |mut spec, share| {
            put(
                &mut spec,
                format_args!("X{{{:.4}}}", f64::from(*share) / 10_000.0),
            );
            spec
        });
        let mut out = format!("\\begin{{xtable}}{{{columns}}}{{{spec}}}\n\\toprule\n");
        let cells: Vec<_> = self
            .head
            .iter()
            .map(|cell| format!("\\bfseries {}", cell.tex))
            .collect();
        put(
            &mut out,
            format_args!(
                "{} \\\\\n\\midrule\\endhead\n\\bottomrule\\endfoot\n",
                cells.join(" & ")
            ),
        );
        for (place, row) in &self.rows {
            let cells: Vec<_> = row.iter().map(|cell| cell.tex.as_str()).collect();
            put(
                &mut out,
                format_args!(
                    "\\xrow{{{}}}%\n{} \\\\\n",
                    escape::place(place),
                    cells.join(" &\n")
                ),
            );
        }
        out.push_str("\\end{xtable}\n");
        out
    }

    /// The widths of the columns in ten thousandths of the line without gaps: what their words ask if
    /// that fits, else at least their longest words, and the rest by what each would take.
    fn shares(&self) -> Vec<u32> {
        let columns = self.head.len().max(1);
        let room = LINE.saturating_sub(GAP * (columns - 1)).max(columns);
        let most = |of: &dyn Fn(&Inline) -> usize| -> Vec<usize> {
            (0..columns)
                .map(|column| {
                    let cells = self.rows.iter().filter_map(|(_, row)| row.get(column));
                    // The head is bold.
                    let head = self
                        .head
                        .get(column)
                        .map_or(0, |cell| (of(cell) * 5).div_ceil(4));
                    cells.map(of).max().unwrap_or(0).max(head).max(2) + 1
                })
                .collect()
        };
        let widths = divide(
            &most(&|cell| cell.width),
            &most(&|cell| cell.longest.min(LONGEST_WORD)),
            room,
        );
        let total: usize = widths.iter().sum::<usize>().max(room);
        widths
            .iter()
            .map(|width| u32::try_from(width * 10_000 / total).unwrap_or(0))
            .collect()
    }
}

/// Divides `room` among columns. A narrow column gets what its words ask; the others share the rest by
/// what they would take, and none gets less than its longest word.
fn divide(natural: &[usize], least: &[usize], room: usize) -> Vec<usize> {
    let mut widths = natural.to_vec();
    let mut wide: Vec<usize> = (0..natural.len()).collect();
    let mut rest = room;
    while let Some(at) = wide
        .iter()
        .position(|column| natural[*column] * wide.len() <= rest)
    {
        rest -= natural[wide.remove(at)];
    }
    // A column of long sentences does not take all from one of short ones.
    let appetite = |column: &usize| natural[*column].min(room * 3 / 2);
    while let Some(at) = {
        let hunger = wide.iter().map(appetite).sum::<usize>().max(1);
        wide.iter()
            .position(|column| rest * appetite(column) / hunger < least[*column])
    } {
        let column = wide.remove(at);
        widths[column] = least[column];
        rest = rest.saturating_sub(least[column]);
    }
    let hunger = wide.iter().map(appetite).sum::<usize>().max(1);
    for column in &wide {
        widths[*column] = rest * appetite(column) / hunger;
    }
    widths
}
