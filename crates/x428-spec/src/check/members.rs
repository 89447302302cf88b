//! Members that a schema does not know.
//!
//! Objects are open, so that a misspelt optional member is valid. An example with such a member
//! shows the reader something that does not exist.

use std::collections::BTreeMap;

use crate::{
    diagnostic::{Code, Diagnostic},
    model::{Protocol, Spec},
    source::Span,
    value::{Data, Node},
};

/// How alike two names have to be for one to be a misspelling of the other.
const LIKENESS: f64 = 0.88;

/// Says which members of a valid example are one slip away from one that its schema has.
pub(super) fn check(
    spec: &Spec,
    protocol: &Protocol,
    of: &str,
    value: &Node,
    found: &mut Vec<Diagnostic>,
) {
    if let Some(schema) = protocol
        .type_definition(of)
        .and_then(|definition| definition.schema(spec))
    {
        Walker {
            spec,
            protocol,
            found,
        }
        .value(&[schema], value);
    }
}

struct Walker<'a, 'f> {
    spec: &'a Spec,
    protocol: &'a Protocol,
    found: &'f mut Vec<Diagnostic>,
}

impl<'a> Walker<'a, '_> {
    fn value(&mut self, schemas: &[&'a Node], value: &Node) {
        let mut applied = Vec::new();
        for schema in schemas {
            self.apply(schema, value, 0, &mut applied);
        }
        match &value.data {
            Data::Object(members) => {
                let mut known: BTreeMap<&str, (Span, Vec<&'a Node>)> = BTreeMap::new();
                for member in applied
                    .iter()
                    .filter_map(|schema| schema.get("properties"))
                    .flat_map(Node::members)
                {
                    let entry = known
                        .entry(&member.name)
                        .or_insert((member.name_span, Vec::new()));
                    entry.1.push(&member.value);
                }
                for member in members {
                    match known.get(member.name.as_str()) {
                        Some((_, schemas)) => self.value(schemas, &member.value),
                        None => self.unknown(value, member, &known),
                    }
                }
            }
            Data::Array(elements) => {
                let items: Vec<_> = applied
                    .iter()
                    .filter_map(|schema| schema.get("items"))
                    .collect();
                for element in elements.iter().filter(|_| !items.is_empty()) {
                    self.value(&items, element);
                }
            }
            _ => {}
        }
    }

    /// The schemas that apply to a value, alternatives by their constants.
    fn apply(&self, schema: &'a Node, value: &Node, depth: usize, applied: &mut Vec<&'a Node>) {
        // Cycles have their own diagnostic.
        if depth > 32 {
            return;
        }
        applied.push(schema);
        let target = schema.get("$ref").and_then(Node::as_str);
        if let Some(target) =
            target.and_then(|name| self.protocol.type_definition(name)?.schema(self.spec))
        {
            self.apply(target, value, depth + 1, applied);
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for branch in schema.get(keyword).into_iter().flat_map(Node::elements) {
                let mut inner = Vec::new();
                self.apply(branch, value, depth + 1, &mut inner);
                if inner.iter().all(|schema| constants_fit(schema, value)) {
                    applied.extend(inner);
                }
            }
        }
    }

    fn unknown(
        &mut self,
        object: &Node,
        member: &crate::value::Member,
        known: &BTreeMap<&str, (Span, Vec<&'a Node>)>,
    ) {
        let free = known.iter().filter(|(name, _)| object.get(name).is_none());
        let likeness =
            |name: &str| strsim::jaro_winkler(&member.name.to_lowercase(), &name.to_lowercase());
        let nearest = free.max_by(|a, b| likeness(a.0).total_cmp(&likeness(b.0)));
        if let Some((name, (span, _))) = nearest.filter(|(name, _)| likeness(name) > LIKENESS) {
            let message = format!("`{}` looks like a misspelt `{name}`", member.name);
            self.found.push(
                Diagnostic::new(Code::MisspeltMember, member.name_span, message)
                    .also(*span, "the member"),
            );
        }
    }
}

/// Whether no constant of a schema speaks against a value.
fn constants_fit(schema: &Node, value: &Node) -> bool {
    schema
        .get("properties")
        .into_iter()
        .flat_map(Node::members)
        .all(
            |member| match (member.value.get("const"), value.get(&member.name)) {
                (Some(constant), Some(own)) => constant.to_value() == own.to_value(),
                _ => true,
            },
        )
}
