//! What is counted, and how.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use jiff::Timestamp;
use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use x428::attestation::nonce::{Consumed, NonceStore};
use x428::did::fixed::FixedResolver;
use x428::error::Unavailable;

use crate::harness::*;

type Values = Arc<Mutex<BTreeMap<String, u64>>>;

/// Keeps the value of every counter, and how often every histogram got one.
#[derive(Clone, Default)]
pub(crate) struct Book {
    values: Values,
    described: Arc<Mutex<Vec<String>>>,
}

struct Cell {
    name: String,
    values: Values,
}

impl Cell {
    fn add(&self, value: u64) {
        let mut values = self.values.lock().unwrap();
        *values.entry(self.name.clone()).or_default() += value;
    }
}

impl CounterFn for Cell {
    fn increment(&self, value: u64) {
        self.add(value);
    }
    fn absolute(&self, _: u64) {
        unreachable!("counters are counted up")
    }
}

impl HistogramFn for Cell {
    fn record(&self, seconds: f64) {
        assert!(
            (0.0..600.0).contains(&seconds),
            "{} is {seconds}",
            self.name
        );
        self.add(1);
    }
}

impl Book {
    fn cell(&self, key: &Key) -> Arc<Cell> {
        let labels = key
            .labels()
            .map(|label| format!("{{{}={}}}", label.key(), label.value()));
        Arc::new(Cell {
            name: format!("{}{}", key.name(), labels.collect::<String>()),
            values: Arc::clone(&self.values),
        })
    }

    /// Name, labels and value of everything that was counted.
    pub(crate) fn lines(&self) -> Vec<String> {
        let values = self.values.lock().unwrap();
        let line = |(name, value): (&String, &u64)| format!("{name} {value}");
        values.iter().map(line).collect()
    }

    fn describe(&self, key: &KeyName) {
        self.described.lock().unwrap().push(key.as_str().to_owned());
    }
}

impl Recorder for Book {
    fn describe_counter(&self, key: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&key);
    }
    fn describe_gauge(&self, key: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&key);
    }
    fn describe_histogram(&self, key: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&key);
    }
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(key))
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        unreachable!("{key} is no counter and no histogram")
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.cell(key))
    }
}

struct Down;

impl NonceStore for Down {
    async fn is_consumed(&self, _: &str) -> Result<bool, Unavailable> {
        Err(Unavailable::new("nonce store", "no answer"))
    }
    async fn consume(&self, _: &str, _: Timestamp) -> Result<Consumed, Unavailable> {
        Err(Unavailable::new("nonce store", "no answer"))
    }
}

#[tokio::test]
async fn every_metric_moves_and_is_described() {
    let book = Book::default();
    let _guard = metrics::set_default_local_recorder(&book);
    let guarded = guarded();

    let payload = guarded.answer("/reports/1").await;
    assert_eq!(book.lines(), ["x428_challenges_issued_total 1"]);
    let token = guarded.submit("/reports/1", &payload).await.token();
    let token = token.token.as_str();
    let served = guarded.get_with_token("/reports/1", token).await;
    assert!(served.is_served());
    guarded.submit("/reports/1", &payload).await;
    guarded.get_with_token("/accounts", token).await;
    guarded.get_with_token("/reports/1", "x").await;
    let posted = guarded.answer("/reports/1").await;
    guarded.post(posted.text().to_owned()).await.token();
    guarded.post("{}").await;
    guarded.clock.pass(3601);
    guarded.get_with_token("/reports/1", token).await;

    let other = builder_with(&guarded.clock, FixedResolver::new(), Down, '2');
    let other = of(other, &guarded.clock);
    let payload = other.answer("/reports/1").await;
    let answered = other.submit("/reports/1", &payload).await;
    assert_eq!(answered.status, StatusCode::SERVICE_UNAVAILABLE);
    guarded.clock.pass(-3601);
    other.get_with_token("/reports/1", token).await;

    assert_eq!(
        book.lines(),
        [
            "x428_attestations_accepted_total 2",
            "x428_attestations_rejected_total{code=nonce_replayed} 1",
            "x428_attestations_rejected_total{code=unsupported_version} 1",
            "x428_challenges_issued_total 8",
            "x428_tokens_opened_total 1",
            "x428_tokens_refused_total{reason=other_policy} 1",
            "x428_tokens_refused_total{reason=token_expired} 1",
            "x428_tokens_refused_total{reason=token_scope_mismatch} 1",
            "x428_tokens_refused_total{reason=unknown} 1",
            "x428_unavailable_total{what=nonce store} 1",
            "x428_verification_seconds 5",
        ]
    );

    let mut described = book.described.lock().unwrap().clone();
    described.sort_unstable();
    described.dedup();
    let mut counted: Vec<String> = book.values.lock().unwrap().keys().cloned().collect();
    for name in &mut counted {
        name.truncate(name.find('{').unwrap_or(name.len()));
    }
    counted.dedup();
    assert_eq!(described, counted, "what is described is what is counted");
    let guide = include_str!("../../spec/guides/watch.md");
    for name in counted {
        assert!(guide.contains(&format!("`{name}`")), "{name}");
    }
}
