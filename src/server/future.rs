//! The future of a guarded response.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::http::{Request, Response};
use bytes::Bytes;
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::backends::Boxed;
use super::body::AttestationBody;
use super::builder::Server;
use super::decide::Verdict;
use super::observe::Watch;
use super::outgoing::Granted;
use super::service::admit;

/// The inner service with the request that waits for it.
type Waiting<S, Q> = (S, Request<Q>, Arc<Server>);

pin_project! {
    /// The future of a response that has passed the layer.
    ///
    /// It polls the inner service's own future. Only what has to wait for a verdict is boxed.
    pub struct AttestationFuture<S, Q>
    where
        S: Service<Request<Q>>,
    {
        #[pin]
        state: State<S, Q, S::Future>,
    }
}

pin_project! {
    #[project = StatePin]
    enum State<S, Q, F> {
        Untouched { #[pin] future: F },
        Finish { #[pin] future: F, server: Arc<Server>, granted: Option<Box<Granted>> },
        Wait { verdict: Boxed<'static, Verdict>, waiting: Option<Waiting<S, Q>> },
        Answer { response: Option<Response<Vec<u8>>> },
    }
}

impl<S, Q> AttestationFuture<S, Q>
where
    S: Service<Request<Q>>,
{
    pub(super) fn untouched(future: S::Future) -> Self {
        Self {
            state: State::Untouched { future },
        }
    }

    pub(super) fn finish(
        future: S::Future,
        server: Arc<Server>,
        granted: Option<Box<Granted>>,
    ) -> Self {
        Self {
            state: State::Finish {
                future,
                server,
                granted,
            },
        }
    }

    pub(super) fn wait(
        verdict: impl Future<Output = Verdict> + Send + 'static,
        waiting: Option<Waiting<S, Q>>,
    ) -> Self {
        Self {
            state: State::Wait {
                verdict: Box::pin(verdict),
                waiting,
            },
        }
    }

    pub(super) fn answer(response: Response<Vec<u8>>) -> Self {
        Self {
            state: State::Answer {
                response: Some(response),
            },
        }
    }
}

impl<S, Q, B> Future for AttestationFuture<S, Q>
where
    S: Service<Request<Q>, Response = Response<B>>,
    B: Body<Data = Bytes>,
{
    type Output = Result<Response<AttestationBody<B>>, S::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StatePin::Untouched { future } => {
                    let response = ready!(future.poll(context))?;
                    return Poll::Ready(Ok(response.map(AttestationBody::inner)));
                }
                StatePin::Finish {
                    future,
                    server,
                    granted,
                } => {
                    let mut response = ready!(future.poll(context))?;
                    let finished = server.finish(response.headers_mut(), granted.as_deref());
                    return Poll::Ready(Ok(match finished {
                        Ok(()) => response.map(AttestationBody::inner),
                        Err(misuse) => server
                            .outage(&misuse.into(), &Watch::afterwards())
                            .map(AttestationBody::own),
                    }));
                }
                StatePin::Answer { response } => match response.take() {
                    Some(response) => return Poll::Ready(Ok(response.map(AttestationBody::own))),
                    // Polled after its end, which no caller may do.
                    None => return Poll::Pending,
                },
                StatePin::Wait { verdict, waiting } => {
                    match (ready!(verdict.as_mut().poll(context)), waiting.take()) {
                        (Verdict::Answer(response), _) => State::Answer {
                            response: Some(response),
                        },
                        (
                            Verdict::Forward(attested, granted),
                            Some((mut inner, mut request, server)),
                        ) => {
                            admit(&server, &mut request, *attested);
                            State::Finish {
                                future: inner.call(request),
                                server,
                                granted,
                            }
                        }
                        (Verdict::Forward(..), None) => return Poll::Pending,
                    }
                }
            };
            state.set(next);
        }
    }
}

impl<S, Q> fmt::Debug for AttestationFuture<S, Q>
where
    S: Service<Request<Q>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttestationFuture").finish_non_exhaustive()
    }
}
