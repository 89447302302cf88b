//! Strict JSON (RFC 8259, I-JSON) to [`Node`]s.

use jsonc_parser::{
    CollectOptions, ParseOptions,
    ast::{ObjectProp, Value},
    common::{Range, Ranged as _},
    errors::ParseErrorKind,
};

use super::{Data, Member, Node};
use crate::{
    diagnostic::{Code, Diagnostic},
    model::Body,
};

const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// The largest integer that every reader of JSON keeps exactly (RFC 7493, section 2.2).
const LARGEST_EXACT_INTEGER: u64 = (1 << 53) - 1;

/// Parses the body of a JSON fence. Whatever is not strict JSON goes to `problems`.
pub fn parse_json(body: &Body, problems: &mut Vec<Diagnostic>) -> Option<Node> {
    let parsed = jsonc_parser::parse_to_ast(body.text(), &CollectOptions::default(), &STRICT);
    match parsed {
        Ok(parsed) => {
            if let Some(value) = &parsed.value {
                Reader { body, problems }.node(value)
            } else {
                let span = body.whole();
                problems.push(Diagnostic::new(
                    Code::JsonSyntax,
                    span,
                    "the fence is empty",
                ));
                None
            }
        }
        Err(error) => {
            let range = error.range();
            let end = range.end.max(range.start + 1);
            let span = body.span(range.start..end);
            problems.push(syntax_error(error.kind(), span));
            None
        }
    }
}

fn syntax_error(kind: &ParseErrorKind, span: crate::source::Span) -> Diagnostic {
    let message = sentence(&kind.to_string());
    match kind {
        ParseErrorKind::CommentsNotAllowed => {
            Diagnostic::new(Code::NotStrictJson, span, "JSON has no comments")
                .help("say it in the text, or mark the fence as `fragment why=\"…\"`")
        }
        ParseErrorKind::TrailingCommasNotAllowed => {
            Diagnostic::new(Code::NotStrictJson, span, "a comma with nothing after it")
                .help("remove the comma")
        }
        ParseErrorKind::SingleQuotedStringsNotAllowed
        | ParseErrorKind::HexadecimalNumbersNotAllowed
        | ParseErrorKind::UnaryPlusNumbersNotAllowed
        | ParseErrorKind::NonFiniteNumbersNotAllowed
        | ParseErrorKind::BareDecimalPointNumbersNotAllowed => {
            Diagnostic::new(Code::NotStrictJson, span, message)
        }
        _ => Diagnostic::new(Code::JsonSyntax, span, message),
    }
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}

struct Reader<'a> {
    body: &'a Body,
    problems: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn node(&mut self, value: &Value<'_>) -> Option<Node> {
        let range = value.range();
        let data = match value {
            Value::NullKeyword(_) => Data::Null,
            Value::BooleanLit(literal) => Data::Bool(literal.value),
            Value::NumberLit(literal) => Data::Number(self.number(literal.value, range)?),
            Value::StringLit(literal) => {
                self.string(range);
                Data::String(literal.value.clone().into_owned())
            }
            Value::Array(array) => {
                let elements: Vec<_> = array
                    .elements
                    .iter()
                    .map(|element| self.node(element))
                    .collect();
                Data::Array(elements.into_iter().collect::<Option<_>>()?)
            }
            Value::Object(object) => Data::Object(self.members(&object.properties)?),
        };
        Some(Node {
            span: self.body.span(range.start..range.end),
            data,
        })
    }

    fn members(&mut self, properties: &[ObjectProp<'_>]) -> Option<Vec<Member>> {
        let mut members: Vec<Member> = Vec::with_capacity(properties.len());
        let mut seen = std::collections::HashMap::with_capacity(properties.len());
        let mut sound = true;
        for property in properties {
            let range = property.name.range();
            let name_span = self.body.span(range.start..range.end);
            let name = property.name.as_str().to_owned();
            if let Some(first) = seen.insert(name.clone(), name_span) {
                self.problems.push(
                    Diagnostic::new(
                        Code::DuplicateMember,
                        name_span,
                        format!("the member `{name}` is given twice"),
                    )
                    .also(first, "first given here"),
                );
                sound = false;
                continue;
            }
            match self.node(&property.value) {
                Some(value) => members.push(Member {
                    name,
                    name_span,
                    value,
                }),
                None => sound = false,
            }
        }
        sound.then_some(members)
    }

    fn number(&mut self, text: &str, range: Range) -> Option<serde_json::Number> {
        let span = self.body.span(range.start..range.end);
        let Ok(number) = serde_json::from_str::<serde_json::Number>(text) else {
            self.problems.push(Diagnostic::new(
                Code::JsonSyntax,
                span,
                format!("`{text}` is not a JSON number"),
            ));
            return None;
        };
        let exact = match (number.as_u64(), number.as_i64()) {
            (Some(value), _) => value <= LARGEST_EXACT_INTEGER,
            (None, Some(value)) => value.unsigned_abs() <= LARGEST_EXACT_INTEGER,
            (None, None) => text.contains(['.', 'e', 'E']),
        };
        if !exact {
            let message = format!("`{text}` is beyond 2^53 - 1 and not exact for every reader");
            self.problems
                .push(Diagnostic::new(Code::NotIJson, span, message).help("write it as a string"));
            return None;
        }
        Some(number)
    }

    /// The parser lets raw control characters pass; RFC 8259 section 7 does not.
    fn string(&mut self, range: Range) {
        let raw = self
            .body
            .text()
            .get(range.start..range.end)
            .unwrap_or_default();
        if let Some(at) = raw.find(|c: char| c < ' ') {
            let span = self.body.span(range.start + at..range.start + at + 1);
            self.problems.push(Diagnostic::new(
                Code::JsonSyntax,
                span,
                "a control character inside a string",
            ));
        }
    }
}
