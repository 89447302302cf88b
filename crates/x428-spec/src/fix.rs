//! What a machine can put right: generated regions, the form of JSON, signatures, encoded headers.
//!
//! Fixing changes nothing that is right already, so that a second run changes nothing.

mod message;

use std::{collections::BTreeMap, io};

use serde_json::Value;

use crate::{
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
        for fence in &document.fences {
            edits.extend(fixed_fence(spec, protocol, keys, fence));
        }
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

fn fixed_fence(spec: &Spec, protocol: &Protocol, keys: &Keys, fence: &Fence) -> Option<Edit> {
    let text = match (&fence.kind, &fence.value) {
        (FenceKind::Exchange { .. }, _) => message::fixed(spec, protocol, keys, fence)?,
        (FenceKind::Example(_), Some(value)) => {
            let signature = fresh_signature(keys, fence);
            format!("{}\n", formatted(spec, value, signature.as_deref()))
        }
        (FenceKind::Schema { .. } | FenceKind::Key { .. }, Some(value))
            if fence.info.language == "json" =>
        {
            format!("{}\n", formatted(spec, value, None))
        }
        _ => return None,
    };
    (text != fence.body.text()).then(|| edit(spec, &fence.body, &text))
}

/// The value in the house format, with another signature if there is one.
fn formatted(spec: &Spec, value: &Node, signature: Option<&str>) -> String {
    let place = value.get("signature").map(|node| node.span);
    let signature = signature.map(|signature| format!("\"{signature}\""));
    format_node(value, &|node| match &signature {
        Some(signature) if Some(node.span) == place => signature.clone(),
        _ => spec.text(node.span).to_owned(),
    })
}

/// The signature that a signed example should have, if it has one already that can be replaced.
fn fresh_signature(keys: &Keys, fence: &Fence) -> Option<String> {
    let (example, value) = fence.example_value()?;
    let key = keys.get(example.signed_by.as_deref()?)?;
    value.get("signature")?.as_str()?;
    signature(&value.to_value(), key)
}

/// The value of an example with the signature that it should have.
fn signed_value(keys: &Keys, fence: &Fence) -> Option<Value> {
    let (_, value) = fence.example_value()?;
    let mut value = value.to_value();
    if let Some(signature) = fresh_signature(keys, fence) {
        value
            .as_object_mut()?
            .insert("signature".to_owned(), signature.into());
    }
    Some(value)
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
