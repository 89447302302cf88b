//! Passkeys (section 7.8).
//!
//! The challenge of an assertion is derived from the intent, which libraries that draw challenges
//! of their own have no place for: the steps of WebAuthn Level 3 §7.2 are here.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use x428::encoding::{base64url, parse_base64url, parse_base64url_array};
use x428::jcs::{Limits, StrictJson};
use x428::wire::withdrawal::{Sha256Digest, WebauthnCredential};
use x428::withdrawal::intent::{IntentHash, webauthn_challenge};

use crate::exchange::model::{Challenge, Owner, Passkey};
use crate::exchange::store::Fault;
use crate::exchange::{Exchange, digest};

/// Under which purpose nonces are sealed.
pub(crate) const PURPOSE: &str = "webauthn nonce";
/// The algorithms of COSE that are accepted.
const ES256: i64 = -7;
const EDDSA: i64 = -8;
/// Older TPMs have no other.
const RS256: i64 = -257;

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;

/// The challenge of WebAuthn for a challenge of the exchange.
// r[impl withdrawal.webauthn.challenge]
pub(crate) fn challenge(exchange: &Exchange, challenge: &Challenge) -> Result<[u8; 32], Fault> {
    let sealed = challenge.nonce.as_deref().ok_or(Fault::Damaged)?;
    let nonce = exchange.keys.open(PURPOSE, sealed)?;
    let nonce = nonce.as_slice().try_into().map_err(|_| Fault::Damaged)?;
    let hash = Sha256Digest::parse(challenge.intent_hash.as_str())?;
    let hash = IntentHash::try_from(&hash).map_err(Fault::because)?;
    Ok(webauthn_challenge(&hash, nonce))
}

/// Whether an assertion is one of the owner's for this challenge. The counter is noted in the
/// owner, which the caller writes.
// r[impl withdrawal.webauthn.verify]
// r[impl withdrawal.webauthn.origin]
pub(crate) fn accept(
    exchange: &Exchange,
    of: &Challenge,
    owner: &mut Owner,
    credential: &WebauthnCredential,
) -> Result<bool, Fault> {
    let expected = base64url(challenge(exchange, of)?);
    let id = credential.id.as_str();
    let same_id = credential.raw_id.as_str() == id;
    let response = &credential.response;
    let own_handle = base64url(owner.id.as_bytes());
    let handle_fits = response
        .user_handle
        .as_ref()
        .is_none_or(|handle| handle.as_str() == own_handle);
    let Some(passkey) = owner.passkeys.iter_mut().find(|passkey| passkey.id == id) else {
        return Ok(false);
    };
    let (Ok(client_data), Ok(data), Ok(signature)) = (
        parse_base64url(response.client_data_json.as_str()),
        parse_base64url(response.authenticator_data.as_str()),
        parse_base64url(response.signature.as_str()),
    ) else {
        return Ok(false);
    };
    let holds = same_id
        && handle_fits
        && is_client_data(exchange, &client_data, "webauthn.get", &expected)
        && is_signed(passkey, &data, &client_data, &signature);
    let Some(counter) = authenticator_data(exchange, &data).filter(|_| holds) else {
        return Ok(false);
    };
    let has_grown = counter > passkey.counter || (counter == 0 && passkey.counter == 0);
    if has_grown {
        passkey.counter = counter;
    }
    Ok(has_grown)
}

/// Reads what a browser gives when a passkey is made (RegistrationResponseJSON of WebAuthn Level
/// 3). Nothing is attested: the owner, who is logged in, says that it is theirs.
pub(crate) fn enroll(
    exchange: &Exchange,
    expected: &str,
    name: &str,
    given: &Value,
) -> Option<Passkey> {
    let text = |name: &str| given["response"][name].as_str();
    let client_data = parse_base64url(text("clientDataJSON")?).ok()?;
    let data = parse_base64url(text("authenticatorData")?).ok()?;
    let algorithm = given["response"]["publicKeyAlgorithm"].as_i64()?;
    let spki = parse_base64url(text("publicKey")?).ok()?;
    let id = given["id"].as_str()?;
    let counter = authenticator_data(exchange, &data)?;
    // The id in what the authenticator made has to be the one that the browser names.
    let length = data.get(53..55)?;
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    let own_id = data.get(55..55 + length)?;
    let is_attested = data.get(32)? & ATTESTED != 0;
    let key = public_key(algorithm, &spki)?;
    let transports = given["response"]["transports"].as_array();
    let holds = is_attested
        && base64url(own_id) == id
        && is_client_data(exchange, &client_data, "webauthn.create", expected);
    holds.then(|| Passkey {
        id: id.to_owned(),
        name: name.to_owned(),
        algorithm,
        key: base64url(key),
        counter,
        transports: transports
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect(),
    })
}

/// The key in a SubjectPublicKeyInfo (RFC 5280), of which the kinds have fixed beginnings.
/// An RSA key has 2048 bits, as those of TPMs.
fn public_key(algorithm: i64, spki: &[u8]) -> Option<Vec<u8>> {
    const P256: &[u8] = &[
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
        0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];
    const ED25519: &[u8] = &[
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
    ];
    const RSA_2048: &[u8] = &[
        0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
        0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x01, 0x0f, 0x00,
    ];
    let (prefix, length) = match algorithm {
        ES256 => (P256, 65),
        EDDSA => (ED25519, 32),
        RS256 => (RSA_2048, 270),
        _ => return None,
    };
    let key = spki.strip_prefix(prefix)?;
    (key.len() == length).then(|| key.to_vec())
}

fn is_client_data(exchange: &Exchange, text: &[u8], kind: &str, expected: &str) -> bool {
    let Ok(json) = StrictJson::parse(text, Limits::default()) else {
        return false;
    };
    let data = json.value();
    let given = data["challenge"].as_str().unwrap_or_default();
    data["type"] == kind
        && digest::same(given, expected)
        && data["origin"] == exchange.settings.issuer.as_str()
        && data
            .get("crossOrigin")
            .is_none_or(|cross| cross == &Value::Bool(false))
}

/// Checks RP ID and flags, and gives the signature counter.
fn authenticator_data(exchange: &Exchange, data: &[u8]) -> Option<u32> {
    let rp: [u8; 32] = Sha256::digest(exchange.settings.host()).into();
    let flags = *data.get(32)?;
    let counter: [u8; 4] = data.get(33..37)?.try_into().ok()?;
    let both = USER_PRESENT | USER_VERIFIED;
    // What cannot be backed up is not backed up.
    let backup_fits = flags & BACKED_UP == 0 || flags & BACKUP_ELIGIBLE != 0;
    let holds = data.get(..32)? == rp && flags & both == both && backup_fits;
    holds.then(|| u32::from_be_bytes(counter))
}

fn is_signed(passkey: &Passkey, data: &[u8], client_data: &[u8], signature: &[u8]) -> bool {
    let Ok(key) = parse_base64url(&passkey.key) else {
        return false;
    };
    let algorithm: &'static dyn VerificationAlgorithm = match passkey.algorithm {
        ES256 => &ECDSA_P256_SHA256_ASN1,
        EDDSA => &ED25519,
        RS256 => &RSA_PKCS1_2048_8192_SHA256,
        _ => return false,
    };
    let mut message = data.to_vec();
    message.extend(Sha256::digest(client_data));
    UnparsedPublicKey::new(algorithm, key)
        .verify(&message, signature)
        .is_ok()
}

/// A fresh nonce, sealed.
pub(crate) fn fresh_nonce(exchange: &Exchange) -> Result<String, Fault> {
    let mut nonce = [0; x428::wire::withdrawal::WEBAUTHN_NONCE];
    exchange.random.fill(&mut nonce)?;
    exchange.keys.seal(PURPOSE, &nonce)
}

/// Whether a text is the challenge of an enrollment: 32 bytes in base64url.
pub(crate) fn is_challenge(text: &str) -> bool {
    parse_base64url_array::<32>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};

    use super::*;

    #[test]
    fn a_key_of_rsa_signs() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let key = public_key(RS256, spki.as_ref()).unwrap();
        assert!(public_key(ES256, spki.as_ref()).is_none());
        assert!(public_key(RS256, &spki.as_ref()[..spki.as_ref().len() - 1]).is_none());
        let passkey = Passkey {
            id: base64url([9; 16]),
            name: "TPM".to_owned(),
            algorithm: RS256,
            key: base64url(key),
            counter: 0,
            transports: Vec::new(),
        };
        let (data, client_data) = ([7; 37], b"{}");
        let mut message = data.to_vec();
        message.extend(Sha256::digest(client_data));
        let mut signature = vec![0; pair.public_modulus_len()];
        let random = SystemRandom::new();
        pair.sign(&RSA_PKCS1_SHA256, &random, &message, &mut signature)
            .unwrap();
        assert!(is_signed(&passkey, &data, client_data, &signature));
        assert!(!is_signed(&passkey, &data, b"{ }", &signature));
    }
}
