//! Categories `proof`, `webhook` and `cursor`: what is presented to an implementation. Tokens and
//! signatures are made without the SDK, which has to accept them.

use serde_json::{Map, Value, json};
use x428_conformance::{
    Case as Vectors, CodedExpected, CursorInput, ProofInput, WebhookExpected, WebhookInput,
};

use super::{build::Builder, case::Case, withdrawal::patched};
use crate::{
    compute::{Value as Computed, function, message_named},
    diagnostic::{Code, Diagnostic, did_you_mean},
    http::Message,
    value::Node,
};

/// Members of a `proof` case.
pub(super) const PROOF_MEMBERS: &[&str] = &[
    "header",
    "patch-header",
    "claims",
    "patch-claims",
    "sign",
    "tamper-claims",
    "proof",
    "keys",
    "patch-request",
    "challenge",
    "patch-challenge",
    "now",
];
/// Members of a `webhook` case.
pub(super) const WEBHOOK_MEMBERS: &[&str] =
    &["message", "sign", "received", "secrets", "keys", "now"];
/// Members of a `cursor` case.
pub(super) const CURSOR_MEMBERS: &[&str] = &["made", "used"];

/// The request is the one for which the claims were made, before they are patched.
pub(super) fn proof(builder: &Builder<'_>, case: &mut Case<'_>) -> Option<Vectors> {
    let header = patched(builder, case, "header", "patch-header")?;
    let (_, original) = builder.example_of(case, "claims")?;
    let claims = patched(builder, case, "claims", "patch-claims")?;
    let signer = case.text("sign")?;
    let jwk = key(builder, case, "sign", &signer)?;
    let token = token(&jwk, &header, &claims)?;
    let mut tampered = claims;
    let proof = match case.optional_text("proof") {
        Some(text) => text,
        None if case.patch("tamper-claims", &mut tampered)? => {
            let other = self::token(&jwk, &header, &tampered)?;
            let (unsigned, _) = other.rsplit_once('.')?;
            let (_, signature) = token.rsplit_once('.')?;
            format!("{unsigned}.{signature}")
        }
        None => token,
    };
    let mut request = request(&original);
    case.patch("patch-request", &mut request)?;
    case.text("challenge")?;
    let (_, example) = builder.example_of(case, "challenge")?;
    let mut challenge = challenge(&example);
    case.patch("patch-challenge", &mut challenge)?;
    let keys = names(case, "keys").unwrap_or_else(|| vec![signer]);
    let keys: Option<Vec<_>> = keys
        .iter()
        .map(|name| key(builder, case, "keys", name).map(|jwk| public(&jwk)))
        .collect();
    let issued = original.get("iat").and_then(Value::as_i64);
    let input = json!({
        "proof": proof,
        "keys": keys?,
        "request": request,
        "challenge": challenge,
        "currentTime": now(case, issued)?,
    });
    let expected = coded(builder, case)?;
    let input: ProofInput = read(case, input)?;
    Some(Vectors::Proof {
        input: Box::new(input),
        expected,
    })
}

fn token(jwk: &Value, header: &Value, claims: &Value) -> Option<String> {
    let value = |json: &Value| Computed::of_json(json.clone());
    let token = function::jws(&function::key(jwk)?, &value(header), &value(claims)).ok()?;
    Some(token.into_json().ok()?.as_str()?.to_owned())
}

fn request(claims: &Value) -> Value {
    let mut request = Map::new();
    let members = [
        ("issuer", "/iss"),
        ("clientId", "/client_id"),
        ("subject", "/sub"),
        ("intentHash", "/intentHash"),
        ("jkt", "/cnf/jkt"),
    ];
    for (name, pointer) in members {
        if let Some(value) = claims.pointer(pointer) {
            request.insert(name.to_owned(), value.clone());
        }
    }
    Value::Object(request)
}

fn challenge(example: &Value) -> Value {
    let methods = example.get("methods").and_then(Value::as_array);
    let methods = methods.into_iter().flatten();
    let methods: Vec<_> = methods.filter_map(|method| method.get("method")).collect();
    json!({
        "challengeId": example.get("challengeId"),
        "status": example.get("status"),
        "policy": example.get("policy"),
        "methods": methods,
        "intentHash": example.get("intentHash"),
    })
}

/// The webhook is a message of the text, signed by keys and secrets by name.
pub(super) fn webhook(builder: &Builder<'_>, case: &mut Case<'_>) -> Option<Vectors> {
    let name = case.text("message")?;
    let fence = message_named(builder.spec, builder.protocol, &name);
    let message = fence.and_then(|fence| Message::parse(&fence.body, &mut Vec::new()));
    let header = |name: &str| Some(message.as_ref()?.header(name)?.value.clone());
    let (Some(id), Some(timestamp)) = (header("webhook-id"), header("webhook-timestamp")) else {
        let span = case.node.get("message").unwrap_or(case.node).span;
        case.refuse(span, &format!("`{name}` names no webhook of the text"));
        return None;
    };
    let content = message
        .as_ref()
        .and_then(|message| message.content.as_ref());
    let body = content.map_or("", |content| content.text());
    let signed = [&id, ".", &timestamp, ".", body].map(|part| Computed::Text(part.to_owned()));
    let signatures: Option<Vec<_>> = names(case, "sign")
        .unwrap_or_default()
        .iter()
        .map(|name| signature(builder, case, name, &signed))
        .collect();
    let mut input = json!({
        "headers": {
            "webhook-id": id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signatures?.join(" "),
        },
        "body": body,
    });
    case.patch("received", &mut input)?;
    let secrets = names(case, "secrets").unwrap_or_default();
    let secrets: Option<Vec<_>> = secrets
        .iter()
        .map(|name| secret(builder, case, "secrets", name))
        .collect();
    let keys = names(case, "keys").unwrap_or_default();
    let keys: Option<Vec<_>> = keys
        .iter()
        .map(|name| published(&key(builder, case, "keys", name)?))
        .collect();
    let current_time = now(case, timestamp.parse().ok())?;
    let input = json!({
        "headers": input.get("headers"),
        "body": input.get("body"),
        "secrets": secrets?,
        "publicKeys": keys?,
        "currentTime": current_time,
    });
    let accept = case.one_of("expect", &["accept", "refuse"])? == 0;
    let input: WebhookInput = read(case, input)?;
    Some(Vectors::Webhook {
        input: Box::new(input),
        expected: WebhookExpected { accept },
    })
}

/// A signature of kind `v1a` by a key, or of kind `v1` under a secret.
fn signature(
    builder: &Builder<'_>,
    case: &mut Case<'_>,
    name: &str,
    signed: &[Computed],
) -> Option<String> {
    let (kind, code) = if builder.protocol.keys.contains_key(name) {
        let jwk = key(builder, case, "sign", name)?;
        ("v1a", function::ed25519(&function::key(&jwk)?, signed))
    } else {
        let secret = secret(builder, case, "sign", name)?;
        let encoded = Computed::Text(secret.strip_prefix("whsec_")?.to_owned());
        let bytes = function::call("from-base64", &[encoded]).ok()?;
        let arguments = [std::slice::from_ref(&bytes), signed].concat();
        ("v1", function::call("hmac-sha256", &arguments))
    };
    let text = function::call("base64", &[code.ok()?])
        .ok()?
        .into_json()
        .ok()?;
    Some(format!("{kind},{}", text.as_str()?))
}

/// The form in which an exchange publishes a key of webhooks.
fn published(jwk: &Value) -> Option<String> {
    let x = Computed::of_json(jwk.get("x")?.clone());
    let bytes = function::call("from-base64url", &[x]).ok()?;
    let text = function::call("base64", &[bytes]).ok()?.into_json().ok()?;
    Some(format!("whpk_{}", text.as_str()?))
}

pub(super) fn cursor(builder: &Builder<'_>, case: &mut Case<'_>) -> Option<Vectors> {
    let place = |name: &str| case.node.get(name).map(Node::to_value);
    let input = json!({ "made": place("made"), "used": place("used") });
    let input: CursorInput = read(case, input)?;
    let expected = coded(builder, case)?;
    Some(Vectors::Cursor {
        input: Box::new(input),
        expected,
    })
}

fn coded(builder: &Builder<'_>, case: &mut Case<'_>) -> Option<CodedExpected> {
    let (accept, error_code) = case.outcome("accept", &builder.codes())?;
    Some(CodedExpected { accept, error_code })
}

/// The time that the case gives, or a second after another.
fn now(case: &mut Case<'_>, after: Option<i64>) -> Option<String> {
    case.optional_text("now").or_else(|| {
        let time = jiff::Timestamp::from_second(after?.checked_add(1)?).ok()?;
        Some(time.to_string())
    })
}

fn read<T: serde::de::DeserializeOwned>(case: &mut Case<'_>, input: Value) -> Option<T> {
    let read = serde_json::from_value(input);
    let refuse = |error: serde_json::Error| {
        let span = case.node.span;
        case.refuse(span, &format!("this makes no input: {error}"));
    };
    read.map_err(refuse).ok()
}

/// The names of a list.
fn names(case: &mut Case<'_>, member: &str) -> Option<Vec<String>> {
    let list = case.node.get(member)?;
    let names = list.elements().iter().filter_map(Node::as_str);
    Some(names.map(str::to_owned).collect())
}

/// The JWK of a published key.
fn key(builder: &Builder<'_>, case: &mut Case<'_>, member: &str, name: &str) -> Option<Value> {
    let keys = &builder.protocol.keys;
    let fence = keys.get(name).and_then(|id| builder.spec.fence(*id));
    let jwk = fence
        .and_then(|fence| fence.value.as_ref())
        .map(Node::to_value);
    if jwk.is_none() {
        let span = case.node.get(member).unwrap_or(case.node).span;
        let message = format!("there is no key `{name}`");
        let help = did_you_mean(name, keys.keys().map(String::as_str));
        case.found
            .push(Diagnostic::new(Code::UnknownKey, span, message).maybe_help(help));
    }
    jwk
}

/// A key without its private part.
fn public(jwk: &Value) -> Value {
    let mut members = jwk.as_object().cloned().unwrap_or_default();
    members.remove("d");
    Value::Object(members)
}

/// The text of an example that is a secret.
fn secret(builder: &Builder<'_>, case: &mut Case<'_>, member: &str, name: &str) -> Option<String> {
    let example = builder.example(name).map(|(_, value)| value.as_str());
    let text = example.flatten().map(str::to_owned);
    if text.is_none() {
        let span = case.node.get(member).unwrap_or(case.node).span;
        let message = format!("there is no example `{name}`");
        let names = builder.protocol.examples.keys().map(String::as_str);
        case.found.push(
            Diagnostic::new(Code::UnknownExample, span, message)
                .maybe_help(did_you_mean(name, names)),
        );
    }
    text
}
