//! What the operator consents to: by rules written before, or when asked.

use std::future::Future;

use serde::Deserialize;
use serde_json::{Map, Value};
use url::{Host, Url};

use super::document::Document;
use crate::attestation::Challenge;
use crate::did::Did;
use crate::error::Malformed;
use crate::wire::attestation::{DocumentHash, MinimumAge, Precondition};

mod file;
#[cfg(test)]
mod tests;

pub use file::{PolicyFileError, schema};

/// The rules by which an operator decides beforehand what is attested. Without a rule for a
/// precondition there is no consent.
///
/// Written as TOML, after the JSON Schema `schema/config/consent-policy.json`:
///
/// ```
/// use x428::client::ConsentPolicy;
///
/// let policy = ConsentPolicy::from_toml(r#"
///     ## What no rule covers is asked for ("ask") or refused ("refuse", unless said otherwise).
///     otherwise = "ask"
///
///     [[consent]]
///     origins = ["https://api.example.com"]
///     documents = ["sha256-969248b43c92b6d938ea589b7255be8d3f835784699da8c53dfebf377230d466"]
///     age = 18
///     identity = true
///
///     [[consent]]
///     origins = ["https://films.example"]
///     document-hosts = ["films.example"]
/// "#)?;
/// assert_eq!(policy.rules().len(), 2);
/// # Ok::<(), x428::client::PolicyFileError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "file::File")]
pub struct ConsentPolicy {
    otherwise: Otherwise,
    rules: Vec<Rule>,
}

/// What becomes of a precondition that no rule covers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Otherwise {
    /// It is not attested.
    #[default]
    Refuse,
    /// The operator is asked.
    Ask,
}

/// Consent to some preconditions of some servers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "file::RuleFile")]
pub struct Rule {
    origins: Vec<Origin>,
    documents: Vec<DocumentHash>,
    document_hosts: Vec<String>,
    age: Option<MinimumAge>,
    identity: bool,
    credentials: bool,
}

/// Scheme, host and port of a server (RFC 6454 §4).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Origin(String);

impl Origin {
    /// Reads `https://api.example.com` or `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// [`Malformed`] for other schemes, and for a text with more than scheme, host and port.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let refuse = |why: &'static str| Malformed::new("origin", why);
        let url = Url::parse(text).map_err(|_| refuse("not a URL"))?;
        let is_bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !matches!(url.scheme(), "https" | "http") || !is_bare {
            return Err(refuse("not `https://host` or `https://host:port`"));
        }
        Ok(Self::of(&url))
    }

    /// The origin of a URL.
    #[must_use]
    pub fn of(url: &Url) -> Self {
        Self(url.origin().ascii_serialization())
    }

    /// `https://api.example.com`
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Origin {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        Self::parse(&text)
    }
}

impl Rule {
    /// Consents to nothing of these servers yet.
    #[must_use]
    pub fn of(origins: impl IntoIterator<Item = Origin>) -> Self {
        Self {
            origins: origins.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Consents to the documents of these hashes, whoever asks for them.
    ///
    /// The hash says all that the operator has to know, so the document is not fetched.
    #[must_use]
    pub fn of_documents(hashes: impl IntoIterator<Item = DocumentHash>) -> Self {
        Self {
            documents: hashes.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Consents to the document of this hash, which is then not fetched.
    #[must_use]
    pub fn with_document(mut self, hash: DocumentHash) -> Self {
        self.documents.push(hash);
        self
    }

    /// Consents to whatever documents this host serves. They are fetched and hashed.
    #[must_use]
    pub fn with_document_host(mut self, host: impl Into<String>) -> Self {
        self.document_hosts.push(host.into().to_ascii_lowercase());
        self
    }

    /// Consents to attest that the operator is of any age up to this one.
    #[must_use]
    pub fn with_age(mut self, age: MinimumAge) -> Self {
        self.age = Some(age);
        self
    }

    /// Consents to attest the operator's DID.
    #[must_use]
    pub fn with_identity(mut self) -> Self {
        self.identity = true;
        self
    }

    /// Lets these servers see credentials, for what the rule consents to and the operator's own word
    /// is not enough. A credential tells them who issued it, and whatever else it says.
    #[must_use]
    pub fn with_credentials(mut self) -> Self {
        self.credentials = true;
        self
    }

    fn consents(&self, precondition: &Precondition) -> Option<Consent> {
        match precondition {
            Precondition::Tos(tos) if self.documents.contains(&tos.document_hash) => {
                Some(Consent::ToHash)
            }
            Precondition::Tos(tos) => {
                let url = Url::parse(tos.document_url.as_str()).ok()?;
                let host = url.host_str()?;
                self.document_hosts
                    .iter()
                    .any(|known| known == host)
                    .then_some(Consent::Given)
            }
            Precondition::Age(age) => self
                .age
                .is_some_and(|most| age.minimum_age.get() <= most.get())
                .then_some(Consent::Given),
            Precondition::Identity(_) => self.identity.then_some(Consent::Given),
            // A rule about a type that is not implemented could not say to what it consents.
            Precondition::Other(_) => None,
        }
    }
}

/// What a policy says of a precondition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Consent {
    /// A rule consents.
    Given,
    /// A rule consents to the very hash of the document.
    ToHash,
    /// No rule consents, and the operator is to be asked.
    Ask,
    /// No rule consents.
    Denied,
}

impl ConsentPolicy {
    /// Consents to nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule. One rule that consents is enough.
    #[must_use]
    pub fn with(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Has the operator asked for what no rule covers.
    #[must_use]
    pub fn or_ask(mut self) -> Self {
        self.otherwise = Otherwise::Ask;
        self
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What becomes of a precondition that no rule covers.
    #[must_use]
    pub fn otherwise(&self) -> Otherwise {
        self.otherwise
    }

    /// Whether the operator consents to attest a precondition to a server.
    #[must_use]
    pub fn decide(&self, server: &Origin, precondition: &Precondition) -> Consent {
        self.decide_by(server, precondition, |_| true)
    }

    /// Whether the operator consents to attest a precondition to a server by showing it a
    /// credential.
    #[must_use]
    pub fn decide_credential(&self, server: &Origin, precondition: &Precondition) -> Consent {
        self.decide_by(server, precondition, |rule| rule.credentials)
    }

    // r[impl attestation.client.consent]
    fn decide_by(
        &self,
        server: &Origin,
        precondition: &Precondition,
        suffices: impl Fn(&Rule) -> bool,
    ) -> Consent {
        let covers = |rule: &&Rule| rule.origins.is_empty() || rule.origins.contains(server);
        let consents = self
            .rules
            .iter()
            .filter(covers)
            .filter(|rule| suffices(rule));
        let given: Vec<_> = consents
            .filter_map(|rule| rule.consents(precondition))
            .collect();
        match (given.contains(&Consent::ToHash), given.is_empty()) {
            (true, _) => Consent::ToHash,
            (false, false) => Consent::Given,
            (false, true) if self.otherwise == Otherwise::Ask => Consent::Ask,
            (false, true) => Consent::Denied,
        }
    }
}

/// What the operator is asked: whether one precondition shall be attested.
///
/// Whoever shows it to a person shows the typed members of the precondition. Its `uiHint` is a text
/// of the server, and nobody signs it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Question {
    /// The server that asks.
    pub server: Origin,
    /// The whole challenge, with the resource.
    pub challenge: Challenge,
    /// The precondition in question.
    pub precondition: Precondition,
    /// The document of a `tos` precondition. Its hash is the one of the precondition.
    pub document: Option<Document>,
    /// The credential that would be shown; nothing if it is the operator's own word.
    pub credential: Option<Map<String, Value>>,
    /// Who would attest.
    pub operator: Did,
}

/// Asks the operator. Every closure from a [`Question`] to a future of a `bool` is one.
///
/// It is for a person or for a rule of the operator's, never for a language model.
// r[impl attestation.client.model-consent]
pub trait Ask {
    /// Returns whether the operator consents.
    fn ask(&self, question: Question) -> impl Future<Output = bool> + Send;
}

impl<F, Answer> Ask for F
where
    F: Fn(Question) -> Answer + Sync,
    Answer: Future<Output = bool> + Send,
{
    fn ask(&self, question: Question) -> impl Future<Output = bool> + Send {
        self(question)
    }
}

/// Nobody is there to be asked, and so nobody consents.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Ask for Nobody {
    fn ask(&self, _question: Question) -> impl Future<Output = bool> + Send {
        std::future::ready(false)
    }
}

/// A host as a URL has it: a name in ASCII and lowercase, or an address.
fn parse_host(text: &str) -> Result<String, Malformed> {
    Host::parse(text)
        .map(|host| host.to_string())
        .map_err(|_| Malformed::new("host", "not a name or an address of a host"))
}
