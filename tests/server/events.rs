//! Spans and events name what was decided, and nobody.

use axum::http::StatusCode;

use crate::harness::*;
use crate::trace::{heard, listen, of_layer};

// r[verify attestation.privacy.redact]
#[tokio::test]
async fn every_decision_is_told_without_a_name() {
    listen();
    let guarded = guarded();
    assert!(guarded.get("/open").await.is_served());
    let payload = guarded.answer("/reports/1").await;
    let token = guarded.submit("/reports/1", &payload).await.token();
    let token = token.token.as_str();
    assert!(
        guarded
            .get_with_token("/reports/1", token)
            .await
            .is_served()
    );
    assert!(
        guarded
            .get_with_token("/accounts", token)
            .await
            .error()
            .is_some()
    );
    assert!(
        guarded
            .submit("/reports/1", &payload)
            .await
            .error()
            .is_some()
    );
    let posted = guarded.answer("/reports/1").await;
    guarded.post(posted.text().to_owned()).await.token();
    guarded.post("{}").await;
    let put = axum::extract::Request::put(x428::http::ATTESTATION_PATH);
    let put = guarded.send(put.body("".into()).unwrap()).await;
    assert_eq!(put.status, StatusCode::METHOD_NOT_ALLOWED);
    let (spans, events) = heard();
    assert_eq!(
        of_layer(events),
        [
            r#"DEBUG decision="challenged""#,
            r#"INFO decision="granted""#,
            r#"DEBUG decision="admitted""#,
            r#"INFO decision="refused" code="token_scope_mismatch""#,
            r#"INFO decision="refused" code="nonce_replayed""#,
            r#"DEBUG decision="challenged""#,
            r#"INFO decision="granted""#,
            r#"INFO decision="refused" code="unsupported_version""#,
        ]
    );
    assert_eq!(
        of_layer(spans),
        [
            r#"x428.request rule="reports" outcome="challenged""#,
            r#"x428.request rule="reports" outcome="granted""#,
            r#"x428.request rule="reports" outcome="admitted""#,
            r#"x428.request code="token_scope_mismatch" outcome="refused""#,
            r#"x428.request rule="reports" code="nonce_replayed" outcome="refused""#,
            r#"x428.request rule="reports" outcome="challenged""#,
            r#"x428.endpoint rule="reports" outcome="granted""#,
            r#"x428.endpoint code="unsupported_version" outcome="refused""#,
            r#"x428.endpoint outcome="ignored""#,
        ]
    );
}
