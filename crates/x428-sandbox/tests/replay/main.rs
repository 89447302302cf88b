//! Every HTTP exchange of the text, replayed against the server of the SDK.
//!
//! What the text shows is what is compared: status, header fields and JSON, with the order of their
//! members. Times are set so that they have to be equal. Nonces and tokens are of the server's
//! making, and so is what is signed over them: they are exchanged for those of the text, one to one.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod message;
mod replay;
mod text;

use replay::Replay;
use text::Text;

/// Exchanges that cannot be replayed, and why.
const UNREPLAYABLE: &[(&str, &str)] = &[];

// r[verify attestation.http.challenge-header]
// r[verify attestation.http.token-header]
// r[verify attestation.http.status]
// r[verify attestation.http.no-store]
// r[verify attestation.http.content-type]
// r[verify attestation.http.endpoint-method]
// r[verify attestation.http.endpoint-success]
// r[verify attestation.discovery.location]
// r[verify attestation.discovery.valid]
// r[verify attestation.x402.token-on-402]
// r[verify attestation.json.member-order]
#[tokio::test]
async fn every_exchange_of_the_text_is_answered_as_it_is_written() {
    let text = Text::read();
    let mut failures = Vec::new();
    for (id, messages) in &text.exchanges {
        if UNREPLAYABLE.iter().any(|(listed, _)| listed == id) {
            continue;
        }
        if let Err(why) = Replay::new(&text, messages).run().await {
            failures.push(format!("{id}: {why}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn what_is_not_replayed_is_in_the_text_and_has_a_reason() {
    let text = Text::read();
    assert!(text.exchanges.len() >= 6, "the text has lost its exchanges");
    for (id, reason) in UNREPLAYABLE {
        assert!(text.exchanges.contains_key(*id), "{id}");
        assert!(!reason.is_empty(), "{id}");
    }
}

/// A replay that cannot fail would show nothing.
#[tokio::test]
async fn a_change_of_the_text_is_found() {
    let text = Text::read();
    let exchange = &text.exchanges["handshake"];
    for (step, from, to) in [
        (1, "\"terms\"", "\"rules\""),
        (1, "no-store", "no-cache"),
        (1, "12:05:00Z", "12:05:01Z"),
        (1, "428", "403"),
        (3, "X-428-Token", "X-428-Other"),
        (0, "2026-q3", "2026-q4"),
    ] {
        let mut changed = exchange.clone();
        let message = &changed[step];
        assert!(message.source.contains(from), "{from}");
        let source = message.source.replace(from, to);
        changed[step] = message::Message::parse(&source, &message.carries);
        let verdict = Replay::new(&text, &changed).run().await;
        assert!(verdict.is_err(), "{from} → {to}");
    }
}
