//! Categories `verify` and `verify-sequence`: a challenge, a payload, what is known of the world,
//! and the verdict.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use x428::did::{Did, key};

use super::{build::Builder, case::Case};

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

/// Input and expectation of a `verify` vector.
pub(super) fn vector(builder: &Builder<'_>, case: &mut Case<'_>) -> Option<(Value, Option<Value>)> {
    let challenge = challenge(builder, case)?;
    let payload = payload(builder, case)?;
    let mut input = Map::new();
    input.insert("challenge".to_owned(), challenge.clone());
    input.insert("attestationPayload".to_owned(), payload.clone());
    let did_document = match document(builder, case, "did", "patch-did")? {
        Document::Given(document) => Some(document),
        Document::NotGiven => derived(&payload),
    };
    if let Some(document) = did_document {
        input.insert("didDocument".to_owned(), document);
    }
    if let Document::Given(document) = document(builder, case, "issuer-did", "patch-issuer-did")? {
        input.insert("vcIssuerDidDocument".to_owned(), document);
    }
    input.insert("nonceStore".to_owned(), consumed(case, &challenge)?);
    let now = case
        .optional_text("now")
        .or_else(|| default_now(&challenge));
    let Some(now) = now else {
        let message = "the challenge has no expiry to go by: this vector needs `now`";
        case.refuse(case.node.span, message);
        return None;
    };
    input.insert("currentTime".to_owned(), now.into());
    let expected = expected(builder, case, &challenge)?;
    Some((Value::Object(input), Some(expected)))
}

/// Input of a `verify-sequence` vector; the expectations stand in its steps.
pub(super) fn sequence(builder: &Builder<'_>, case: &mut Case<'_>) -> Option<Value> {
    let steps = case
        .node
        .get("steps")
        .map(crate::value::Node::elements)
        .unwrap_or_default();
    if steps.is_empty() {
        case.refuse(case.node.span, "a sequence needs `steps`");
        return None;
    }
    let mut made = Vec::with_capacity(steps.len());
    for step in steps {
        let mut case = Case {
            node: step,
            found: &mut *case.found,
        };
        case.only(&[MEMBERS.as_slice(), &["expect"]].concat());
        let (input, expected) = vector(builder, &mut case)?;
        made.push(json!({"input": input, "expected": expected}));
    }
    Some(json!({"steps": made}))
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
                builder.sign(case, "payload", key, &mut payload)?
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
    if matches!(node.data, crate::value::Data::Null) {
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

fn consumed(case: &mut Case<'_>, challenge: &Value) -> Option<Value> {
    let Some(node) = case.node.get("consumed") else {
        return Some(json!([]));
    };
    let mut nonces = Vec::new();
    for element in node.elements() {
        match element.as_str() {
            Some("this") => nonces.push(challenge.get("challenge").cloned().unwrap_or_default()),
            Some(nonce) => nonces.push(nonce.into()),
            None => {
                case.refuse(element.span, "a nonce is a string");
                return None;
            }
        }
    }
    Some(nonces.into())
}

/// One minute before the challenge expires.
pub(crate) fn default_now(challenge: &Value) -> Option<String> {
    let expires: Timestamp = challenge.get("expiresAt")?.as_str()?.parse().ok()?;
    Some(expires.checked_sub(BEFORE_EXPIRY).ok()?.to_string())
}

fn expected(builder: &Builder<'_>, case: &mut Case<'_>, challenge: &Value) -> Option<Value> {
    let mut words = vec!["accept"];
    words.extend(builder.codes());
    let outcome = case.one_of("expect", &words)?;
    let scope = case.optional_text("scope");
    if outcome > 0 {
        if scope.is_some() {
            case.refuse(case.node.span, "a refusal grants no scope");
        }
        return Some(json!({"accept": false, "errorCode": words[outcome]}));
    }
    let resource = challenge
        .get("resource")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let scope = scope.unwrap_or_else(|| {
        resource
            .split(['?', '#'])
            .next()
            .unwrap_or_default()
            .to_owned()
    });
    Some(json!({"accept": true, "tokenScope": scope}))
}
