//! The keys of the exchange: one for each purpose, made at the first start and kept with its
//! records, so that instances share them.

use std::time::Duration;

use aws_lc_rs::hmac;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use x428::encoding::{base64url, parse_base64url, parse_base64url_array};
use x428::sign::SigningKey;
use x428::wire::withdrawal::{
    JsonWebKey, JsonWebKeyAlg, JsonWebKeyCrv, JsonWebKeyKid, JsonWebKeyKty, JsonWebKeyUse,
};
use zeroize::Zeroizing;

use self::turning::Turning;

use super::random;
use super::store::{Fault, Store, record::record};

mod turning;

/// The secret of one purpose.
#[derive(Serialize, Deserialize)]
struct Secret {
    id: String,
    seed: String,
}

record!(Secret, "secret", []);

/// All keys.
// r[impl withdrawal.security.keys]
pub(crate) struct Keys {
    /// Those that are replaced at intervals.
    pub(crate) turning: Turning,
    refresh: hmac::Key,
    subjects: hmac::Key,
    forms: hmac::Key,
    codes: hmac::Key,
    dpop: hmac::Key,
    records: XChaCha20Poly1305,
}

impl Keys {
    /// Reads the keys, or makes those that are not there.
    pub(crate) async fn load(
        store: &Store,
        interval: Duration,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        let mac = |seed: Zeroizing<[u8; 32]>| hmac::Key::new(hmac::HMAC_SHA256, seed.as_slice());
        let records = seed(store, "records").await?;
        Ok(Self {
            turning: Turning::load(store, interval, now).await?,
            refresh: mac(seed(store, "refresh").await?),
            subjects: mac(seed(store, "subjects").await?),
            forms: mac(seed(store, "forms").await?),
            codes: mac(seed(store, "codes").await?),
            dpop: mac(seed(store, "dpop").await?),
            records: XChaCha20Poly1305::new(&Key::from(*records)),
        })
    }

    /// The refresh token of a generation of a grant. A response that was lost can be given again
    /// without a copy of it.
    pub(crate) fn refresh_token(&self, grant: &str, generation: u32) -> String {
        let text = format!("rt_{grant}.{generation}");
        let tag = hmac::sign(&self.refresh, text.as_bytes());
        format!("{text}.{}", base64url(tag))
    }

    /// The grant and the generation of a refresh token, if it is one of the exchange.
    pub(crate) fn read_refresh_token<'a>(&self, token: &'a str) -> Option<(&'a str, u32)> {
        let (text, tag) = token.rsplit_once('.')?;
        let tag = parse_base64url(tag).ok()?;
        hmac::verify(&self.refresh, text.as_bytes(), &tag).ok()?;
        let (grant, generation) = text.strip_prefix("rt_")?.rsplit_once('.')?;
        Some((grant, generation.parse().ok()?))
    }

    /// The name of an owner towards a client, which another client cannot connect.
    // r[impl withdrawal.privacy.subject]
    pub(crate) fn subject(&self, owner: &str, client: &str) -> String {
        let tag = hmac::sign(&self.subjects, format!("{owner} {client}").as_bytes());
        let half = tag.as_ref().get(..16).unwrap_or_default();
        format!("acct-{}", base64url(half))
    }

    /// What a form of a session has to carry.
    pub(crate) fn form_token(&self, session: &str) -> String {
        base64url(hmac::sign(&self.forms, session.as_bytes()))
    }

    /// What is kept of a code for a purpose.
    pub(crate) fn code_digest(&self, purpose: &str, code: &str) -> String {
        base64url(hmac::sign(
            &self.codes,
            format!("{purpose} {code}").as_bytes(),
        ))
    }

    /// Replaces what has to be replaced.
    pub(crate) async fn turn(&self, store: &Store, now: Timestamp) -> Result<(), Fault> {
        self.turning.turn(store, now).await
    }

    /// The nonce of DPoP proofs of a period.
    pub(crate) fn dpop_nonce(&self, period: i64) -> String {
        let tag = hmac::sign(&self.dpop, &period.to_be_bytes());
        let half = tag.as_ref().get(..16).unwrap_or_default();
        format!("dn_{}", base64url(half))
    }

    /// Encrypts what only the exchange may read.
    // r[impl withdrawal.privacy.travel-rule]
    pub(crate) fn seal(&self, purpose: &str, plain: &[u8]) -> Result<String, Fault> {
        let nonce: [u8; 24] = random::bytes()?;
        let payload = Payload {
            msg: plain,
            aad: purpose.as_bytes(),
        };
        let sealed = self
            .records
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Fault::Damaged)?;
        Ok(base64url([nonce.as_slice(), &sealed].concat()))
    }

    /// Decrypts it.
    pub(crate) fn open(&self, purpose: &str, sealed: &str) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let sealed = parse_base64url(sealed).map_err(|_| Fault::Damaged)?;
        let (nonce, sealed) = sealed.split_first_chunk::<24>().ok_or(Fault::Damaged)?;
        let payload = Payload {
            msg: sealed,
            aad: purpose.as_bytes(),
        };
        let plain = self.records.decrypt(&XNonce::from(*nonce), payload);
        plain.map(Zeroizing::new).map_err(|_| Fault::Damaged)
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

/// The name of a key: a part of its thumbprint.
pub(crate) fn kid(purpose: &str, key: &SigningKey) -> String {
    let digest = super::digest::of(&base64url(key.verifying_key().public_key().0));
    format!("{purpose}-{}", digest.get(..8).unwrap_or_default())
}

/// The public part as the exchange publishes it.
// r[impl withdrawal.metadata.keys]
pub(crate) fn published(purpose: &str, key: &SigningKey) -> Result<JsonWebKey, Fault> {
    let x = base64url(key.verifying_key().public_key().0);
    let jwk = JsonWebKey::new(
        JsonWebKeyKty::parse("OKP").map_err(Fault::because)?,
        JsonWebKeyAlg::parse("EdDSA").map_err(Fault::because)?,
        JsonWebKeyKid::parse(kid(purpose, key)).map_err(Fault::because)?,
    );
    Ok(jwk
        .with_use(JsonWebKeyUse::parse("sig").map_err(Fault::because)?)
        .with_crv(JsonWebKeyCrv::parse("Ed25519").map_err(Fault::because)?)
        .with_x(x.parse().map_err(Fault::because)?))
}

async fn seed(store: &Store, purpose: &str) -> Result<Zeroizing<[u8; 32]>, Fault> {
    let fresh = Zeroizing::new(random::bytes::<32>()?);
    let mut writing = store.write().await?;
    let made = Secret {
        id: purpose.to_owned(),
        seed: base64url(fresh.as_slice()),
    };
    // Of instances that start at once, the first one makes the key.
    writing.create(&made).await?;
    let kept: Secret = writing.get(purpose).await?.ok_or(Fault::Damaged)?;
    writing.commit().await?;
    let seed = parse_base64url_array(&kept.seed).map_err(|_| Fault::Damaged)?;
    Ok(Zeroizing::new(seed))
}
