//! Fences: the info string, the body, and whether the end is there.

use super::{classify::classify, info::parse_info, markdown::Reader};
use crate::{
    diagnostic::{Code, Diagnostic},
    model::{Body, Fence, FenceId, FenceKind},
    value::{Node, parse_json, parse_yaml},
};

impl Reader<'_> {
    /// The fence that was open is complete.
    pub(super) fn close_fence(&mut self) {
        let Some((range, info, body)) = self.fence.take() else {
            return;
        };
        let Some(info_text) = info else { return };
        let source = self.text[range.clone()].trim_end();
        let range = range.start..range.start + source.len();
        let opening = source.lines().next().unwrap_or_default();
        let marker: String = opening
            .chars()
            .take_while(|c| *c == '`' || *c == '~')
            .collect();
        if !is_closed(source, &marker) {
            let span = self.span(range.start..range.start + opening.len());
            let help = format!(
                "end it with {marker} on a line of its own; all that follows is part of it now"
            );
            self.problems.push(
                Diagnostic::new(Code::UnclosedFence, span, "this fence is not closed").help(help),
            );
        }
        let info_at = range.start + marker.len();
        // The source rather than `info_text`, in which escapes are replaced: spans have to fit.
        let info_source = opening.get(marker.len()..).unwrap_or(&info_text);
        let info = parse_info(info_source, self.document.file, info_at, &mut self.problems);
        let heading = self.document.headings.last();
        let kind = classify(&info, heading, &mut self.problems);
        let value = self.value(&kind, &info.language, &body);
        let id = FenceId {
            document: self.document.index,
            fence: self.document.fences.len(),
        };
        let span = self.span(range);
        self.document.fences.push(Fence {
            id,
            span,
            info,
            body,
            kind,
            value,
        });
    }

    fn value(&mut self, kind: &FenceKind, language: &str, body: &Body) -> Option<Node> {
        match kind {
            FenceKind::Fragment { .. } | FenceKind::Unclassified => None,
            _ if language == "json" => parse_json(body, &mut self.problems),
            _ if language == "yaml" => parse_yaml(body, &mut self.problems),
            _ => None,
        }
    }
}

/// Whether the last line of a fence closes it. In a quote or list that line is indented.
fn is_closed(source: &str, marker: &str) -> bool {
    let mut lines = source.lines();
    let _opening = lines.next();
    let Some(last) = lines.next_back() else {
        return false;
    };
    let last = last.trim_start_matches([' ', '\t', '>']).trim_end();
    let character = marker.chars().next().unwrap_or('`');
    last.len() >= marker.len() && last.chars().all(|c| c == character)
}
