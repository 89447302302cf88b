//! Events name what was decided, and nobody.

use std::cell::RefCell;
use std::fmt::{Debug, Write as _};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::harness::*;

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Keeps the events of each thread apart. It is the subscriber of the whole process: `tracing`
/// asks the thread that meets an event first, once and for all, whether anybody wants it.
struct Lines;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // How long it took is another number on every run.
        if field.name() != "micros" {
            write!(self.0, " {field}={value:?}").unwrap();
        }
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "x428::server"
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        LINES.with_borrow_mut(|lines| lines.push(line.0));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

// r[verify attestation.privacy.redact]
#[tokio::test]
async fn every_decision_is_an_event_without_a_name() {
    tracing::subscriber::set_global_default(Lines).unwrap();
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
    assert_eq!(
        LINES.take(),
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
}
