//! From a [`Sequence`] to SVG. Lengths are CSS pixels.

use super::{
    Head, Place, Sequence, Step,
    room::Room,
    words::{WRAP, count, escape, lines, measure, put, title_of, told, widest},
};

const LINE: i32 = 18;
const MARGIN: i32 = 12;
const BOX_HEIGHT: i32 = 38;
const BOX_PADDING: i32 = 16;
const GAP: i32 = 28;
/// A picture wider than this is not shrunk on a phone.
const PHONE: i32 = 520;

/// Draws the diagram; `id` makes the ids of its title and description unique on a page.
pub(super) fn svg(sequence: &Sequence, id: &str) -> String {
    let mut canvas = Canvas::new(sequence);
    let top = MARGIN;
    canvas.y = top + BOX_HEIGHT + 14;
    canvas.steps(&sequence.steps);
    let bottom = canvas.y + 12;
    canvas.finish(sequence, id, top, bottom)
}

struct Canvas<'a> {
    sequence: &'a Sequence,
    /// The lifelines' x.
    columns: Vec<i32>,
    left: i32,
    right: i32,
    y: i32,
    depth: i32,
    number: usize,
    back: String,
    front: String,
}

impl<'a> Canvas<'a> {
    fn new(sequence: &'a Sequence) -> Self {
        let widths: Vec<i32> = sequence
            .participants
            .iter()
            .map(|one| (widest(&lines(&one.label, WRAP)) + 2 * BOX_PADDING).max(84))
            .collect();
        let mut gaps: Vec<i32> = widths
            .windows(2)
            .map(|pair| i32::midpoint(pair[0], pair[1]) + GAP)
            .collect();
        let (mut left, mut right) = (
            half(&widths, 0),
            half(&widths, widths.len().saturating_sub(1)),
        );
        let mut room = Room {
            gaps: &mut gaps,
            left: &mut left,
            right: &mut right,
            last: widths.len().saturating_sub(1),
        };
        room.steps(&sequence.steps, sequence.numbered);
        let depth = depth_of(&sequence.steps);
        let start = MARGIN + left + depth * 10;
        let mut columns = vec![start];
        for gap in &gaps {
            columns.push(columns.last().copied().unwrap_or(start) + gap);
        }
        let end = columns.last().copied().unwrap_or(start) + right + depth * 10;
        Self {
            sequence,
            left: MARGIN,
            right: end,
            columns,
            y: 0,
            depth: 0,
            number: 0,
            back: String::new(),
            front: String::new(),
        }
    }

    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Message {
                    from,
                    to,
                    dashed,
                    head,
                    text,
                } => self.message(*from, *to, *dashed, *head, text),
                Step::Note {
                    from,
                    to,
                    place,
                    text,
                } => self.note(*from, *to, *place, text),
                Step::Block { keyword, sections } => self.block(keyword, sections),
            }
        }
    }

    fn message(&mut self, from: usize, to: usize, dashed: bool, head: Head, text: &str) {
        self.number += 1;
        let text = if self.sequence.numbered {
            format!("{}. {text}", self.number)
        } else {
            text.to_owned()
        };
        let (x1, x2) = (self.columns[from], self.columns[to]);
        let class = if dashed {
            "dg-line dg-dashed"
        } else {
            "dg-line"
        };
        if from == to {
            let words = lines(&text, WRAP);
            let height = (LINE * count(&words)).max(24);
            self.y += 10;
            let (y, end) = (self.y, self.y + height);
            put(
                &mut self.front,
                format_args!(
                    "<path class=\"{class}\" d=\"M{x1} {y}h30v{height}h-{}\"/>",
                    30 - head_room(head)
                ),
            );
            self.head(head, x1, end, -1);
            self.text("dg-text", "start", x1 + 40, y + 15, &words);
            self.y = end + 18;
            return;
        }
        let words = lines(&text, (x2 - x1).abs() - 20);
        self.y += LINE * count(&words) + 8;
        let y = self.y;
        self.text(
            "dg-text",
            "middle",
            i32::midpoint(x1, x2),
            y - 8 - LINE * (count(&words) - 1),
            &words,
        );
        let way = (x2 - x1).signum();
        put(
            &mut self.front,
            format_args!(
                "<path class=\"{class}\" d=\"M{x1} {y}H{}\"/>",
                x2 - way * head_room(head)
            ),
        );
        self.head(head, x2, y, way);
        self.y += 16;
    }

    fn head(&mut self, head: Head, x: i32, y: i32, way: i32) {
        let back = x - way * 9;
        match head {
            Head::Arrow => put(
                &mut self.front,
                format_args!(
                    "<path class=\"dg-head\" d=\"M{x} {y}L{back} {}V{}Z\"/>",
                    y - 5,
                    y + 5
                ),
            ),
            Head::Open => put(
                &mut self.front,
                format_args!(
                    "<path class=\"dg-line\" d=\"M{back} {}L{x} {y}L{back} {}\"/>",
                    y - 5,
                    y + 5
                ),
            ),
            Head::Cross => put(
                &mut self.front,
                format_args!(
                    "<path class=\"dg-cross\" d=\"M{} {}l10 10m0 -10l-10 10\"/>",
                    x - way * 10 - 5,
                    y - 5
                ),
            ),
            Head::None => {}
        }
    }

    fn note(&mut self, from: usize, to: usize, place: Place, text: &str) {
        let span = self.columns[to] - self.columns[from];
        let words = lines(
            text,
            if place == Place::Over && from != to {
                (span + 60).max(WRAP)
            } else {
                WRAP
            },
        );
        let width = match place {
            Place::Over => (widest(&words) + 24).max(if from == to { 0 } else { span + 60 }),
            _ => widest(&words) + 24,
        };
        let x = match place {
            Place::Over => i32::midpoint(self.columns[from], self.columns[to]) - width / 2,
            Place::Left => self.columns[from] - width - 10,
            Place::Right => self.columns[to] + 10,
        };
        let height = LINE * count(&words) + 14;
        self.y += 6;
        let y = self.y;
        put(
            &mut self.front,
            format_args!(
                "<rect class=\"dg-note\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"4\"/>"
            ),
        );
        self.text("dg-text", "middle", x + width / 2, y + 20, &words);
        self.y += height + 12;
    }

    fn block(&mut self, keyword: &str, sections: &[super::Section]) {
        self.depth += 1;
        let inset = (self.depth - 1) * 10;
        let (x, width) = (self.left + inset, self.right - self.left - 2 * inset);
        self.y += 4;
        let top = self.y;
        let tab = measure(keyword) + 20;
        for (index, section) in sections.iter().enumerate() {
            if index > 0 {
                put(
                    &mut self.back,
                    format_args!("<path class=\"dg-split\" d=\"M{x} {}h{width}\"/>", self.y),
                );
            }
            let label = lines(&format!("[{}]", section.label), width - tab - 24);
            if !section.label.is_empty() {
                let (at, skip) = if index == 0 {
                    (x + tab + 12, 17)
                } else {
                    (x + 12, 18)
                };
                self.text("dg-label", "start", at, self.y + skip, &label);
            }
            self.y += LINE * count(&label) + 12;
            self.steps(&section.steps);
            self.y += 2;
        }
        put(
            &mut self.back,
            format_args!(
                "<rect class=\"dg-frame\" x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"{}\" rx=\"5\"/>",
                self.y - top
            ),
        );
        put(
            &mut self.front,
            format_args!(
                "<path class=\"dg-tab\" d=\"M{x} {}v-19q0 -5 5 -5h{}v16l-8 8z\"/>",
                top + 24,
                tab - 5
            ),
        );
        self.text(
            "dg-keyword",
            "start",
            x + 9,
            top + 17,
            &[keyword.to_owned()],
        );
        self.y += 14;
        self.depth -= 1;
    }

    fn text(&mut self, class: &str, anchor: &str, x: i32, y: i32, words: &[String]) {
        for (index, line) in (0..).zip(words) {
            put(
                &mut self.front,
                format_args!(
                    "<text class=\"{class}\" text-anchor=\"{anchor}\" x=\"{x}\" y=\"{}\">{}</text>",
                    y + index * LINE,
                    escape(line)
                ),
            );
        }
    }

    fn finish(mut self, sequence: &Sequence, id: &str, top: i32, bottom: i32) -> String {
        let mut lifelines = String::new();
        let mut boxes = Vec::new();
        for (one, x) in sequence.participants.iter().zip(self.columns.clone()) {
            put(
                &mut lifelines,
                format_args!(
                    "<path class=\"dg-life\" d=\"M{x} {}V{bottom}\"/>",
                    top + BOX_HEIGHT
                ),
            );
            let words = lines(&one.label, WRAP);
            let width = (widest(&words) + 2 * BOX_PADDING).max(84);
            boxes.push((x, width, words));
        }
        for (x, width, words) in boxes {
            put(
                &mut self.front,
                format_args!(
                    "<rect class=\"dg-box\" x=\"{}\" y=\"{top}\" width=\"{width}\" height=\"{BOX_HEIGHT}\" rx=\"6\"/>",
                    x - width / 2
                ),
            );
            self.text("dg-name", "middle", x, top + 24, &words);
        }
        let (width, height) = (self.right + MARGIN, bottom + MARGIN);
        let title = sequence.title.clone().unwrap_or_else(|| title_of(sequence));
        let description = sequence
            .description
            .clone()
            .unwrap_or_else(|| told(sequence, &sequence.steps));
        frame(
            id,
            (width, height),
            (&title, &description),
            &format!("{}{lifelines}{}", self.back, self.front),
        )
    }
}

/// The picture around what is drawn, with its title and description.
pub(super) fn frame(
    id: &str,
    (width, height): (i32, i32),
    (title, description): (&str, &str),
    content: &str,
) -> String {
    let wide = if width > PHONE { " dg-wide" } else { "" };
    format!(
        "<svg class=\"dg{wide}\" role=\"img\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         aria-labelledby=\"{id}-title {id}-desc\"><title id=\"{id}-title\">{}</title><desc id=\"{id}-desc\">{}</desc>{content}</svg>",
        escape(title),
        escape(&description.replace('\n', " ")),
    )
}

fn half(widths: &[i32], index: usize) -> i32 {
    widths.get(index).map_or(0, |width| width / 2)
}

fn head_room(head: Head) -> i32 {
    if head == Head::Arrow { 8 } else { 0 }
}

fn depth_of(steps: &[Step]) -> i32 {
    steps
        .iter()
        .map(|step| match step {
            Step::Block { sections, .. } => {
                1 + sections
                    .iter()
                    .map(|one| depth_of(&one.steps))
                    .max()
                    .unwrap_or(0)
            }
            _ => 0,
        })
        .max()
        .unwrap_or(0)
}
