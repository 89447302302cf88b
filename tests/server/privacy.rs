//! Nothing that is told of a handshake is about anybody (section 14).

use axum::http::StatusCode;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use x428::clock::Clock as _;
use x428::sign::SigningKey;

use crate::harness::*;
use crate::metrics::Book;
use crate::trace::{heard, listen};

/// What belongs to somebody: every string of what was sent and received, whole and in pieces.
fn pieces(message: &Value, into: &mut Vec<String>) {
    match message {
        Value::String(text) => into.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|item| pieces(item, into)),
        Value::Object(members) => members.values().for_each(|member| pieces(member, into)),
        _ => {}
    }
}

// r[verify attestation.privacy.redact]
#[tokio::test]
async fn no_span_event_or_metric_of_a_handshake_is_about_anybody() {
    listen();
    let book = Book::default();
    let _guard = metrics::set_default_local_recorder(&book);
    let guarded = guarded();
    let path = "/reports/1?customer=4711";

    let asked = guarded.get(path).await;
    let payload = sign(&asked.challenge(), guarded.clock.now());
    let granted = guarded.submit(path, &payload).await;
    let token = granted.token();
    assert!(
        guarded
            .get_with_token(path, token.token.as_str())
            .await
            .is_served()
    );
    let replayed = guarded.submit(path, &payload).await;
    assert!(replayed.error().is_some());
    let posted = guarded.answer(path).await;
    guarded.post(posted.text().to_owned()).await.token();
    let again = guarded.post(posted.text().to_owned()).await;
    assert_eq!(again.status, StatusCode::PRECONDITION_REQUIRED);
    assert!(
        guarded
            .get_with_token("/accounts?customer=4711", token.token.as_str())
            .await
            .error()
            .is_some()
    );
    guarded.clock.pass(3601);
    let expired = guarded.get_with_token(path, token.token.as_str()).await;
    assert!(expired.error().is_some());

    let did = operator_did(&operator());
    let mut personal = vec![
        did.clone(),
        did.rsplit(':').next().unwrap().to_owned(),
        "4711".to_owned(),
        "api.example.com".to_owned(),
        "/reports/1".to_owned(),
        payload.to_header().unwrap(),
        hex(&Sha256::digest(token.token.as_str())),
    ];
    for message in [&asked, &replayed] {
        pieces(&message.json(), &mut personal);
    }
    for text in [payload.text(), posted.text()] {
        pieces(&serde_json::from_str(text).unwrap(), &mut personal);
    }
    pieces(&serde_json::to_value(&token).unwrap(), &mut personal);
    // The words of the specification and the ids of preconditions name nobody.
    personal.retain(|piece| {
        let words = ["tos", "self", "terms", "2026-11", "nonce_replayed"];
        !words.contains(&piece.as_str())
    });
    assert!(personal.len() > 20, "{personal:?}");

    let (spans, events) = heard();
    let counted = book.lines();
    assert!(spans.len() >= 8 && events.len() >= 8 && counted.len() >= 6);
    let told = spans.into_iter().chain(events).map(|told| told.text);
    for line in told.chain(counted) {
        for piece in &personal {
            assert!(!line.contains(piece.as_str()), "{piece} in {line}");
        }
    }
}

fn operator_did(key: &SigningKey) -> String {
    key.did().unwrap().to_string()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}
