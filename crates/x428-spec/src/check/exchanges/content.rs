//! Bodies: of the type that the operation gives them, signed by a published key if they are signed,
//! and the same as what the headers carry.

use super::{Context, One, asked::Asked, form};
use crate::{
    check::examples::invalid,
    diagnostic::{Code, Diagnostic},
    http::FORM,
    keys::verifies,
    model::Body,
    value::{Node, parse_json},
};

impl<'a> One<'a, '_> {
    /// Checks the body. `asked` is the request to which the message belongs.
    pub(super) fn content(&mut self, asked: Option<&Asked<'a>>) {
        self.content_length();
        let Some(content) = &self.message.content else {
            return;
        };
        if self.message.is_form() {
            return self.form(asked, content);
        }
        if !self.message.is_json() {
            return;
        }
        let before = self.found.len();
        let value = parse_json(content, self.found);
        let Some(value) = value.filter(|_| self.found.len() == before) else {
            return;
        };
        let Some(of) = asked.and_then(|asked| self.body_type(asked, "application/json")) else {
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

    fn form(&mut self, asked: Option<&Asked<'a>>, content: &Body) {
        let Some(of) = asked.and_then(|asked| self.body_type(asked, FORM)) else {
            return;
        };
        let Context {
            spec,
            protocol,
            validators,
            ..
        } = self.context;
        let value = form::parse(spec, protocol, of, content, self.found);
        let Some(validators) = validators else { return };
        for violation in validators.violations(spec, protocol, of, &value.to_value()) {
            let problem = invalid(Code::BodyInvalid, of, &value, &violation);
            self.found.push(problem);
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
    fn body_type(&self, asked: &Asked<'a>, media_type: &str) -> Option<&'a str> {
        let part = asked.part(self.context.interface, self.message)?;
        let schema = part.get("content")?.get(media_type)?.get("schema")?;
        schema.get("$ref")?.as_str()
    }
}
