//! The middleware, and how it is put together.

use std::fmt;
use std::sync::Arc;

use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{Middleware, Next};

use super::consent::{Ask, ConsentPolicy, Nobody};
use super::document::Documents;
use super::handshake::Wire;
use super::operator::Operator;
use super::receipt::{AnyKeeper, Receipted, Receipts, UnkeptReceipt};
use super::tokens::TokenCache;
use crate::clock::{Clock, SystemClock};
use crate::did::DidResolver;
use crate::error::Unavailable;
use crate::sign::Signer;

/// How many tokens are kept, unless the caller says otherwise.
const TOKENS: usize = 256;
/// How many redirects are followed, unless the caller says otherwise.
const REDIRECTS: usize = 10;

/// Answers the challenges of servers for an operator, as far as the operator consents.
///
/// For each request it presents a token if it has one that opens the resource. To a 428 with a
/// challenge it does what section 6.2 asks of a client: it compares the challenge with the request,
/// asks the policy and, where the policy says so, the operator, fetches the documents and compares
/// their hashes, signs, and repeats the request once. Everything else passes through untouched, also
/// a 428 of another protocol.
///
/// A request whose body is a stream is sent once: if it is answered by a challenge, the error is
/// [`ClientError::NotReplayable`](super::ClientError::NotReplayable).
pub struct AttestationMiddleware<S, A = Nobody, C = SystemClock> {
    pub(super) operator: Operator<S>,
    pub(super) policy: ConsentPolicy,
    pub(super) ask: A,
    pub(super) clock: C,
    pub(super) documents: Documents,
    pub(super) tokens: Arc<TokenCache>,
    pub(super) redirects: usize,
    pub(super) receipts: Option<AnyKeeper>,
}

impl<S: Signer> AttestationMiddleware<S> {
    /// Attests for an operator what the policy consents to, and asks nobody.
    ///
    /// # Errors
    /// [`Unavailable`] if the system has no certificate authorities.
    pub fn new(operator: Operator<S>, policy: ConsentPolicy) -> Result<Self, Unavailable> {
        Ok(Self {
            operator,
            policy,
            ask: Nobody,
            clock: SystemClock,
            documents: Documents::new()?,
            tokens: Arc::new(TokenCache::new(TOKENS)),
            redirects: REDIRECTS,
            receipts: None,
        })
    }
}

impl<S, A, C> AttestationMiddleware<S, A, C> {
    /// Asks the operator where the policy says so.
    #[must_use]
    pub fn with_ask<B: Ask>(self, ask: B) -> AttestationMiddleware<S, B, C> {
        AttestationMiddleware {
            operator: self.operator,
            policy: self.policy,
            ask,
            clock: self.clock,
            documents: self.documents,
            tokens: self.tokens,
            redirects: self.redirects,
            receipts: self.receipts,
        }
    }

    /// Takes the time from another clock.
    #[must_use]
    pub fn with_clock<D: Clock>(self, clock: D) -> AttestationMiddleware<S, A, D> {
        AttestationMiddleware {
            operator: self.operator,
            policy: self.policy,
            ask: self.ask,
            clock,
            documents: self.documents,
            tokens: self.tokens,
            redirects: self.redirects,
            receipts: self.receipts,
        }
    }

    /// Fetches documents in another way.
    #[must_use]
    pub fn with_documents(mut self, documents: Documents) -> Self {
        self.documents = documents;
        self
    }

    /// Shares the tokens with other clients of the same operator.
    #[must_use]
    pub fn with_tokens(mut self, tokens: Arc<TokenCache>) -> Self {
        self.tokens = tokens;
        self
    }

    /// Follows so many redirects of one request. With 0, the redirect is the response.
    #[must_use]
    pub fn with_redirect_limit(mut self, limit: usize) -> Self {
        self.redirects = limit;
        self
    }

    /// Checks and keeps the receipts of servers. The response to a payload waits for it.
    // r[impl attestation.receipt.keep]
    #[must_use]
    pub fn with_receipts<R, F>(mut self, receipts: Receipts<R, F>) -> Self
    where
        R: DidResolver + Send + Sync + 'static,
        F: Fn(Result<Receipted, UnkeptReceipt>) + Send + Sync + 'static,
    {
        self.receipts = Some(Arc::new(receipts));
        self
    }
}

impl<S, A, C> AttestationMiddleware<S, A, C>
where
    S: Signer + Send + Sync + 'static,
    A: Ask + Send + Sync + 'static,
    C: Clock + Send + Sync + 'static,
{
    /// Makes a client of it, to which other middleware can be added.
    ///
    /// The HTTP client is built to follow no redirects: it would take the token along to another
    /// origin. They are followed here. Middleware that is added behind this one must not repeat
    /// requests: a payload is submitted once.
    ///
    /// # Errors
    /// [`Unavailable`] if the HTTP client cannot be built, such as on a system without certificate
    /// authorities.
    pub fn attach(
        self,
        client: reqwest::ClientBuilder,
    ) -> Result<reqwest_middleware::ClientBuilder, Unavailable> {
        let client = client
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Unavailable::new("HTTP client", error))?;
        let attached = Attached {
            middleware: self,
            is_own_client: true,
        };
        Ok(reqwest_middleware::ClientBuilder::new(client).with(attached))
    }

    /// Makes a middleware of it, for a client that exists already.
    ///
    /// The client must have been built with [`redirect::Policy::none`]. One that follows redirects
    /// sends tokens and payloads wherever a server redirects it to.
    ///
    /// [`redirect::Policy::none`]: reqwest::redirect::Policy::none
    pub fn danger_into_middleware(self) -> impl Middleware {
        Attached {
            middleware: self,
            is_own_client: false,
        }
    }
}

impl<S, A, C> fmt::Debug for AttestationMiddleware<S, A, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttestationMiddleware")
            .field("policy", &self.policy)
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

struct Attached<S, A, C> {
    middleware: AttestationMiddleware<S, A, C>,
    /// Whether the client was built here, and is known to follow no redirects.
    is_own_client: bool,
}

#[async_trait::async_trait]
impl<S, A, C> Middleware for Attached<S, A, C>
where
    S: Signer + Send + Sync + 'static,
    A: Ask + Send + Sync + 'static,
    C: Clock + Send + Sync + 'static,
{
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        let mut wire = Wire::new(next, extensions, self.is_own_client);
        Ok(self.middleware.run(request, &mut wire).await?)
    }
}
