//! The page that says which requirement is shown by what.

use super::{
    Pages,
    markup::{escape, href, page_of, put},
    requirement::{State, details},
};
use crate::model::{Document, Requirement};

/// The path of the page below the book's root.
pub(super) const PAGE: &str = "coverage.md";

#[derive(Default, Clone, Copy)]
struct Tally {
    tested: usize,
    implemented: usize,
    excused: usize,
    open: usize,
}

impl Tally {
    fn add(&mut self, state: State) {
        match state {
            State::Tested => self.tested += 1,
            State::Implemented => self.implemented += 1,
            State::Excused => self.excused += 1,
            State::Open => self.open += 1,
        }
    }

    fn total(self) -> usize {
        self.tested + self.implemented + self.excused + self.open
    }

    /// Cells of a table. The percentage is rounded down: all but one is not all.
    fn cells(self) -> String {
        let share = (self.tested * 100).checked_div(self.total()).unwrap_or(0);
        format!(
            "<td>{}</td><td class=\"metered\"><span>{}</span><progress class=\"meter\" max=\"100\" value=\"{share}\">{share} %</progress></td>\
             <td>{}</td><td>{}</td><td>{}</td>",
            self.total(),
            self.tested,
            self.implemented,
            self.excused,
            self.open
        )
    }
}

const HEAD: &str = "<th>requirements</th><th>tested</th><th>implemented only</th><th>not testable yet</th><th>open</th></tr></thead><tbody>";

/// The page in Markdown; none if the specification has no requirement.
pub(super) fn render(pages: &Pages<'_>) -> Option<String> {
    let all: Vec<(&Document, &Requirement)> = pages.spec.requirements().collect();
    if all.is_empty() {
        return None;
    }
    let state = |requirement: &Requirement| State::of(pages.report.coverage.of(&requirement.id));
    let mut whole = Tally::default();
    for (_, requirement) in &all {
        whole.add(state(requirement));
    }
    let mut out = format!(
        "# Coverage\n\nA requirement is *tested* if a test, a vector or a refused example shows that it is met. \
         Tested: {1} of {0}. Not testable yet: {2}, for the reasons below.\n\n## By chapter\n\n\
         <div class=\"table-wrapper\"><table><thead><tr><th>chapter</th>{HEAD}",
        whole.total(),
        whole.tested,
        whole.excused
    );
    for document in &pages.spec.documents {
        let mut tally = Tally::default();
        for requirement in &document.requirements {
            tally.add(state(requirement));
        }
        if tally.total() > 0 {
            put(
                &mut out,
                format_args!(
                    "<tr><td><a href=\"{}\">{}</a></td>{}</tr>",
                    escape(&page_of(&document.path)),
                    escape(document.title()),
                    tally.cells()
                ),
            );
        }
    }
    out.push_str("</tbody></table></div>\n");
    classes(pages, &all, &mut out);

    let uncovered: Vec<_> = all
        .iter()
        .filter(|(_, requirement)| state(requirement) != State::Tested)
        .collect();
    if uncovered.is_empty() {
        out.push_str("\n## Not tested\n\nNothing: every requirement is tested.\n");
        return Some(out);
    }
    out.push_str("\n## Not tested\n\n<div class=\"table-wrapper\"><table><thead><tr><th>requirement</th><th>coverage</th></tr></thead><tbody>");
    for (document, requirement) in uncovered {
        put(
            &mut out,
            format_args!(
                "<tr><td><a href=\"{}#{}\"><code>{}</code></a></td><td>{}</td></tr>",
                escape(&page_of(&document.path)),
                escape(&requirement.anchor()),
                escape(&requirement.id),
                details(pages, PAGE, pages.report.coverage.of(&requirement.id))
            ),
        );
    }
    out.push_str("</tbody></table></div>\n");
    Some(out)
}

/// The table of conformance classes, if a protocol has one: `classes` with the columns `class` and
/// `requirements`.
fn classes(pages: &Pages<'_>, all: &[(&Document, &Requirement)], out: &mut String) {
    for (document, table) in pages
        .spec
        .tables()
        .filter(|(_, table)| table.id == "classes")
    {
        let (Some(class), Some(patterns)) = (table.column("class"), table.column("requirements"))
        else {
            continue;
        };
        if table.rows.is_empty() {
            continue;
        }
        put(
            out,
            format_args!(
                "\n## By conformance class\n\nThe classes are those of [{}]({}).\n\n\
                 <div class=\"table-wrapper\"><table><thead><tr><th>class</th>{HEAD}",
                document.title(),
                href(
                    "coverage.html",
                    &format!("{}#table-classes", page_of(&document.path))
                )
            ),
        );
        for row in &table.rows {
            let (Some(class), Some(patterns)) = (row.cells.get(class), row.cells.get(patterns))
            else {
                continue;
            };
            let patterns: Vec<&str> = patterns
                .text
                .split([',', ' ', ';'])
                .filter(|part| !part.is_empty())
                .collect();
            let mut tally = Tally::default();
            for (_, requirement) in all
                .iter()
                .filter(|(_, one)| patterns.iter().any(|pattern| matches(pattern, &one.id)))
            {
                tally.add(State::of(pages.report.coverage.of(&requirement.id)));
            }
            put(
                out,
                format_args!("<tr><td>{}</td>{}</tr>", escape(&class.text), tally.cells()),
            );
        }
        out.push_str("</tbody></table></div>\n");
    }
}

/// Whether `attestation.mcp.*` or an id names a requirement.
fn matches(pattern: &str, id: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(family) => id.starts_with(family),
        None => pattern == id,
    }
}
