//! The server: files of the book, a script in its pages, and the stream of events.

use std::{convert::Infallible, path::Path};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::get,
};
use futures_util::{Stream, stream};
use tower_http::services::ServeDir;

use super::live::Live;

const SCRIPT: &str = include_str!("live.js");
const STYLE: &str = include_str!("live.css");
const TAG: &[u8] =
    b"<link rel=\"stylesheet\" href=\"/-/live.css\"><script src=\"/-/live.js\"></script>";

/// Larger pages are served as they are, without the script.
const PAGE_LIMIT: usize = 64 * 1024 * 1024;

/// The routes: everything below `html`, and `/-/` for the live parts.
pub fn site(html: &Path, live: Live) -> Router {
    // ServeDir refuses paths that lead out of its directory.
    let files = ServeDir::new(html).not_found_service(get(missing));
    Router::new()
        .route("/-/events", get(events))
        .route(
            "/-/live.js",
            get(|| async { ([(header::CONTENT_TYPE, "text/javascript")], SCRIPT) }),
        )
        .route(
            "/-/live.css",
            get(|| async { ([(header::CONTENT_TYPE, "text/css")], STYLE) }),
        )
        .fallback_service(files)
        .layer(middleware::from_fn(enliven))
        .with_state(live)
}

/// Also the first page of a book that could not be built yet.
async fn missing() -> Response {
    let page = "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>x428</title><p>There is no such page.</p></html>";
    (
        StatusCode::NOT_FOUND,
        [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
        page,
    )
        .into_response()
}

async fn events(State(live): State<Live>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let states = stream::unfold(live.follow(), |mut receiver| async move {
        receiver.changed().await.ok()?;
        let text = serde_json::to_string(&*receiver.borrow_and_update()).unwrap_or_default();
        Some((Ok(Event::default().data(text)), receiver))
    });
    Sse::new(states).keep_alive(KeepAlive::default())
}

/// Adds the script to pages, and keeps the browser from showing an old one.
async fn enliven(request: Request, next: Next) -> Response {
    let (mut parts, body) = next.run(request).await.into_parts();
    parts
        .headers
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let is_page = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("text/html"));
    if !is_page {
        return Response::from_parts(parts, body);
    }
    match to_bytes(body, PAGE_LIMIT).await {
        Ok(page) => {
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, Body::from([&page[..], TAG].concat()))
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
