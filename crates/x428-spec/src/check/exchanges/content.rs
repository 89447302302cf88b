//! Bodies: of the type that the operation gives them, signed by a published key if they are signed,
//! and the same as what the headers carry.

use super::{Context, One};
use crate::{
    check::examples::invalid,
    diagnostic::{Code, Diagnostic},
    http::StartLine,
    keys::verifies,
    value::{Node, parse_json},
};

impl<'a> One<'a, '_> {
    /// Checks the body. `request` is the method and target to which the message belongs.
    pub(super) fn content(&mut self, request: Option<&(String, String)>) {
        self.content_length();
        let Some(content) = self
            .message
            .content
            .as_ref()
            .filter(|_| self.message.is_json())
        else {
            return;
        };
        let before = self.found.len();
        let value = parse_json(content, self.found);
        let Some(value) = value.filter(|_| self.found.len() == before) else {
            return;
        };
        let Some(of) = request.and_then(|(method, target)| self.body_type(method, target)) else {
            return;
        };
        let json = value.to_value();
        let Context {
            spec,
            protocol,
            validators,
            keys,
            ..
        } = self.context;
        let Some(validators) = validators else { return };
        for violation in validators.violations(spec, protocol, of, &json) {
            self.found
                .push(invalid(Code::BodyInvalid, of, &value, &violation));
        }
        self.same_as_header(of, &value);
        // A signed body is signed by one of the published keys.
        let signed = protocol
            .examples
            .values()
            .filter_map(|id| spec.fence(*id)?.example());
        let is_signed_type = signed
            .into_iter()
            .any(|own| own.of == of && own.signed_by.is_some());
        if let Some(signature) = value.get("signature").filter(|_| is_signed_type) {
            let verified = keys
                .names()
                .into_iter()
                .filter_map(|name| keys.get(name))
                .any(|key| verifies(&json, &key.verifying_key()));
            if !verified {
                self.refuse(
                    Code::WrongSignature,
                    signature.span,
                    "this is the signature of no published key over the body",
                );
            }
        }
    }

    /// What stands in a header and in the body is the same.
    fn same_as_header(&mut self, of: &str, value: &Node) {
        let Context { spec, protocol, .. } = self.context;
        let schema = protocol
            .type_definition(of)
            .and_then(|definition| definition.schema(spec));
        let properties = schema
            .and_then(|schema| schema.get("properties"))
            .map(Node::members)
            .unwrap_or_default();
        for (header, header_type, decoded) in &self.decoded {
            let whole = (of == *header_type).then_some(value);
            let member = properties.iter().find(|member| {
                member.value.get("$ref").and_then(Node::as_str) == Some(*header_type)
            });
            let twin = whole.or_else(|| value.get(&member?.name));
            if let Some(twin) = twin.filter(|twin| twin.to_value() != *decoded) {
                let message = format!("this is not what `{}` carries", header.name);
                self.found.push(
                    Diagnostic::new(Code::BodyInvalid, twin.span, message)
                        .also(header.value_span, "the header"),
                );
            }
        }
    }

    fn content_length(&mut self) {
        let Some(header) = self.message.header("Content-Length") else {
            return;
        };
        let length = self
            .message
            .content
            .as_ref()
            .map_or(0, |content| content.text().len());
        if header.value.parse() != Ok(length) {
            let message = format!("the body has {length} bytes, not {}", header.value);
            self.refuse(Code::ContentLength, header.value_span, message);
        }
    }

    /// The type of the body, after the operation that the request asks for.
    fn body_type(&self, method: &str, target: &str) -> Option<&'a str> {
        let interface = self.context.interface;
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let text = |operation: &'a Node, name: &str| operation.get(name).and_then(Node::as_str);
        let of_method = interface
            .operations
            .iter()
            .filter(|(_, own)| text(own, "method") == Some(method));
        let fitting =
            of_method.filter(|(_, own)| text(own, "path").is_some_and(|own| path_fits(own, path)));
        // A path without parameters is more precise than one with.
        let (_, operation) = fitting
            .min_by_key(|(_, own)| text(own, "path").map_or(0, |own| own.matches('{').count()))?;
        let content = match self.message.start {
            StartLine::Request { .. } => interface.resolve(operation.get("requestBody")?)?,
            StartLine::Response { status } => {
                let responses = operation.get("responses")?;
                let response = responses
                    .get(&status.to_string())
                    .or_else(|| responses.get("default"))?;
                interface.resolve(response)?
            }
        };
        content
            .get("content")?
            .get("application/json")?
            .get("schema")?
            .get("$ref")?
            .as_str()
    }
}

/// Whether a path is one of a template. A parameter at the end stands for all that follows.
fn path_fits(template: &str, path: &str) -> bool {
    let mut own = path.split('/');
    let mut parts = template.split('/').peekable();
    while let Some(part) = parts.next() {
        let Some(segment) = own.next() else {
            return false;
        };
        let is_parameter = part.starts_with('{') && part.ends_with('}');
        if is_parameter && parts.peek().is_none() {
            return !segment.is_empty();
        }
        if !is_parameter && part != segment {
            return false;
        }
    }
    own.next().is_none()
}
