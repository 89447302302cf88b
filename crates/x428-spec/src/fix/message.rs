//! HTTP messages: headers encoded anew from the examples that they carry, bodies in the house
//! format.

use super::{formatted, signed_value};
use crate::{
    check::exchanges::{Carrier, carriers},
    http::{Header, Message, StartLine, fold},
    keys::Keys,
    model::{Fence, FenceKind, Protocol, Spec},
    value::parse_json,
};

/// The text of a message with everything put right; none if it cannot be read.
pub(super) fn fixed(
    spec: &Spec,
    protocol: &Protocol,
    keys: &Keys,
    fence: &Fence,
) -> Option<String> {
    let FenceKind::Exchange { carries, .. } = &fence.kind else {
        return None;
    };
    let mut problems = Vec::new();
    let message = Message::parse(&fence.body, &mut problems)?;
    if !problems.is_empty() {
        return None;
    }
    let content = content(spec, &message);
    let mut text = format!("{}\n", spec.text(message.start_span));
    for header in &message.headers {
        let value = encoded(spec, protocol, keys, &message, header, carries)
            .or_else(|| length(header, content.as_deref()))
            .unwrap_or_else(|| header.value.clone());
        let lead = header.name.len() + 2;
        text.extend([&header.name, ": ", &fold(&value, lead), "\n"]);
    }
    if let Some(content) = content {
        text.extend(["\n", &content, "\n"]);
    }
    Some(text)
}

fn content(spec: &Spec, message: &Message) -> Option<String> {
    let content = message.content.as_ref()?;
    let json = message
        .is_json()
        .then(|| parse_json(content, &mut Vec::new()))
        .flatten();
    Some(json.map_or_else(
        || content.text().to_owned(),
        |value| formatted(spec, &value, None),
    ))
}

fn length(header: &Header, content: Option<&str>) -> Option<String> {
    let is_length = header.name.eq_ignore_ascii_case("Content-Length");
    is_length.then(|| content.map_or(0, str::len).to_string())
}

/// The encoding of the example that a header carries.
fn encoded(
    spec: &Spec,
    protocol: &Protocol,
    keys: &Keys,
    message: &Message,
    header: &Header,
    carries: &[String],
) -> Option<String> {
    let is_request = matches!(message.start, StartLine::Request { .. });
    let rows = carriers(spec, protocol);
    let fits = |carrier: &&Carrier<'_>| {
        carrier.header.eq_ignore_ascii_case(&header.name) && carrier.in_requests == is_request
    };
    let of = rows.iter().find(fits)?.of?;
    let examples = carries
        .iter()
        .filter_map(|name| spec.fence(*protocol.examples.get(name)?));
    let example = examples
        .into_iter()
        .find(|fence| fence.example().is_some_and(|example| example.of == of))?;
    let value = signed_value(keys, example)?;
    Some(x428::encoding::base64url(value.to_string()))
}
