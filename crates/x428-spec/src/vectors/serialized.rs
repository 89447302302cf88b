//! Categories `parse` and `routing`: payloads as text.

use serde_json::{Value, json};

use super::{build::Builder, case::Case, verification::payload};
use crate::value::{Data, Node};

/// Members of a `parse` case.
pub(super) const PARSE_MEMBERS: &[&str] = &[
    "text",
    "header",
    "payload",
    "patch-payload",
    "sign",
    "tamper-payload",
    "raw-replace",
    "repeat",
];

/// Members of a `routing` case.
pub(super) const ROUTING_MEMBERS: &[&str] = &["length", "endpoint"];

/// Input and expectation of a `parse` vector.
pub(super) fn parse(builder: &Builder<'_>, case: &mut Case<'_>) -> Option<(Value, Option<Value>)> {
    let sources: Vec<_> = ["text", "header", "payload"]
        .into_iter()
        .filter(|name| case.node.get(name).is_some())
        .collect();
    let input = match sources.as_slice() {
        ["text"] => json!({"text": case.text("text")?}),
        ["header"] => json!({"header": case.text("header")?}),
        ["payload"] => {
            let mut text = payload(builder, case)?.to_string();
            replace(case, &mut text)?;
            repeat(case, &mut text)?;
            json!({"text": text})
        }
        _ => {
            case.refuse(
                case.node.span,
                "this vector needs one of `text`, `header` and `payload`",
            );
            return None;
        }
    };
    let mut words = vec!["well-formed"];
    words.extend(builder.codes());
    let outcome = case.one_of("expect", &words)?;
    let expected = if outcome == 0 {
        json!({"wellFormed": true})
    } else {
        json!({"wellFormed": false, "errorCode": words[outcome]})
    };
    Some((input, Some(expected)))
}

/// Replacements in the text. Each has to be found exactly once, or the case says something else
/// than its author thinks.
fn replace(case: &mut Case<'_>, text: &mut String) -> Option<()> {
    for replacement in case
        .node
        .get("raw-replace")
        .map(Node::elements)
        .unwrap_or_default()
    {
        let part = |name: &str| replacement.get(name).and_then(Node::as_str);
        let (Some(from), Some(to)) = (part("from"), part("to")) else {
            case.refuse(replacement.span, "a replacement has `from` and `to`");
            return None;
        };
        let times = text.matches(from).count();
        if times != 1 {
            let span = replacement.get("from").unwrap_or(replacement).span;
            case.refuse(
                span,
                &format!("this is {times} times in the serialized payload, not once"),
            );
            return None;
        }
        *text = text.replacen(from, to, 1);
    }
    Some(())
}

/// An unknown member that is deep or long.
fn repeat(case: &mut Case<'_>, text: &mut String) -> Option<()> {
    let Some(node) = case.node.get("repeat") else {
        return Some(());
    };
    let Some((kind, count)) = one_number(node) else {
        case.refuse(
            node.span,
            "`repeat` has one member, `nest` or `pad`, with a number",
        );
        return None;
    };
    let Some(open) = text.strip_suffix('}') else {
        case.refuse(node.span, "the serialized payload is no object any more");
        return None;
    };
    *text = if kind == "nest" {
        format!(
            "{open},\"nested\":{}{}}}",
            "[".repeat(count),
            "]".repeat(count)
        )
    } else {
        let frame = format!("{open},\"padding\":\"\"}}").len();
        let Some(missing) = count.checked_sub(frame) else {
            case.refuse(node.span, &format!("the payload alone has {frame} bytes"));
            return None;
        };
        format!("{open},\"padding\":\"{}\"}}", "x".repeat(missing))
    };
    Some(())
}

fn one_number(node: &Node) -> Option<(&str, usize)> {
    let [member] = node.members() else {
        return None;
    };
    let Data::Number(number) = &member.value.data else {
        return None;
    };
    let count = usize::try_from(number.as_u64()?)
        .ok()
        .filter(|count| *count <= 1 << 20)?;
    ["nest", "pad"]
        .contains(&member.name.as_str())
        .then_some((member.name.as_str(), count))
}

/// Input and expectation of a `routing` vector.
pub(super) fn routing(case: &mut Case<'_>) -> Option<(Value, Option<Value>)> {
    let length = case.number("length")?;
    let outcome = case.one_of("expect", &["header", "body"])?;
    let frame = r#"{"x428Version":1,"padding":""}"#;
    let missing = length
        .checked_sub(frame.len())
        .filter(|missing| *missing <= 1 << 20);
    let Some(missing) = missing else {
        let span = case.node.get("length").unwrap_or(case.node).span;
        case.refuse(
            span,
            &format!("a length is {} to a million bytes", frame.len()),
        );
        return None;
    };
    let text = format!(r#"{{"x428Version":1,"padding":"{}"}}"#, "x".repeat(missing));
    let mut input = json!({"serializedPayload": text});
    if let (Some(endpoint), Some(object)) = (case.optional_text("endpoint"), input.as_object_mut())
    {
        object.insert("attestationEndpoint".to_owned(), endpoint.into());
    }
    Some((
        input,
        Some(json!({"form": if outcome == 0 { "header" } else { "body" }})),
    ))
}
