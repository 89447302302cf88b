//! Categories `token`, `scope`, `jcs` and `signature`: small inputs.

use std::fmt::Write as _;

use serde_json::{Value, json};
use x428::jcs::{Limits, StrictJson};

use super::{build::Builder, case::Case, verification::payload};
use crate::diagnostic::{Code, Diagnostic, did_you_mean};

/// Members of a `token` case.
pub(super) const TOKEN_MEMBERS: &[&str] = &["token", "resource", "now"];
/// Members of a `scope` case.
pub(super) const SCOPE_MEMBERS: &[&str] = &["scope", "resource"];
/// Members of a `jcs` case.
pub(super) const JCS_MEMBERS: &[&str] = &["input"];
/// Members of a `signature` case.
pub(super) const SIGNATURE_MEMBERS: &[&str] =
    &["payload", "patch-payload", "sign", "tamper-payload", "key"];

type Parts = Option<(Value, Option<Value>)>;

pub(super) fn token(builder: &Builder<'_>, case: &mut Case<'_>) -> Parts {
    let token = match case.node.get("token") {
        Some(node) if node.is_object() => node.to_value(),
        _ => {
            case.text("token")?;
            builder.example_of(case, "token")?.1
        }
    };
    let input = json!({
        "token": token,
        "requestedResource": case.text("resource")?,
        "currentTime": case.text("now")?,
    });
    let mut words = vec!["accept"];
    words.extend(builder.codes());
    let outcome = case.one_of("expect", &words)?;
    let expected = if outcome == 0 {
        json!({"accept": true})
    } else {
        json!({"accept": false, "errorCode": words[outcome]})
    };
    Some((input, Some(expected)))
}

pub(super) fn scope(case: &mut Case<'_>) -> Parts {
    let input = json!({
        "tokenScope": case.text("scope")?,
        "requestedResource": case.text("resource")?,
    });
    let outcome = case.one_of("expect", &["match", "no-match"])?;
    Some((input, Some(json!({"matches": outcome == 0}))))
}

/// The expectation is computed: a case cannot be wrong about it, and the runner of another
/// implementation finds out.
pub(super) fn jcs(case: &mut Case<'_>) -> Parts {
    let text = case.text("input")?;
    let span = case.node.get("input").unwrap_or(case.node).span;
    let json = match StrictJson::parse(text.as_bytes(), Limits::default()) {
        Ok(json) => json,
        Err(error) => {
            case.refuse(
                span,
                &format!("`input` is no strict JSON: {}", error.detail()),
            );
            return None;
        }
    };
    let bytes = json.canonical();
    let hex = bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
    let expected = json!({"canonicalJson": String::from_utf8_lossy(&bytes), "canonicalHex": hex});
    Some((json.into_value(), Some(expected)))
}

pub(super) fn signature(builder: &Builder<'_>, case: &mut Case<'_>) -> Parts {
    let payload = payload(builder, case)?;
    let name = case.text("key")?;
    let Some(key) = builder.keys.get(&name) else {
        let span = case.node.get("key").unwrap_or(case.node).span;
        let message = format!("there is no key `{name}`");
        case.found.push(
            Diagnostic::new(Code::UnknownKey, span, message)
                .maybe_help(did_you_mean(&name, builder.keys.names())),
        );
        return None;
    };
    let public = x428::encoding::base64url(key.verifying_key().public_key().0);
    let outcome = case.one_of("expect", &["valid", "invalid"])?;
    let input = json!({
        "payload": payload,
        "publicKeyJwk": {"kty": "OKP", "crv": "Ed25519", "x": public},
    });
    Some((input, Some(json!({"valid": outcome == 0}))))
}
