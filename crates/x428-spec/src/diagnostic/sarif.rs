//! For code scanning: SARIF 2.1.0.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Diagnostic, Label};
use crate::source::Sources;

/// All diagnostics as one SARIF document, ending in a newline.
#[must_use]
pub fn sarif(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let codes: BTreeSet<_> = diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect();
    let rules: Vec<_> = codes
        .iter()
        .map(|code| {
            json!({
                "id": code.as_str(),
                "shortDescription": {"text": code.title()},
                "help": {"text": code.explanation(), "markdown": code.explanation()},
                "defaultConfiguration": {"level": code.severity().word()},
            })
        })
        .collect();
    let results: Vec<_> = diagnostics
        .iter()
        .map(|diagnostic| result(diagnostic, sources))
        .collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "x428",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{document:#}\n")
}

fn result(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let message = match &diagnostic.help {
        Some(help) => format!("{}\n{help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut result = json!({
        "ruleId": diagnostic.code.as_str(),
        "level": diagnostic.severity().word(),
        "message": {"text": message},
        "locations": [location(&diagnostic.primary, sources)],
    });
    if !diagnostic.secondary.is_empty() {
        result["relatedLocations"] = diagnostic
            .secondary
            .iter()
            .map(|label| location(label, sources))
            .collect();
    }
    result
}

fn location(label: &Label, sources: &Sources) -> Value {
    let file = sources.file(label.span.file);
    let (start, end) = (
        file.position(label.span.start),
        file.position(label.span.end),
    );
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": {"uri": file.path()},
            "region": {
                "startLine": start.line,
                "startColumn": start.column,
                "endLine": end.line,
                "endColumn": end.column,
            },
        },
    });
    if !label.text.is_empty() {
        location["message"] = json!({"text": label.text});
    }
    location
}
