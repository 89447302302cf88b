//! Categories of the withdrawal protocol. Digests, states and codes are not repeated in the cases:
//! they come from the examples and tables, and the SDK has to agree with them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use x428_conformance::{
    Case as Vectors, CodeExpected, CodeInput, DecimalExpected, DecimalInput,
    IdempotencyKeyExpected, IdempotencyKeyInput, IntentExpected, IntentInput, StateExpected,
    StateInput, WebauthnChallengeExpected, WebauthnChallengeInput,
};

use super::{build::Builder, case::Case};
use crate::{
    diagnostic::{Code, Diagnostic, did_you_mean},
    keys::canonical,
    model::Machine,
    value::Node,
};

/// Members of a `decimal` case.
pub(super) const DECIMAL_MEMBERS: &[&str] = &["text", "normal"];
/// Members of an `intent` case.
pub(super) const INTENT_MEMBERS: &[&str] =
    &["request", "patch-request", "intent", "patch-intent", "key"];
/// Members of a `webauthn-challenge` case.
pub(super) const WEBAUTHN_MEMBERS: &[&str] = &["intent-hash", "nonce"];
/// Members of a `state` or `challenge-state` case.
pub(super) const STATE_MEMBERS: &[&str] = &["from"];
/// Members of an `error` case.
pub(super) const ERROR_MEMBERS: &[&str] = &["code"];
/// Members of an `idempotency-key` case.
pub(super) const KEY_MEMBERS: &[&str] = &["values", "key"];

pub(super) fn decimal(case: &mut Case<'_>) -> Option<Vectors> {
    let text = case.text("text")?;
    let valid = case.one_of("expect", &["valid", "invalid"])? == 0;
    let normal = if valid {
        Some(case.text("normal")?)
    } else {
        None
    };
    let positive = normal.as_ref().map(|normal| normal != "0");
    Some(Vectors::Decimal {
        input: DecimalInput { text },
        expected: DecimalExpected {
            valid,
            normal,
            positive,
        },
    })
}

/// The intent is one example, the request another; the parties and the key are those of the intent.
pub(super) fn intent(builder: &Builder<'_>, case: &mut Case<'_>) -> Option<Vectors> {
    let request = patched(builder, case, "request", "patch-request")?;
    let intent = patched(builder, case, "intent", "patch-intent")?;
    let text = |name: &str| Some(intent.get(name)?.as_str()?.to_owned());
    let key = case.optional_text("key");
    let bytes = canonical(&intent)?;
    let expected = IntentExpected {
        intent_hash: digest(&[&bytes]),
        canonical_json: String::from_utf8(bytes).ok()?,
    };
    let parts = ["iss", "clientId", "sub", "idempotencyKey"].map(text);
    let [Some(issuer), Some(client_id), Some(subject), Some(own_key)] = parts else {
        let span = case.node.get("intent").unwrap_or(case.node).span;
        case.refuse(span, "this example names no parties and no key");
        return None;
    };
    Some(Vectors::Intent {
        input: Box::new(IntentInput {
            request,
            idempotency_key: key.unwrap_or(own_key),
            issuer,
            client_id,
            subject,
        }),
        expected,
    })
}

/// An example with the changes of a patch.
pub(super) fn patched(
    builder: &Builder<'_>,
    case: &mut Case<'_>,
    member: &str,
    patch: &str,
) -> Option<Value> {
    case.text(member)?;
    let (_, mut value) = builder.example_of(case, member)?;
    case.patch(patch, &mut value)?;
    Some(value)
}

pub(super) fn webauthn_challenge(builder: &Builder<'_>, case: &mut Case<'_>) -> Option<Vectors> {
    case.text("intent-hash")?;
    let (_, hash) = builder.example_of(case, "intent-hash")?;
    let intent_hash = hash.as_str().unwrap_or_default().to_owned();
    let nonce = case.text("nonce")?;
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let (Some(hash), Some(bytes)) = (decode(&intent_hash), decode(&nonce)) else {
        let span = case.node.span;
        case.refuse(
            span,
            "`intent-hash` and `nonce` are bytes in unpadded base64url",
        );
        return None;
    };
    let challenge = digest(&[b"x428-webauthn-v1\0", &hash, &bytes]);
    Some(Vectors::WebauthnChallenge {
        input: WebauthnChallengeInput { intent_hash, nonce },
        expected: WebauthnChallengeExpected { challenge },
    })
}

/// The SHA-256 of the parts in unpadded base64url.
fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

/// The states of a machine that may follow one.
pub(super) fn state(
    builder: &Builder<'_>,
    case: &mut Case<'_>,
    of: &str,
) -> Option<(StateInput, StateExpected)> {
    let from = case.text("from")?;
    let Some(machine) = Machine::of(builder.spec, builder.protocol, of) else {
        let span = case.node.span;
        case.refuse(span, &format!("no table has transitions of {of}"));
        return None;
    };
    if !machine.states().any(|state| state == from) {
        unknown(case, "from", &from, machine.states());
        return None;
    }
    let to = machine.successors(&from).map(str::to_owned).collect();
    let terminal = machine.terminal().any(|state| state == from);
    Some((StateInput { from }, StateExpected { to, terminal }))
}

pub(super) fn error(builder: &Builder<'_>, case: &mut Case<'_>) -> Option<Vectors> {
    let code = case.text("code")?;
    let documents = builder.protocol.documents.iter();
    let documents = documents.filter_map(|index| builder.spec.documents.get(*index));
    let mut tables = documents.flat_map(|document| &document.tables);
    // Codes of OAuth's endpoints have a status as well, but nothing says whether to try again.
    let Some(table) = tables.find(|table| table.column("retryable").is_some()) else {
        case.refuse(
            case.node.span,
            "no table has codes with the column `retryable`",
        );
        return None;
    };
    let Some(row) = row_of(table, &code) else {
        let codes = table.cells("code").map(|cell| cell.text.as_str());
        unknown(case, "code", &code, codes);
        return None;
    };
    let cell = |name: &str| Some(row.cells.get(table.column(name)?)?.text.as_str());
    let expected = CodeExpected {
        status: cell("status")?.parse().ok()?,
        retryable: cell("retryable")? == "yes",
    };
    Some(Vectors::Error {
        input: CodeInput { code },
        expected,
    })
}

fn row_of<'t>(table: &'t crate::model::Table, code: &str) -> Option<&'t crate::model::Row> {
    let column = table.column("code")?;
    let mut rows = table.rows.iter();
    rows.find(|row| row.cells.get(column).is_some_and(|cell| cell.text == code))
}

fn unknown<'t>(
    case: &mut Case<'_>,
    member: &str,
    word: &str,
    known: impl Iterator<Item = &'t str>,
) {
    let span = case.node.get(member).unwrap_or(case.node).span;
    let message = format!("`{word}` stands in no table");
    let problem = Diagnostic::new(Code::VectorShape, span, message);
    case.found
        .push(problem.maybe_help(did_you_mean(word, known)));
}

pub(super) fn idempotency_key(builder: &Builder<'_>, case: &mut Case<'_>) -> Option<Vectors> {
    let Some(list) = case.node.get("values") else {
        case.refuse(case.node.span, "this vector needs `values`");
        return None;
    };
    let values: Option<Vec<_>> = list.elements().iter().map(Node::as_str).collect();
    let Some(values) = values else {
        case.refuse(list.span, "`values` are strings");
        return None;
    };
    let values = values.into_iter().map(str::to_owned).collect();
    let (accept, error_code) = case.outcome("accept", &builder.codes())?;
    let key = if accept {
        Some(case.text("key")?)
    } else {
        None
    };
    Some(Vectors::IdempotencyKey {
        input: IdempotencyKeyInput { values },
        expected: IdempotencyKeyExpected { key, error_code },
    })
}
