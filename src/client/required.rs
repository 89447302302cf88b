//! Reading a 428: one of this protocol, or one that is passed on untouched.

use http::{Extensions, HeaderMap, Method, Version, header};
use reqwest::{Response, ResponseBuilderExt as _};
use url::Url;

use super::ClientError;
use super::transport::read;
use crate::error::Malformed;
use crate::http::{Field, PreconditionRequired, REQUIRED, STATUS, is_json};
use crate::wire::attestation::JSON_SIZE_MAX;

/// What a response turned out to be.
pub(super) enum Received {
    /// None of this protocol's refusals.
    Other(Response),
    /// A refusal, or a request for an attestation.
    Required(Box<PreconditionRequired>),
}

/// Looks at the response to a request of a method. `showed` says that the request carried a payload
/// or a token, so that a 428 without a challenge may be about that.
// r[impl attestation.http.other-428]
pub(super) async fn receive(
    response: Response,
    method: &Method,
    showed: bool,
) -> Result<Received, ClientError> {
    if response.status() != STATUS {
        return Ok(Received::Other(response));
    }
    let has_challenge = Field::of(response.headers(), &REQUIRED) != Field::Absent;
    let may_be_error = showed && is_json(response.headers()) && is_short(&response);
    if !has_challenge && !may_be_error {
        return Ok(Received::Other(response));
    }
    let head = Head::of(&response);
    let body = read(response, JSON_SIZE_MAX).await?;
    if body.is_empty() && method != Method::HEAD && has_challenge {
        return Err(Malformed::new("428 response", "it has no body").into());
    }
    match PreconditionRequired::read(STATUS, &head.headers, &body)? {
        Some(required) => Ok(Received::Required(Box::new(required))),
        None => Ok(Received::Other(head.with_body(body)?)),
    }
}

fn is_short(response: &Response) -> bool {
    let length = response.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse().ok());
    length.is_some_and(|length: usize| length <= JSON_SIZE_MAX)
}

/// A response without its body, to be put together again.
struct Head {
    headers: HeaderMap,
    version: Version,
    extensions: Extensions,
    url: Url,
}

impl Head {
    fn of(response: &Response) -> Self {
        Self {
            headers: response.headers().clone(),
            version: response.version(),
            extensions: response.extensions().clone(),
            url: response.url().clone(),
        }
    }

    fn with_body(self, body: Vec<u8>) -> Result<Response, ClientError> {
        let mut response = http::Response::builder()
            .status(STATUS)
            .version(self.version)
            .url(self.url)
            .body(body)
            .map_err(|_| Malformed::new("428 response", "it cannot be passed on"))?;
        *response.headers_mut() = self.headers;
        let url = std::mem::take(response.extensions_mut());
        *response.extensions_mut() = self.extensions;
        response.extensions_mut().extend(url);
        Ok(response.into())
    }
}
