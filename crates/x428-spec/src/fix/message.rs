//! HTTP messages: headers encoded anew from the examples that they carry or from what they are
//! computed, bodies in the house format.

use super::Fixer;
use crate::{
    check::exchanges::{Carrier, carriers},
    compute::{Computer, Target},
    http::{Header, Message, StartLine, fold},
    model::{Fence, FenceKind},
};

impl<'a> Fixer<'a> {
    /// The text of a message with everything put right; none if it cannot be read.
    pub(super) fn message(&self, fence: &'a Fence) -> Option<String> {
        let FenceKind::Exchange { carries, .. } = &fence.kind else {
            return None;
        };
        let mut problems = Vec::new();
        let message = Message::parse(&fence.body, &mut problems)?;
        if !problems.is_empty() {
            return None;
        }
        let content = self.computer.content(fence, &message);
        let mut text = format!("{}\n", self.spec.text(message.start_span));
        for header in &message.headers {
            let value = self
                .encoded(&message, header, carries)
                .or_else(|| self.computed(fence, header))
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

    /// What a header is computed to be.
    fn computed(&self, fence: &'a Fence, header: &Header) -> Option<String> {
        let items = Computer::items(fence).ok()?;
        let item = items.iter().find(|item| {
            matches!(&item.target, Target::Header(name) if header.name.eq_ignore_ascii_case(name))
        })?;
        let value = self.computer.value(fence, item).ok()?.into_json().ok()?;
        Some(value.as_str()?.to_owned())
    }

    /// The encoding of the example that a header carries.
    fn encoded(&self, message: &Message, header: &Header, carries: &[String]) -> Option<String> {
        let is_request = matches!(message.start, StartLine::Request { .. });
        let rows = carriers(self.spec, self.protocol);
        let fits = |carrier: &&Carrier<'_>| {
            carrier.header.eq_ignore_ascii_case(&header.name) && carrier.in_requests == is_request
        };
        let of = rows.iter().find(fits)?.of?;
        let examples = carries
            .iter()
            .filter_map(|name| self.spec.fence(*self.protocol.examples.get(name)?));
        let example = examples
            .into_iter()
            .find(|fence| fence.example().is_some_and(|example| example.of == of))?;
        let value = self.value(example)?;
        Some(x428::encoding::base64url(value.to_string()))
    }
}

fn length(header: &Header, content: Option<&str>) -> Option<String> {
    let is_length = header.name.eq_ignore_ascii_case("Content-Length");
    is_length.then(|| content.map_or(0, str::len).to_string())
}
