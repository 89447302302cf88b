//! Requests, as many as there may be, and responses, as long as they may be.

use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, Method, StatusCode};
use reqwest::redirect;
use url::Url;
use x428::http::{Field, PreconditionRequired};
use x428::wire::attestation::ErrorCode;

use super::{ServerRunError, holds};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// More than a response of the protocol has.
const LONGEST: usize = 256 * 1024;
/// Why a request was not sent. It says nothing about the server.
pub(super) const SPENT: &str = "the requests of the run are spent";
pub(super) const OVER: &str = "the time of the run is over";

pub(super) struct Wire {
    client: reqwest::Client,
    left: std::cell::Cell<usize>,
    deadline: Instant,
}

/// A response that has been read.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Wire {
    pub(super) fn new(requests: usize, deadline: Instant) -> Result<Self, ServerRunError> {
        // A connection for each request: a server may close one after an answer, and whoever sends
        // the next request at that moment would take it for a fault of the server.
        let client = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| ServerRunError::Unreachable(error.to_string()))?;
        Ok(Self {
            client,
            left: std::cell::Cell::new(requests),
            deadline,
        })
    }

    pub(super) async fn get(
        &self,
        url: &Url,
        headers: &[(HeaderName, &str)],
    ) -> Result<Answer, String> {
        self.send(Method::GET, url, headers, None).await
    }

    pub(super) async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: &[(HeaderName, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<Answer, String> {
        let Some(left) = self.left.get().checked_sub(1) else {
            return Err(SPENT.to_owned());
        };
        if Instant::now() >= self.deadline {
            return Err(OVER.to_owned());
        }
        self.left.set(left);
        let mut request = self.client.request(method, url.clone());
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let mut response = request.send().await.map_err(|error| chain(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| chain(&error))? {
            if body.len() + chunk.len() > LONGEST {
                return Err("the response is longer than 256 KiB".to_owned());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            headers,
            body,
        })
    }
}

impl Answer {
    /// The one value of a header.
    pub(super) fn header(&self, name: &HeaderName) -> Option<&str> {
        match Field::of(&self.headers, name) {
            Field::Once(value) => value.to_str().ok(),
            _ => None,
        }
    }

    /// The 428 that this is.
    pub(super) fn required(&self) -> Result<PreconditionRequired, String> {
        holds(self.status == x428::http::STATUS, || {
            format!("the status is {}", self.status)
        })?;
        PreconditionRequired::read(self.status, &self.headers, &self.body)
            .map_err(|error| error.to_string())?
            .ok_or_else(|| "it has neither X-428-Required nor an `error`".to_owned())
    }

    /// That this refuses with one of these codes.
    pub(super) fn refuses(&self, codes: &[ErrorCode]) -> Result<(), String> {
        let names = || {
            codes
                .iter()
                .map(|code| code.as_str())
                .collect::<Vec<_>>()
                .join(" or ")
        };
        let required = self
            .required()
            .map_err(|why| format!("expected {}, but {why}", names()))?;
        match required.error() {
            Some(code) if codes.contains(&code) => Ok(()),
            Some(code) => Err(format!("expected {}, got {}", names(), code.as_str())),
            None => Err(format!("expected {}, got a 428 without an error", names())),
        }
    }

    /// A directive of `Cache-Control`.
    pub(super) fn has_directive(&self, names: &[&str]) -> bool {
        let values = self.headers.get_all(http::header::CACHE_CONTROL);
        values
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|directive| {
                names
                    .iter()
                    .any(|name| directive.trim().eq_ignore_ascii_case(name))
            })
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
