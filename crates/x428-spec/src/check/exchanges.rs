//! HTTP messages: well-formed, and carrying what they say.

mod asked;
mod content;
mod form;

use std::collections::BTreeMap;

use serde_json::Value;
use x428::encoding::parse_base64url_header;

use self::asked::Asked;
use super::{operations::Interface, validate::Validators};
use crate::{
    diagnostic::{Code, Diagnostic, did_you_mean},
    http::{Header, Message, StartLine},
    keys::Keys,
    model::{Attribute, Fence, FenceKind, Protocol, Spec},
};

/// The type that a header carries, in one direction.
pub(crate) struct Carrier<'a> {
    /// The header.
    pub header: &'a str,
    /// Whether it is a header of requests.
    pub in_requests: bool,
    /// The type, or none for a value that is opaque.
    pub of: Option<&'a str>,
}

/// The rows of the table `headers`.
pub(crate) fn carriers<'a>(spec: &'a Spec, protocol: &'a Protocol) -> Vec<Carrier<'a>> {
    let documents = protocol
        .documents
        .iter()
        .filter_map(|index| spec.documents.get(*index));
    let table = documents
        .flat_map(|document| &document.tables)
        .find(|table| table.id == "headers");
    let Some(table) = table else {
        return Vec::new();
    };
    let columns = ["header", "direction", "carries"].map(|name| table.column(name));
    let [Some(header), Some(direction), Some(carries)] = columns else {
        return Vec::new();
    };
    let rows = table.rows.iter().filter_map(|row| {
        let of = row.cells.get(carries)?.text.as_str();
        Some(Carrier {
            header: &row.cells.get(header)?.text,
            in_requests: row.cells.get(direction)?.text == "request",
            of: protocol.type_definition(of).map(|_| of),
        })
    });
    rows.collect()
}

/// What the checks of messages need.
pub(super) struct Context<'a> {
    pub spec: &'a Spec,
    pub protocol: &'a Protocol,
    pub validators: Option<&'a Validators>,
    pub interface: &'a Interface<'a>,
    pub keys: &'a Keys,
}

/// Checks all messages of a protocol. Returns how many there are.
pub(super) fn check(context: &Context<'_>, found: &mut Vec<Diagnostic>) -> usize {
    let spec = context.spec;
    let documents = context
        .protocol
        .documents
        .iter()
        .filter_map(|index| spec.documents.get(*index));
    let mut exchanges: BTreeMap<&str, Vec<(u32, &Fence)>> = BTreeMap::new();
    for fence in documents.flat_map(|document| &document.fences) {
        if let FenceKind::Exchange { id, step, .. } = &fence.kind {
            exchanges.entry(id).or_default().push((*step, fence));
        }
    }
    let carriers = carriers(spec, context.protocol);
    let mut count = 0;
    for steps in exchanges.values() {
        count += steps.len();
        exchange(context, &carriers, steps, found);
    }
    count
}

fn exchange<'a>(
    context: &Context<'a>,
    carriers: &[Carrier<'a>],
    steps: &[(u32, &'a Fence)],
    found: &mut Vec<Diagnostic>,
) {
    let mut request: Option<Asked<'a>> = None;
    for (index, (step, fence)) in steps.iter().enumerate() {
        let expected = u32::try_from(index + 1).unwrap_or(u32::MAX);
        if *step != expected {
            let message = format!("this is step {expected} of its exchange, not {step}");
            found.push(Diagnostic::new(
                Code::ExchangeSteps,
                fence.info.value_span("step"),
                message,
            ));
        }
        let Some(message) = Message::parse(&fence.body, found) else {
            continue;
        };
        match &message.start {
            StartLine::Request { method, target } => {
                let next = steps.get(index + 1).map(|(_, next)| *next);
                let asked = (method.to_lowercase(), next.and_then(answer));
                request = Some(Asked::new(
                    context,
                    fence,
                    (&asked.0, target),
                    asked.1,
                    found,
                ));
                if message.header("Host").is_none() && target.starts_with('/') {
                    found.push(Diagnostic::new(
                        Code::HttpSyntax,
                        message.start_span,
                        "a request needs the header `Host`",
                    ));
                }
            }
            StartLine::Response { .. } if request.is_none() => {
                let text = "an exchange begins with a request";
                found.push(Diagnostic::new(
                    Code::ExchangeSteps,
                    message.start_span,
                    text,
                ));
            }
            StartLine::Response { .. } => {}
        }
        let mut one = One {
            context,
            carriers,
            fence,
            message: &message,
            found,
            undecoded: false,
            decoded: Vec::new(),
        };
        one.headers();
        one.carries();
        if let Some(asked) = &request {
            one.asked(asked);
        }
        one.content(request.as_ref());
    }
}

/// The status of an answer.
fn answer(fence: &Fence) -> Option<u16> {
    match Message::parse(&fence.body, &mut Vec::new())?.start {
        StartLine::Response { status } => Some(status),
        StartLine::Request { .. } => None,
    }
}

struct One<'a, 'f> {
    context: &'f Context<'a>,
    carriers: &'f [Carrier<'a>],
    fence: &'a Fence,
    message: &'f Message,
    found: &'f mut Vec<Diagnostic>,
    /// Whether a header could not be decoded, which has its own diagnostic.
    undecoded: bool,
    /// What the headers carry: the header, its type, its value.
    decoded: Vec<(&'f Header, &'a str, Value)>,
}

impl One<'_, '_> {
    fn is_request(&self) -> bool {
        matches!(self.message.start, StartLine::Request { .. })
    }

    fn refuse(&mut self, code: Code, span: crate::source::Span, message: impl Into<String>) {
        self.found.push(Diagnostic::new(code, span, message));
    }

    fn headers(&mut self) {
        for header in &self.message.headers {
            let named = |carrier: &&Carrier<'_>| carrier.header.eq_ignore_ascii_case(&header.name);
            let carrier = self
                .carriers
                .iter()
                .filter(named)
                .find(|carrier| carrier.in_requests == self.is_request());
            match carrier {
                Some(Carrier { of: Some(of), .. }) => match self.decode(header, of) {
                    Some(value) => self.decoded.push((header, of, value)),
                    None => self.undecoded = true,
                },
                Some(Carrier { of: None, .. }) => {}
                None => self.unknown_header(header),
            }
        }
    }

    fn unknown_header(&mut self, header: &Header) {
        if let Some(carrier) = self
            .carriers
            .iter()
            .find(|carrier| carrier.header.eq_ignore_ascii_case(&header.name))
        {
            let side = if carrier.in_requests {
                "requests"
            } else {
                "responses"
            };
            let message = format!("`{}` is a header of {side}", header.name);
            return self.refuse(Code::HeaderContent, header.name_span, message);
        }
        let names = self.carriers.iter().map(|carrier| carrier.header);
        let standard = [
            "Host",
            "Accept",
            "Content-Type",
            "Cache-Control",
            "Content-Length",
            "Date",
            "Vary",
        ];
        if standard
            .iter()
            .any(|name| name.eq_ignore_ascii_case(&header.name))
        {
            return;
        }
        let alike = |name: &&str| {
            strsim::jaro_winkler(&name.to_lowercase(), &header.name.to_lowercase()) > 0.93
        };
        if names.chain(standard).any(|name| alike(&name)) {
            let names = self
                .carriers
                .iter()
                .map(|carrier| carrier.header)
                .chain(standard);
            let message = format!("the header `{}` looks misspelt", header.name);
            let help = did_you_mean(&header.name, names);
            self.found.push(
                Diagnostic::new(Code::HttpSyntax, header.name_span, message).maybe_help(help),
            );
        }
    }

    fn decode(&mut self, header: &Header, of: &str) -> Option<Value> {
        let bytes = match parse_base64url_header(&header.value) {
            Ok(bytes) => bytes,
            Err(error) => {
                let message = format!("`{}` cannot be decoded: {}", header.name, error.detail());
                self.refuse(Code::HeaderEncoding, header.value_span, message);
                return None;
            }
        };
        let value: Value = match serde_json::from_slice(&bytes) {
            Ok(value) => value,
            Err(error) => {
                let message = format!("what `{}` carries is no JSON: {error}", header.name);
                self.refuse(Code::HeaderEncoding, header.value_span, message);
                return None;
            }
        };
        let Context {
            spec,
            protocol,
            validators,
            ..
        } = self.context;
        let violations = validators
            .map(|own| own.violations(spec, protocol, of, &value))
            .unwrap_or_default();
        // What a `carries=` example claims to be is judged there.
        let claimed =
            matches!(&self.fence.kind, FenceKind::Exchange { carries, .. } if !carries.is_empty());
        for violation in violations.iter().filter(|_| !claimed) {
            let place = if violation.at.is_empty() {
                String::new()
            } else {
                format!(" at `{}`", violation.at)
            };
            let message = format!(
                "`{}` carries no {of}:{place} {}",
                header.name, violation.message
            );
            let mut problem = Diagnostic::new(Code::HeaderContent, header.value_span, message);
            if let Some(rule) = violation.rule {
                problem = problem.also(rule, "the rule");
            }
            self.found.push(problem);
        }
        Some(value)
    }

    /// Every example that is named is there, and everything that is there is named.
    fn carries(&mut self) {
        let mut named = vec![false; self.decoded.len()];
        for (name, span) in self
            .fence
            .info
            .attribute("carries")
            .into_iter()
            .flat_map(Attribute::list)
        {
            let examples = &self.context.protocol.examples;
            let example = examples
                .get(name)
                .and_then(|id| self.context.spec.fence(*id));
            let Some((example, value)) = example.and_then(Fence::example_value) else {
                if !examples.contains_key(name) {
                    let message = format!("there is no example `{name}`");
                    let help = did_you_mean(name, examples.keys().map(String::as_str));
                    self.found.push(
                        Diagnostic::new(Code::UnknownExample, span, message).maybe_help(help),
                    );
                }
                continue;
            };
            let json = value.to_value();
            let of_type = self.decoded.iter().position(|(_, of, _)| *of == example.of);
            match of_type.and_then(|index| self.decoded.get(index).map(|decoded| (index, decoded)))
            {
                Some((index, (header, _, decoded))) => {
                    named[index] = true;
                    if *decoded != json {
                        let message =
                            format!("`{}` does not carry the example `{name}`", header.name);
                        self.found.push(
                            Diagnostic::new(Code::HeaderContent, header.value_span, message)
                                .also(value.span, "the example")
                                .help("`x428 fix` encodes it anew"),
                        );
                    }
                }
                None if self.undecoded => {}
                None => {
                    let message = format!("no header of this message carries a {}", example.of);
                    self.refuse(Code::HeaderContent, span, message);
                }
            }
        }
        let unnamed: Vec<_> = self
            .decoded
            .iter()
            .zip(&named)
            .filter(|(_, named)| !**named)
            .map(|((header, ..), _)| *header)
            .collect();
        for header in unnamed {
            let message = format!(
                "`{}` carries an example that `carries=` does not name",
                header.name
            );
            self.refuse(Code::HeaderContent, header.name_span, message);
        }
    }
}
