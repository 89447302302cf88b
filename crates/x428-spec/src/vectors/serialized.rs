//! Categories `parse` and `routing`: payloads as text.

use x428_conformance::{
    Case as Vectors, FormExpected, ParseExpected, ParseInput, RoutingExpected, RoutingInput,
};

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

/// The longest text that a case may ask for, in bytes.
const LONGEST: usize = 1 << 20;

/// Members of a `routing` case.
pub(super) const ROUTING_MEMBERS: &[&str] = &["length", "endpoint"];

/// A `parse` vector.
pub(super) fn parse(builder: &Builder<'_>, case: &mut Case<'_>) -> Option<Vectors> {
    let given = |name: &&str| case.node.get(name).is_some();
    let sources: Vec<_> = ["text", "header", "payload"]
        .into_iter()
        .filter(given)
        .collect();
    let input = match sources.as_slice() {
        ["text"] => ParseInput::Text(case.text("text")?),
        ["header"] => ParseInput::Header(case.text("header")?),
        ["payload"] => {
            let mut text = payload(builder, case)?.to_string();
            replace(case, &mut text)?;
            repeat(case, &mut text)?;
            ParseInput::Text(text)
        }
        _ => {
            let message = "this vector needs one of `text`, `header` and `payload`";
            case.refuse(case.node.span, message);
            return None;
        }
    };
    let (well_formed, error_code) = case.outcome("well-formed", &builder.codes())?;
    let expected = ParseExpected {
        well_formed,
        error_code,
    };
    Some(Vectors::Parse { input, expected })
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
        .filter(|count| *count <= LONGEST)?;
    ["nest", "pad"]
        .contains(&member.name.as_str())
        .then_some((member.name.as_str(), count))
}

/// A `routing` vector.
pub(super) fn routing(case: &mut Case<'_>) -> Option<Vectors> {
    let length = case.number("length")?;
    let form = match case.one_of("expect", &["header", "body"])? {
        0 => FormExpected::Header,
        _ => FormExpected::Body,
    };
    let frame = r#"{"x428Version":1,"padding":""}"#.len();
    let Some(missing) = length
        .checked_sub(frame)
        .filter(|missing| *missing <= LONGEST)
    else {
        let span = case.node.get("length").unwrap_or(case.node).span;
        case.refuse(span, &format!("a length is {frame} to {LONGEST} bytes"));
        return None;
    };
    let padding = "x".repeat(missing);
    let input = RoutingInput {
        serialized_payload: format!(r#"{{"x428Version":1,"padding":"{padding}"}}"#),
        attestation_endpoint: case.optional_text("endpoint"),
    };
    Some(Vectors::Routing {
        input,
        expected: RoutingExpected { form },
    })
}
