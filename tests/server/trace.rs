//! Everything that is told through `tracing`, thread by thread.

use std::cell::RefCell;
use std::fmt::{Debug, Write as _};
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// A span or an event, with its fields in the order in which they were recorded.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) target: &'static str,
    pub(crate) text: String,
}

#[derive(Default)]
struct Heard {
    spans: Vec<Told>,
    events: Vec<Told>,
}

thread_local! {
    static HEARD: RefCell<Heard> = RefCell::default();
}

/// Keeps what each thread tells apart. It is the subscriber of the whole process: `tracing` asks
/// the thread that meets a span or an event first, once and for all, whether anybody wants it.
struct Listener;

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // How long it took is another number on every run.
        if field.name() != "micros" {
            write!(self.0, " {field}={value:?}").unwrap();
        }
    }
}

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut text = span.metadata().name().to_owned();
        span.record(&mut Line(&mut text));
        let target = span.metadata().target();
        HEARD.with_borrow_mut(|heard| {
            heard.spans.push(Told { target, text });
            Id::from_u64(heard.spans.len().try_into().unwrap())
        })
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        let at = usize::try_from(id.into_u64()).unwrap() - 1;
        HEARD.with_borrow_mut(|heard| values.record(&mut Line(&mut heard.spans[at].text)));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = event.metadata().level().to_string();
        event.record(&mut Line(&mut text));
        let target = event.metadata().target();
        HEARD.with_borrow_mut(|heard| heard.events.push(Told { target, text }));
    }

    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Begins to listen, to every target.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Listener).unwrap());
}

/// The spans and the events of this thread. Nothing may be open any more.
pub(crate) fn heard() -> (Vec<Told>, Vec<Told>) {
    let heard = HEARD.take();
    (heard.spans, heard.events)
}

/// What the layer itself has told.
pub(crate) fn of_layer(told: Vec<Told>) -> Vec<String> {
    told.into_iter()
        .filter(|told| told.target == "x428::server")
        .map(|told| told.text)
        .collect()
}
