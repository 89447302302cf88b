//! What a message is after the operation that its request invokes: headers, status, content.

use serde_json::Value;

use super::{Context, One};
use crate::{
    check::operations::Interface,
    diagnostic::{Code, Diagnostic, did_you_mean},
    http::{Header, Message, StartLine},
    model::Fence,
    source::Span,
    value::Node,
};

/// A request and the operation that it invokes.
pub(super) struct Asked<'a> {
    /// The operation or webhook; none if the protocol has none for it.
    pub(super) operation: Option<&'a Node>,
    /// The status of the answer, if it is shown.
    pub(super) answer: Option<u16>,
}

impl<'a> Asked<'a> {
    /// `webhook=` names a webhook; any other request is told by method and path.
    pub(super) fn new(
        context: &Context<'a>,
        fence: &Fence,
        (method, target): (&str, &str),
        answer: Option<u16>,
        found: &mut Vec<Diagnostic>,
    ) -> Self {
        let interface = context.interface;
        let operation = match fence.info.value("webhook") {
            None => by_path(interface, method, target),
            Some(id) => {
                let webhook = interface.webhooks.iter().find(|(own, _)| *own == id);
                if webhook.is_none() {
                    let message = format!("there is no webhook `{id}`");
                    let names = interface.webhooks.iter().map(|(own, _)| *own);
                    let help = did_you_mean(id, names);
                    let span = fence.info.value_span("webhook");
                    found.push(Diagnostic::new(Code::OperationRef, span, message).maybe_help(help));
                }
                webhook.map(|(_, operation)| *operation)
            }
        };
        Self { operation, answer }
    }

    /// The body of a request, or the response of a status.
    pub(super) fn part(&self, interface: &Interface<'a>, message: &Message) -> Option<&'a Node> {
        let operation = self.operation?;
        match message.start {
            StartLine::Request { .. } => interface.resolve(operation.get("requestBody")?),
            StartLine::Response { status } => response(interface, operation, status),
        }
    }
}

fn response<'a>(interface: &Interface<'a>, operation: &'a Node, status: u16) -> Option<&'a Node> {
    let responses = operation.get("responses")?;
    let class = format!("{}XX", status / 100);
    let response = responses
        .get(&status.to_string())
        .or_else(|| responses.get(&class))
        .or_else(|| responses.get("default"))?;
    interface.resolve(response)
}

fn by_path<'a>(interface: &Interface<'a>, method: &str, target: &str) -> Option<&'a Node> {
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
    Some(operation)
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

/// Whether an operation stands for every resource: `/{resource}`. What else these answer is theirs.
fn stands_for_all(operation: &Node) -> bool {
    let path = operation.get("path").and_then(Node::as_str);
    path.is_some_and(|path| path.split('/').skip(1).all(|part| part.starts_with('{')))
}

impl<'a> One<'a, '_> {
    /// Checks the message against its operation.
    pub(super) fn asked(&mut self, asked: &Asked<'a>) {
        let Some(operation) = asked.operation else {
            return;
        };
        let interface = self.context.interface;
        match self.message.start {
            StartLine::Request { .. } => {
                self.parameters(operation);
                // What is refused for its header may lack it.
                if asked.answer != Some(401) {
                    self.authorized(operation);
                }
            }
            StartLine::Response { status } => {
                let Some(response) = response(interface, operation, status) else {
                    if stands_for_all(operation) {
                        return;
                    }
                    let message = format!("the operation has no response {status}");
                    return self.mismatch(self.message.start_span, message, Some(operation.span));
                };
                let headers = response.get("headers").map(Node::members);
                for member in headers.unwrap_or_default() {
                    if let Some(header) = interface.resolve(&member.value) {
                        self.declared(&member.name, header, member.name_span);
                    }
                }
            }
        }
        self.media_type(asked);
    }

    fn mismatch(&mut self, span: Span, message: String, rule: Option<Span>) {
        let mut problem = Diagnostic::new(Code::MessageMismatch, span, message);
        if let Some(rule) = rule {
            problem = problem.also(rule, "the operation");
        }
        self.found.push(problem);
    }

    /// The headers that the operation names as parameters.
    fn parameters(&mut self, operation: &'a Node) {
        let parameters = operation.get("parameters").map(Node::elements);
        for parameter in parameters.unwrap_or_default() {
            let Some(parameter) = self.context.interface.resolve(parameter) else {
                continue;
            };
            let text = |name: &str| parameter.get(name).and_then(Node::as_str);
            if let (Some("header"), Some(name)) = (text("in"), text("name")) {
                self.declared(name, parameter, parameter.span);
            }
        }
    }

    /// A header that the operation declares: there if it is required, and of its type.
    fn declared(&mut self, name: &str, declared: &'a Node, rule: Span) {
        let required = declared.get("required").map(Node::to_value) == Some(Value::Bool(true));
        let Some(header) = self.message.header(name) else {
            if required {
                let message = format!("the operation needs the header `{name}`");
                self.mismatch(self.message.start_span, message, Some(rule));
            }
            return;
        };
        let span = header.value_span;
        if let Some(wrong) = declared
            .get("schema")
            .and_then(|schema| self.violated(header, schema))
        {
            let message = format!("`{name}`: {wrong}");
            self.mismatch(span, message, Some(rule));
        }
    }

    /// What a value violates of its schema.
    fn violated(&self, header: &Header, schema: &Node) -> Option<String> {
        let Context {
            spec,
            protocol,
            validators,
            ..
        } = self.context;
        let is_integer = schema.get("type").and_then(Node::as_str) == Some("integer");
        let Some(of) = schema.get("$ref").and_then(Node::as_str) else {
            let is_number = header.value.parse::<u64>().is_ok();
            return (is_integer && !is_number).then(|| "this is no whole number".to_owned());
        };
        let text = Value::String(header.value.clone());
        let number: Option<Value> = header.value.parse::<u64>().ok().map(Value::from);
        let violations =
            |value: &Value| (*validators).map(|own| own.violations(spec, protocol, of, value));
        let of_text = violations(&text)?;
        let of_number = number.and_then(|number| violations(&number));
        if of_number.is_some_and(|violations| violations.is_empty()) {
            return None;
        }
        let first = of_text.into_iter().next()?;
        Some(format!("{of}: {}", first.message))
    }

    /// A request has a token if every way to be authorized needs one.
    fn authorized(&mut self, operation: &'a Node) {
        let Some(security) = operation.get("security") else {
            return;
        };
        let alternatives = security.elements();
        let open = alternatives
            .iter()
            .any(|alternative| alternative.members().is_empty());
        if open || alternatives.is_empty() || self.message.header("Authorization").is_some() {
            return;
        }
        // A key of an API stands in a header or parameter of its own.
        let interface = self.context.interface;
        let by_header = alternatives.iter().flat_map(Node::members).all(|scheme| {
            let scheme = interface.component("securitySchemes", &scheme.name);
            let kind = scheme.and_then(|scheme| scheme.get("type")?.as_str());
            matches!(kind, Some("http" | "oauth2" | "openIdConnect"))
        });
        if by_header {
            let message = "the operation needs the header `Authorization`".to_owned();
            self.mismatch(self.message.start_span, message, Some(security.span));
        }
    }

    /// The content is of a media type that the operation takes or gives.
    fn media_type(&mut self, asked: &Asked<'a>) {
        let part = asked.part(self.context.interface, self.message);
        let content = part.and_then(|part| part.get("content"));
        let Some(header) = self
            .message
            .header("Content-Type")
            .filter(|_| self.message.content.is_some())
        else {
            return;
        };
        let own = header.value.split(';').next().unwrap_or_default().trim();
        let known = content.map(Node::members).unwrap_or_default();
        if known.iter().any(|member| member.name == own) {
            return;
        }
        let message = format!("the operation has no content of the type `{own}` here");
        let rule = content.or(part).or(asked.operation).map(|node| node.span);
        self.mismatch(header.value_span, message, rule);
    }
}
