//! The handshake, from the side of the client.

use std::net::SocketAddr;

use http::{Extensions, Method, StatusCode};
use reqwest::{Request, Response};
use reqwest_middleware::Next;
use url::Url;

use super::answer::Submission;
use super::consent::Ask;
use super::error::ClientError;
use super::middleware::AttestationMiddleware;
use super::receipt::Receipted;
use super::redirect;
use super::required::{Received, receive};
use super::transport::{is_secure, read};
use crate::attestation::header::Form;
use crate::attestation::token;
use crate::clock::Clock;
use crate::did::Did;
use crate::error::{Error, Malformed, Misuse};
use crate::http::{Field, PreconditionRequired, TOKEN, request, response};
use crate::jcs::{Limits, StrictJson};
use crate::sign::Signer;
use crate::wire::attestation::{AttestationToken, JSON_SIZE_MAX};

/// The way to the server, through the middleware behind this one.
pub(super) struct Wire<'a> {
    next: Next<'a>,
    extensions: &'a mut Extensions,
    follows_nothing: bool,
}

impl<'a> Wire<'a> {
    /// `follows_nothing` says that the HTTP client is known to follow no redirects.
    pub(super) fn new(
        next: Next<'a>,
        extensions: &'a mut Extensions,
        follows_nothing: bool,
    ) -> Self {
        Self {
            next,
            extensions,
            follows_nothing,
        }
    }

    async fn send(&mut self, request: Request) -> Result<Response, ClientError> {
        let mut asked = request.url().clone();
        let response = self.next.clone().run(request, self.extensions).await?;
        let mut answered = response.url().clone();
        asked.set_fragment(None);
        answered.set_fragment(None);
        if !self.follows_nothing && asked != answered {
            let why = "the HTTP client follows redirects by itself, and takes tokens along";
            return Err(Misuse::new(why).into());
        }
        Ok(response)
    }
}

/// What a request shows.
enum Shown {
    Nothing,
    Token(AttestationToken),
    Payload(Box<Submission>),
}

impl<S, A, C> AttestationMiddleware<S, A, C>
where
    S: Signer + Send + Sync + 'static,
    A: Ask + Send + Sync + 'static,
    C: Clock + Send + Sync + 'static,
{
    // r[impl attestation.error.client-loop]
    // r[impl attestation.submit.same-request]
    // r[impl attestation.submit.post-then-request]
    // r[impl attestation.submit.once]
    pub(super) async fn run(
        &self,
        mut request: Request,
        wire: &mut Wire<'_>,
    ) -> Result<Response, ClientError> {
        let mut hops = 0;
        let mut proof = None;
        let mut has_answered = false;
        loop {
            let spare = request.try_clone();
            let bodiless = redirect::without_body(&request);
            let (method, url) = (request.method().clone(), request.url().clone());
            let shown = self.show(&mut request, proof.take())?;
            let response = wire.send(request).await?;
            if let Shown::Payload(submission) = &shown {
                self.take_grant(&response, submission, &url).await?;
            }
            if hops < self.redirects
                && let Some(target) = redirect::target(&response, &url)
            {
                let followed = redirect::followed(response.status(), spare, bodiless, target);
                let Some(next) = followed else {
                    return Ok(response);
                };
                request = next;
                hops += 1;
                // The next 428 is about another request.
                has_answered = false;
                continue;
            }
            let connected_to = response.remote_addr();
            let showed = !matches!(shown, Shown::Nothing);
            let required = match receive(response, &method, showed).await? {
                Received::Other(response) => return Ok(response),
                Received::Required(required) => required,
            };
            if let Shown::Token(token) = &shown {
                self.tokens.forget(token);
            }
            if has_answered {
                return Err(refused(&required));
            }
            let answer = self.accept(&required, spare, &url, connected_to).await?;
            has_answered = true;
            request = answer.request;
            proof = Some(match answer.submission.payload.form() {
                Form::Header => Shown::Payload(Box::new(answer.submission)),
                Form::Body => {
                    Shown::Token(self.post(&answer.submission, &request, &url, wire).await?)
                }
            });
        }
    }

    /// Presents what was just made or obtained, else a token that opens the URL.
    // r[impl attestation.submit.one-place]
    // r[impl attestation.token.present]
    fn show(&self, request: &mut Request, proof: Option<Shown>) -> Result<Shown, ClientError> {
        let now = self.clock.now();
        let kept = || {
            let token = self.tokens.find(request.url(), now);
            token.map_or(Shown::Nothing, Shown::Token)
        };
        let shown = match proof.unwrap_or_else(kept) {
            Shown::Token(_) if !is_secure(request.url(), None) => Shown::Nothing,
            shown => shown,
        };
        let headers = request.headers_mut();
        match &shown {
            Shown::Nothing => {}
            Shown::Token(token) => request::put_token(headers, token)?,
            Shown::Payload(submission) => {
                headers.remove(TOKEN);
                request::put_payload(headers, &submission.payload)?;
            }
        }
        Ok(shown)
    }

    /// Answers a challenge, if there is one and the request can be repeated.
    async fn accept(
        &self,
        required: &PreconditionRequired,
        spare: Option<Request>,
        url: &Url,
        connected_to: Option<SocketAddr>,
    ) -> Result<Answered, ClientError> {
        let Some(challenge) = required.challenge() else {
            return Err(refused(required));
        };
        let boxed = || Box::new(challenge.clone());
        if !is_secure(url, connected_to) {
            return Err(ClientError::InsecureTransport { challenge: boxed() });
        }
        let Some(request) = spare else {
            return Err(ClientError::NotReplayable { challenge: boxed() });
        };
        let received = required.received_challenge().cloned();
        let submission = self.answer(challenge.clone(), received, url).await?;
        Ok(Answered {
            request,
            submission,
        })
    }

    /// Takes the token of a response to a payload in a header, and the receipt.
    // r[impl attestation.http.repeated]
    // r[impl attestation.x402.token-with-payment]
    async fn take_grant(
        &self,
        response: &Response,
        submission: &Submission,
        url: &Url,
    ) -> Result<(), ClientError> {
        if Field::of(response.headers(), &TOKEN) == Field::Repeated {
            return Err(Malformed::new("token", "the header stands more than once").into());
        }
        // What the server did, it did. A token that cannot be read is one that was not granted.
        if let Ok(Some(token)) = response::token(response.headers()) {
            self.tokens.keep(token, url, self.clock.now());
            self.take_receipt(response, submission, url).await;
        }
        Ok(())
    }

    async fn take_receipt(&self, response: &Response, submission: &Submission, url: &Url) {
        let (Some(keeper), Some(challenge)) = (&self.receipts, &submission.received) else {
            return;
        };
        let headers = response.headers();
        let received = || {
            let Some(receipt) = response::receipt(headers)? else {
                return Ok(None);
            };
            let payload = submission.payload.text().as_bytes();
            Ok(Some(Receipted {
                receipt,
                challenge: challenge.clone(),
                payload: StrictJson::parse(payload, Limits::default())?,
                token: response::received_token(headers)?
                    .ok_or_else(|| Malformed::new("token", "there is none in the header"))?,
                documents: submission.documents.clone(),
            }))
        };
        if let Some(received) = received().transpose() {
            let announced = if received.is_ok() && keeper.asks_for_issuer() {
                self.receipt_issuer(url).await
            } else {
                Ok(None)
            };
            keeper.keep(received, self.operator.did(), announced).await;
        }
    }

    /// Whom the discovery document of a server names as the issuer of its receipts.
    // r[impl attestation.receipt.server-id]
    async fn receipt_issuer(&self, url: &Url) -> Result<Option<Did>, Error> {
        let document = self.documents.discover(url).await?;
        let named = document.and_then(|document| document.receipt_issuer);
        let named = named.map(|named| Did::parse(named.as_str()));
        Ok(named.transpose()?)
    }

    /// Posts a payload to the attestation endpoint, which has the origin of the resource, and returns
    /// the token.
    // r[impl attestation.submit.post]
    // r[impl attestation.http.endpoint-method]
    async fn post(
        &self,
        submission: &Submission,
        original: &Request,
        url: &Url,
        wire: &mut Wire<'_>,
    ) -> Result<AttestationToken, ClientError> {
        let endpoint = submission.challenge.message().attestation_endpoint.as_ref();
        let endpoint = endpoint.and_then(|endpoint| Url::parse(endpoint.as_str()).ok());
        let endpoint = endpoint.filter(|endpoint| endpoint.origin() == url.origin());
        let endpoint = endpoint.ok_or_else(|| Misuse::new("the endpoint is no URL"))?;
        let mut post = Request::new(Method::POST, endpoint);
        *post.timeout_mut() = original.timeout().copied();
        let body = request::post_payload(post.headers_mut(), &submission.payload)?;
        *post.body_mut() = Some(body.into());
        let response = wire.send(post).await?;
        let response = match receive(response, &Method::POST, true).await? {
            Received::Required(required) => return Err(refused(&required)),
            Received::Other(response) => response,
        };
        if response.status() != StatusCode::OK {
            let status = response.status().as_u16();
            return Err(ClientError::Endpoint { status });
        }
        let in_header = response::token(response.headers())?;
        self.take_receipt(&response, submission, url).await;
        let body = read(response, JSON_SIZE_MAX).await?;
        let token: AttestationToken = StrictJson::parse(&body, Limits::default())?.read("token")?;
        if in_header.is_some_and(|in_header| in_header != token) {
            return Err(Malformed::new("token", "header and body are not the same").into());
        }
        let now = self.clock.now();
        if let Err(error) = token::check(&token, url.as_str(), now) {
            return Err(Malformed::new("token", error.detail().to_owned()).into());
        }
        self.tokens.keep(token.clone(), url, now);
        Ok(token)
    }
}

/// A request to be repeated, and what it is to be repeated with.
struct Answered {
    request: Request,
    submission: Submission,
}

// r[impl attestation.error.detail-informative]
fn refused(required: &PreconditionRequired) -> ClientError {
    ClientError::Refused {
        code: required.error(),
        detail: required.detail().to_owned(),
        challenge: required.challenge().cloned().map(Box::new),
    }
}
