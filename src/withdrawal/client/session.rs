//! The tokens of a client: got, kept, refreshed, given back.

use http::StatusCode;
use jiff::SignedDuration;

use super::authorize::Asked;
use super::{Authorization, Client, ClientError, Consent, Keeper, Time, Tokens, answer, tokens};
use crate::error::Unavailable;
use crate::wire::withdrawal::{
    AuthorizationCodeGrantType, OAuthErrorCode, REFRESH_REUSE_WINDOW, RedirectUri,
    RefreshTokenGrantType, TokenType,
};

/// An access token that expires within this time is refreshed before it is used.
const LEEWAY: SignedDuration = SignedDuration::from_secs(10);

/// The tokens, and whether the keeper has them.
#[derive(Debug)]
pub(super) struct Session {
    tokens: Option<Tokens>,
    is_unkept: bool,
}

impl Session {
    /// With tokens that the keeper has, or that the application has given.
    pub(super) fn of(tokens: Option<Tokens>) -> Self {
        Self {
            tokens,
            is_unkept: false,
        }
    }
}

impl<K: Keeper, T: Time> Client<K, T> {
    /// Whether there are tokens. They may have ended meanwhile: then a request is answered with
    /// [`ClientError::ConsentNeeded`], as it is without any.
    pub async fn has_tokens(&self) -> bool {
        self.session.lock().await.tokens.is_some()
    }

    /// Prepares the owner's consent. The application sends the owner's browser to
    /// [`Authorization::url`], and waits at `redirect_uri`. In the High profile the request is pushed
    /// before, and the address is good for one visit within a minute or so.
    ///
    /// # Errors
    /// [`ClientError::Misuse`] for consent to nothing; [`ClientError::OAuth`] and others if the
    /// exchange does not take a pushed request.
    pub async fn authorize(
        &self,
        redirect_uri: RedirectUri,
        consent: &Consent,
    ) -> Result<Authorization, ClientError> {
        self.asked(Asked::new(redirect_uri, consent)?).await
    }

    /// Takes the query with which the owner's browser came back to the redirect URI, without its
    /// question mark, and gets tokens for it.
    ///
    /// # Errors
    /// [`ClientError::Untrusted`] for a response with another `state` or `iss`;
    /// [`ClientError::OAuth`] if the owner or the exchange refused. A code is good for one attempt:
    /// after [`ClientError::Unavailable`] the owner has to be asked anew.
    pub async fn redeem(
        &self,
        authorization: Authorization,
        query: &str,
    ) -> Result<Tokens, ClientError> {
        let granted = authorization.granted(query)?;
        let mut session = self.session.lock().await;
        let endpoint = &self.discovered.authorization_server.token_endpoint;
        let fields = [
            ("grant_type", AuthorizationCodeGrantType::VALUE),
            ("code", granted.code.as_str()),
            ("redirect_uri", granted.redirect_uri.as_str()),
            ("code_verifier", granted.verifier.as_str()),
        ];
        let answer = self.form(endpoint, &fields).await?;
        let tokens = tokens::tokens(&answer, self.kind(), self.time.now(), None)?;
        self.keep(&mut session, tokens.clone()).await?;
        Ok(tokens)
    }

    /// Gives the tokens back and forgets them.
    ///
    /// # Errors
    /// [`ClientError::Unavailable`] and others if the exchange does not take them; they are
    /// forgotten here all the same.
    pub async fn revoke(&self) -> Result<(), ClientError> {
        let mut session = self.session.lock().await;
        let Some(tokens) = self.forget_tokens(&mut session).await else {
            return Ok(());
        };
        // The access tokens go with the refresh token.
        let token = tokens.refresh().unwrap_or(tokens.access());
        let endpoint = &self.discovered.authorization_server.revocation_endpoint;
        let answer = self.form(endpoint, &[("token", token)]).await?;
        if answer.status == StatusCode::OK {
            Ok(())
        } else {
            Err(answer::oauth_refusal(&answer))
        }
    }

    /// Tokens that are of no use any more. A keeper that fails to forget them does no harm.
    async fn forget_tokens(&self, session: &mut Session) -> Option<Tokens> {
        let _ = self.keeper.remove_tokens().await;
        session.is_unkept = false;
        session.tokens.take()
    }

    /// The tokens that this client uses.
    pub(super) fn kind(&self) -> TokenType {
        match self.authentication.keys() {
            Some(_) => TokenType::DPoP,
            None => TokenType::Bearer,
        }
    }

    /// Holds tokens, and has them kept. If the keeper fails it is asked again before their next use.
    async fn keep(&self, session: &mut Session, tokens: Tokens) -> Result<(), Unavailable> {
        let tokens = session.tokens.insert(tokens);
        session.is_unkept = true;
        self.keeper.put_tokens(tokens).await?;
        session.is_unkept = false;
        Ok(())
    }

    /// Tokens that can be used now.
    pub(super) async fn token(&self) -> Result<Tokens, ClientError> {
        self.token_other_than(None).await
    }

    /// Tokens that can be used now, after the exchange has refused an access token. Of several that
    /// come at once, one refreshes.
    pub(super) async fn token_other_than(
        &self,
        refused: Option<&Tokens>,
    ) -> Result<Tokens, ClientError> {
        let mut session = self.session.lock().await;
        let tokens = session.tokens.clone().ok_or(ClientError::ConsentNeeded)?;
        if session.is_unkept {
            self.keep(&mut session, tokens.clone()).await?;
        }
        let is_refused = refused.is_some_and(|refused| refused.access() == tokens.access());
        let left = tokens.expires_at().duration_since(self.time.now());
        if !is_refused && left > LEEWAY {
            return Ok(tokens);
        }
        let Some(refresh) = tokens.refresh() else {
            if !is_refused && left.is_positive() {
                return Ok(tokens);
            }
            self.forget_tokens(&mut session).await;
            return Err(ClientError::ConsentNeeded);
        };
        match self.refreshed(refresh, &tokens).await {
            Ok(tokens) => {
                self.keep(&mut session, tokens.clone()).await?;
                Ok(tokens)
            }
            Err(ClientError::OAuth { code })
                if code.known() == Some(OAuthErrorCode::InvalidGrant) =>
            {
                self.forget_tokens(&mut session).await;
                Err(ClientError::ConsentNeeded)
            }
            Err(error) => Err(error),
        }
    }

    /// Refreshes. A request without an answer is made again only as long as the exchange takes the
    /// old token for a lost answer, and not for a theft.
    // r[impl withdrawal.refresh.window]
    async fn refreshed(&self, refresh: &str, before: &Tokens) -> Result<Tokens, ClientError> {
        let endpoint = &self.discovered.authorization_server.token_endpoint;
        let fields = [
            ("grant_type", RefreshTokenGrantType::VALUE),
            ("refresh_token", refresh),
        ];
        let begin = self.time.now();
        let window = SignedDuration::try_from(REFRESH_REUSE_WINDOW).unwrap_or(SignedDuration::ZERO);
        let mut attempt = 1;
        loop {
            let outcome = match self.form(endpoint, &fields).await {
                Ok(answer) => tokens::tokens(&answer, self.kind(), self.time.now(), Some(before)),
                Err(error) => Err(error),
            };
            let Err(ClientError::Unavailable(error)) = outcome else {
                return outcome;
            };
            let Some(wait) = self.patience.after(attempt, None)? else {
                return Err(error.into());
            };
            self.time.wait(wait).await;
            if self.time.now().duration_since(begin) >= window {
                return Err(error.into());
            }
            attempt += 1;
        }
    }
}
