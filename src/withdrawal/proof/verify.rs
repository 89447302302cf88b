//! Verification of proofs.

use jiff::Timestamp;
use serde_json::Value;

use super::{ALGORITHM, InvalidProof, Request, SignedProof};
use crate::encoding::parse_base64url;
use crate::jcs::{Limits, StrictJson};
use crate::sign::{Signature, VerifyingKey, is_published_test_key};
use crate::wire::withdrawal::{PROOF_LIFETIME_MAX, ProofToken, ProofTokenClaims, ProofTokenHeader};
use crate::withdrawal::intent::IntentHash;

/// The members of a header. One with others, such as `crit` or `jwk`, is not one of this exchange.
const HEADER_MEMBERS: usize = 3;

/// Verifies the proofs that this exchange has made.
#[derive(Debug, Clone, Default)]
pub struct ProofVerifier {
    keys: Vec<(String, VerifyingKey)>,
    accepts_test_keys: bool,
}

impl ProofVerifier {
    /// Knows no key, and refuses every proof.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Knows one more key. To rotate, keep the old one for as long as its proofs live.
    ///
    /// A key that the specification publishes with its secret stays unknown, unless
    /// [test keys are accepted](Self::danger_accept_test_keys).
    #[must_use]
    pub fn with_key(mut self, kid: impl Into<String>, key: VerifyingKey) -> Self {
        self.keys.push((kid.into(), key));
        self
    }

    /// Accepts proofs by the keys that Appendix B publishes, secrets included: for examples and
    /// vectors, never for production.
    #[must_use]
    pub fn danger_accept_test_keys(mut self) -> Self {
        self.accepts_test_keys = true;
        self
    }

    /// Verifies that this exchange has made the proof, for this request, and that it holds now.
    ///
    /// The key decides the algorithm: `alg` has to say what the key is, and chooses nothing.
    ///
    /// # Errors
    /// [`InvalidProof`]. Nothing that the token says is believed before its signature is verified.
    // r[impl withdrawal.proof.form]
    // r[impl withdrawal.proof.check]
    pub fn verify(
        &self,
        token: &str,
        request: &Request<'_>,
        now: Timestamp,
    ) -> Result<SignedProof, InvalidProof> {
        ProofToken::parse(token).map_err(|_| InvalidProof::Form)?;
        let (signed, signature) = token.rsplit_once('.').ok_or(InvalidProof::Form)?;
        let (header, claims) = signed.split_once('.').ok_or(InvalidProof::Form)?;

        let header = part(header)?;
        if header.value().as_object().map(serde_json::Map::len) != Some(HEADER_MEMBERS) {
            return Err(InvalidProof::Form);
        }
        let header: ProofTokenHeader = read(&header)?;
        let key = self.key(header.kid.as_str())?;
        let signature = Signature::parse(signature).map_err(|_| InvalidProof::Form)?;
        key.verify(signed.as_bytes(), &signature)
            .map_err(|_| InvalidProof::Signature)?;
        if header.alg.as_str() != ALGORITHM {
            return Err(InvalidProof::Form);
        }

        let claims: ProofTokenClaims = read(&part(claims)?)?;
        checked(claims, request, now)
    }

    // r[impl withdrawal.vectors.test-keys]
    fn key(&self, kid: &str) -> Result<&VerifyingKey, InvalidProof> {
        self.keys
            .iter()
            .find(|(name, _)| name == kid)
            .map(|(_, key)| key)
            .filter(|key| self.accepts_test_keys || !is_published_test_key(&key.public_key()))
            .ok_or(InvalidProof::UnknownKey)
    }
}

fn checked(
    claims: ProofTokenClaims,
    request: &Request<'_>,
    now: Timestamp,
) -> Result<SignedProof, InvalidProof> {
    let parties = request.parties;
    if claims.iss != parties.issuer || claims.aud != parties.issuer {
        return Err(InvalidProof::Exchange);
    }
    let expires_at = lifetime(&claims, now)?;
    if claims.sub != parties.subject || claims.client_id != parties.client_id {
        return Err(InvalidProof::Party);
    }
    // A proof without a key is refused where the request has one, and the other way round.
    if claims.cnf.as_ref().map(|bound| &bound.jkt) != request.thumbprint {
        return Err(InvalidProof::Binding);
    }
    let intent_hash = IntentHash::try_from(&claims.intent_hash).map_err(|_| InvalidProof::Form)?;
    if intent_hash != request.intent_hash {
        return Err(InvalidProof::Intent);
    }
    Ok(SignedProof {
        claims,
        intent_hash,
        expires_at,
    })
}

// r[impl withdrawal.proof.lifetime]
fn lifetime(claims: &ProofTokenClaims, now: Timestamp) -> Result<Timestamp, InvalidProof> {
    let (issued, expires) = (claims.iat.get(), claims.exp.get());
    let longest = i64::try_from(PROOF_LIFETIME_MAX.as_secs()).unwrap_or(0);
    if !(0..=longest).contains(&(expires.saturating_sub(issued))) {
        return Err(InvalidProof::Expired);
    }
    let expires_at = Timestamp::from_second(expires).map_err(|_| InvalidProof::Form)?;
    if now >= expires_at {
        return Err(InvalidProof::Expired);
    }
    Ok(expires_at)
}

fn part(text: &str) -> Result<StrictJson, InvalidProof> {
    let bytes = parse_base64url(text).map_err(|_| InvalidProof::Form)?;
    let json = StrictJson::parse(&bytes, Limits::default()).map_err(|_| InvalidProof::Form)?;
    match json.value() {
        Value::Object(_) => Ok(json),
        _ => Err(InvalidProof::Form),
    }
}

fn read<T: serde::de::DeserializeOwned>(json: &StrictJson) -> Result<T, InvalidProof> {
    json.read("proof").map_err(|_| InvalidProof::Form)
}
