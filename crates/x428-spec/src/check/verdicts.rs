//! Examples that answer a challenge: the verifier itself is asked.

use rayon::prelude::*;
use serde_json::Value;
use x428_conformance::{Profile, VerifyInput};

use super::examples::{Results, has_failed};
use crate::{
    diagnostic::{Code, Diagnostic, did_you_mean},
    keys::Keys,
    model::{Example, Fence, Outcome, Protocol, Spec, Verdict},
    value::Node,
    vectors::{Builder, default_now},
};

/// Runs the verifier over all examples with `answers=`.
pub(super) fn check(
    spec: &Spec,
    protocol: &Protocol,
    keys: &Keys,
    results: &mut Results,
    found: &mut Vec<Diagnostic>,
) {
    let builder = Builder {
        spec,
        protocol,
        keys,
        signs: false,
    };
    let documents = protocol
        .documents
        .iter()
        .filter_map(|index| spec.documents.get(*index));
    let fences: Vec<_> = documents.flat_map(|document| &document.fences).collect();
    let checked: Vec<_> = fences
        .par_iter()
        .filter_map(|fence| {
            let (example, value) = fence.example_value()?;
            let challenge = example.answers.as_deref()?;
            // An example that its schema refuses needs no second verdict, and neither does one that
            // rests on such an example.
            let failed = results
                .get(&fence.id)
                .is_some_and(|result| result.outcome == Outcome::Failed)
                || has_failed(protocol, results, challenge)
                || example
                    .did
                    .as_deref()
                    .is_some_and(|did| has_failed(protocol, results, did));
            (!failed).then(|| (fence.id, one(&builder, fence, example, value, challenge)))
        })
        .collect();
    for (id, outcome) in checked {
        let result = results.entry(id).or_default();
        match outcome {
            Ok(outcome) => result.outcome = outcome,
            Err(problem) => {
                result.outcome = Outcome::Failed;
                found.push(*problem);
            }
        }
    }
}

fn one(
    builder: &Builder<'_>,
    fence: &Fence,
    example: &Example,
    value: &Node,
    challenge: &str,
) -> Result<Outcome, Box<Diagnostic>> {
    let refer = |attribute: &str, name: &str| {
        builder
            .example(name)
            .map(|(_, value)| value.to_value())
            .ok_or_else(|| {
                let message = format!("there is no example `{name}`");
                let names = builder.protocol.examples.keys().map(String::as_str);
                Box::new(
                    Diagnostic::new(
                        Code::UnknownExample,
                        fence.info.value_span(attribute),
                        message,
                    )
                    .maybe_help(did_you_mean(name, names)),
                )
            })
    };
    let challenge = refer("answers", challenge)?;
    let did_document = example
        .did
        .as_deref()
        .map(|name| refer("did", name))
        .transpose()?;
    let nonce = challenge
        .get("challenge")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let current_time = example
        .now
        .clone()
        .or_else(|| default_now(&challenge))
        .unwrap_or_default();
    let input = VerifyInput {
        challenge,
        attestation_payload: value.to_value(),
        did_document,
        vc_issuer_did_document: None,
        nonce_store: if example.consumed {
            vec![nonce]
        } else {
            Vec::new()
        },
        current_time,
    };
    let wrong =
        |span, message: String| Box::new(Diagnostic::new(Code::WrongVerdict, span, message));
    let expected = match &example.verdict {
        Verdict::Error { code } => Some(code.as_str()),
        _ => None,
    };
    if let Some(code) = expected.filter(|code| !builder.codes().contains(code)) {
        let message = format!("there is no error code `{code}`");
        return Err(Box::new(
            Diagnostic::new(Code::WrongVerdict, fence.info.value_span("error"), message)
                .maybe_help(did_you_mean(code, builder.codes())),
        ));
    }
    let verdict = x428_conformance::verify(&input, &Profile::default()).map_err(|why| {
        wrong(
            fence.info.value_span("now"),
            format!("the verifier cannot be asked: {why}"),
        )
    })?;
    match (expected, &verdict.result) {
        (None, Ok(_)) => Ok(Outcome::Accepted),
        (Some(code), Err(rejected)) if rejected.code().as_str() == code => Ok(Outcome::Refused {
            code: code.to_owned(),
        }),
        (None, Err(rejected)) => Err(wrong(
            fence.info.value_span("answers"),
            format!(
                "the verifier refuses this with `{}`: {}",
                rejected.code().as_str(),
                rejected.detail()
            ),
        )),
        (Some(code), Err(rejected)) => Err(wrong(
            fence.info.value_span("error"),
            format!(
                "the verifier says `{}`, not `{code}`: {}",
                rejected.code().as_str(),
                rejected.detail()
            ),
        )),
        (Some(code), Ok(_)) => Err(wrong(
            fence.info.value_span("error"),
            format!("the verifier accepts this, and does not say `{code}`"),
        )),
    }
}
