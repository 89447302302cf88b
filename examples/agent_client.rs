//! An agent's HTTP client that attests what its operator consents to, and asks for the rest.
//!
//! ```sh
//! cargo run --features client --example agent_client -- http://127.0.0.1:4280/reports/2026-q3
//! cargo run --features client --example agent_client -- URL consent.toml
//! ```
//!
//! The model that drives an agent sees the response and nothing of the attestation: it neither
//! decides nor holds the key.

#![expect(clippy::print_stdout, reason = "an example talks to a person")]

use std::error::Error;
use std::io::Write as _;

use x428::client::{Ask, AttestationMiddleware, ClientError, ConsentPolicy, Operator, Question};
use x428::sign::SigningKey;
use x428::wire::attestation::Precondition;

/// What the operator has decided beforehand, if there is no file: nothing. The operator is asked.
const POLICY: &str = r#"otherwise = "ask""#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments
        .next()
        .ok_or("usage: agent_client URL [consent.toml]")?;
    let policy = match arguments.next() {
        Some(path) => std::fs::read_to_string(path)?,
        None => POLICY.to_owned(),
    };
    // An operator with a domain name has a did:web and a key that is kept; this one is new each time.
    let key = SigningKey::generate()?;
    println!("{}", fetch(&url, key, &policy, at_the_terminal).await?);
    Ok(())
}

/// Requests a resource for an operator, and says what came of it.
pub(crate) async fn fetch(
    url: &str,
    key: SigningKey,
    policy: &str,
    ask: impl Ask + Send + Sync + 'static,
) -> Result<String, Box<dyn Error>> {
    let operator = Operator::of_key(key)?;
    let policy = ConsentPolicy::from_toml(policy)?;
    let client = AttestationMiddleware::new(operator, policy)?
        .with_ask(ask)
        .attach(reqwest::Client::builder())?
        .build();
    match client.get(url).send().await {
        Ok(response) => Ok(format!("{}\n{}", response.status(), response.text().await?)),
        Err(error) => match ClientError::of(&error) {
            // The server is told nothing of it.
            Some(ClientError::ConsentDenied { precondition, .. }) => {
                Ok(format!("Not without {:?}.", precondition.as_str()))
            }
            Some(ClientError::Refused {
                code: Some(code),
                detail,
                ..
            }) => Ok(format!("Refused ({code}): {detail}")),
            _ => Err(error.into()),
        },
    }
}

/// Asks whoever sits at the terminal.
async fn at_the_terminal(question: Question) -> bool {
    println!("{}", in_words(&question));
    let read = tokio::task::spawn_blocking(|| {
        print!("Do you agree? [y/N] ");
        std::io::stdout().flush()?;
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    matches!(read.await, Ok(Ok(line)) if line.trim().eq_ignore_ascii_case("y"))
}

/// What would be attested, by the members that are signed. The hint of the server is left out.
pub(crate) fn in_words(question: &Question) -> String {
    let server = question.server.as_str();
    match &question.precondition {
        Precondition::Tos(tos) => {
            let document = question.document.as_ref();
            let text = document.map(|document| String::from_utf8_lossy(&document.bytes));
            format!(
                "{server} asks you to accept its terms, version {}, {}:\n\n{}",
                tos.tos_version.as_str(),
                tos.document_url.as_str(),
                text.unwrap_or_default(),
            )
        }
        Precondition::Age(age) => {
            let age = age.minimum_age.get();
            format!("{server} asks you to confirm that you are at least {age} years old.")
        }
        Precondition::Identity(_) => {
            format!(
                "{server} asks you to identify yourself as {}.",
                question.operator
            )
        }
        _ => format!("{server} asks for something that this program does not know."),
    }
}
