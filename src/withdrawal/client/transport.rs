//! Requests over TLS, and answers that are read no further than needed.

use std::net::SocketAddr;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use reqwest::redirect;
use serde::Serialize;
use url::Url;
use zeroize::Zeroizing;

use super::ClientError;
use crate::error::{Malformed, Misuse, Unavailable};
use crate::jcs::{Limits, StrictJson};

/// The longest answer that is read, in bytes. A page of a hundred withdrawals takes a tenth of it.
const ANSWER_SIZE_MAX: usize = 1024 * 1024;
/// How deep an answer may nest: as deep as requests, and twice that for what is new.
const ANSWER_DEPTH_MAX: usize = 32;
/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(super) const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// The way to an exchange.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    http: reqwest::Client,
    loopback: Option<(url::Origin, SocketAddr)>,
}

/// A request. What is in it may be secret, so that it is not `Debug`.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Zeroizing<Vec<u8>>>,
}

/// An answer of which the body is read.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    body: Zeroizing<Vec<u8>>,
}

impl Transport {
    /// A transport by HTTPS alone, which follows no redirection.
    ///
    /// # Errors
    /// [`Unavailable`] if the system has no certificate authorities.
    // r[impl withdrawal.oauth.tls]
    pub(super) fn new(http: reqwest::ClientBuilder) -> Result<Self, Unavailable> {
        let http = http
            .redirect(redirect::Policy::none())
            .https_only(true)
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| Unavailable::new("HTTP client", error))?;
        Ok(Self {
            http,
            loopback: None,
        })
    }

    /// A transport without TLS to an address of this machine, for one origin and nothing else.
    pub(super) fn danger_plain(issuer: &Url, address: SocketAddr) -> Result<Self, ClientError> {
        if !address.ip().is_loopback() {
            return Err(
                Misuse::new("without TLS, only an address of loopback is connected to").into(),
            );
        }
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| Unavailable::new("HTTP client", error))?;
        Ok(Self {
            http,
            loopback: Some((issuer.origin(), address)),
        })
    }

    /// Makes a request once.
    ///
    /// # Errors
    /// [`ClientError::Unavailable`] if there is no whole answer, [`ClientError::Malformed`] if it
    /// is too long.
    pub(super) async fn send(&self, request: Request) -> Result<Answer, ClientError> {
        let mut url = request.url;
        if url.scheme() != "https" {
            return Err(ClientError::Untrusted("an address that is not https"));
        }
        let mut headers = request.headers;
        if let Some((origin, address)) = &self.loopback {
            if url.origin() != *origin {
                return Err(ClientError::Untrusted("an address of another origin"));
            }
            url = plain(&url, *address)?;
        }
        headers.insert(header::ACCEPT, JSON);
        headers.insert(
            header::ACCEPT_ENCODING,
            HeaderValue::from_static("identity"),
        );
        let mut sent = self.http.request(request.method, url).headers(headers);
        if let Some(body) = request.body {
            sent = sent.body(body.to_vec());
        }
        let response = sent.send().await.map_err(|error| outage(&error))?;
        read(response).await
    }
}

fn plain(url: &Url, address: SocketAddr) -> Result<Url, ClientError> {
    let below = &url[url::Position::BeforePath..];
    Url::parse(&format!("http://{address}{below}"))
        .map_err(|_| Misuse::new("no URL of loopback").into())
}

// A URL may hold what the error should not.
fn outage(error: &reqwest::Error) -> ClientError {
    let why = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "no whole answer"
    };
    Unavailable::new("exchange", why).into()
}

async fn read(mut response: reqwest::Response) -> Result<Answer, ClientError> {
    let too_long = || Malformed::new("answer", format!("longer than {ANSWER_SIZE_MAX} bytes"));
    let announced = response.content_length().unwrap_or_default();
    if announced > ANSWER_SIZE_MAX as u64 {
        return Err(too_long().into());
    }
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(|error| outage(&error))? {
        if body.len() + chunk.len() > ANSWER_SIZE_MAX {
            return Err(too_long().into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        status,
        headers,
        body,
    })
}

impl Request {
    pub(super) fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: None,
        }
    }

    /// With a value as its body.
    pub(super) fn with_json(self, value: &impl Serialize) -> Result<Self, Misuse> {
        let body = serde_json::to_vec(value).map_err(|error| Misuse::new(error.to_string()))?;
        Ok(self.with(JSON, body))
    }

    /// With a body and its media type.
    pub(super) fn with(mut self, kind: HeaderValue, body: Vec<u8>) -> Self {
        self.headers.insert(header::CONTENT_TYPE, kind);
        self.body = Some(Zeroizing::new(body));
        self
    }
}

impl Answer {
    /// The body as strict JSON, which has to be an object.
    ///
    /// # Errors
    /// [`Malformed`] for another media type, and for a body that is not one JSON text with one
    /// reading.
    // r[impl withdrawal.json.text]
    // r[impl withdrawal.json.duplicate-members]
    pub(super) fn json(&self) -> Result<StrictJson, Malformed> {
        if !self.is_json() {
            return Err(Malformed::new(
                "answer",
                "not of the media type `application/json`",
            ));
        }
        let limits = Limits {
            bytes: ANSWER_SIZE_MAX,
            depth: ANSWER_DEPTH_MAX,
        };
        let json = StrictJson::parse(&self.body, limits)?;
        json.object()?;
        Ok(json)
    }

    fn is_json(&self) -> bool {
        let value = self.headers.get(header::CONTENT_TYPE);
        let value = value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let essence = value.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    }

    /// The seconds of `Retry-After`, if it is there in that form.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let value = self.headers.get(header::RETRY_AFTER)?.to_str().ok()?;
        value.parse().ok().map(Duration::from_secs)
    }
}
