//! Consent of the operator: what was said beforehand, else what a person answers at a terminal.

use std::{
    io::{self, BufRead as _, IsTerminal as _, Read as _},
    str::FromStr,
};

use anyhow::{anyhow, bail};
use clap::Args;
use x428::{
    attestation::Challenge,
    client::{ConsentPolicy, Document, Origin, Question, Rule},
    did::Did,
    wire::attestation::{DocumentHash, MinimumAge, Precondition},
};

use crate::{
    advice::Advise as _,
    input,
    output::{harmless, harmless_line},
};

/// To what the operator has consented before.
#[derive(Args)]
pub(crate) struct Consents {
    /// Consent beforehand to this, and to nothing else; may be given several times:
    /// terms=HASH, terms-host=HOST, age=N, identity
    #[arg(long, value_name = "WHAT", conflicts_with = "policy")]
    yes_to: Vec<YesTo>,
    /// A consent policy in TOML
    #[arg(long, value_name = "FILE")]
    policy: Option<String>,
}

#[derive(Clone)]
enum YesTo {
    Terms(DocumentHash),
    TermsHost(String),
    Age(MinimumAge),
    Identity,
}

impl FromStr for YesTo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let forms = "one of terms=sha256-…, terms-host=HOST, age=N, identity";
        match text.split_once('=') {
            Some(("terms", hash)) => DocumentHash::parse(hash)
                .map(Self::Terms)
                .map_err(|_| "a hash is `sha256-` and 64 lowercase hexadecimal digits".to_owned()),
            Some(("terms-host", host)) if !host.is_empty() && !host.contains(['/', ':']) => {
                Ok(Self::TermsHost(host.to_owned()))
            }
            Some(("terms-host", _)) => Err("a host is a name, such as example.com".to_owned()),
            Some(("age", years)) => {
                let years = years
                    .parse()
                    .map_err(|_| "an age is a number of years".to_owned())?;
                MinimumAge::new(years)
                    .map(Self::Age)
                    .map_err(|error| error.to_string())
            }
            None if text == "identity" => Ok(Self::Identity),
            _ => Err(forms.to_owned()),
        }
    }
}

impl Consents {
    /// The policy towards a server. What it does not cover is asked for if a person is there.
    pub(crate) fn policy(&self, server: &Origin) -> anyhow::Result<ConsentPolicy> {
        if let Some(path) = &self.policy {
            return ConsentPolicy::from_toml(&input::read(path)?)
                .map_err(|error| anyhow!("{path}: {error}"))
                .advise("a policy is a list of [[consent]] with `origins` and `documents`, `document-hosts`, `age` or `identity`");
        }
        let mut rule = Rule::of([server.clone()]);
        for what in &self.yes_to {
            rule = match what {
                YesTo::Terms(hash) => rule.with_document(hash.clone()),
                YesTo::TermsHost(host) => rule.with_document_host(host.as_str()),
                YesTo::Age(age) => rule.with_age(*age),
                YesTo::Identity => rule.with_identity(),
            };
        }
        let policy = ConsentPolicy::new().with(rule);
        Ok(if is_someone_there() {
            policy.or_ask()
        } else {
            policy
        })
    }
}

/// Whether a person can be asked: a pipe has nobody at its end.
pub(crate) fn is_someone_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a person. Whatever is not `yes` is no, and so is the end of the input.
pub(crate) fn ask(question: &Question) -> bool {
    let asked = format!(
        "\n{} asks, for {}:\n  {}\n  attested by {}, signed with your key\n",
        harmless_line(question.server.as_str()),
        harmless_line(question.challenge.message().resource.as_str()),
        words(&question.precondition),
        question.operator,
    );
    converse(
        &asked,
        question.document.as_ref(),
        io::stdin().lock(),
        io::stderr(),
    )
    .unwrap_or(false)
}

/// The same for a precondition whose document has not been fetched.
pub(crate) fn ask_offline(
    challenge: &Challenge,
    precondition: &Precondition,
    operator: &Did,
) -> bool {
    let asked = format!(
        "\nThe challenge for {} asks:\n  {}\n  attested by {operator}, signed with your key\n",
        harmless_line(challenge.message().resource.as_str()),
        words(precondition),
    );
    converse(&asked, None, io::stdin().lock(), io::stderr()).unwrap_or(false)
}

fn converse(
    asked: &str,
    document: Option<&Document>,
    mut from: impl io::BufRead,
    mut to: impl io::Write,
) -> io::Result<bool> {
    let choices = match document {
        Some(_) => "Do you consent? [yes / no / show the document]",
        None => "Do you consent? [yes / no]",
    };
    writeln!(to, "{asked}")?;
    loop {
        write!(to, "{choices} ")?;
        to.flush()?;
        let mut answer = String::new();
        // A line is not endless.
        if from.by_ref().take(256).read_line(&mut answer)? == 0 {
            writeln!(to)?;
            return Ok(false);
        }
        match (answer.trim().to_ascii_lowercase().as_str(), document) {
            ("yes", _) => return Ok(true),
            ("show" | "s", Some(document)) => {
                let text = String::from_utf8_lossy(&document.bytes);
                writeln!(to, "\n{}\n", harmless(&text))?;
            }
            _ => return Ok(false),
        }
    }
}

/// What a precondition asks for, in plain words. Only what is signed is shown, not the hint of the
/// server.
pub(crate) fn words(precondition: &Precondition) -> String {
    match precondition {
        Precondition::Tos(tos) => format!(
            "that you accept its terms, version {}\n  {}\n  {}",
            harmless_line(tos.tos_version.as_str()),
            harmless_line(tos.document_url.as_str()),
            tos.document_hash.as_str(),
        ),
        Precondition::Age(age) => format!(
            "that the operator is at least {} years old",
            age.minimum_age.get()
        ),
        Precondition::Identity(_) => "who the operator is, by its DID".to_owned(),
        other => format!(
            "something of the type {:?}, which this command does not know",
            harmless_line(other.type_())
        ),
    }
}

/// What would have to be said beforehand.
pub(crate) fn flags(challenge: &Challenge) -> anyhow::Result<String> {
    let mut flags = Vec::new();
    for precondition in &*challenge.message().preconditions {
        flags.push(match precondition {
            Precondition::Tos(tos) => format!("--yes-to terms={}", tos.document_hash.as_str()),
            Precondition::Age(age) => format!("--yes-to age={}", age.minimum_age.get()),
            Precondition::Identity(_) => "--yes-to identity".to_owned(),
            _ => bail!("a type that this command does not know"),
        });
    }
    Ok(flags.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(input: &str) -> bool {
        converse("asked", None, input.as_bytes(), io::sink()).unwrap()
    }

    // r[verify attestation.client.consent]
    #[test]
    fn only_yes_is_consent() {
        assert!(answered("yes\n"));
        assert!(answered("YES"));
        for input in ["", "\n", "y\n", "no\n", "yes please\n", "show\n", "sure"] {
            assert!(!answered(input), "{input:?}");
        }
    }

    #[test]
    fn consent_beforehand_is_spelled_exactly() {
        let hash = format!("terms=sha256-{}", "a".repeat(64));
        for text in [
            hash.as_str(),
            "terms-host=example.com",
            "age=18",
            "identity",
        ] {
            assert!(text.parse::<YesTo>().is_ok(), "{text}");
        }
        for text in [
            "",
            "terms",
            "terms=",
            "terms=any",
            "terms-host=",
            "terms-host=a/b",
            "age=-1",
            "age",
            "identity=yes",
            "all",
        ] {
            assert!(text.parse::<YesTo>().is_err(), "{text}");
        }
    }
}
