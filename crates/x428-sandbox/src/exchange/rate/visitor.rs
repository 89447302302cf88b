//! What is known of who sends a request, while it is answered.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{ConnectInfo, Request};
use axum::middleware::Next;
use axum::response::Response;
use jiff::Timestamp;

use super::Left;
use super::origin::{Origin, Peer};
use crate::exchange::Exchange;

/// Who sends a request.
#[derive(Debug, Default)]
pub(crate) struct Visitor {
    origin: Origin,
    known: AtomicBool,
    left: Mutex<Option<Left>>,
}

impl Visitor {
    /// Where the request comes from.
    pub(crate) fn origin(&self) -> Origin {
        self.origin
    }

    /// Says that it has been shown who it is: the origin gets its request back.
    pub(crate) fn is_known(&self) {
        self.known.store(true, Ordering::Relaxed);
    }

    /// Says what is left.
    pub(super) fn show(&self, left: Left) {
        if let Ok(mut shown) = self.left.lock() {
            *shown = Some(left);
        }
    }
}

/// Gives the request of a known visitor back, whether it was answered or given up.
struct Charged {
    exchange: Arc<Exchange>,
    visitor: Arc<Visitor>,
    at: Timestamp,
}

impl Drop for Charged {
    fn drop(&mut self) {
        if self.visitor.known.load(Ordering::Relaxed) {
            let origins = &self.exchange.rates.origins;
            origins.give_back(self.visitor.origin, self.at);
        }
    }
}

/// Counts a request where it comes from, and has it answered unless it is one too many.
// r[impl withdrawal.rate.scope]
pub(crate) async fn admit(
    exchange: Arc<Exchange>,
    mut request: Request,
    next: Next,
    refuse: fn(Left) -> Response,
) -> Response {
    let settings = &exchange.settings;
    let at = exchange.now();
    let peer = request.extensions().get::<ConnectInfo<Peer>>();
    let peer = peer.map(|ConnectInfo(peer)| *peer);
    let origin = Origin::of(peer, request.headers(), &settings.trusted_proxies);
    let limit = settings.requests_per_origin;
    let left = match exchange.rates.origins.charge(origin, limit, at) {
        Ok(left) => left,
        Err(left) => {
            let mut response = refuse(left);
            left.put(response.headers_mut());
            return response;
        }
    };
    let visitor = Arc::new(Visitor {
        origin,
        known: AtomicBool::new(false),
        left: Mutex::new(Some(left)),
    });
    request.extensions_mut().insert(Arc::clone(&visitor));
    let charged = Charged {
        exchange,
        visitor,
        at,
    };
    let mut response = next.run(request).await;
    let left = charged.visitor.left.lock().ok().and_then(|left| *left);
    if let Some(left) = left {
        left.put(response.headers_mut());
    }
    response
}
