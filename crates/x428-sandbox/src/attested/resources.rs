//! What is guarded.

use axum::extract::{Extension, Path};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use x428::server::Attested;

const REPORTS: [(&str, u32); 3] = [("2026-q1", 900), ("2026-q2", 1100), ("2026-q3", 1200)];
const FILMS: [(&str, &str); 2] = [("1", "The Precondition"), ("2", "Required")];

pub(super) fn routes() -> Router {
    Router::new()
        .route("/reports/{quarter}", get(report))
        .route("/films/{number}", get(film))
        .route("/account", get(account))
        .fallback(async || nothing())
}

async fn report(Path(quarter): Path<String>) -> Response {
    match REPORTS.iter().find(|(name, _)| *name == quarter) {
        Some((quarter, revenue)) => {
            Json(json!({ "quarter": quarter, "revenue": revenue })).into_response()
        }
        None => nothing(),
    }
}

async fn film(Path(number): Path<String>) -> Response {
    match FILMS.iter().find(|(known, _)| *known == number) {
        Some((number, title)) => Json(json!({ "number": number, "title": title })).into_response(),
        None => nothing(),
    }
}

async fn account(Extension(attested): Extension<Attested>) -> Response {
    Json(json!({ "operator": attested.operator.as_str() })).into_response()
}

fn nothing() -> Response {
    let paths = ["/reports/2026-q3", "/films/1", "/account", "/"];
    let body = json!({ "detail": "There is nothing here.", "try": paths });
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    (StatusCode::NOT_FOUND, no_store, Json(body)).into_response()
}
