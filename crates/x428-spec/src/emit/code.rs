//! What x428-codegen makes from the schemas: OpenAPI documents and Rust types.

use serde_json::Value;
use x428_codegen::{Error, Protocol as Input, openapi, openapi_3_0, rust};

use super::Tree;
use crate::{
    diagnostic::{Code, Diagnostic},
    model::{Protocol, Spec},
    schema,
    source::Span,
    value::pointer,
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

/// The error at the schema of the text that its pointer names.
fn located(spec: &Spec, protocol: &Protocol, error: &Error) -> Diagnostic {
    let mut tokens = pointer::tokens(&error.pointer);
    let in_definitions = tokens.next().is_some_and(|token| token == "$defs");
    let schema = in_definitions
        .then(|| tokens.next())
        .flatten()
        .and_then(|name| {
            let (_, schema) = schema::definitions(spec, protocol).find(|(own, _)| *own == name)?;
            Some(schema)
        });
    let below = tokens.fold(String::new(), |below, token| pointer::join(&below, &token));
    let span: Span = schema.map_or(protocol.span, |schema| schema.nearest(&below).span);
    let message = format!("no code can be generated from this: {}", error.reason);
    Diagnostic::new(Code::CannotGenerate, span, message).help(error.help.clone())
}
