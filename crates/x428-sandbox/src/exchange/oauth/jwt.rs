//! JSON Web Tokens that clients sign: DPoP proofs and assertions.

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use x428::did::PublicKey;
use x428::encoding::parse_base64url;
use x428::jcs::{Limits, StrictJson};
use x428::sign::{Signature, VerifyingKey, is_published_test_key};

use crate::exchange::digest;

/// Asymmetric algorithms, and none of those that a secret verifies.
pub(crate) const ALGORITHMS: [&str; 4] = ["ES256", "Ed25519", "EdDSA", "PS256"];

/// The longest token that is read, in bytes: what a form may hold of an assertion, and more than
/// any proof has.
const LONGEST: usize = 8192;

/// What has the form of a signed token. Nothing of it is verified yet.
pub(crate) struct Jwt<'a> {
    pub(crate) header: Map<String, Value>,
    claims: Map<String, Value>,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Jwt<'a> {
    /// Reads the compact form. A token with an extension that has to be understood is none, because
    /// none is (RFC 7515 §4.1.11).
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header = object(header)?;
        if header.contains_key("crit") {
            return None;
        }
        Some(Self {
            header,
            claims: object(claims)?,
            signed,
            signature: parse_base64url(signature).ok()?,
        })
    }

    /// A member of the header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.header.get(name)?.as_str()
    }

    /// The header, if it has the form that the text gives it.
    pub(crate) fn header_as<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_value(Value::Object(self.header.clone())).ok()
    }

    /// The claims, if they have the form that the text gives them.
    pub(crate) fn claims_as<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_value(Value::Object(self.claims.clone())).ok()
    }

    /// A claim that is text.
    pub(crate) fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// Whether a claim is absent, or a time that has come: a clock may be so many seconds ahead.
    pub(crate) fn has_begun(&self, name: &str, now: i64, ahead: i64) -> bool {
        let begins = self.claims.get(name);
        begins.is_none_or(|begins| begins.as_i64().is_some_and(|at| at <= now + ahead))
    }

    /// Whether the key has signed it, by the algorithm that is the key's own.
    pub(crate) fn is_signed_by(&self, jwk: &Map<String, Value>) -> bool {
        let Some(algorithm) = self.header("alg") else {
            return false;
        };
        let declared = jwk.get("alg").and_then(Value::as_str);
        if declared.is_some_and(|declared| specified(declared) != specified(algorithm)) {
            return false;
        }
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| text(name).and_then(|text| parse_base64url(text).ok());
        let message = self.signed.as_bytes();
        let verify = |algorithm: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(algorithm, key)
                .verify(message, &self.signature)
                .is_ok()
        };
        match (algorithm, text("kty"), text("crv")) {
            ("ES256", Some("EC"), Some("P-256")) => match (bytes("x"), bytes("y")) {
                (Some(x), Some(y)) if x.len() == 32 && y.len() == 32 => {
                    verify(&ECDSA_P256_SHA256_FIXED, &[&[4], &*x, &*y].concat())
                }
                _ => false,
            },
            ("Ed25519" | "EdDSA", Some("OKP"), Some("Ed25519")) => self.is_signed_strictly(jwk),
            ("PS256", Some("RSA"), _) => match (bytes("n"), bytes("e")) {
                (Some(n), Some(e)) => PublicKeyComponents { n: &n, e: &e }
                    .verify(&RSA_PSS_2048_8192_SHA256, message, &self.signature)
                    .is_ok(),
                _ => false,
            },
            _ => false,
        }
    }

    /// By a key of Ed25519 under which no signature fits two messages.
    fn is_signed_strictly(&self, jwk: &Map<String, Value>) -> bool {
        let key = PublicKey::from_jwk(jwk).and_then(VerifyingKey::new);
        let signature = <[u8; 64]>::try_from(self.signature.as_slice()).map(Signature);
        matches!((key, signature), (Ok(key), Ok(signature))
            if key.verify(self.signed.as_bytes(), &signature).is_ok())
    }
}

/// Whether everybody knows the secret of the key, because the text publishes it.
// r[impl withdrawal.security.test-keys]
pub(crate) fn is_published(jwk: &Map<String, Value>) -> bool {
    PublicKey::from_jwk(jwk).is_ok_and(|key| is_published_test_key(&key))
}

/// The name of RFC 9864 §2.2 for the one algorithm that `EdDSA` means here.
fn specified(algorithm: &str) -> &str {
    match algorithm {
        "EdDSA" => "Ed25519",
        other => other,
    }
}

/// The thumbprint of a public key (RFC 7638). A private one has none.
pub(crate) fn thumbprint(jwk: &Map<String, Value>) -> Option<String> {
    const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];
    if PRIVATE.iter().any(|name| jwk.contains_key(*name)) {
        return None;
    }
    let members: &[&str] = match jwk.get("kty")?.as_str()? {
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        "RSA" => &["e", "kty", "n"],
        _ => return None,
    };
    let members = members.iter().map(|name| {
        let value = jwk.get(*name)?.as_str()?;
        Some(((*name).to_owned(), Value::from(value)))
    });
    let required: Option<Map<String, Value>> = members.collect();
    let canonical = x428::jcs::canonical(&Value::Object(required?));
    Some(digest::of(std::str::from_utf8(&canonical).ok()?))
}

/// The digest of an access token in a DPoP proof (RFC 9449 §4.2).
pub(crate) fn token_hash(token: &str) -> String {
    digest::of(token)
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let json = StrictJson::parse(&parse_base64url(part).ok()?, Limits::default()).ok()?;
    match json.into_value() {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use x428::encoding::base64url;
    use x428::sign::SigningKey;

    use super::*;

    #[test]
    fn both_names_of_ed25519_are_one_algorithm() {
        let key = SigningKey::from_seed(&[7; 32]);
        let x = base64url(key.verifying_key().public_key().0);
        let signed_as = |algorithm: &str| {
            let header = base64url(json!({"alg": algorithm}).to_string());
            let signed = format!("{header}.{}", base64url("{}"));
            let signature = key.sign_bytes(signed.as_bytes());
            format!("{signed}.{signature}")
        };
        for (declared, used, holds) in [
            ("EdDSA", "Ed25519", true),
            ("Ed25519", "EdDSA", true),
            ("Ed25519", "Ed25519", true),
            ("ES256", "Ed25519", false),
            ("Ed25519", "Ed448", false),
        ] {
            let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "alg": declared});
            let text = signed_as(used);
            let jwt = Jwt::parse(&text).unwrap();
            assert_eq!(
                jwt.is_signed_by(jwk.as_object().unwrap()),
                holds,
                "{declared} {used}"
            );
        }
    }
}
