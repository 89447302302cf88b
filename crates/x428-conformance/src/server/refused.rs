//! Payloads that a server must refuse, with the code of the first step that fails.

use http::StatusCode;
use serde_json::json;
use x428::attestation::Challenge;
use x428::http::ATTESTATION;
use x428::wire::attestation::ErrorCode;

use super::forge::{Forge, encode};
use super::{ServerCheck, Session, holds};

/// A payload, and the codes with which it may be refused.
struct Bad {
    requirement: &'static str,
    what: &'static str,
    /// The value of the header; nothing if the challenge has nothing to which it applies.
    value: Option<Result<String, String>>,
    codes: &'static [ErrorCode],
}

impl<T: FnMut(&ServerCheck)> Session<T> {
    /// Sends every bad payload for one challenge: none of them may consume it.
    pub(super) async fn refused(&mut self, challenge: &Challenge) {
        let forge = Forge {
            challenge,
            key: &self.key,
        };
        let cases = cases(&forge);
        let good = forge.good();
        let target = self.target.clone();
        let (mut stale, mut stored) = (Vec::new(), Vec::new());
        for bad in cases {
            let value = match bad.value {
                None => {
                    self.skip(
                        bad.requirement,
                        bad.what,
                        "the challenge has no such precondition",
                    );
                    continue;
                }
                Some(Err(why)) => {
                    self.check(bad.requirement, bad.what, Err(why));
                    continue;
                }
                Some(Ok(value)) => value,
            };
            let answer = match self.wire.get(&target, &[(ATTESTATION, &value)]).await {
                Ok(answer) => answer,
                Err(why) => {
                    self.check(bad.requirement, bad.what, Err(why));
                    continue;
                }
            };
            let is_too_long = matches!(
                answer.status,
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE | StatusCode::BAD_REQUEST
            );
            if is_too_long && bad.requirement == "attestation.submit.oversized-header" {
                let why = "something in front of the server refuses long headers";
                self.skip(bad.requirement, bad.what, why);
                continue;
            }
            self.check(bad.requirement, bad.what, answer.refuses(bad.codes));
            let required = answer.required().ok();
            let fresh = required.as_ref().and_then(|required| required.challenge());
            let used = &challenge.message().challenge;
            if fresh.is_none_or(|fresh| fresh.message().challenge == *used) {
                stale.push(bad.requirement);
            }
            if !answer.has_directive(&["no-store"]) {
                stored.push(bad.requirement);
            }
        }
        let fresh = holds(stale.is_empty(), || {
            format!("not after {}", stale.join(", "))
        });
        self.check(
            "attestation.error.fresh-challenge",
            "a refusal carries a fresh challenge",
            fresh,
        );
        let no_store = holds(stored.is_empty(), || {
            format!("not after {}", stored.join(", "))
        });
        self.check(
            "attestation.http.no-store",
            "a refusal has Cache-Control: no-store",
            no_store,
        );

        if let Ok(good) = good {
            let value = encode(&good);
            let twice = [(ATTESTATION, value.as_str()), (ATTESTATION, value.as_str())];
            let answer = self.wire.get(&target, &twice).await;
            let verdict = answer.and_then(|answer| answer.refuses(&[ErrorCode::MalformedPayload]));
            self.check(
                "attestation.submit.ambiguous",
                "a repeated X-428-Attestation is refused",
                verdict,
            );
        }
    }
}

fn cases(forge: &Forge<'_>) -> Vec<Bad> {
    let mut cases = of_form(forge);
    cases.extend(of_binding(forge));
    cases.extend(of_attestations(forge));
    cases
}

fn encoded(text: Result<String, String>) -> Result<String, String> {
    text.map(|text| encode(&text))
}

/// Steps 1 and 2.
fn of_form(forge: &Forge<'_>) -> Vec<Bad> {
    const MALFORMED: &[ErrorCode] = &[ErrorCode::MalformedPayload];
    let bad = |requirement, what, value, codes| Bad {
        requirement,
        what,
        value: Some(value),
        codes,
    };
    let two = |members: &mut serde_json::Map<_, _>| {
        members.insert("x428Version".to_owned(), 2.into());
    };
    vec![
        bad(
            "attestation.verify.version",
            "a payload of another version is refused in step 1",
            encoded(forge.changed(two)),
            &[ErrorCode::UnsupportedVersion],
        ),
        bad(
            "attestation.verify.order",
            "of several faults the first step's is reported",
            encoded(
                forge
                    .changed(two)
                    .map(|text| text.replace("\"challenge\"", "\"chall\"")),
            ),
            &[ErrorCode::UnsupportedVersion],
        ),
        bad(
            "attestation.verify.unreadable",
            "a header that is not base64url is refused",
            Ok("not base64url!".to_owned()),
            MALFORMED,
        ),
        bad(
            "attestation.json.duplicate-members",
            "a payload with one member twice is refused",
            encoded(forge.duplicate_member()),
            MALFORMED,
        ),
        bad(
            "attestation.json.depth",
            "a payload that is nested too deep is refused",
            encoded(forge.too_deep()),
            MALFORMED,
        ),
        bad(
            "attestation.verify.form",
            "a payload without an operator is refused in step 2",
            encoded(forge.changed(|members| {
                members.remove("operatorId");
            })),
            MALFORMED,
        ),
        bad(
            "attestation.verify.duplicate-attestation",
            "two attestations for one precondition are refused in step 2",
            encoded(forge.changed(|members| {
                let attestations = members
                    .get_mut("attestations")
                    .and_then(|list| list.as_array_mut());
                if let Some(attestations) = attestations
                    && let Some(first) = attestations.first().cloned()
                {
                    attestations.push(first);
                }
            })),
            MALFORMED,
        ),
        bad(
            "attestation.submit.oversized-header",
            "a payload that is too long for a header is refused",
            encoded(forge.too_long()),
            MALFORMED,
        ),
    ]
}

/// Steps 3 to 8.
fn of_binding(forge: &Forge<'_>) -> Vec<Bad> {
    const SIGNATURE: &[ErrorCode] = &[ErrorCode::InvalidSignature];
    let bad = |requirement, what, text: Result<String, String>, codes| Bad {
        requirement,
        what,
        value: Some(encoded(text)),
        codes,
    };
    let set = |name: &'static str, value: &str| {
        let value = value.to_owned();
        forge.changed(move |members| {
            members.insert(name.to_owned(), value.into());
        })
    };
    let resource = forge.challenge.message().resource.as_str();
    vec![
        bad(
            "attestation.verify.nonce",
            "a payload with another nonce is refused in step 3",
            set("challenge", &"5f".repeat(32)),
            &[ErrorCode::ChallengeMismatch],
        ),
        // A server with sealed nonces finds no challenge for the other resource.
        bad(
            "attestation.verify.resource",
            "a payload for another resource is refused",
            set("resource", &format!("{resource}-x428-other")),
            &[ErrorCode::ResourceMismatch, ErrorCode::ChallengeMismatch],
        ),
        bad(
            "attestation.verify.operator",
            "an operator that does not resolve is refused in step 7",
            set("operatorId", "did:example:nobody"),
            &[ErrorCode::UnresolvableOperator],
        ),
        bad(
            "attestation.did-key.ed25519",
            "a did:key that is no key is refused in step 7",
            set("operatorId", "did:key:z6MkNoKeyAtAll"),
            &[ErrorCode::UnresolvableOperator],
        ),
        bad(
            "attestation.verify.signature",
            "a payload that was changed after it was signed is refused in step 8",
            forge.tampered(),
            SIGNATURE,
        ),
        bad(
            "attestation.signature.strict-encoding",
            "a signature with padding is refused",
            forge.padded_signature(),
            SIGNATURE,
        ),
        bad(
            "attestation.key.test-keys",
            "a payload under a published test key is refused",
            forge.of_published_key(),
            SIGNATURE,
        ),
        bad(
            "attestation.signature.weak-key",
            "a signature that verifies for every message is refused",
            forge.of_weak_key(),
            &[ErrorCode::InvalidSignature, ErrorCode::UnresolvableOperator],
        ),
    ]
}

/// Steps 9 and 10, and what else is wrong with an attestation.
fn of_attestations(forge: &Forge<'_>) -> Vec<Bad> {
    const MISSING: &[ErrorCode] = &[ErrorCode::MissingAttestation];
    let bad = |requirement, what, text: Option<Result<String, String>>, codes| Bad {
        requirement,
        what,
        value: text.map(encoded),
        codes,
    };
    vec![
        bad(
            "attestation.verify.time",
            "a time that is none is refused in step 2",
            forge.changed_attestation(None, |members| {
                members.insert("confirmedAt".to_owned(), "2026-11-20 12:00".into());
            }),
            &[ErrorCode::MalformedPayload],
        ),
        bad(
            "attestation.verify.complete",
            "an attestation for another precondition is refused in step 9",
            forge.changed_attestation(None, |members| {
                members.insert("preconditionId".to_owned(), "x428-nobody-asked".into());
            }),
            MISSING,
        ),
        bad(
            "attestation.verify.attestation-type",
            "an attestation of another type is refused in step 9",
            forge.changed_attestation(Some("tos"), |members| {
                members.insert("type".to_owned(), "identity".into());
                members.remove("documentHash");
            }),
            MISSING,
        ),
        bad(
            "attestation.verify.confirmed-not-later",
            "a confirmation in an hour is refused in step 9",
            forge.changed_attestation(None, |members| {
                members.insert("confirmedAt".to_owned(), Forge::time(3600).into());
            }),
            MISSING,
        ),
        bad(
            "attestation.verify.minimum-age",
            "an attestation of another age is refused in step 9",
            forge.changed_attestation(Some("age"), |members| {
                let age = members
                    .get("minimumAge")
                    .and_then(serde_json::Value::as_u64);
                members.insert("minimumAge".to_owned(), (age.unwrap_or(18) + 1).into());
            }),
            MISSING,
        ),
        bad(
            "attestation.verify.tos-self",
            "the acceptance of another document is refused in step 10",
            forge.changed_attestation(Some("tos"), |members| {
                let hash = format!("sha256-{}", "0".repeat(64));
                members.insert("documentHash".to_owned(), hash.into());
            }),
            &[ErrorCode::DocumentHashMismatch],
        ),
        bad(
            "attestation.verify.tos-vc-present",
            "a method without its credential, or one that is not allowed, is refused",
            forge.changed_attestation(Some("tos"), |members| {
                members.insert("method".to_owned(), "vc".into());
                members.remove("confirmedAt");
                members.remove("documentHash");
                members.insert(
                    "vc".to_owned(),
                    json!({
                        "@context": ["https://www.w3.org/ns/credentials/v2"],
                        "type": ["VerifiableCredential", "TosAcceptanceCredential"],
                        "issuer": "did:example:issuer",
                        "credentialSubject": {},
                    }),
                );
            }),
            &[
                ErrorCode::MethodNotAccepted,
                ErrorCode::VcIssuerNotAccepted,
                ErrorCode::VcVerificationFailed,
                ErrorCode::MalformedPayload,
            ],
        ),
    ]
}
