//! Numbers of headings: readers cite them, so none is missing and none is there twice.

use crate::{
    diagnostic::{Code, Diagnostic},
    model::{Document, Heading, Spec},
};

/// Checks the numbers of all documents, and the chapters of each protocol.
pub(super) fn check(spec: &Spec, found: &mut Vec<Diagnostic>) {
    for document in &spec.documents {
        within(document, found);
    }
    for protocol in &spec.protocols {
        let documents = protocol
            .documents
            .iter()
            .filter_map(|index| spec.documents.get(*index));
        chapters(documents.filter(|document| document.in_summary), found);
    }
}

/// Every number is the next one of its level below the number above.
fn within(document: &Document, found: &mut Vec<Diagnostic>) {
    let mut last: Option<Vec<u32>> = None;
    for heading in &document.headings {
        let Some(number) = heading.number() else {
            continue;
        };
        if let Some(last) = &last
            && !follows(last, &number)
        {
            found.push(out_of_order(heading, last));
        }
        last = Some(number);
    }
}

/// Whether a number may come after another: its first child, or the next of one of its ancestors.
fn follows(last: &[u32], number: &[u32]) -> bool {
    let Some((own, parents)) = number.split_last() else {
        return false;
    };
    if number.len() == last.len() + 1 {
        return parents == last && *own == 1;
    }
    let level = number.len();
    last.len() >= level
        && last[..level - 1] == *parents
        && last[level - 1].checked_add(1) == Some(*own)
}

fn out_of_order(heading: &Heading, last: &[u32]) -> Diagnostic {
    let shown: Vec<_> = last.iter().map(ToString::to_string).collect();
    let message = format!("`{}` does not come after {}", heading.text, shown.join("."));
    Diagnostic::new(Code::HeadingNumber, heading.span, message)
}

fn chapters<'a>(documents: impl Iterator<Item = &'a Document>, found: &mut Vec<Diagnostic>) {
    let mut last: Option<u32> = None;
    for heading in documents.filter_map(|document| document.headings.first()) {
        let Some(number) = heading.number().and_then(|number| number.first().copied()) else {
            continue;
        };
        let expected = last.map_or(1, |last| last + 1);
        if number != expected {
            let message = format!("this chapter is number {number}, but its place is {expected}");
            found.push(Diagnostic::new(Code::HeadingNumber, heading.span, message));
        }
        last = Some(number);
    }
}
