//! Categories `verify` and `verify-sequence`: a challenge, a payload, what is known of the world,
//! and the verdict.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use x428::did::{Did, key};
use x428_conformance::{Case as Vectors, SequenceInput, Step, Steps, VerifyExpected, VerifyInput};

use super::{build::Builder, case::Case};
use crate::value::{Data, Node};

/// Members of a verification.
pub(super) const MEMBERS: [&str; 14] = [
    "challenge",
    "patch-challenge",
    "payload",
    "patch-payload",
    "sign",
    "tamper-payload",
    "did",
    "patch-did",
    "issuer-did",
    "patch-issuer-did",
    "now",
    "consumed",
    "profile",
    "scope",
];

/// How long before its expiry a challenge is answered unless a case says otherwise.
const BEFORE_EXPIRY: SignedDuration = SignedDuration::from_secs(60);

/// A `verify` vector.
pub(super) fn verify(builder: &Builder<'_>, case: &mut Case<'_>) -> Option<Vectors> {
    let Step { input, expected } = step(builder, case)?;
    Some(Vectors::Verify {
        input: Box::new(input),
        expected,
    })
}

/// A `verify-sequence` vector.
pub(super) fn sequence(builder: &Builder<'_>, case: &mut Case<'_>) -> Option<Vectors> {
    let steps = case
        .node
        .get("steps")
        .map(Node::elements)
        .unwrap_or_default();
    if steps.is_empty() {
        case.refuse(case.node.span, "a sequence needs `steps`");
        return None;
    }
    let mut made = Vec::with_capacity(steps.len());
    for node in steps {
        let mut case = Case {
            node,
            found: &mut *case.found,
        };
        case.only(&[MEMBERS.as_slice(), &["expect"]].concat());
        made.push(step(builder, &mut case)?);
    }
    Some(Vectors::VerifySequence {
        input: SequenceInput::Inside {
            input: Steps { steps: made },
        },
    })
}

fn step(builder: &Builder<'_>, case: &mut Case<'_>) -> Option<Step> {
    let challenge = challenge(builder, case)?;
    let attestation_payload = payload(builder, case)?;
    let did_document = match document(builder, case, "did", "patch-did")? {
        Document::Given(document) => Some(document),
        Document::NotGiven => derived(&attestation_payload),
    };
    let vc_issuer_did_document = match document(builder, case, "issuer-did", "patch-issuer-did")? {
        Document::Given(document) => Some(document),
        Document::NotGiven => None,
    };
    let nonce_store = consumed(case, &challenge)?;
    let now = case
        .optional_text("now")
        .or_else(|| default_now(&challenge));
    let Some(current_time) = now else {
        let message = "the challenge has no expiry to go by: this vector needs `now`";
        case.refuse(case.node.span, message);
        return None;
    };
    let expected = expected(builder, case, &challenge)?;
    let input = VerifyInput {
        challenge,
        attestation_payload,
        did_document,
        vc_issuer_did_document,
        nonce_store,
        current_time,
    };
    Some(Step { input, expected })
}

fn challenge(builder: &Builder<'_>, case: &mut Case<'_>) -> Option<Value> {
    case.text("challenge")?;
    let (_, mut challenge) = builder.example_of(case, "challenge")?;
    case.patch("patch-challenge", &mut challenge)?;
    Some(challenge)
}

/// The payload: patched, signed, tampered with, in this order.
pub(super) fn payload(builder: &Builder<'_>, case: &mut Case<'_>) -> Option<Value> {
    case.text("payload")?;
    let (example, mut payload) = builder.example_of(case, "payload")?;
    let patched = case.patch("patch-payload", &mut payload)?;
    match case.optional_text("sign").as_deref() {
        Some("keep") => {}
        Some(key) => builder.sign(case, "sign", key, &mut payload)?,
        None if patched => {
            if let Some(key) = &example.signed_by {
                builder.sign(case, "payload", key, &mut payload)?;
            } else {
                case.refuse(
                    case.node.span,
                    "nobody signed the example: say `sign: KEY` or `sign: keep`",
                );
                return None;
            }
        }
        None => {}
    }
    case.patch("tamper-payload", &mut payload)?;
    Some(payload)
}

/// A DID document of a case.
enum Document {
    NotGiven,
    Given(Value),
}

/// A DID document; `null` says that the DID does not resolve.
fn document(
    builder: &Builder<'_>,
    case: &mut Case<'_>,
    member: &str,
    patch: &str,
) -> Option<Document> {
    let Some(node) = case.node.get(member) else {
        if let Some(node) = case.node.get(patch) {
            case.refuse(node.span, &format!("`{patch}` needs `{member}`"));
            return None;
        }
        return Some(Document::NotGiven);
    };
    if matches!(node.data, Data::Null) {
        return Some(Document::Given(Value::Null));
    }
    let (_, mut document) = builder.example_of(case, member)?;
    case.patch(patch, &mut document)?;
    Some(Document::Given(document))
}

/// The document that a did:key stands for: runners that derive none find it in the vector.
fn derived(payload: &Value) -> Option<Value> {
    let did = Did::parse(payload.get("operatorId")?.as_str()?).ok()?;
    (did.method() == "key")
        .then(|| key::document(&did).ok())
        .flatten()
        .map(|document| document.to_json())
}

fn consumed(case: &mut Case<'_>, challenge: &Value) -> Option<Vec<String>> {
    let mut nonces = Vec::new();
    for element in case
        .node
        .get("consumed")
        .map(Node::elements)
        .unwrap_or_default()
    {
        let Some(nonce) = element.as_str() else {
            case.refuse(element.span, "a nonce is a string");
            return None;
        };
        let own = || {
            challenge
                .get("challenge")
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        nonces.push(if nonce == "this" { own() } else { nonce }.to_owned());
    }
    Some(nonces)
}

/// One minute before the challenge expires.
pub(crate) fn default_now(challenge: &Value) -> Option<String> {
    let expires: Timestamp = challenge.get("expiresAt")?.as_str()?.parse().ok()?;
    Some(expires.checked_sub(BEFORE_EXPIRY).ok()?.to_string())
}

fn expected(
    builder: &Builder<'_>,
    case: &mut Case<'_>,
    challenge: &Value,
) -> Option<VerifyExpected> {
    let (accept, error_code) = case.outcome("accept", &builder.codes())?;
    let scope = case.optional_text("scope");
    if !accept && scope.is_some() {
        case.refuse(case.node.span, "a refusal grants no scope");
    }
    let resource = challenge
        .get("resource")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let default = || {
        resource
            .split(['?', '#'])
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let token_scope = accept.then(|| scope.unwrap_or_else(default));
    Some(VerifyExpected {
        accept,
        error_code,
        token_scope,
    })
}
