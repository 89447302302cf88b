//! The addresses that the layer answers itself: discovery and the attestation endpoint.

use std::pin::pin;
use std::sync::Arc;

use ::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use bytes::{Buf as _, Bytes};
use http_body::Body;
use http_body_util::BodyExt as _;

use super::builder::Server;
use super::decide::Guarded;
use super::observe::{self, Watch};
use super::outgoing::Granted;
use crate::attestation::{Expected, Payload};
use crate::error::{Error, Misuse, Rejected};
use crate::http::{DISCOVERY_PATH, JSON, NO_STORE, is_json, response};
use crate::wire::attestation::{ErrorCode, JSON_SIZE_MAX};

/// A body that did not arrive in time.
struct TooSlow;

impl Server {
    /// The answer of the discovery document; nothing if the request is for something else.
    // r[impl attestation.discovery.location]
    // r[impl attestation.discovery.unguarded]
    pub(super) fn discover(&self, method: &Method, path: &str) -> Option<Response<Vec<u8>>> {
        if path != DISCOVERY_PATH {
            return None;
        }
        let document = self.discovery.as_ref()?;
        Some(match *method {
            Method::GET => document.clone(),
            Method::HEAD => {
                let length = HeaderValue::from(document.body().len());
                let mut response = document.clone().map(|_| Vec::new());
                response
                    .headers_mut()
                    .insert(header::CONTENT_LENGTH, length);
                response
            }
            _ => not_allowed("GET, HEAD, OPTIONS"),
        })
    }

    pub(super) fn is_endpoint(&self, path: &str) -> bool {
        self.endpoint.as_deref() == Some(path)
    }

    /// Answers a request to the attestation endpoint.
    // r[impl attestation.http.endpoint-method]
    // r[impl attestation.http.endpoint-success]
    pub(super) async fn post<B>(self: Arc<Self>, request: Request<B>) -> Response<Vec<u8>>
    where
        B: Body,
    {
        let watch = Watch::endpoint();
        if request.method() != Method::POST {
            watch.ignored();
            return not_allowed("POST, OPTIONS");
        }
        let submitted = self.submit(request, watch.clone());
        watch.around(submitted).await
    }

    async fn submit<B: Body>(&self, request: Request<B>, watch: Watch) -> Response<Vec<u8>> {
        let (parts, body) = request.into_parts();
        let payload = match self.receive(&parts.headers, body).await {
            Ok(Ok(payload)) => payload,
            Ok(Err(rejected)) => return self.refuse_with(&rejected, None, &watch),
            Err(TooSlow) => {
                watch.ignored();
                return too_slow();
            }
        };
        // The resource is what the client says. It names preconditions, and is verified with them.
        let named = payload.resource().unwrap_or_default();
        let requirements = self.requirements_of(named);
        let sealed_with = self.expected(&requirements, &payload);
        let requirement = sealed_with.or(requirements.first());
        let Some(requirement) = requirement else {
            return self.refuse_unknown(&payload, &watch).await;
        };
        watch.rule(requirement);
        let expected = match sealed_with {
            Some(requirement) => Expected::sealed(&self.challenges, requirement.policy()),
            None => Expected::nothing(),
        };
        match self.accept(expected, requirement, &payload).await {
            Ok((_, granted)) => match self.grant(&granted) {
                Ok(response) => {
                    watch.granted();
                    response
                }
                Err(misuse) => self.outage(&misuse.into(), &watch),
            },
            Err(Error::Rejected(rejected)) => {
                let guarded = Guarded {
                    resource: named.to_owned(),
                    requirement: requirement.clone(),
                    watch,
                };
                self.refuse(&guarded, &rejected)
            }
            Err(error) => self.outage(&error, &watch),
        }
    }

    fn grant(&self, granted: &Granted) -> Result<Response<Vec<u8>>, Misuse> {
        let mut response = response::accepted(&granted.token)?;
        self.dress(response.headers_mut());
        granted.put(response.headers_mut())?;
        Ok(response)
    }

    /// Refuses a payload for something that is not guarded here, in the order of the steps.
    async fn refuse_unknown(&self, payload: &Payload, watch: &Watch) -> Response<Vec<u8>> {
        match observe::verification(self.verifier.verify(Expected::nothing(), payload)).await {
            Err(Error::Rejected(rejected)) => self.refuse_with(&rejected, None, watch),
            Err(error) => self.outage(&error, watch),
            Ok(_) => {
                let why = "the payload answers another challenge";
                let rejected = Rejected::new(ErrorCode::ChallengeMismatch, why);
                self.refuse_with(&rejected, None, watch)
            }
        }
    }

    // r[impl attestation.submit.ambiguous]
    // r[impl attestation.http.endpoint-media-type]
    async fn receive<B: Body>(
        &self,
        headers: &HeaderMap,
        body: B,
    ) -> Result<Result<Payload, Rejected>, TooSlow> {
        let malformed = |why: &'static str| Rejected::new(ErrorCode::MalformedPayload, why);
        // Also where the headers say enough: a connection whose request was left unread is closed
        // by the server, perhaps before the answer has arrived.
        let read = tokio::time::timeout(self.body_timeout, read(body)).await;
        let read = read.map_err(|_| TooSlow)?;
        Ok(if Self::carries_payload(headers) {
            Err(malformed(
                "the request has a payload in the header and is a POST",
            ))
        } else if !is_json(headers) {
            Err(malformed(
                "the body is not of the media type `application/json`",
            ))
        } else {
            read.and_then(|text| Payload::from_body(&text))
        })
    }
}

/// Reads a body up to the longest JSON text, and not one frame further.
// r[impl attestation.http.endpoint-read]
// r[impl attestation.http.no-trailers]
async fn read<B: Body>(body: B) -> Result<Vec<u8>, Rejected> {
    let malformed = |why: &'static str| Rejected::new(ErrorCode::MalformedPayload, why);
    let too_long = || malformed("the body is longer than a payload may be");
    let longest = u64::try_from(JSON_SIZE_MAX).unwrap_or(u64::MAX);
    if body.size_hint().lower() > longest {
        return Err(too_long());
    }
    let mut body = pin!(body);
    let mut text = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| malformed("the body broke off"))?;
        let Ok(mut data) = frame.into_data() else {
            continue;
        };
        if text.len() + data.remaining() > JSON_SIZE_MAX {
            return Err(too_long());
        }
        let data: Bytes = data.copy_to_bytes(data.remaining());
        text.extend_from_slice(&data);
    }
    Ok(text)
}

fn not_allowed(allow: &'static str) -> Response<Vec<u8>> {
    let mut response = plain(
        StatusCode::METHOD_NOT_ALLOWED,
        br#"{"detail":"This address does not know the method."}"#,
    );
    let allow = HeaderValue::from_static(allow);
    response.headers_mut().insert(header::ALLOW, allow);
    response
}

/// RFC 9110 §15.5.9: nothing was refused, and nothing was read to the end.
fn too_slow() -> Response<Vec<u8>> {
    let mut response = plain(
        StatusCode::REQUEST_TIMEOUT,
        br#"{"detail":"The body did not arrive in time."}"#,
    );
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}

fn plain(status: StatusCode, body: &[u8]) -> Response<Vec<u8>> {
    let mut response = Response::new(body.to_vec());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    response
}
