//! The API (chapters 4 to 9): a file for each group of operations.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::{delete, get, post, put};

use super::Exchange;
use super::call::{self, RATE_LIMIT, RATE_LIMIT_POLICY};
use super::rate::Left;

pub(crate) mod assets;
mod challenges;
pub(crate) mod fees;
mod list;
mod quotes;
mod travel_rule;
mod webhooks;
pub(crate) mod withdrawals;

/// Where the middleware reads what is left of the rate.
pub(crate) type Shown = Arc<Mutex<Option<Left>>>;

/// The operations that need a token.
pub(crate) fn routes() -> Router<Arc<Exchange>> {
    Router::new()
        .route("/assets", get(assets::list))
        .route("/assets/{asset}", get(assets::get))
        .route("/withdrawals/quotes", post(quotes::post))
        .route("/withdrawals", get(list::get).post(withdrawals::post))
        .route("/withdrawals/{id}", get(withdrawals::get))
        .route("/withdrawals/{id}/cancel", post(withdrawals::cancel))
        .route("/withdrawals/{id}/travel-rule", put(travel_rule::put))
        .route("/challenges/{id}", get(challenges::get))
        .route("/challenges/{id}/start", post(challenges::post_start))
        .route("/challenges/{id}/verify", post(challenges::post_verify))
        .route("/challenges/{id}/cancel", post(challenges::cancel))
        .route("/webhooks", get(webhooks::list).post(webhooks::post))
        .route("/webhooks/{id}", delete(webhooks::delete))
        .method_not_allowed_fallback(call::no_method)
        .fallback(call::nothing)
}

/// Says with every response what is left of the rate.
// r[impl withdrawal.rate.headers]
pub(crate) async fn limits(
    State(exchange): State<Arc<Exchange>>,
    mut request: Request,
    next: Next,
) -> Response {
    let shown = Shown::default();
    request.extensions_mut().insert(Arc::clone(&shown));
    let mut response = next.run(request).await;
    let left = shown.lock().ok().and_then(|mut left| left.take());
    let limit = exchange.settings.requests_per_minute;
    if let Some(left) = left {
        let now = format!("\"minute\";r={};t={}", left.requests, left.seconds);
        let policy = format!("\"minute\";q={limit};w=60");
        for (name, value) in [(RATE_LIMIT, now), (RATE_LIMIT_POLICY, policy)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
    }
    response
}
