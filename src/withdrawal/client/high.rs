//! The High profile: who the client is, and that a token is its own, shown by signatures (RFC 7523,
//! RFC 9449).

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderValue, Method};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::ClientError;
use super::transport::Answer;
use crate::did::PublicKey;
use crate::encoding::base64url;
use crate::error::{Misuse, Unavailable};
use crate::sign::seal::random;
use crate::sign::{Signature, Signer};
use crate::wire::withdrawal::headers::DPOP_NONCE;
use crate::wire::withdrawal::{
    Base64Url, CLIENT_ASSERTION_LIFETIME_MAX, ClientAssertionClaims, ClientAssertionClaimsExp,
    ClientAssertionClaimsIat, ClientAssertionClaimsJti, ClientAssertionHeader,
    ClientAssertionHeaderAlg, ClientAssertionHeaderKid, ClientId, DpopKey, DpopKeyCrv, DpopKeyKty,
    DpopProofClaims, DpopProofClaimsHtm, DpopProofClaimsIat, DpopProofClaimsJti,
    DpopProofClaimsNonce, DpopProofHeader, DpopProofHeaderAlg, HttpsUri, OAuthErrorCode,
    Sha256Digest,
};

/// Ed25519, by the names of RFC 8037 and of RFC 9864.
pub(super) const ALGORITHMS: [&str; 2] = ["EdDSA", "Ed25519"];
/// The type of a client's assertion (RFC 7523 §2.2).
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How many origins are remembered: an exchange has one for its API and one for its authorization
/// server.
const ORIGINS_MAX: usize = 4;

/// The keys of a client of the High profile.
///
/// A key can be anywhere, as far as there is a [`Signer`] for it: in memory as
/// [`SigningKey`](crate::sign::SigningKey), which is erased when it is dropped, or at a key service.
#[derive(Clone)]
pub struct HighKeys {
    own: Arc<dyn Key>,
    key_id: ClientAssertionHeaderKid,
    possession: Arc<dyn Key>,
}

impl HighKeys {
    /// The client's own key, under the name (`kid`) by which the exchange knows its public half; and
    /// the key to which the owner's tokens are bound. The second one is of this owner and this
    /// device alone, and is kept as long as the tokens are: they are of no use without it.
    ///
    /// # Errors
    /// [`Misuse`] for a name that is empty or longer than 128 characters.
    pub fn new(
        own: impl Signer + Send + Sync + 'static,
        key_id: &str,
        possession: impl Signer + Send + Sync + 'static,
    ) -> Result<Self, Misuse> {
        Ok(Self {
            own: Arc::new(own),
            key_id: ClientAssertionHeaderKid::parse(key_id).map_err(misuse)?,
            possession: Arc::new(possession),
        })
    }

    /// An assertion for one request to the authorization server.
    // r[impl withdrawal.client-auth.assertion]
    pub(super) async fn assertion(
        &self,
        algorithm: &str,
        client: &ClientId,
        issuer: &HttpsUri,
        now: Timestamp,
    ) -> Result<String, ClientError> {
        // The clock of the exchange may be late by the other half.
        let lifetime = SignedDuration::try_from(CLIENT_ASSERTION_LIFETIME_MAX / 2)
            .unwrap_or(SignedDuration::ZERO);
        let expires_at = now.saturating_add(lifetime).unwrap_or(now);
        let header = ClientAssertionHeader::new(
            ClientAssertionHeaderAlg::parse(algorithm).map_err(misuse)?,
            self.key_id.clone(),
        );
        let claims = ClientAssertionClaims::new(
            client.clone(),
            client.clone(),
            issuer.clone(),
            ClientAssertionClaimsJti::parse(name()?).map_err(misuse)?,
            ClientAssertionClaimsExp::new(expires_at.as_second()).map_err(misuse)?,
        );
        let issued_at = ClientAssertionClaimsIat::new(now.as_second()).map_err(misuse)?;
        signed(&header, &claims.with_iat(issued_at), &*self.own).await
    }

    /// A proof for one request, with the token that it presents.
    // r[impl withdrawal.dpop.bound]
    pub(super) async fn proof(&self, request: Proved<'_>) -> Result<HeaderValue, ClientError> {
        let x = base64url(self.possession.public_key().0);
        let key = DpopKey::new(DpopKeyKty::parse("OKP").map_err(misuse)?)
            .with_crv(DpopKeyCrv::parse("Ed25519").map_err(misuse)?)
            .with_x(Base64Url::parse(x).map_err(misuse)?);
        let algorithm = DpopProofHeaderAlg::parse(request.algorithm).map_err(misuse)?;
        let header = DpopProofHeader::new(algorithm, key);
        let mut target = request.url.clone();
        target.set_query(None);
        target.set_fragment(None);
        let mut claims = DpopProofClaims::new(
            DpopProofClaimsJti::parse(name()?).map_err(misuse)?,
            DpopProofClaimsHtm::parse(request.method.as_str()).map_err(misuse)?,
            HttpsUri::parse(target.as_str()).map_err(misuse)?,
            DpopProofClaimsIat::new(request.now.as_second()).map_err(misuse)?,
        );
        if let Some(token) = request.token {
            let hash = base64url(Sha256::digest(token));
            claims.ath = Some(Sha256Digest::parse(hash).map_err(misuse)?);
        }
        claims.nonce = request.nonce;
        let proof = signed(&header, &claims, &*self.possession).await?;
        let mut value = HeaderValue::from_str(&proof)
            .map_err(|_| Misuse::new("a proof not fit for a header"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// What a proof is for.
pub(super) struct Proved<'a> {
    pub(super) algorithm: &'a str,
    pub(super) method: &'a Method,
    pub(super) url: &'a Url,
    pub(super) token: Option<&'a str>,
    pub(super) nonce: Option<DpopProofClaimsNonce>,
    pub(super) now: Timestamp,
}

impl fmt::Debug for HighKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HighKeys")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// The nonces that the servers of an exchange have given for the next proofs.
#[derive(Debug, Default)]
pub(super) struct Nonces(Mutex<BTreeMap<String, DpopProofClaimsNonce>>);

impl Nonces {
    /// The one for the next request to an address.
    pub(super) fn of(&self, url: &Url) -> Option<DpopProofClaimsNonce> {
        let nonces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        nonces.get(&url.origin().ascii_serialization()).cloned()
    }

    /// Remembers the one that came with an answer, and says whether it is a new one.
    pub(super) fn learn(&self, url: &Url, answer: &Answer) -> bool {
        let given = answer.headers.get(DPOP_NONCE);
        let given = given.and_then(|value| value.to_str().ok());
        let Some(nonce) = given.and_then(|text| DpopProofClaimsNonce::parse(text).ok()) else {
            return false;
        };
        let mut nonces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let origin = url.origin().ascii_serialization();
        if nonces.len() >= ORIGINS_MAX && !nonces.contains_key(&origin) {
            nonces.clear();
        }
        nonces.insert(origin, nonce.clone()) != Some(nonce)
    }
}

/// Whether a server wants the request again, with a nonce: nothing was done (RFC 9449 §8, §9).
// r[impl withdrawal.dpop.nonce]
pub(super) fn wants_nonce(answer: &Answer) -> bool {
    if !answer.status.is_client_error() {
        return false;
    }
    let Ok(json) = answer.json() else {
        return false;
    };
    let error = json.value().get("error");
    let code = error.and_then(|error| error.get("code")).or(error);
    code.and_then(Value::as_str) == Some(OAuthErrorCode::UseDpopNonce.as_str())
}

type Signing<'a> = Pin<Box<dyn Future<Output = Result<Signature, Unavailable>> + Send + 'a>>;

/// A signer of whatever type.
trait Key: Send + Sync {
    fn public_key(&self) -> PublicKey;
    fn sign<'a>(&'a self, message: &'a [u8]) -> Signing<'a>;
}

impl<S: Signer + Send + Sync> Key for S {
    fn public_key(&self) -> PublicKey {
        Signer::public_key(self)
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> Signing<'a> {
        Box::pin(Signer::sign(self, message))
    }
}

/// The compact form of a JWS (RFC 7515 §3.1).
async fn signed(
    header: &impl Serialize,
    claims: &impl Serialize,
    key: &dyn Key,
) -> Result<String, ClientError> {
    let header = part(header)?;
    let claims = part(claims)?;
    let message = format!("{header}.{claims}");
    let signature = key.sign(message.as_bytes()).await?;
    Ok(format!("{message}.{signature}"))
}

fn part(value: &impl Serialize) -> Result<String, Misuse> {
    let text = serde_json::to_vec(value).map_err(misuse)?;
    Ok(base64url(text))
}

/// A name that nobody has used before: 192 bits of randomness.
fn name() -> Result<String, Unavailable> {
    let mut bytes = [0; 24];
    random(&mut bytes)?;
    Ok(base64url(bytes))
}

fn misuse(error: impl fmt::Display) -> Misuse {
    Misuse::new(error.to_string())
}
