//! From the text to the rules. What is wrong is told with its line and column.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use ::http::Method;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use toml::Spanned;

use super::super::base::PublicBase;
use super::super::guard::{Grants, Requirement};
use super::path::Pattern;
use super::{PolicyFile, Rule};
use crate::attestation::issue::Policy;
use crate::wire::attestation::{Precondition, PreconditionId};

/// A policy file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {why}")]
pub struct PolicyFileError {
    line: usize,
    column: usize,
    why: String,
}

impl PolicyFileError {
    /// The line, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The character of the line, from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    /// What is wrong there.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }
}

/// The JSON Schema of the file.
#[must_use]
pub fn schema() -> Value {
    schemars::schema_for!(File).to_value()
}

/// Which preconditions a server requires for which of its resources.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "Attestation policy")]
struct File {
    /// The address under which clients know the server: `https`, a host, and perhaps a path.
    #[schemars(with = "String")]
    base: Spanned<String>,
    /// What is guarded. The first rule that matches a request decides.
    rules: Vec<RuleTable>,
    /// The preconditions, by their id.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, PreconditionTable>")]
    preconditions: BTreeMap<Spanned<String>, Spanned<PreconditionTable>>,
}

/// A rule.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RuleTable {
    /// The path below the base: itself, with `/*` at its end one more segment, with `/**` at its end
    /// everything below.
    #[schemars(with = "String", regex(pattern = "^/"))]
    path: Spanned<String>,
    /// The methods; every method if there are none. `HEAD` goes with `GET`, and `OPTIONS` is never
    /// guarded.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    methods: Vec<Spanned<String>>,
    /// The ids of the preconditions, in the order in which they are verified. An empty list leaves
    /// the path open.
    #[schemars(with = "Vec<String>", length(max = 16))]
    preconditions: Spanned<Vec<Spanned<String>>>,
    /// What a token opens.
    #[serde(default)]
    grants: GrantsWord,
}

/// What a token opens: the resource, or the resource and those beside it.
#[derive(Deserialize, JsonSchema, Clone, Copy, Default)]
#[serde(rename_all = "kebab-case")]
enum GrantsWord {
    #[default]
    Resource,
    Siblings,
}

/// A precondition. Which members it needs depends on its type.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PreconditionTable {
    /// The type.
    r#type: TypeWord,
    /// The methods by which it may be attested.
    #[schemars(length(min = 1))]
    methods: Vec<MethodWord>,
    /// A hint for a person. Consent is never asked for a hint.
    ui_hint: Option<String>,
    /// The version of the document, of `tos`.
    version: Option<String>,
    /// The address of the document, of `tos`.
    document_url: Option<String>,
    /// The SHA-256 of the document, of `tos`: `sha256-` and 64 lowercase hexadecimal digits.
    document_hash: Option<String>,
    /// The age in whole years, of `age`.
    minimum_age: Option<u8>,
    /// The DIDs of the issuers whose credentials are accepted, of `tos` and `age`.
    accepted_vc_issuers: Option<Vec<String>>,
}

#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum TypeWord {
    Tos,
    Age,
    Identity,
}

#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum MethodWord {
    #[serde(rename = "self")]
    Own,
    Vc,
}

/// What is wrong, and where.
struct Wrong {
    span: Option<Range<usize>>,
    why: String,
}

fn wrong(span: Range<usize>, why: impl Into<String>) -> Wrong {
    Wrong {
        span: Some(span),
        why: why.into(),
    }
}

pub(super) fn read(text: &str) -> Result<PolicyFile, PolicyFileError> {
    take(text).map_err(|wrong| {
        let start = wrong.span.map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        PolicyFileError {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            why: wrong.why,
        }
    })
}

fn take(text: &str) -> Result<PolicyFile, Wrong> {
    let file: File = toml::from_str(text).map_err(|error| Wrong {
        span: error.span(),
        why: error.message().to_owned(),
    })?;
    let base = PublicBase::parse(file.base.get_ref())
        .map_err(|error| wrong(file.base.span(), error.to_string()))?;
    let mut known = BTreeMap::new();
    for (id, table) in &file.preconditions {
        known.insert(id.get_ref().as_str(), precondition(id, table)?);
    }
    let mut types = Vec::new();
    let mut rules = Vec::new();
    for table in &file.rules {
        let rule = rule(table, &known)?;
        let requirement = rule.requirement.as_ref();
        for precondition in requirement.map_or(&[][..], |one| one.policy().preconditions()) {
            let name = precondition.type_().to_owned();
            if !types.contains(&name) {
                types.push(name);
            }
        }
        rules.push(rule);
    }
    let named = |id: &str| {
        let mut rules = file.rules.iter();
        rules.any(|rule| {
            rule.preconditions
                .get_ref()
                .iter()
                .any(|one| one.get_ref() == id)
        })
    };
    if let Some(id) = file.preconditions.keys().find(|id| !named(id.get_ref())) {
        let why = format!("no rule names the precondition {:?}", id.get_ref());
        return Err(wrong(id.span(), why));
    }
    Ok(PolicyFile { base, rules, types })
}

fn rule(table: &RuleTable, known: &BTreeMap<&str, Precondition>) -> Result<Rule, Wrong> {
    let path = Pattern::parse(table.path.get_ref()).map_err(|why| wrong(table.path.span(), why))?;
    let mut methods = Vec::new();
    for name in &table.methods {
        let is_token = !name.get_ref().is_empty()
            && name
                .get_ref()
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'-');
        let method = Method::from_bytes(name.get_ref().as_bytes()).ok();
        match method.filter(|method| is_token && *method != Method::OPTIONS) {
            Some(Method::HEAD) => {
                return Err(wrong(name.span(), "`HEAD` goes with `GET`: name `GET`"));
            }
            Some(method) => methods.push(method),
            None => return Err(wrong(name.span(), "no method that can be guarded")),
        }
    }
    let mut preconditions = Vec::new();
    for id in table.preconditions.get_ref() {
        let precondition = known.get(id.get_ref().as_str()).ok_or_else(|| {
            wrong(
                id.span(),
                format!("there is no precondition {:?}", id.get_ref()),
            )
        })?;
        preconditions.push(precondition.clone());
    }
    let requirement = if preconditions.is_empty() {
        None
    } else {
        let policy = Policy::new(preconditions)
            .map_err(|error| wrong(table.preconditions.span(), error.to_string()))?;
        let grants = match table.grants {
            GrantsWord::Resource => Grants::Resource,
            GrantsWord::Siblings => Grants::Siblings,
        };
        let requirement = Requirement::new(Arc::new(policy)).granting(grants);
        Some(requirement.named(table.path.get_ref().as_str()))
    };
    Ok(Rule {
        path,
        methods,
        requirement,
    })
}

/// Builds the precondition as the wire has it, and reads it as such: the rules of its members are
/// written once.
fn precondition(
    id: &Spanned<String>,
    table: &Spanned<PreconditionTable>,
) -> Result<Precondition, Wrong> {
    let refuse = |why: String| wrong(table.span(), why);
    PreconditionId::parse(id.get_ref().as_str())
        .map_err(|error| wrong(id.span(), error.to_string()))?;
    let one = table.get_ref();
    let methods: Vec<_> = one.methods.iter().map(|method| method.word()).collect();
    let (name, own): (_, &[&str]) = match one.r#type {
        TypeWord::Tos => ("tos", &["version", "document-url", "document-hash"]),
        TypeWord::Age => ("age", &["minimum-age"]),
        TypeWord::Identity => ("identity", &[]),
    };
    let mut members = Map::new();
    members.insert("id".to_owned(), id.get_ref().as_str().into());
    members.insert("type".to_owned(), name.into());
    members.insert("allowedAttestationMethods".to_owned(), methods.into());
    for (key, member, value) in [
        (
            "ui-hint",
            "uiHint",
            one.ui_hint.as_ref().map(|text| json!(text)),
        ),
        (
            "version",
            "tosVersion",
            one.version.as_ref().map(|text| json!(text)),
        ),
        (
            "document-url",
            "documentUrl",
            one.document_url.as_ref().map(|text| json!(text)),
        ),
        (
            "document-hash",
            "documentHash",
            one.document_hash.as_ref().map(|text| json!(text)),
        ),
        (
            "minimum-age",
            "minimumAge",
            one.minimum_age.map(|age| json!(age)),
        ),
        (
            "accepted-vc-issuers",
            "acceptedVcIssuers",
            one.accepted_vc_issuers
                .as_ref()
                .map(|issuers| json!(issuers)),
        ),
    ] {
        let is_common = key == "ui-hint" || (key == "accepted-vc-issuers" && name != "identity");
        match value {
            Some(value) if own.contains(&key) || is_common => {
                members.insert(member.to_owned(), value);
            }
            Some(_) => return Err(refuse(format!("the type `{name}` has no `{key}`"))),
            None if own.contains(&key) => {
                return Err(refuse(format!("the type `{name}` needs `{key}`")));
            }
            None => {}
        }
    }
    let precondition: Precondition = serde_json::from_value(Value::Object(members))
        .map_err(|error| refuse(error.to_string()))?;
    Policy::new(vec![precondition.clone()]).map_err(|error| refuse(error.to_string()))?;
    Ok(precondition)
}

impl MethodWord {
    fn word(self) -> &'static str {
        match self {
            Self::Own => "self",
            Self::Vc => "vc",
        }
    }
}
