//! Signatures of examples.

use rayon::prelude::*;

use super::examples::Results;
use crate::{
    diagnostic::{Code, Diagnostic, did_you_mean},
    keys::{Keys, verifies},
    model::{Example, Fence, Protocol, Spec},
    value::Node,
};

/// Verifies what says that it is signed. Returns how many signatures that were.
pub(super) fn check(
    spec: &Spec,
    protocol: &Protocol,
    keys: &Keys,
    results: &mut Results,
    found: &mut Vec<Diagnostic>,
) -> usize {
    let documents = protocol
        .documents
        .iter()
        .filter_map(|index| spec.documents.get(*index));
    let fences: Vec<_> = documents.flat_map(|document| &document.fences).collect();
    let checked: Vec<_> = fences
        .par_iter()
        .filter_map(|fence| {
            let (example, value) = fence.example_value()?;
            let key = example.signed_by.as_deref()?;
            Some((
                fence.id,
                key,
                one(protocol, keys, fence, example, value, key),
            ))
        })
        .collect();
    let count = checked.len();
    for (id, key, problem) in checked {
        match problem {
            Some(problem) => found.push(problem),
            None => results.entry(id).or_default().signed_by = Some(key.to_owned()),
        }
    }
    count
}

fn one(
    protocol: &Protocol,
    keys: &Keys,
    fence: &Fence,
    example: &Example,
    value: &Node,
    name: &str,
) -> Option<Diagnostic> {
    let Some(key) = keys.get(name) else {
        // A key that is there and is none has its own diagnostic.
        let known = protocol.keys.contains_key(name);
        let message = format!("there is no key `{name}`");
        let problem = Diagnostic::new(
            Code::UnknownKey,
            fence.info.value_span("signed-by"),
            message,
        )
        .maybe_help(did_you_mean(name, keys.names()));
        return (!known).then_some(problem);
    };
    let Some(signature) = value.get("signature") else {
        let message = format!(
            "this {} says it is signed, but has no member `signature`",
            example.of
        );
        return Some(Diagnostic::new(
            Code::Unsigned,
            fence.info.value_span("signed-by"),
            message,
        ));
    };
    let json = value.to_value();
    if verifies(&json, &key.verifying_key()) {
        return None;
    }
    let other = keys.names().into_iter().find(|other| {
        keys.get(other)
            .is_some_and(|key| verifies(&json, &key.verifying_key()))
    });
    let help = match other {
        Some(other) => format!("it is the signature of `{other}`"),
        None => "the signed members have changed; `x428 fix` signs them again".to_owned(),
    };
    let message = format!("this is not the signature of `{name}` over the object");
    Some(Diagnostic::new(Code::WrongSignature, signature.span, message).help(help))
}
