//! The API (chapters 4 to 9): a file for each group of operations.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get, post, put};

use super::failure::Failure;
use super::{Exchange, call, rate};

pub(crate) mod assets;
mod challenges;
pub(crate) mod fees;
mod list;
mod quotes;
mod travel_rule;
mod webhooks;
pub(crate) mod withdrawals;

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
        .route("/webhooks/{id}/test", post(webhooks::test))
        .method_not_allowed_fallback(call::no_method)
        .fallback(call::nothing)
}

/// Counts requests where they come from.
pub(crate) async fn limits(
    State(exchange): State<Arc<Exchange>>,
    request: Request,
    next: Next,
) -> Response {
    rate::admit(exchange, request, next, |left| {
        Failure::from(left).into_response()
    })
    .await
}
