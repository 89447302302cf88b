//! Conformance vectors: from the short cases of the text to complete inputs, each of which is run
//! against the SDK before it is published (Appendix A of the attestation protocol).

mod build;
mod case;
mod plain;
mod serialized;
mod verification;

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;
use serde_json::{Map, Value};
use x428_conformance::{Category, Outcome, Profile};

use self::case::Case;
pub(crate) use self::{build::Builder, verification::default_now};
use crate::{
    diagnostic::{Code, Diagnostic, did_you_mean},
    keys::Keys,
    model::{Fence, FenceKind, Protocol, Spec},
    source::Span,
    value::Node,
};

/// The vectors of a protocol by file name, without extension.
pub type Files = BTreeMap<String, Vec<Value>>;

/// Members that a case of any category has.
const COMMON: &[&str] = &["id", "description", "covers", "expect"];

/// Makes and runs all vectors of a protocol.
pub(crate) fn generate(
    spec: &Spec,
    protocol: &Protocol,
    keys: &Keys,
    found: &mut Vec<Diagnostic>,
) -> Files {
    let documents = protocol
        .documents
        .iter()
        .filter_map(|index| spec.documents.get(*index));
    let fences: Vec<_> = documents.flat_map(|document| &document.fences).collect();
    let mut cases = Vec::new();
    for fence in fences {
        collect(fence, &mut cases, found);
    }
    duplicates(&cases, found);
    let builder = Builder {
        spec,
        protocol,
        keys,
    };
    let made: Vec<_> = cases
        .par_iter()
        .map(|(category, file, node)| {
            let mut found = Vec::new();
            let vector = one(&builder, *category, node, &mut found);
            (*file, vector, found)
        })
        .collect();
    let mut files = Files::new();
    for (file, vector, own) in made {
        files.entry(file.to_owned()).or_default().extend(vector);
        found.extend(own);
    }
    files
}

fn collect<'a>(
    fence: &'a Fence,
    cases: &mut Vec<(Category, &'a str, &'a Node)>,
    found: &mut Vec<Diagnostic>,
) {
    let (FenceKind::Vectors { category, file }, Some(value)) = (&fence.kind, &fence.value) else {
        return;
    };
    let known = Category::ALL
        .iter()
        .find(|known| known.as_str() == category);
    let Some(known) = known else {
        let message = format!("there is no category `{category}`");
        let names = Category::ALL.map(Category::as_str);
        found.push(
            Diagnostic::new(
                Code::VectorShape,
                fence.info.value_span("category"),
                message,
            )
            .maybe_help(did_you_mean(category, names)),
        );
        return;
    };
    let is_name = !file.is_empty()
        && file
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !is_name {
        let message = "a file is named by lowercase letters, digits and hyphens, without extension";
        found.push(Diagnostic::new(
            Code::AttributeValue,
            fence.info.value_span("file"),
            message,
        ));
        return;
    }
    if value.elements().is_empty() {
        let message = "vectors are a list of cases";
        found.push(Diagnostic::new(Code::VectorShape, value.span, message));
    }
    cases.extend(
        value
            .elements()
            .iter()
            .map(|case| (*known, file.as_str(), case)),
    );
}

fn duplicates(cases: &[(Category, &str, &Node)], found: &mut Vec<Diagnostic>) {
    let mut first: HashMap<&str, Span> = HashMap::new();
    for id in cases.iter().filter_map(|(_, _, case)| case.get("id")) {
        let Some(text) = id.as_str() else { continue };
        match first.get(text) {
            Some(other) => {
                let message = format!("another vector is called `{text}`");
                found.push(
                    Diagnostic::new(Code::DuplicateVector, id.span, message)
                        .also(*other, "this one"),
                );
            }
            None => {
                first.insert(text, id.span);
            }
        }
    }
}

fn one(
    builder: &Builder<'_>,
    category: Category,
    node: &Node,
    found: &mut Vec<Diagnostic>,
) -> Option<Value> {
    let mut case = Case { node, found };
    if !node.is_object() {
        case.refuse(node.span, "a vector is an object");
        return None;
    }
    let own: &[&str] = match category {
        Category::Verify => &verification::MEMBERS,
        Category::VerifySequence => &["steps"],
        Category::Parse => serialized::PARSE_MEMBERS,
        Category::Routing => serialized::ROUTING_MEMBERS,
        Category::Token => plain::TOKEN_MEMBERS,
        Category::Scope => plain::SCOPE_MEMBERS,
        Category::Jcs => plain::JCS_MEMBERS,
        Category::Signature => plain::SIGNATURE_MEMBERS,
        _ => &[],
    };
    case.only(&[COMMON, own].concat());
    let id = case.text("id")?;
    let description = case.text("description")?;
    let covers: Vec<_> = node
        .get("covers")
        .map(Node::elements)
        .unwrap_or_default()
        .iter()
        .map(Node::to_value)
        .collect();
    if covers.is_empty() {
        case.refuse(node.span, "a vector covers at least one requirement");
    }
    let before = case.found.len();
    let (input, expected) = match category {
        Category::Verify => verification::vector(builder, &mut case)?,
        Category::VerifySequence => (verification::sequence(builder, &mut case)?, None),
        Category::Parse => serialized::parse(builder, &mut case)?,
        Category::Routing => serialized::routing(&mut case)?,
        Category::Token => plain::token(builder, &mut case)?,
        Category::Scope => plain::scope(&mut case)?,
        Category::Jcs => plain::jcs(&mut case)?,
        Category::Signature => plain::signature(builder, &mut case)?,
        _ => return None,
    };
    let mut vector = Map::new();
    vector.insert("id".to_owned(), id.into());
    vector.insert("description".to_owned(), description.into());
    vector.insert("category".to_owned(), category.as_str().into());
    vector.insert("covers".to_owned(), covers.into());
    if let Some(profile) = node.get("profile") {
        vector.insert("profile".to_owned(), profile.to_value());
    }
    vector.insert("input".to_owned(), input);
    if let Some(expected) = expected {
        vector.insert("expected".to_owned(), expected);
    }
    let vector = Value::Object(vector);
    if case.found.len() == before {
        run(&vector, &mut case);
    }
    Some(vector)
}

/// A vector holds under its profile, and says what holds without it.
fn run(vector: &Value, case: &mut Case<'_>) {
    let place = case.node.get("expect").unwrap_or(case.node).span;
    let parsed = match x428_conformance::parse_value(vector) {
        Ok(parsed) => parsed,
        Err(error) => return case.refuse(case.node.span, &error.to_string()),
    };
    let mut profiles = vec![(Profile::default(), "")];
    if parsed.profile.is_some() {
        profiles.insert(0, (Profile::legacy_jcs(), ", under its profile"));
    }
    for (profile, under) in profiles {
        if let Outcome::Failed { expected, actual } = parsed.run(&profile) {
            let message = format!("expected {expected}, but the SDK says {actual}{under}");
            case.found
                .push(Diagnostic::new(Code::VectorVerdict, place, message));
            return;
        }
    }
}
