//! Words of a paragraph, a heading or a cell.

use super::escape;

/// Words as LaTeX, and how wide they are.
#[derive(Debug, Default, Clone)]
pub(super) struct Inline {
    /// The words as LaTeX.
    pub(super) tex: String,
    /// The words without markup.
    pub(super) plain: String,
    /// How wide it is on one line, in small letters.
    pub(super) width: usize,
    /// The longest piece that cannot be broken, in small letters.
    pub(super) longest: usize,
    /// In halves of a small letter: capitals and `m` are wide.
    run: usize,
    halves: usize,
    /// Letters of code since the last place where it may be broken.
    letters: usize,
    before: Option<char>,
    /// What ends the groups that are open.
    closers: Vec<&'static str>,
}

impl Inline {
    /// Adds prose.
    pub(super) fn text(&mut self, text: &str) {
        self.tex.push_str(&escape::text(text));
        for c in text.chars() {
            let halves = if c.is_uppercase() || matches!(c, 'm' | 'w') {
                3
            } else {
                2
            };
            self.add(halves, c.is_whitespace());
        }
        self.plain.push_str(text);
        self.before = None;
        self.letters = 0;
    }

    /// Adds code.
    pub(super) fn code(&mut self, code: &str) {
        escape::put(
            &mut self.tex,
            format_args!("\\xcode{{{}}}", escape::code(code)),
        );
        for c in code.chars() {
            if c.is_whitespace() || escape::breaks(self.before, c, self.letters) {
                self.run = 0;
                self.letters = 0;
            }
            self.letters += usize::from(!c.is_whitespace());
            self.add(2, c.is_whitespace());
            self.before = Some(c);
        }
        self.plain.push_str(code);
    }

    /// A place between two words.
    pub(super) fn space(&mut self) {
        if !self.is_empty() {
            self.tex.push('\n');
            self.plain.push(' ');
            self.add(2, true);
        }
    }

    /// A new line.
    pub(super) fn line_break(&mut self) {
        self.tex.push_str("\\newline{}");
        self.plain.push(' ');
        self.add(2, true);
    }

    /// What prints nothing.
    pub(super) fn mark(&mut self, tex: &str) {
        self.tex.push_str(tex);
    }

    /// Begins a group such as `\emph{`.
    pub(super) fn open(&mut self, tex: &str, closer: &'static str) {
        self.tex.push_str(tex);
        self.closers.push(closer);
    }

    /// Ends the innermost group.
    pub(super) fn close(&mut self) {
        self.tex.push_str(self.closers.pop().unwrap_or_default());
    }

    /// Whether nothing has been said.
    pub(super) fn is_empty(&self) -> bool {
        self.tex.is_empty()
    }

    fn add(&mut self, halves: usize, is_space: bool) {
        self.run = if is_space { 0 } else { self.run + halves };
        self.halves += halves;
        self.width = self.halves.div_ceil(2);
        self.longest = self.longest.max(self.run.div_ceil(2));
    }
}

/// Words with code between backticks and no other markup, as descriptions of schemas have them.
pub(super) fn words(text: &str) -> String {
    let mut inline = Inline::default();
    let mut parts = text.split('`');
    while let Some(plain) = parts.next() {
        inline.text(plain);
        match (parts.next(), parts.clone().next()) {
            (Some(code), Some(_)) => inline.code(code),
            // A backtick without its partner stands for itself.
            (Some(rest), None) => inline.text(&format!("`{rest}")),
            _ => {}
        }
    }
    inline.tex
}
