use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

use super::{Answer, Browser, World};

/// A client with a token.
pub(crate) struct Wallet<'a> {
    pub(crate) world: &'a World,
    pub(crate) token: String,
    pub(crate) tokens: Value,
    pub(crate) browser: Browser<'a>,
}

impl Wallet<'_> {
    pub(crate) fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Request<Body> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        match body {
            None => request.body(Body::empty()),
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.to_string())),
        }
        .unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.world.send(self.request(Method::GET, path, None)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.world
            .send(self.request(Method::POST, path, Some(body)))
            .await
    }

    pub(crate) async fn act(&self, path: &str) -> Answer {
        self.world
            .send(self.request(Method::POST, path, None))
            .await
    }

    pub(crate) async fn submit(&self, key: &str, body: &Value) -> Answer {
        let mut request = self.request(Method::POST, "/withdrawals", Some(body));
        request
            .headers_mut()
            .insert("idempotency-key", key.parse().unwrap());
        self.world.send(request).await
    }

    /// What is available and what is reserved of ether, as the owner sees it.
    pub(crate) async fn balance(&mut self, asset: &str) -> (String, String) {
        let page = self.browser.get("/").await;
        let row = page
            .text
            .split(&format!("<td>{asset}</td><td>"))
            .nth(1)
            .unwrap();
        let mut cells = row.split("</td><td>");
        let available = cells.next().unwrap().to_owned();
        let reserved = cells
            .next()
            .unwrap()
            .split("</td>")
            .next()
            .unwrap()
            .to_owned();
        (available, reserved)
    }

    /// Meets a challenge by the app.
    pub(crate) async fn prove(&self, asked: &Answer) -> String {
        let id = asked.json()["challengeId"].as_str().unwrap().to_owned();
        let code = self.world.totp();
        let path = format!("/challenges/{id}/verify");
        let met = self
            .post(&path, &json!({"method": "totp", "code": code}))
            .await;
        assert_eq!(met.status, StatusCode::OK, "{}", met.text);
        // The next code is one of another step.
        self.world.clock.turn_seconds(30);
        met.json()["challengeProof"].as_str().unwrap().to_owned()
    }
}
