//! Bodies that are forms (`application/x-www-form-urlencoded`).

use url::form_urlencoded;

use crate::{
    diagnostic::{Code, Diagnostic},
    model::{Body, Protocol, Spec},
    value::{Data, Member, Node, parse_json},
};

/// The fields of a form as an object: values are strings, unless their schema says that they are
/// something else, which stands in the form as JSON.
pub(super) fn parse(
    spec: &Spec,
    protocol: &Protocol,
    of: &str,
    content: &Body,
    found: &mut Vec<Diagnostic>,
) -> Node {
    let mut members: Vec<Member> = Vec::new();
    let mut at = 0;
    for pair in content.text().split('&') {
        let start = at;
        at += pair.len() + 1;
        let length = pair.trim_end().len();
        let Some((name, value)) = form_urlencoded::parse(pair.trim_end().as_bytes()).next() else {
            continue;
        };
        let split = pair.find('=').unwrap_or(length);
        let name_span = content.span(start..start + split);
        let span = content.span((start + split + 1).min(start + length)..start + length);
        if members.iter().any(|member| member.name == name) {
            let message = format!("the form gives `{name}` twice");
            found.push(Diagnostic::new(Code::DuplicateMember, name_span, message));
            continue;
        }
        let text = Node {
            span,
            data: Data::String(value.clone().into_owned()),
        };
        let value = if is_text(spec, protocol, of, &name) {
            text
        } else {
            json(&value, &text).unwrap_or(text)
        };
        members.push(Member {
            name: name.into_owned(),
            name_span,
            value,
        });
    }
    Node {
        span: content.whole(),
        data: Data::Object(members),
    }
}

/// A value written as JSON, all of which stands where the field does.
fn json(text: &str, place: &Node) -> Option<Node> {
    let mut body = Body::empty(place.span.file, place.span.start);
    body.push(text, place.span.start);
    let mut problems = Vec::new();
    let mut value = parse_json(&body, &mut problems).filter(|_| problems.is_empty())?;
    stand(&mut value, place);
    Some(value)
}

fn stand(value: &mut Node, place: &Node) {
    value.span = place.span;
    match &mut value.data {
        Data::Array(elements) => elements.iter_mut().for_each(|own| stand(own, place)),
        Data::Object(members) => {
            for member in members {
                member.name_span = place.span;
                stand(&mut member.value, place);
            }
        }
        _ => {}
    }
}

/// Whether a member is text, or may be.
fn is_text(spec: &Spec, protocol: &Protocol, of: &str, name: &str) -> bool {
    let schema = |of: &str| protocol.type_definition(of)?.schema(spec);
    let Some(own) = schema(of) else { return true };
    let alternatives = own.get("oneOf").map(Node::elements).unwrap_or_default();
    let alternatives = alternatives
        .iter()
        .filter_map(|alternative| schema(alternative.get("$ref")?.as_str()?));
    let member = std::iter::once(own)
        .chain(alternatives)
        .find_map(|own| own.get("properties")?.get(name));
    let Some(member) = member else { return true };
    let referred = member.get("$ref").and_then(Node::as_str).and_then(schema);
    let kind = referred
        .unwrap_or(member)
        .get("type")
        .and_then(Node::as_str);
    kind.is_none_or(|kind| kind == "string")
}
