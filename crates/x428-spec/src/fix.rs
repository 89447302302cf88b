//! What a machine can put right: generated regions, the form of JSON, signatures, computed values,
//! encoded headers.
//!
//! Fixing changes nothing that is right already, so that a second run changes nothing.

mod message;

use std::{collections::BTreeMap, io};

use serde_json::Value;

use crate::{
    compute::Computer,
    emit::replace,
    keys::{Keys, signature},
    model::{Body, Document, Fence, FenceKind, Protocol, Spec},
    region::{foreign, is_current, render},
    source::{FileId, Span},
    value::{Node, format::format_node},
};

/// A change of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub text: String,
}

/// All changes that should be made. None if a file of the specification could not be read: without
/// what it defines, the tables of the others would lose their links.
#[must_use]
pub fn edits(spec: &Spec) -> Vec<Edit> {
    if spec.is_incomplete() {
        return Vec::new();
    }
    let keyrings: Vec<_> = spec
        .protocols
        .iter()
        .map(|protocol| Keys::new(spec, protocol, &mut Vec::new()))
        .collect();
    let mut edits = Vec::new();
    for document in &spec.documents {
        regions(spec, document, &mut edits);
        let Some(index) = document.protocol else {
            continue;
        };
        let (Some(protocol), Some(keys)) = (spec.protocols.get(index), keyrings.get(index)) else {
            continue;
        };
        let fixer = Fixer {
            spec,
            protocol,
            keys,
            computer: Computer::new(spec, protocol, true),
        };
        edits.extend(document.fences.iter().filter_map(|own| fixer.fence(own)));
    }
    edits
}

fn regions(spec: &Spec, document: &Document, edits: &mut Vec<Edit>) {
    for region in &document.regions {
        let content = spec.text(region.content);
        let Some(text) = render(spec, document, region) else {
            continue;
        };
        // What somebody has written there is not to be lost.
        if is_current(content, &text) || foreign(spec, region).is_some() {
            continue;
        }
        let text = if content.contains("\r\n") {
            text.replace('\n', "\r\n")
        } else {
            text
        };
        edits.push(Edit {
            span: region.content,
            text,
        });
    }
}

/// What is needed to put fences right.
struct Fixer<'a> {
    spec: &'a Spec,
    protocol: &'a Protocol,
    keys: &'a Keys,
    computer: Computer<'a>,
}

impl<'a> Fixer<'a> {
    fn fence(&self, fence: &'a Fence) -> Option<Edit> {
        let text = match (&fence.kind, &fence.value) {
            (FenceKind::Exchange { .. }, _) => self.message(fence)?,
            (FenceKind::Value { .. }, _) => self.text(fence)?,
            (FenceKind::Example(_), Some(value)) => {
                let mut replaced = self.computer.replacements(fence, value);
                let place = value.get("signature").map(|node| node.span);
                replaced.extend(place.zip(self.fresh_signature(fence)));
                self.formatted(value, &replaced)
            }
            (FenceKind::Schema { .. } | FenceKind::Key { .. }, Some(value))
                if fence.info.language == "json" =>
            {
                self.formatted(value, &[])
            }
            _ => return None,
        };
        (text != fence.body.text()).then(|| edit(self.spec, &fence.body, &text))
    }

    /// The value in the house format, with other values in some places.
    fn formatted(&self, value: &Node, replaced: &[(Span, Value)]) -> String {
        let raw = |node: &Node| self.spec.text(node.span).to_owned();
        format!("{}\n", format_node(value, &raw, replaced))
    }

    /// A text that is computed.
    fn text(&self, fence: &'a Fence) -> Option<String> {
        let items = Computer::items(fence).ok()?;
        let value = self.computer.value(fence, items.first()?).ok()?;
        Some(format!("{}\n", value.into_json().ok()?.as_str()?))
    }

    /// The signature that a signed example should have, if it has one already that can be replaced.
    fn fresh_signature(&self, fence: &'a Fence) -> Option<Value> {
        let (example, _) = fence.example_value()?;
        let key = self.keys.get(example.signed_by.as_deref()?)?;
        let value = self.computer.example(fence)?;
        value.get("signature")?.as_str()?;
        signature(&value, key).map(Value::from)
    }

    /// The value of an example with everything that it should have.
    fn value(&self, fence: &'a Fence) -> Option<Value> {
        let mut value = self.computer.example(fence)?;
        if let Some(signature) = self.fresh_signature(fence) {
            value
                .as_object_mut()?
                .insert("signature".to_owned(), signature);
        }
        Some(value)
    }
}

/// The body of a fence anew. In a list or a quote every line has what the first has before it.
fn edit(spec: &Spec, body: &Body, text: &str) -> Edit {
    let span = body.whole();
    let source = spec.sources.file(span.file).text();
    let before = source.get(..span.start).unwrap_or_default();
    let prefix = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
    let text = if prefix.is_empty() {
        text.to_owned()
    } else {
        let lines: Vec<_> = text.trim_end().lines().collect();
        format!("{}\n", lines.join(&format!("\n{prefix}")))
    };
    Edit { span, text }
}

/// The texts of the files that the edits change.
#[must_use]
pub fn apply(spec: &Spec, edits: &[Edit]) -> BTreeMap<FileId, String> {
    let mut by_file: BTreeMap<FileId, Vec<&Edit>> = BTreeMap::new();
    for edit in edits {
        by_file.entry(edit.span.file).or_default().push(edit);
    }
    let mut texts = BTreeMap::new();
    for (file, mut edits) in by_file {
        edits.sort_by_key(|edit| edit.span.start);
        let source = spec.sources.file(file).text();
        let mut text = String::with_capacity(source.len());
        let mut at = 0;
        for edit in edits.iter().filter(|edit| edit.span.end >= edit.span.start) {
            // Regions and fences do not overlap; if a region holds a fence, the region wins.
            let Some(kept) = source.get(at..edit.span.start) else {
                continue;
            };
            text.push_str(kept);
            text.push_str(&edit.text);
            at = edit.span.end;
        }
        text.push_str(source.get(at..).unwrap_or_default());
        texts.insert(file, text);
    }
    texts
}

/// Makes the changes in the files, each in one step. Returns the paths that have changed.
///
/// # Errors
/// If a file cannot be written.
pub fn fix(spec: &Spec) -> io::Result<Vec<String>> {
    let mut changed = Vec::new();
    for (file, text) in apply(spec, &edits(spec)) {
        let path = spec.sources.file(file).path();
        replace(&spec.project.root.join(path), text.as_bytes())?;
        changed.push(path.to_owned());
    }
    changed.sort();
    Ok(changed)
}
