//! A typo anywhere in the real specification is reported where it stands.

use x428_spec::diagnostic::{Code, Severity};

use crate::{Outcome, project::Copy};

/// A slip: in which file, what becomes what, and which codes may report it.
struct Typo {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    codes: &'static [Code],
}

const DATA_MODEL: &str = "spec/attestation/05-data-model.md";

const TYPOS: &[Typo] = &[
    Typo {
        file: "spec/attestation/08-http-binding.md",
        from: "\n    headers:\n",
        to: "\n    heders:\n",
        codes: &[Code::OperationShape],
    },
    Typo {
        file: "spec/guides/sdk.md",
        from: "```rust\n",
        to: "```rsut\n",
        codes: &[Code::UnclassifiedFence],
    },
    Typo {
        file: DATA_MODEL,
        from: "\"confirmedAt\": \"2026",
        to: "\"confirmedAt\": \"20226",
        codes: &[Code::InvalidExample, Code::WrongVerdict],
    },
    Typo {
        file: DATA_MODEL,
        from: "\"tosVersion\": \"2026-11\"",
        to: "\"tosVersoin\": \"2026-11\"",
        codes: &[Code::InvalidExample],
    },
    Typo {
        file: DATA_MODEL,
        from: "\"uiHint\": \"",
        to: "\"uiHnt\": \"",
        codes: &[Code::MisspeltMember],
    },
    Typo {
        file: DATA_MODEL,
        from: "\"minItems\": 1",
        to: "\"minItmes\": 1",
        codes: &[Code::UnknownKeyword],
    },
    Typo {
        file: DATA_MODEL,
        from: "\"type\": \"integer\"",
        to: "\"type\": \"interger\"",
        codes: &[Code::InvalidSchema],
    },
    Typo {
        file: DATA_MODEL,
        from: "{ \"$ref\": \"Precondition\" }",
        to: "{ \"$ref\": \"Preconditon\" }",
        codes: &[Code::UnresolvedRef],
    },
    Typo {
        file: DATA_MODEL,
        from: "\"required\": [\"x428Version\"",
        to: "\"required\": [\"x428Verison\"",
        codes: &[Code::RequiredUndefined],
    },
    Typo {
        file: DATA_MODEL,
        from: "\"signature\": \"O",
        to: "\"signature\": \"P",
        codes: &[Code::WrongSignature],
    },
    Typo {
        file: DATA_MODEL,
        from: "signed-by=operator",
        to: "signed-by=opertaor",
        codes: &[Code::UnknownKey],
    },
    Typo {
        file: DATA_MODEL,
        from: "answers=challenge-tos ",
        to: "answers=chalenge-tos ",
        codes: &[Code::UnknownExample],
    },
    Typo {
        file: DATA_MODEL,
        from: "```json example of=PreconditionChallenge",
        to: "```json exampel of=PreconditionChallenge",
        codes: &[Code::UnknownFenceKind],
    },
    Typo {
        file: DATA_MODEL,
        from: "of=PreconditionChallenge id=",
        to: "of=PreconditionChalenge id=",
        codes: &[Code::UnknownType],
    },
    Typo {
        file: DATA_MODEL,
        from: "../glossary.md#challenge)",
        to: "../glossary.md#chalenge)",
        codes: &[Code::UndefinedTerm],
    },
    Typo {
        file: DATA_MODEL,
        from: "## 5.2 ",
        to: "## 5.3 ",
        codes: &[Code::HeadingNumber],
    },
    Typo {
        file: DATA_MODEL,
        from: "r[attestation.model.",
        to: "r[attestation..model.",
        codes: &[Code::RequirementSyntax],
    },
    Typo {
        file: "spec/attestation/06-protocol.md",
        from: "(02-conventions.md#",
        to: "(02-convention.md#",
        codes: &[Code::BrokenLink],
    },
    Typo {
        file: "spec/attestation/06-protocol.md",
        from: "02-conventions.md#25-lifetimes",
        to: "02-conventions.md#25-lifetime",
        codes: &[Code::BrokenAnchor],
    },
    Typo {
        file: "spec/attestation/06-protocol.md",
        from: "kind=codes",
        to: "kind=code",
        codes: &[Code::AttributeValue],
    },
    Typo {
        file: "spec/attestation/06-protocol.md",
        from: "| `malformed_payload` | 428 |",
        to: "| `malformed_payload` | 4288 |",
        codes: &[Code::TableValue],
    },
    Typo {
        file: "spec/attestation/02-conventions.md",
        from: "| 300 | seconds |",
        to: "| 300 | secnods |",
        codes: &[Code::TableValue],
    },
    Typo {
        file: "spec/attestation/02-conventions.md",
        from: "| 8192 | bytes |",
        to: "| 8l92 | bytes |",
        codes: &[Code::TableValue],
    },
    Typo {
        file: "spec/attestation/08-http-binding.md",
        from: "X-428-Required: eyJ4NDI4",
        to: "X-428-Required: eyJ4NDI5",
        codes: &[Code::HeaderContent],
    },
    Typo {
        file: "spec/attestation/08-http-binding.md",
        from: "HTTP/1.1 428 Precondition Required",
        to: "HTTP/1.1 428 Precondition Requierd",
        codes: &[Code::HttpSyntax],
    },
    Typo {
        file: "spec/attestation/08-http-binding.md",
        from: "examples: [token]",
        to: "examples: [tokne]",
        codes: &[Code::OperationRef],
    },
    Typo {
        file: "spec/attestation/08-http-binding.md",
        from: "$ref: responses/PreconditionRequired",
        to: "$ref: responses/PreconditionRequird",
        codes: &[Code::OperationRef],
    },
    Typo {
        file: "spec/attestation/a-vectors.md",
        from: "covers: [attestation.verify.order",
        to: "covers: [attestation.verify.ordre",
        codes: &[Code::UnknownRequirement],
    },
    Typo {
        file: "spec/attestation/a-vectors.md",
        from: "expect: challenge_expired",
        to: "expect: challenge_expried",
        codes: &[Code::VectorShape],
    },
    Typo {
        file: "spec/attestation/a-vectors.md",
        from: "path: /preconditions/0, ",
        to: "path: /precondition/0, ",
        codes: &[Code::PatchFails],
    },
    Typo {
        file: "spec/attestation/b-test-keys.md",
        from: "\"x\": \"5WNq",
        to: "\"x\": \"5WNr",
        codes: &[Code::InvalidKey],
    },
    Typo {
        file: "spec/SUMMARY.md",
        from: "06-protocol.md",
        to: "06-protcol.md",
        codes: &[Code::MissingFile],
    },
    Typo {
        file: "spec/withdrawal/08-lifecycle.md",
        from: "- accessToken: [withdrawals:cancel]",
        to: "- accessToken: [withdrawals:cancle]",
        codes: &[Code::OperationRef],
    },
    Typo {
        file: "spec/withdrawal/08-lifecycle.md",
        from: "- accessToken: [webhooks:manage]",
        to: "- acessToken: [webhooks:manage]",
        codes: &[Code::OperationRef],
    },
    Typo {
        file: "spec/withdrawal/08-lifecycle.md",
        from: "| `processing` | `broadcast` | the",
        to: "| `processing` | `brodcast` | the",
        codes: &[Code::UnknownState],
    },
    Typo {
        file: "spec/withdrawal/08-lifecycle.md",
        from: "| `completed` | yes | debited |",
        to: "| `completed` | yse | debited |",
        codes: &[Code::TableValue],
    },
    Typo {
        file: "spec/withdrawal/08-lifecycle.md",
        from: "pending --> processing\n",
        to: "pending -> processing\n",
        codes: &[Code::DiagramSyntax],
    },
    Typo {
        file: "spec/withdrawal/08-lifecycle.md",
        from: "webhook=webhookEvent",
        to: "webhook=webhookEvents",
        codes: &[Code::OperationRef],
    },
    Typo {
        file: "spec/withdrawal/08-lifecycle.md",
        from: "\nwebhook-timestamp: 17",
        to: "\nwebhook-timestamp: l7",
        codes: &[Code::MessageMismatch],
    },
    Typo {
        file: "spec/withdrawal/07-step-up.md",
        from: "| `totp` | synchronous |",
        to: "| `totp` | synchronuos |",
        codes: &[Code::TableValue],
    },
    Typo {
        file: "spec/withdrawal/07-step-up.md",
        from: "columns=mode:MethodMode",
        to: "columns=mode:MethodModes",
        codes: &[Code::AttributeValue],
    },
    Typo {
        file: "spec/withdrawal/03-oauth.md",
        from: "grant_type=authorization_code&",
        to: "grant_type=authorisation_code&",
        codes: &[Code::BodyInvalid],
    },
    Typo {
        file: "spec/withdrawal/03-oauth.md",
        from: "    scopes: Scope\n",
        to: "    scopes: Scopes\n",
        codes: &[Code::OperationShape],
    },
    Typo {
        file: "spec/withdrawal/03-oauth.md",
        from: "    tokenUrl: https",
        to: "    tokenURL: https",
        codes: &[Code::OperationShape],
    },
    Typo {
        file: "spec/withdrawal/02-conventions.md",
        from: "| 5 | attempts |",
        to: "| 5 | atempts |",
        codes: &[Code::TableValue],
    },
];

/// The bytes in which two texts differ, in the second.
fn difference(before: &str, after: &str) -> (usize, usize) {
    let start = before
        .bytes()
        .zip(after.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let tail = before
        .bytes()
        .rev()
        .zip(after.bytes().rev())
        .take_while(|(a, b)| a == b)
        .count();
    (start, (after.len() - tail).max(start + 1))
}

#[test]
fn a_typo_is_reported_at_its_line_and_column() -> Outcome {
    let copy = Copy::real()?;
    for typo in TYPOS {
        let sound = copy.read(typo.file)?;
        let broken = sound.replacen(typo.from, typo.to, 1);
        assert!(
            sound != broken,
            "{} does not have {:?} any more",
            typo.file,
            typo.from
        );
        copy.write(typo.file, &broken)?;
        let (spec, report) = copy.check();
        let (start, end) = difference(&sound, &broken);
        let line = broken[..start].matches('\n').count() + 1;
        let hit = report.diagnostics.iter().find(|own| {
            let span = own.primary.span;
            let file = spec.sources.file(span.file);
            let near = span.start < end + 1 && start < span.end.max(span.start + 1);
            typo.codes.contains(&own.code)
                && file.path() == typo.file
                && (near || file.position(span.start).line == line)
        });
        let shown = crate::project::shown(&spec, &report.diagnostics);
        assert!(
            hit.is_some(),
            "{:?} → {:?} is not reported at line {line}:\n{shown}",
            typo.from,
            typo.to
        );
        copy.write(typo.file, &sound)?;
    }
    Ok(())
}

/// Nearly everything rests on this challenge; what does is not wrong for that.
#[test]
fn a_typo_is_reported_once() -> Outcome {
    let copy = Copy::real()?;
    let text = copy.read(DATA_MODEL)?;
    let slip = text.replacen(
        "\"expiresAt\": \"2026-11-20T",
        "\"expiresAt\": \"2026-11-20 ",
        1,
    );
    assert_ne!(slip, text);
    copy.write(DATA_MODEL, slip)?;
    let (_, problems) = copy.problems();
    let errors = problems
        .iter()
        .filter(|problem| problem.severity() == Severity::Error);
    let codes: Vec<_> = errors.map(|problem| problem.code).collect();
    // Pattern and format of the schema, and the header of the exchange that carries the challenge.
    assert!(
        codes.len() <= 4 && codes.starts_with(&[Code::InvalidExample]),
        "{codes:?}"
    );
    Ok(())
}
