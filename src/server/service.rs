//! The service.

use std::sync::Arc;
use std::task::{Context, Poll};

use ::http::{Method, Request, Response};
use bytes::Bytes;
use http_body::Body;
use tower_service::Service;

use super::attested::Attested;
use super::body::AttestationBody;
use super::builder::Server;
use super::decide::{Look, Verdict};
use super::future::AttestationFuture;
use crate::http::{ATTESTATION, TOKEN};

/// A service that is guarded: see the [module](super).
#[derive(Debug, Clone)]
pub struct AttestationService<S> {
    inner: S,
    server: Arc<Server>,
}

impl<S> AttestationService<S> {
    pub(super) fn new(inner: S, server: Arc<Server>) -> Self {
        Self { inner, server }
    }
}

impl<S: Clone> AttestationService<S> {
    /// The inner service that is ready; a clone takes its place.
    fn take_ready(&mut self) -> S {
        let clone = self.inner.clone();
        std::mem::replace(&mut self.inner, clone)
    }
}

impl<S, Q, B> Service<Request<Q>> for AttestationService<S>
where
    S: Service<Request<Q>, Response = Response<B>> + Clone,
    Q: Body + Send + 'static,
    Q::Data: Send,
    Q::Error: Send,
    B: Body<Data = Bytes>,
{
    type Response = Response<AttestationBody<B>>;
    type Error = S::Error;
    type Future = AttestationFuture<S, Q>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Q>) -> Self::Future {
        // r[impl attestation.http.options]
        if request.method() == Method::OPTIONS {
            return AttestationFuture::untouched(self.inner.call(request));
        }
        let path = request.uri().path();
        if let Some(response) = self.server.discover(request.method(), path) {
            return AttestationFuture::answer(response);
        }
        if self.server.is_endpoint(path) {
            let post = Arc::clone(&self.server).post(request);
            return AttestationFuture::wait(async { Verdict::Answer(post.await) }, None);
        }
        let server = Arc::clone(&self.server);
        match server.look(request.method(), request.uri(), request.headers()) {
            Look::Unguarded => AttestationFuture::untouched(self.inner.call(request)),
            Look::Answer(response) => AttestationFuture::answer(response),
            Look::Admit(attested) => {
                admit(&server, &mut request, *attested);
                AttestationFuture::finish(self.inner.call(request), server, None)
            }
            Look::Judge(guarded, payload) => {
                let watch = guarded.watch.clone();
                let judge = watch.around(Arc::clone(&server).judge(guarded, *payload));
                AttestationFuture::wait(judge, Some((self.take_ready(), request, server)))
            }
            Look::Ask(guarded, presented) => {
                let watch = guarded.watch.clone();
                let ask = watch.around(Arc::clone(&server).ask(guarded, *presented));
                AttestationFuture::wait(ask, Some((self.take_ready(), request, server)))
            }
        }
    }
}

/// Prepares a request for the inner service.
// r[impl attestation.http.inner-headers]
pub(super) fn admit<Q>(server: &Server, request: &mut Request<Q>, attested: Attested) {
    if !server.forwards_headers {
        request.headers_mut().remove(ATTESTATION);
        request.headers_mut().remove(TOKEN);
    }
    request.extensions_mut().insert(attested);
}
