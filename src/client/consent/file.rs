//! The policy as a file. What the file says wrong is told with its line and column.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{ConsentPolicy, Origin, Otherwise, Rule, parse_host};
use crate::error::Malformed;
use crate::wire::attestation::{DocumentHash, MinimumAge};

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

    fn new(text: &str, error: &toml::de::Error) -> Self {
        let start = error.span().map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            why: error.message().to_owned(),
        }
    }
}

impl ConsentPolicy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// [`PolicyFileError`] with the place and the reason: a text that is no TOML, a name that no
    /// policy has, a value of another form, and a rule that would consent to every server.
    pub fn from_toml(text: &str) -> Result<Self, PolicyFileError> {
        toml::from_str(text).map_err(|error| PolicyFileError::new(text, &error))
    }
}

/// The JSON Schema of the file.
#[must_use]
pub fn schema() -> Value {
    schemars::schema_for!(File).to_value()
}

/// What an operator consents to before it is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "Consent policy")]
pub(super) struct File {
    /// What becomes of a precondition that no rule covers.
    #[serde(default)]
    otherwise: OtherwiseWord,
    /// The rules. One that consents is enough.
    #[serde(default)]
    #[schemars(with = "Vec<RuleFile>")]
    consent: Vec<Rule>,
}

/// It is not attested, or the operator is asked.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(rename_all = "kebab-case")]
enum OtherwiseWord {
    #[default]
    Refuse,
    Ask,
}

impl From<File> for ConsentPolicy {
    fn from(file: File) -> Self {
        Self {
            otherwise: match file.otherwise {
                OtherwiseWord::Refuse => Otherwise::Refuse,
                OtherwiseWord::Ask => Otherwise::Ask,
            },
            rules: file.consent,
        }
    }
}

/// Consent to some preconditions of some servers.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RuleFile {
    /// The servers: scheme, host and port. Only a rule that names `documents` and nothing else may
    /// leave them away, and is then for every server.
    #[serde(default)]
    #[schemars(with = "Vec<String>", inner(regex(pattern = "^https?://")))]
    origins: Vec<Origin>,
    /// The hashes of documents: `sha256-` and 64 lowercase hexadecimal digits. They are not fetched.
    #[serde(default)]
    #[schemars(with = "Vec<String>", inner(regex(pattern = "^sha256-")))]
    documents: Vec<DocumentHash>,
    /// Hosts whose documents are consented to, whatever they say. They are fetched and hashed.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    document_hosts: Vec<DocumentHost>,
    /// The greatest age that is attested, in whole years.
    #[schemars(with = "Option<u8>")]
    age: Option<MinimumAge>,
    /// Whether the operator's DID is attested.
    #[serde(default)]
    identity: bool,
    /// Whether credentials may be shown where the operator's own word is not enough.
    #[serde(default)]
    credentials: bool,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct DocumentHost(String);

impl TryFrom<String> for DocumentHost {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        parse_host(&text).map(Self)
    }
}

// r[impl attestation.security.policy]
impl TryFrom<RuleFile> for Rule {
    type Error = Malformed;

    fn try_from(file: RuleFile) -> Result<Self, Malformed> {
        let refuse = |why: &'static str| Err(Malformed::new("rule", why));
        let beyond_hashes = file.identity || file.age.is_some() || !file.document_hosts.is_empty();
        if file.origins.is_empty() && beyond_hashes {
            return refuse(
                "without `origins` it would consent to every server; only `documents` may stand alone",
            );
        }
        if file.origins.is_empty() && file.credentials {
            return refuse("without `origins` it would show credentials to every server");
        }
        if file.documents.is_empty() && !beyond_hashes {
            return refuse("it consents to nothing");
        }
        Ok(Self {
            origins: file.origins,
            documents: file.documents,
            document_hosts: file.document_hosts.into_iter().map(|host| host.0).collect(),
            age: file.age,
            identity: file.identity,
            credentials: file.credentials,
        })
    }
}
