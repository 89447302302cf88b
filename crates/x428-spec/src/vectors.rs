//! Conformance vectors: from the short cases of the text to complete inputs, each of which is run
//! against the SDK before it is published (Appendix A of the attestation protocol).

mod build;
mod case;
mod coinbase;
mod plain;
mod presented;
mod serialized;
mod verification;
mod withdrawal;

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;
use x428_conformance::{Category, Outcome, Profile, ProofProfile, Vector};

use self::case::Case;
pub(crate) use self::{build::Builder, verification::default_now};
use crate::{
    check::{Results, has_failed},
    diagnostic::{Code, Diagnostic, did_you_mean},
    keys::Keys,
    model::{Fence, FenceKind, Protocol, Spec},
    source::Span,
    value::Node,
};

/// The vectors of a protocol by file name, without extension.
pub type Files = BTreeMap<String, Vec<Vector>>;

/// Members that a case of any category has.
const COMMON: &[&str] = &["id", "description", "covers", "expect"];

/// Checks the cases of a protocol as far as that needs no signature and no verifier: their form,
/// their references, their patches. Returns how many there are.
pub(crate) fn check(
    spec: &Spec,
    protocol: &Protocol,
    keys: &Keys,
    results: &Results,
    found: &mut Vec<Diagnostic>,
) -> usize {
    let cases = cases(spec, protocol, found);
    duplicates(&cases, found);
    let builder = Builder {
        spec,
        protocol,
        keys,
        signs: false,
    };
    let problems: Vec<_> = cases
        .par_iter()
        .filter(|(_, _, node)| !rests_on_failed(protocol, results, node))
        .map(|(category, _, node)| {
            let mut found = Vec::new();
            one(&builder, *category, node, &mut found);
            found
        })
        .collect();
    found.extend(problems.into_iter().flatten());
    cases.len()
}

/// Whether a case, or one of its steps, starts from an example that has a diagnostic of its own.
fn rests_on_failed(protocol: &Protocol, results: &Results, case: &Node) -> bool {
    let names = [
        "challenge",
        "payload",
        "did",
        "issuer-did",
        "request",
        "intent",
        "intent-hash",
        "header",
        "claims",
        "value",
        "becomes",
    ];
    let steps = case.get("steps").map(Node::elements).unwrap_or_default();
    std::iter::once(case).chain(steps).any(|node| {
        let mut starts = names.iter().filter_map(|name| node.get(name)?.as_str());
        starts.any(|name| has_failed(protocol, results, name))
    })
}

/// Makes and runs all vectors of a protocol.
pub(crate) fn generate(spec: &Spec, protocol: &Protocol, found: &mut Vec<Diagnostic>) -> Files {
    // What is wrong with the keys and the form of the cases, the check has said.
    let keys = Keys::new(spec, protocol, &mut Vec::new());
    let cases = cases(spec, protocol, &mut Vec::new());
    let builder = Builder {
        spec,
        protocol,
        keys: &keys,
        signs: true,
    };
    let made: Vec<_> = cases
        .par_iter()
        .map(|(category, file, node)| {
            let vector = one(&builder, *category, node, &mut Vec::new());
            let problem = vector.as_ref().and_then(|vector| run(vector, node));
            (*file, vector, problem)
        })
        .collect();
    let mut files = Files::new();
    for (file, vector, problem) in made {
        files.entry(file.to_owned()).or_default().extend(vector);
        found.extend(problem);
    }
    files
}

fn cases<'a>(
    spec: &'a Spec,
    protocol: &Protocol,
    found: &mut Vec<Diagnostic>,
) -> Vec<(Category, &'a str, &'a Node)> {
    let documents = protocol
        .documents
        .iter()
        .filter_map(|index| spec.documents.get(*index));
    let mut cases = Vec::new();
    for fence in documents.flat_map(|document| &document.fences) {
        collect(fence, &mut cases, found);
    }
    cases
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
) -> Option<Vector> {
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
        Category::Decimal => withdrawal::DECIMAL_MEMBERS,
        Category::Intent => withdrawal::INTENT_MEMBERS,
        Category::WebauthnChallenge => withdrawal::WEBAUTHN_MEMBERS,
        Category::State | Category::ChallengeState => withdrawal::STATE_MEMBERS,
        Category::Error => withdrawal::ERROR_MEMBERS,
        Category::IdempotencyKey => withdrawal::KEY_MEMBERS,
        Category::Proof => presented::PROOF_MEMBERS,
        Category::Webhook => presented::WEBHOOK_MEMBERS,
        Category::Cursor => presented::CURSOR_MEMBERS,
        Category::Coinbase => coinbase::COINBASE_MEMBERS,
        _ => &[],
    };
    case.only(&[COMMON, own].concat());
    let id = case.text("id")?;
    let description = case.text("description")?;
    let covers = covers(&mut case);
    let profile = profile(&mut case);
    Some(Vector {
        id: Some(id),
        description,
        covers,
        profile,
        case: match category {
            Category::Verify => verification::verify(builder, &mut case)?,
            Category::VerifySequence => verification::sequence(builder, &mut case)?,
            Category::Parse => serialized::parse(builder, &mut case)?,
            Category::Routing => serialized::routing(&mut case)?,
            Category::Token => plain::token(builder, &mut case)?,
            Category::Scope => plain::scope(&mut case)?,
            Category::Jcs => plain::jcs(&mut case)?,
            Category::Signature => plain::signature(builder, &mut case)?,
            Category::Decimal => withdrawal::decimal(&mut case)?,
            Category::Intent => withdrawal::intent(builder, &mut case)?,
            Category::WebauthnChallenge => withdrawal::webauthn_challenge(builder, &mut case)?,
            Category::State => {
                let (input, expected) = withdrawal::state(builder, &mut case, "WithdrawalStatus")?;
                x428_conformance::Case::State { input, expected }
            }
            Category::ChallengeState => {
                let (input, expected) = withdrawal::state(builder, &mut case, "ChallengeStatus")?;
                x428_conformance::Case::ChallengeState { input, expected }
            }
            Category::Error => withdrawal::error(builder, &mut case)?,
            Category::IdempotencyKey => withdrawal::idempotency_key(builder, &mut case)?,
            Category::Proof => presented::proof(builder, &mut case)?,
            Category::Webhook => presented::webhook(builder, &mut case)?,
            Category::Cursor => presented::cursor(builder, &mut case)?,
            Category::Coinbase => coinbase::coinbase(builder, &mut case)?,
            _ => return None,
        },
    })
}

fn covers(case: &mut Case<'_>) -> Vec<String> {
    let covers = case
        .node
        .get("covers")
        .map(Node::elements)
        .unwrap_or_default();
    if covers.is_empty() {
        case.refuse(case.node.span, "a vector covers at least one requirement");
    }
    covers
        .iter()
        .filter_map(Node::as_str)
        .map(str::to_owned)
        .collect()
}

fn profile(case: &mut Case<'_>) -> Option<ProofProfile> {
    let name = case.optional_text("profile")?;
    if name == "legacy-jcs" {
        return Some(ProofProfile::LegacyJcs);
    }
    let span = case.node.get("profile").unwrap_or(case.node).span;
    case.refuse(
        span,
        &format!("there is no profile `{name}`; the only one is `legacy-jcs`"),
    );
    None
}

/// A vector holds under its profile, and says what holds without it.
fn run(vector: &Vector, node: &Node) -> Option<Diagnostic> {
    let mut profiles = vec![(Profile::default(), "")];
    if vector.profile.is_some() {
        profiles.insert(0, (Profile::legacy_jcs(), ", under its profile"));
    }
    profiles
        .into_iter()
        .find_map(|(profile, under)| match vector.run(&profile) {
            Outcome::Failed { expected, actual } => {
                let place = node.get("expect").unwrap_or(node).span;
                let message = format!("expected {expected}, but the SDK says {actual}{under}");
                Some(Diagnostic::new(Code::VectorVerdict, place, message))
            }
            Outcome::Passed => None,
        })
}
