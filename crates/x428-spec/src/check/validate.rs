//! Values against the schemas of a protocol, with errors a person can use.

use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use serde_json::{Map, Value};

use crate::{
    diagnostic::did_you_mean,
    model::{Protocol, Spec},
    schema::{DIALECT, definitions, with_refs},
    source::Span,
    value::{Node, pointer},
};

/// The compiled schemas of a protocol.
pub(crate) struct Validators {
    validator: Validator,
}

/// A violated keyword.
#[derive(Debug)]
pub(crate) struct Violation {
    /// The keyword.
    pub keyword: String,
    /// Where in the value.
    pub at: String,
    /// What is wrong, in words.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Where the keyword stands.
    pub rule: Option<Span>,
    /// The member that should not be there, or should be another.
    pub member: Option<String>,
}

impl Validators {
    /// Compiles the schemas of a protocol at once. Types that `skip` names accept everything.
    ///
    /// # Errors
    /// The type that cannot be compiled, the pointer in it, and the reason.
    pub(crate) fn new(
        spec: &Spec,
        protocol: &Protocol,
        skip: &[String],
    ) -> Result<Self, (String, String, String)> {
        let mut defs = Map::new();
        let mut properties = Map::new();
        for (name, schema) in definitions(spec, protocol) {
            let known = |name: &str| protocol.type_definition(name).is_some();
            let reference = |name: &str| {
                // What is unresolved has its own diagnostic.
                if known(name) {
                    format!("#/$defs/{name}")
                } else {
                    "#/$defs".to_owned()
                }
            };
            let skipped = skip.iter().any(|own| own == name);
            let schema = if skipped {
                Value::Object(Map::new())
            } else {
                with_refs(schema, &reference)
            };
            defs.insert(name.to_owned(), schema);
            properties.insert(
                name.to_owned(),
                serde_json::json!({"$ref": format!("#/$defs/{name}")}),
            );
        }
        // One schema for all types: an example becomes the member that bears its type's name.
        let schema =
            serde_json::json!({"$schema": DIALECT, "$defs": defs, "properties": properties});
        let built = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema);
        let validator = built.map_err(|error| {
            let at = error.instance_path().as_str().to_owned();
            let mut tokens = pointer::tokens(&at).skip(1);
            let name = tokens.next().unwrap_or_default().into_owned();
            let below = tokens.fold(String::new(), |below, token| pointer::join(&below, &token));
            (name, below, error.masked().to_string())
        })?;
        Ok(Self { validator })
    }

    /// All violations of a type by a value; for alternatives, those of the alternative that is
    /// meant.
    pub(crate) fn violations(
        &self,
        spec: &Spec,
        protocol: &Protocol,
        type_name: &str,
        value: &Value,
    ) -> Vec<Violation> {
        let mut wrapped = Map::with_capacity(1);
        wrapped.insert(type_name.to_owned(), value.clone());
        let wrapped = Value::Object(wrapped);
        if self.validator.is_valid(&wrapped) {
            return Vec::new();
        }
        let prefix = pointer::join("", type_name);
        let explainer = Explainer {
            spec,
            protocol,
            value,
            prefix,
        };
        let mut violations = Vec::new();
        for error in self.validator.iter_errors(&wrapped) {
            explainer.explain(&error, &mut violations);
        }
        violations
    }
}

struct Explainer<'a> {
    spec: &'a Spec,
    protocol: &'a Protocol,
    value: &'a Value,
    /// The pointer of the value in what was validated.
    prefix: String,
}

impl Explainer<'_> {
    fn explain(&self, error: &ValidationError<'_>, violations: &mut Vec<Violation>) {
        if let ValidationErrorKind::OneOfNotValid { context }
        | ValidationErrorKind::AnyOf { context } = error.kind()
            && let Some(branch) = self.meant(error, context)
        {
            for error in branch {
                self.explain(error, violations);
            }
            return;
        }
        let at = error.instance_path().as_str();
        let at = at
            .strip_prefix(self.prefix.as_str())
            .unwrap_or(at)
            .to_owned();
        let (message, help, member) = self.words(error, &at);
        violations.push(Violation {
            keyword: error.kind().keyword().to_owned(),
            message,
            help,
            rule: self.rule(error),
            member,
            at,
        });
    }

    /// The keyword in the text.
    fn rule(&self, error: &ValidationError<'_>) -> Option<Span> {
        let (schema, below) = self.schema_at(error.schema_path().as_str())?;
        let parent = pointer::parent(&below).and_then(|parent| schema.at(parent));
        let keyword = pointer::tokens(&below).last();
        let member = parent
            .zip(keyword)
            .and_then(|(parent, keyword)| parent.member(&keyword));
        Some(member.map_or(schema.span, |member| Span {
            end: member.value.span.end,
            ..member.name_span
        }))
    }

    /// The type in which a schema path lies, and the path below it.
    fn schema_at(&self, path: &str) -> Option<(&Node, String)> {
        let mut tokens = pointer::tokens(path);
        if tokens.next()? != "$defs" {
            return None;
        }
        let name = tokens.next()?;
        let schema = self.protocol.type_definition(&name)?.schema(self.spec)?;
        Some((
            schema,
            tokens.fold(String::new(), |below, token| pointer::join(&below, &token)),
        ))
    }

    /// The errors of the alternative whose constants the value has.
    fn meant<'e>(
        &self,
        error: &ValidationError<'_>,
        context: &'e [Vec<ValidationError<'static>>],
    ) -> Option<&'e [ValidationError<'static>]> {
        let instance = error.instance().as_ref();
        let (schema, below) = self.schema_at(error.schema_path().as_str())?;
        let branches = schema.at(&below)?.elements();
        let mut tagged = branches.iter().zip(context).filter(|(branch, _)| {
            self.tags(branch).is_some_and(|tags| {
                !tags.is_empty()
                    && tags
                        .iter()
                        .all(|(name, tag)| instance.get(name) == Some(tag))
            })
        });
        if let Some((_, errors)) = tagged.next() {
            return tagged.next().is_none().then_some(errors.as_slice());
        }
        // No tag tells: if only one alternative has the right type of value, that one is meant.
        let mut fitting = context.iter().filter(|errors| {
            !errors.iter().any(|inner| {
                matches!(inner.kind(), ValidationErrorKind::Type { .. })
                    && inner.instance_path().as_str() == error.instance_path().as_str()
            })
        });
        let first = fitting.next()?;
        fitting.next().is_none().then_some(first.as_slice())
    }

    /// The members with a constant value, by which an alternative is told from the others.
    fn tags(&self, branch: &Node) -> Option<Vec<(String, Value)>> {
        let schema = match branch.get("$ref").and_then(Node::as_str) {
            Some(name) => self.protocol.type_definition(name)?.schema(self.spec)?,
            None => branch,
        };
        let properties = schema.get("properties")?;
        let tag = |member: &crate::value::Member| {
            Some((member.name.clone(), member.value.get("const")?.to_value()))
        };
        Some(properties.members().iter().filter_map(tag).collect())
    }

    /// What is wrong, what to do, and the member it is about.
    fn words(
        &self,
        error: &ValidationError<'_>,
        at: &str,
    ) -> (String, Option<String>, Option<String>) {
        let instance = error.instance().as_ref();
        let shown = short(instance);
        match error.kind() {
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                let members = self.value.pointer(at).and_then(Value::as_object);
                let names = members
                    .into_iter()
                    .flat_map(|members| members.keys().map(String::as_str));
                let help = did_you_mean(name, names).map(|help| {
                    help.replace("did you mean", "was")
                        .replace('?', &format!(" meant to be `{name}`?"))
                });
                (format!("the member `{name}` is missing"), help, None)
            }
            ValidationErrorKind::Type { kind } => {
                let expected = match kind {
                    jsonschema::error::TypeKind::Single(expected) => expected.to_string(),
                    jsonschema::error::TypeKind::Multiple(set) => set
                        .iter()
                        .map(|one| one.to_string())
                        .collect::<Vec<_>>()
                        .join(" or "),
                };
                (format!("{shown} is not of type {expected}"), None, None)
            }
            ValidationErrorKind::Constant { expected_value } => {
                (format!("{shown} has to be {expected_value}"), None, None)
            }
            ValidationErrorKind::Enum { options } => {
                let options: Vec<_> = options
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .collect();
                let help = instance
                    .as_str()
                    .and_then(|own| did_you_mean(own, options.iter().copied()))
                    .unwrap_or_else(|| format!("one of: {}", options.join(", ")));
                (
                    format!("{shown} is not one of the allowed values"),
                    Some(help),
                    None,
                )
            }
            ValidationErrorKind::Pattern { pattern } => {
                (format!("{shown} does not match `{pattern}`"), None, None)
            }
            ValidationErrorKind::Format { format } => {
                (format!("{shown} is no {format}"), None, None)
            }
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let names = unexpected.join("`, `");
                (
                    format!("no member `{names}` is allowed here"),
                    None,
                    unexpected.first().cloned(),
                )
            }
            ValidationErrorKind::OneOfNotValid { .. } => {
                (format!("{shown} is none of the alternatives"), None, None)
            }
            ValidationErrorKind::OneOfMultipleValid { .. } => (
                format!("{shown} is more than one of the alternatives"),
                None,
                None,
            ),
            _ => (error.masked_with(shown).to_string(), None, None),
        }
    }
}

/// A value in a message.
fn short(value: &Value) -> String {
    let kind = match value {
        Value::Array(_) => "the array",
        Value::Object(_) => "the object",
        Value::String(text) if text.chars().count() > 60 => "the string",
        _ => return format!("`{value}`"),
    };
    kind.to_owned()
}
