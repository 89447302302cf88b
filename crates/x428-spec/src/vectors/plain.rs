//! Categories `token`, `scope`, `jcs` and `signature`: small inputs.

use std::fmt::Write as _;

use x428::jcs::{Limits, StrictJson};
use x428_conformance::{
    Case as Vectors, JcsExpected, Matches, ScopeInput, SignatureExpected, SignatureInput,
    TokenExpected, TokenInput,
};

use super::{build::Builder, case::Case, verification::payload};
use crate::{
    diagnostic::{Code, Diagnostic, did_you_mean},
    keys::canonical,
};

/// Members of a `token` case.
pub(super) const TOKEN_MEMBERS: &[&str] = &["token", "resource", "now"];
/// Members of a `scope` case.
pub(super) const SCOPE_MEMBERS: &[&str] = &["scope", "resource"];
/// Members of a `jcs` case.
pub(super) const JCS_MEMBERS: &[&str] = &["input"];
/// Members of a `signature` case.
pub(super) const SIGNATURE_MEMBERS: &[&str] =
    &["payload", "patch-payload", "sign", "tamper-payload", "key"];

pub(super) fn token(builder: &Builder<'_>, case: &mut Case<'_>) -> Option<Vectors> {
    let token = match case.node.get("token") {
        Some(node) if node.is_object() => node.to_value(),
        _ => {
            case.text("token")?;
            builder.example_of(case, "token")?.1
        }
    };
    let requested_resource = case.text("resource")?;
    let current_time = case.text("now")?;
    let (accept, error_code) = case.outcome("accept", &builder.codes())?;
    Some(Vectors::Token {
        input: TokenInput {
            token,
            requested_resource,
            current_time,
        },
        expected: TokenExpected { accept, error_code },
    })
}

pub(super) fn scope(case: &mut Case<'_>) -> Option<Vectors> {
    let token_scope = case.text("scope")?;
    let requested_resource = case.text("resource")?;
    let outcome = case.one_of("expect", &["match", "no-match"])?;
    Some(Vectors::Scope {
        input: ScopeInput {
            token_scope,
            requested_resource,
        },
        expected: Matches {
            matches: outcome == 0,
        },
    })
}

/// The expectation is computed: a case cannot be wrong about it, and the runner of another
/// implementation finds out.
pub(super) fn jcs(case: &mut Case<'_>) -> Option<Vectors> {
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
    let bytes = canonical(json.value())?;
    let hex = bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
    let expected = JcsExpected {
        canonical_json: Some(String::from_utf8_lossy(&bytes).into_owned()),
        canonical_hex: Some(hex),
    };
    Some(Vectors::Jcs {
        input: json.into_value(),
        expected,
    })
}

pub(super) fn signature(builder: &Builder<'_>, case: &mut Case<'_>) -> Option<Vectors> {
    let payload = payload(builder, case)?;
    let name = case.text("key")?;
    let Some(key) = builder.keys.get(&name) else {
        let span = case.node.get("key").unwrap_or(case.node).span;
        let message = format!("there is no key `{name}`");
        let help = did_you_mean(&name, builder.keys.names());
        case.found
            .push(Diagnostic::new(Code::UnknownKey, span, message).maybe_help(help));
        return None;
    };
    let public = x428::encoding::base64url(key.verifying_key().public_key().0);
    let members = [("kty", "OKP"), ("crv", "Ed25519"), ("x", &public)];
    let jwk = members.map(|(name, value)| (name.to_owned(), value.into()));
    let outcome = case.one_of("expect", &["valid", "invalid"])?;
    Some(Vectors::Signature {
        input: SignatureInput {
            payload,
            public_key_jwk: jwk.into_iter().collect(),
        },
        expected: SignatureExpected {
            valid: outcome == 0,
        },
    })
}
