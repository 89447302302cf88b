//! The example of an agent, against a server that asks for everything.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use x428::client::Question;
use x428::sign::SigningKey;

use super::server::Setup;

#[expect(
    dead_code,
    reason = "a test is no terminal, and calls what `main` calls"
)]
#[path = "../../examples/agent_client.rs"]
mod agent_client;

/// The example takes the time of the system, and so does its server.
fn server() -> Setup {
    Setup::everything().at(Timestamp::now())
}

#[tokio::test]
async fn the_agent_asks_in_plain_words_and_gets_the_report() {
    let server = server().start().await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    let ask = move |question: Question| {
        noted
            .lock()
            .unwrap()
            .push(agent_client::in_words(&question));
        async { true }
    };
    let key = SigningKey::from_seed(&[5; 32]);
    let did = key.did().unwrap();
    let policy = "otherwise = \"ask\"";
    let said = agent_client::fetch(&server.url("/r/1"), key, policy, ask).await;
    assert_eq!(said.unwrap(), "200 OK\nreport");
    let base = &server.base;
    assert_eq!(
        *asked.lock().unwrap(),
        [
            format!(
                "{base} asks you to accept its terms, version 1, {base}/terms.txt:\n\n\
                 Be kind, and cite us.\n"
            ),
            format!("{base} asks you to confirm that you are at least 18 years old."),
            format!("{base} asks you to identify yourself as {did}."),
        ]
    );
}

#[tokio::test]
async fn the_agent_takes_no_for_an_answer() {
    let server = server().start().await;
    let key = SigningKey::from_seed(&[5; 32]);
    let policy = format!(
        "otherwise = \"ask\"\n[[consent]]\norigins = [\"{}\"]\n\
         document-hosts = [\"127.0.0.1\"]\nage = 18",
        server.base
    );
    let no = |_: Question| async { false };
    let said = agent_client::fetch(&server.url("/r/1"), key, &policy, no).await;
    assert_eq!(said.unwrap(), "Not without \"who\".");
}

#[tokio::test]
async fn the_agent_says_why_it_was_refused() {
    let server = server()
        .lying(|guard, seen| {
            let code = x428::wire::attestation::ErrorCode::UnresolvableOperator;
            (seen.shows() == "payload").then(|| guard.refused(&seen.path, code))
        })
        .start()
        .await;
    let key = SigningKey::from_seed(&[5; 32]);
    let yes = |_: Question| async { true };
    let policy = "otherwise = \"ask\"";
    let said = agent_client::fetch(&server.url("/r/1"), key, policy, yes).await;
    assert_eq!(said.unwrap(), "Refused (unresolvable_operator): No.");
}
