use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

/// What was answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// What a service answers to a request.
    pub(crate) async fn of(app: Router, request: Request<Body>) -> Self {
        let response = app.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The status and the code of an error; of a success, an empty one.
    pub(crate) fn outcome(&self) -> (u16, String) {
        let json: Value = serde_json::from_str(&self.text).unwrap_or_default();
        let code = json["error"]["code"].as_str().or(json["error"].as_str());
        (self.status.as_u16(), code.unwrap_or_default().to_owned())
    }

    pub(crate) fn is(&self, status: u16, code: &str) {
        assert_eq!(self.outcome(), (status, code.to_owned()), "{}", self.text);
    }
}
