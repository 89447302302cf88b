//! Operations and components: of OpenAPI's form, referring to what exists.

pub(super) mod openapi;

use std::collections::HashMap;

use self::openapi::{
    HEADER, MEDIA_TYPE, METHODS, OPERATION, PARAMETER, REQUEST_BODY, RESPONSE, SECTIONS, WEBHOOK,
};
use super::security::{self, Schemes};
use crate::{
    diagnostic::{Code, Diagnostic, did_you_mean},
    model::{Fence, FenceKind, Protocol, Spec},
    value::{Data, Member, Node},
};

/// The operations and components of a protocol.
pub(super) struct Interface<'a> {
    /// The operations.
    pub operations: Vec<(&'a str, &'a Node)>,
    /// The webhooks.
    pub webhooks: Vec<(&'a str, &'a Node)>,
    components: HashMap<(&'a str, &'a str), &'a Node>,
}

impl<'a> Interface<'a> {
    /// Follows a `$ref` to a component.
    pub(super) fn resolve(&self, node: &'a Node) -> Option<&'a Node> {
        match node.get("$ref").and_then(Node::as_str) {
            Some(reference) => self.components.get(&reference.split_once('/')?).copied(),
            None => Some(node),
        }
    }

    /// A component by its section and id.
    pub(super) fn component(&self, section: &str, id: &str) -> Option<&'a Node> {
        self.components.get(&(section, id)).copied()
    }
}

/// Checks the operations and components of a protocol.
pub(super) fn check<'a>(
    spec: &'a Spec,
    protocol: &'a Protocol,
    found: &mut Vec<Diagnostic>,
) -> Interface<'a> {
    let documents = protocol
        .documents
        .iter()
        .filter_map(|index| spec.documents.get(*index));
    let fences: Vec<_> = documents.flat_map(|document| &document.fences).collect();
    let mut interface = Interface {
        operations: Vec::new(),
        webhooks: Vec::new(),
        components: HashMap::new(),
    };
    let mut ids: HashMap<String, &Fence> = HashMap::new();
    for fence in &fences {
        let (key, id) = match &fence.kind {
            FenceKind::Operation { id } | FenceKind::Webhook { id } => (id.clone(), id),
            FenceKind::Component { section, id } => (format!("{section}/{id}"), id),
            _ => continue,
        };
        if let Some(other) = ids.insert(key, fence) {
            let message = format!("another one is called `{id}`");
            found.push(
                Diagnostic::new(Code::DuplicateId, fence.info.value_span("id"), message)
                    .also(other.info.value_span("id"), "this one"),
            );
        }
        let Some(value) = &fence.value else { continue };
        match &fence.kind {
            FenceKind::Operation { id } => interface.operations.push((id, value)),
            FenceKind::Webhook { id } => interface.webhooks.push((id, value)),
            FenceKind::Component { section, id } => {
                interface.components.insert((section, id), value);
            }
            _ => {}
        }
    }
    let schemes = interface.components.iter();
    let schemes = schemes.filter(|((section, _), _)| *section == "securitySchemes");
    let schemes = Schemes::new(spec, protocol, schemes.map(|((_, id), own)| (*id, *own)));
    let mut checker = Checker {
        spec,
        protocol,
        interface: &interface,
        found,
    };
    for fence in fences {
        let Some(value) = &fence.value else { continue };
        match &fence.kind {
            FenceKind::Operation { .. } | FenceKind::Webhook { .. } => {
                let known = if matches!(fence.kind, FenceKind::Webhook { .. }) {
                    WEBHOOK
                } else {
                    OPERATION
                };
                checker.operation(value, known);
                schemes.required(value, checker.found);
            }
            FenceKind::Component { section, .. } => checker.component(fence, section, value),
            _ => continue,
        }
        checker.references(value, None);
    }
    checker.paths();
    interface
}

struct Checker<'a, 'f> {
    spec: &'a Spec,
    protocol: &'a Protocol,
    interface: &'f Interface<'a>,
    found: &'f mut Vec<Diagnostic>,
}

impl<'a> Checker<'a, '_> {
    fn refuse(
        &mut self,
        span: crate::source::Span,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.found
            .push(Diagnostic::new(Code::OperationShape, span, message).maybe_help(help));
    }

    /// Checks an operation, or a webhook, which has no path. `known` are the members it can have.
    fn operation(&mut self, operation: &'a Node, known: &[&str]) {
        if !operation.is_object() {
            return self.refuse(operation.span, "an operation is an object", None);
        }
        self.members("an operation", operation, known);
        for parameter in operation
            .get("parameters")
            .map(Node::elements)
            .unwrap_or_default()
        {
            self.members("a parameter", parameter, PARAMETER);
        }
        if let Some(body) = operation.get("requestBody") {
            self.members("a request body", body, REQUEST_BODY);
            self.content(body);
        }
        match operation
            .get("method")
            .map(|method| (method, method.as_str()))
        {
            Some((_, Some(method))) if METHODS.contains(&method) => {}
            Some((node, method)) => {
                let help = did_you_mean(method.unwrap_or_default(), METHODS.iter().copied());
                self.refuse(node.span, "this is no HTTP method in lowercase", help);
            }
            None => self.refuse(operation.span, "an operation needs `method`", None),
        }
        match operation.get("path").map(|path| (path, path.as_str())) {
            None if !known.contains(&"path") => {}
            Some((_, Some(path))) if path.starts_with('/') => self.path_parameters(operation, path),
            Some((node, _)) => self.refuse(node.span, "a path begins with `/`", None),
            None => self.refuse(operation.span, "an operation needs `path`", None),
        }
        match operation.get("responses") {
            Some(responses) if !responses.members().is_empty() => {
                for member in responses.members() {
                    self.response(member);
                }
            }
            other => self.refuse(
                other.unwrap_or(operation).span,
                "an operation needs `responses`",
                None,
            ),
        }
    }

    fn response(&mut self, member: &'a Member) {
        let status = member.name.as_str();
        let is_class = status.len() == 3 && status.ends_with("XX");
        let is_status = status
            .parse::<u16>()
            .is_ok_and(|status| (100..600).contains(&status));
        if !is_class && !is_status && status != "default" {
            self.refuse(
                member.name_span,
                format!("`{status}` is no HTTP status"),
                None,
            );
        }
        let value = &member.value;
        if value.get("$ref").is_none() && value.get("description").is_none() {
            self.refuse(member.name_span, "a response needs a `description`", None);
        }
        self.response_members(value);
    }

    /// What OpenAPI does not know, its tools leave out without a word.
    fn members(&mut self, what: &str, node: &'a Node, known: &[&str]) {
        for member in node.members() {
            let name = member.name.as_str();
            if !known.contains(&name) && !name.starts_with("x-") {
                let help = did_you_mean(name, known.iter().copied());
                let message = format!("{what} has no member `{name}`");
                self.refuse(member.name_span, message, help);
            }
        }
    }

    fn response_members(&mut self, response: &'a Node) {
        self.members("a response", response, RESPONSE);
        for header in response
            .get("headers")
            .map(Node::members)
            .unwrap_or_default()
        {
            self.members("a header", &header.value, HEADER);
        }
        self.content(response);
    }

    fn content(&mut self, node: &'a Node) {
        for media_type in node.get("content").map(Node::members).unwrap_or_default() {
            self.members("a media type", &media_type.value, MEDIA_TYPE);
        }
    }

    fn path_parameters(&mut self, operation: &'a Node, path: &str) {
        let names = path
            .split('{')
            .skip(1)
            .filter_map(|part| part.split_once('}'))
            .map(|(name, _)| name);
        let parameters = operation
            .get("parameters")
            .map(Node::elements)
            .unwrap_or_default();
        for name in names {
            let declared = parameters
                .iter()
                .filter_map(|parameter| self.interface.resolve(parameter))
                .any(|own| {
                    own.get("name").and_then(Node::as_str) == Some(name)
                        && own.get("in").and_then(Node::as_str) == Some("path")
                });
            if !declared {
                let span = operation.get("path").unwrap_or(operation).span;
                self.refuse(
                    span,
                    format!("the path has `{{{name}}}`, but no parameter of that name"),
                    None,
                );
            }
        }
    }

    fn component(&mut self, fence: &Fence, section: &str, component: &'a Node) {
        let Some((_, needed)) = SECTIONS.iter().find(|(name, _)| *name == section) else {
            let help = did_you_mean(section, SECTIONS.iter().map(|(name, _)| *name));
            return self.refuse(
                fence.info.value_span("in"),
                format!("OpenAPI has no components `{section}`"),
                help,
            );
        };
        for name in needed.iter().filter(|name| component.get(name).is_none()) {
            self.refuse(
                component.span,
                format!("a component of `{section}` needs `{name}`"),
                None,
            );
        }
        match section {
            "responses" => self.response_members(component),
            "headers" => self.members("a header", component, HEADER),
            "securitySchemes" => security::scheme(self.spec, self.protocol, component, self.found),
            "parameters" => self.members("a parameter", component, PARAMETER),
            "requestBodies" => {
                self.members("a request body", component, REQUEST_BODY);
                self.content(component);
            }
            _ => {}
        }
    }

    /// Everything that a tree refers to. `schema` is the type of the media type around it.
    fn references(&mut self, node: &'a Node, schema: Option<&'a str>) {
        match &node.data {
            Data::Array(elements) => {
                for element in elements {
                    self.references(element, schema);
                }
            }
            Data::Object(members) => {
                let own = node
                    .get("schema")
                    .and_then(|schema| schema.get("$ref"))
                    .and_then(Node::as_str);
                for member in members {
                    match (member.name.as_str(), &member.value.data) {
                        ("$ref", _) => self.reference(&member.value),
                        ("examples", Data::Array(names)) if node.get("schema").is_some() => {
                            for name in names {
                                self.example(name, own);
                            }
                        }
                        ("example" | "value" | "default" | "enum" | "const", _) => {}
                        _ => self.references(&member.value, own.or(schema)),
                    }
                }
            }
            _ => {}
        }
    }

    fn reference(&mut self, node: &Node) {
        let Some(name) = node.as_str() else { return };
        let components = &self.interface.components;
        let exists = match name.split_once('/') {
            Some(key) => components.contains_key(&key),
            None => self.protocol.type_definition(name).is_some(),
        };
        if exists {
            return;
        }
        let components = components
            .keys()
            .map(|(section, id)| format!("{section}/{id}"));
        let types = self
            .protocol
            .types
            .iter()
            .map(|definition| definition.name.clone());
        let known: Vec<_> = components.chain(types).collect();
        let message = format!("`{name}` is neither a type nor a component of this protocol");
        self.found.push(
            Diagnostic::new(Code::OperationRef, node.span, message)
                .maybe_help(did_you_mean(name, known.iter().map(String::as_str))),
        );
    }

    fn example(&mut self, node: &Node, schema: Option<&str>) {
        let name = node.as_str().unwrap_or_default();
        let fence = self
            .protocol
            .examples
            .get(name)
            .and_then(|id| self.spec.fence(*id));
        let Some(example) = fence.and_then(Fence::example) else {
            let message = format!("there is no example `{name}`");
            let help = did_you_mean(name, self.protocol.examples.keys().map(String::as_str));
            self.found
                .push(Diagnostic::new(Code::OperationRef, node.span, message).maybe_help(help));
            return;
        };
        if let Some(schema) = schema.filter(|schema| *schema != example.of) {
            let message = format!("the example `{name}` is a {}, not a {schema}", example.of);
            self.found
                .push(Diagnostic::new(Code::OperationRef, node.span, message));
        } else if example.verdict != crate::model::Verdict::Valid {
            let message = format!("the example `{name}` shows what is refused");
            self.found
                .push(Diagnostic::new(Code::OperationRef, node.span, message));
        }
    }

    fn paths(&mut self) {
        let mut first: HashMap<(&str, &str), &Node> = HashMap::new();
        for (_, operation) in &self.interface.operations {
            let text = |name: &str| operation.get(name).and_then(Node::as_str);
            let (Some(method), Some(path)) = (text("method"), text("path")) else {
                continue;
            };
            if first.insert((method, path), operation).is_some() {
                let span = operation.get("path").unwrap_or(operation).span;
                self.refuse(
                    span,
                    format!("another operation has `{method} {path}`"),
                    None,
                );
            }
        }
    }
}
