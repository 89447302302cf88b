//! YAML to [`Node`]s, as far as YAML is JSON: string keys, no tags, one document.

use std::ops::Range;

use saphyr::{LoadableYamlNode as _, MarkedYaml, Scalar, YamlData};

use super::{Data, Member, Node};
use crate::{
    diagnostic::{Code, Diagnostic},
    model::Body,
};

/// Parses the body of a YAML fence. Whatever has no place in JSON goes to `problems`.
pub fn parse_yaml(body: &Body, problems: &mut Vec<Diagnostic>) -> Option<Node> {
    let offsets = Offsets::new(body.text());
    let documents = match MarkedYaml::load_from_str(body.text()) {
        Ok(documents) => documents,
        Err(error) => {
            let at = offsets.byte(error.marker().index());
            let span = body.span(at..at + 1);
            problems.push(Diagnostic::new(
                Code::YamlSyntax,
                span,
                error.info().to_owned(),
            ));
            return None;
        }
    };
    if let [document] = documents.as_slice() {
        Reader {
            body,
            offsets,
            problems,
        }
        .node(document)
    } else {
        let message = if documents.is_empty() {
            "the fence is empty"
        } else {
            "more than one YAML document"
        };
        problems.push(Diagnostic::new(Code::YamlSyntax, body.whole(), message));
        None
    }
}

/// Markers count characters, spans count bytes.
enum Offsets {
    Ascii(usize),
    Table(Vec<usize>),
}

impl Offsets {
    fn new(text: &str) -> Self {
        if text.is_ascii() {
            Self::Ascii(text.len())
        } else {
            Self::Table(
                text.char_indices()
                    .map(|(at, _)| at)
                    .chain([text.len()])
                    .collect(),
            )
        }
    }

    fn byte(&self, index: usize) -> usize {
        match self {
            Self::Ascii(length) => index.min(*length),
            Self::Table(table) => table.get(index).or(table.last()).copied().unwrap_or(0),
        }
    }
}

struct Reader<'a> {
    body: &'a Body,
    offsets: Offsets,
    problems: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn node(&mut self, yaml: &MarkedYaml<'_>) -> Option<Node> {
        let range = self.range(yaml);
        let span = self.body.span(range);
        let data = match &yaml.data {
            YamlData::Value(scalar) => match scalar {
                Scalar::Null => Data::Null,
                Scalar::Boolean(value) => Data::Bool(*value),
                Scalar::Integer(value) => Data::Number((*value).into()),
                Scalar::FloatingPoint(value) => {
                    match serde_json::Number::from_f64(value.into_inner()) {
                        Some(number) => Data::Number(number),
                        None => return self.refuse(span, "a number that JSON does not have"),
                    }
                }
                Scalar::String(text) => Data::String(text.clone().into_owned()),
            },
            YamlData::Sequence(sequence) => {
                let elements: Vec<_> = sequence.iter().map(|element| self.node(element)).collect();
                Data::Array(elements.into_iter().collect::<Option<_>>()?)
            }
            YamlData::Mapping(mapping) => {
                let mut members = Vec::with_capacity(mapping.len());
                for (key, value) in mapping {
                    let key = self.node(key)?;
                    let name = match key.data {
                        Data::String(name) => name,
                        // OpenAPI keys its responses by status; JSON has only strings.
                        Data::Number(number) => number.to_string(),
                        _ => return self.refuse(key.span, "a key has to be a string"),
                    };
                    members.push(Member {
                        name,
                        name_span: key.span,
                        value: self.node(value)?,
                    });
                }
                Data::Object(members)
            }
            YamlData::Tagged(..) => return self.refuse(span, "tags have no place in JSON"),
            YamlData::Alias(_) => {
                return self.refuse(span, "an alias of an anchor that is not there");
            }
            YamlData::Representation(..) | YamlData::BadValue => {
                return self.refuse(span, "a value that cannot be read");
            }
        };
        Some(Node { span, data })
    }

    /// The parser ends a block collection where the next token begins; trailing space is not part.
    fn range(&self, yaml: &MarkedYaml<'_>) -> Range<usize> {
        let start = self.offsets.byte(yaml.span.start.index());
        let end = self.offsets.byte(yaml.span.end.index()).max(start);
        let text = self.body.text().get(start..end).unwrap_or_default();
        start..start + text.trim_end().len()
    }

    fn refuse(&mut self, span: crate::source::Span, message: &str) -> Option<Node> {
        self.problems
            .push(Diagnostic::new(Code::YamlSyntax, span, message));
        None
    }
}
