//! The requests of a client: with the token, once more where that is right, and no oftener.

use http::{Method, StatusCode, header};
use serde::Serialize;
use url::Url;

use super::high::{Proved, wants_nonce};
use super::metadata::url_of;
use super::transport::{Answer, Request};
use super::{Client, ClientError, Keeper, Time, Tokens, answer};
use crate::wire::withdrawal::headers::DPOP;
use crate::wire::withdrawal::{DpopProofClaimsNonce, WithdrawalErrorCode};

impl<K: Keeper, T: Time> Client<K, T> {
    pub(super) fn url(&self, path: &[&str]) -> Result<Url, ClientError> {
        let mut url = url_of(&self.discovered.exchange.base_url)?;
        url.path_segments_mut()
            .map_err(|()| ClientError::Untrusted("an address that is no URL"))?
            .pop_if_empty()
            .extend(path);
        Ok(url)
    }

    pub(super) fn request(&self, method: Method, path: &[&str]) -> Result<Request, ClientError> {
        Ok(Request::new(method, self.url(path)?))
    }

    pub(super) fn post(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<Request, ClientError> {
        Ok(Request::new(Method::POST, self.url(path)?).with_json(body)?)
    }

    /// Makes a request of the API once; a second time if the access token was refused and can be
    /// refreshed. A refused token means that nothing was done.
    pub(super) async fn once(&self, request: Request) -> Result<Answer, ClientError> {
        let tokens = self.token().await?;
        let answer = self.presenting(request.clone(), &tokens).await?;
        if !is_token_refused(&answer) {
            return Ok(answer);
        }
        let tokens = self.token_other_than(Some(&tokens)).await?;
        self.presenting(request, &tokens).await
    }

    /// Presents the token; in the High profile with a proof, and once more if that needs a nonce.
    async fn presenting(
        &self,
        mut request: Request,
        tokens: &Tokens,
    ) -> Result<Answer, ClientError> {
        let authorization = tokens.header(self.kind())?;
        request.headers.insert(header::AUTHORIZATION, authorization);
        let Some(keys) = self.authentication.keys() else {
            return self.transport.send(request).await;
        };
        let mut has_nonce = false;
        loop {
            let mut request = request.clone();
            let url = request.url.clone();
            let nonce = self.nonces.of(&url);
            let proof = keys.proof(Proved {
                algorithm: self.discovered.algorithm(),
                method: &request.method,
                url: &url,
                token: Some(tokens.access()),
                nonce: nonce.clone(),
                now: self.time.now(),
            });
            let proof = proof.await?;
            request.headers.insert(DPOP, proof);
            let answer = self.transport.send(request).await?;
            let wants_other = self.wants_other_nonce(&url, &answer, nonce.as_ref());
            if has_nonce || !wants_other {
                return Ok(answer);
            }
            has_nonce = true;
        }
    }

    /// Remembers the nonce that came with an answer, and says whether the request was refused
    /// because it carried another one, or none.
    pub(super) fn wants_other_nonce(
        &self,
        url: &Url,
        answer: &Answer,
        carried: Option<&DpopProofClaimsNonce>,
    ) -> bool {
        // Of requests that are made at once, each carried the old nonce, and for the first alone the
        // answer has a new one.
        let is_new = self.nonces.learn(url, answer);
        let is_other = is_new || self.nonces.of(url).as_ref() != carried;
        is_other && wants_nonce(answer)
    }

    /// Makes a request that may be repeated, until there is an answer that waiting does not change.
    /// `lost` becomes true if a request may have been answered without this client knowing how.
    // r[impl withdrawal.error.retry]
    pub(super) async fn repeated(
        &self,
        request: Request,
        lost: &mut bool,
    ) -> Result<Answer, ClientError> {
        let mut attempt = 1;
        loop {
            let outcome = self.once(request.clone()).await;
            let asked = match &outcome {
                Ok(answer) if answer.status.is_success() => return outcome,
                Ok(answer) => match answer::refusal(answer) {
                    ClientError::Refused(refusal) if refusal.passes() => {
                        // The first request with the key is still under way, or was.
                        let is_under_way = refusal.is(WithdrawalErrorCode::IdempotencyInProgress);
                        *lost |= refusal.status >= 500 || is_under_way;
                        refusal.retry_after
                    }
                    ClientError::Unavailable(_) => {
                        *lost = true;
                        answer.retry_after()
                    }
                    _ => return outcome,
                },
                Err(ClientError::Unavailable(_)) => {
                    *lost = true;
                    None
                }
                Err(_) => return outcome,
            };
            match self.patience.after(attempt, asked)? {
                Some(wait) => self.time.wait(wait).await,
                None => return outcome,
            }
            attempt += 1;
        }
    }
}

fn is_token_refused(answer: &Answer) -> bool {
    answer.status == StatusCode::UNAUTHORIZED
        && answer::refusal(answer).code() == Some(WithdrawalErrorCode::InvalidToken)
}
