//! What x428-codegen makes from the schemas: OpenAPI documents and Rust types.

use serde_json::Value;
use x428_codegen::{Error, Protocol as Input, openapi, openapi_3_0, rust};

use super::Tree;
use crate::{
    diagnostic::{Code, Diagnostic},
    model::{Fence, FenceKind, Protocol, Spec},
    schema,
    source::Span,
    value::{Node, pointer},
};

mod yaml;

/// The checked-in copy of the types, for users who do not want to run the generator.
const RUST: &str = "src/generated.rs";

/// Adds the generated code of all protocols, whose schemas are in the tree already. What cannot be
/// generated from is reported where it stands in the text.
pub fn code(spec: &Spec, tree: &mut Tree) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut inputs = Vec::new();
    for protocol in &spec.protocols {
        let mut refuse = |error: &Error| found.push(located(spec, protocol, error));
        match input(protocol, tree) {
            Ok(input) => {
                match openapi_documents(&input) {
                    Ok(documents) => {
                        for (name, document) in ["", "-3.0"].into_iter().zip(&documents) {
                            let path = format!("openapi/{}{name}", protocol.id);
                            tree.add(format!("{path}.json"), pretty(document));
                            tree.add(format!("{path}.yaml"), yaml::write(document));
                        }
                    }
                    Err(error) => refuse(&error),
                }
                inputs.push(input);
            }
            Err(error) => refuse(&error),
        }
    }
    if spec.project.root.join("Cargo.toml").is_file() && found.is_empty() {
        match rust(&inputs) {
            Ok(text) => tree.add(RUST, text),
            Err(error) => {
                let of = spec
                    .protocols
                    .iter()
                    .find(|own| error.file.contains(own.id.as_str()));
                found.extend(
                    of.or(spec.protocols.first())
                        .map(|own| located(spec, own, &error)),
                );
            }
        }
    }
    // The same fault is met by every generator.
    found.dedup();
    found
}

fn input(protocol: &Protocol, tree: &Tree) -> Result<Input, Error> {
    let text = |suffix: &str| {
        tree.text(&format!("schema/{}{suffix}", protocol.id))
            .unwrap_or_default()
    };
    Input::parse(text(".json"), text(".manifest.json"))
}

/// The document in OpenAPI 3.1, and in 3.0 for tools that read no 3.1.
fn openapi_documents(input: &Input) -> Result<[Value; 2], Error> {
    let document = openapi(input)?;
    let older = openapi_3_0(&document)?;
    Ok([document, older])
}

fn pretty(document: &Value) -> String {
    format!("{document:#}\n")
}

/// The error at the place of the text that its pointer names: a schema of the bundle, or an operation,
/// webhook or component of the manifest.
fn located(spec: &Spec, protocol: &Protocol, error: &Error) -> Diagnostic {
    let tokens: Vec<_> = pointer::tokens(&error.pointer).collect();
    let tokens: Vec<&str> = tokens.iter().map(AsRef::as_ref).collect();
    let (node, below) = match tokens.as_slice() {
        ["$defs", name, below @ ..] => {
            let mut definitions = schema::definitions(spec, protocol);
            let schema = definitions.find(|(own, _)| own == name);
            (schema.map(|(_, schema)| schema), below)
        }
        [kind @ ("operations" | "webhooks"), index, below @ ..] => {
            let below = below.strip_prefix(&["operation"]).unwrap_or(below);
            (operation(spec, protocol, kind, index), below)
        }
        ["components", section, id, below @ ..] => {
            let found = fences(spec, protocol).find(|fence| {
                matches!(&fence.kind, FenceKind::Component { section: of, id: own } if of == section && own == id)
            });
            (found.and_then(|fence| fence.value.as_ref()), below)
        }
        _ => (None, tokens.as_slice()),
    };
    let below = below
        .iter()
        .fold(String::new(), |below, token| pointer::join(&below, token));
    let span: Span = node.map_or(protocol.span, |node| node.nearest(&below).span);
    let message = format!("no code can be generated from this: {}", error.reason);
    Diagnostic::new(Code::CannotGenerate, span, message).help(error.help.clone())
}

fn fences<'a>(spec: &'a Spec, protocol: &'a Protocol) -> impl Iterator<Item = &'a Fence> {
    let documents = protocol.documents.iter();
    documents
        .filter_map(|index| spec.documents.get(*index))
        .flat_map(|document| &document.fences)
}

/// The operation or webhook that stands at an index of the manifest.
fn operation<'a>(
    spec: &'a Spec,
    protocol: &'a Protocol,
    kind: &str,
    index: &str,
) -> Option<&'a Node> {
    let fences = fences(spec, protocol).filter(|fence| match fence.kind {
        FenceKind::Operation { .. } => kind == "operations",
        FenceKind::Webhook { .. } => kind == "webhooks",
        _ => false,
    });
    let mut values = fences.filter_map(|fence| fence.value.as_ref());
    values.nth(index.parse().ok()?)
}
