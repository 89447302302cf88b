use std::io::Write as _;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::jcs::Limits;

/// RFC 8032 §7.1, test 2.
const SEED: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
const PUBLIC: &str = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
const SIGNATURE: &str = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

fn hex<const N: usize>(text: &str) -> [u8; N] {
    std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
}

fn key() -> SigningKey {
    SigningKey::from_seed(&hex(SEED))
}

fn strict(value: Value) -> StrictJson {
    StrictJson::from_value(value, Limits::default()).unwrap()
}

#[test]
fn the_vector_of_rfc_8032_holds() {
    let signature = key().sign_bytes(&[0x72]);
    assert_eq!(key().verifying_key().public_key().0, hex(PUBLIC));
    assert_eq!(signature.0, hex::<64>(SIGNATURE));
    assert_eq!(key().verifying_key().verify(&[0x72], &signature), Ok(()));
    assert_eq!(
        key().verifying_key().verify(&[0x73], &signature),
        Err(InvalidSignature)
    );
}

#[test]
fn every_format_gives_the_key_back() {
    let jwk: Value = serde_json::from_str(&key().to_jwk()).unwrap();
    let pem = key().to_pkcs8_pem().unwrap();
    assert!(
        pem.starts_with("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI"),
        "version 1: {}",
        pem.as_str()
    );
    for again in [
        SigningKey::from_jwk(jwk.as_object().unwrap()).unwrap(),
        SigningKey::from_pkcs8_pem(&pem).unwrap(),
        SigningKey::from_multibase(&key().to_multibase()).unwrap(),
    ] {
        assert_eq!(again.verifying_key(), key().verifying_key());
    }
    assert!(key().to_multibase().starts_with("z3u2"));
}

#[test]
fn pkcs8_version_2_is_read_and_its_public_key_checked() {
    use ed25519_dalek::pkcs8::{
        EncodePrivateKey as _, KeypairBytes, PublicKeyBytes, spki::der::pem::LineEnding,
    };
    let pem = |public| {
        let pair = KeypairBytes {
            secret_key: hex(SEED),
            public_key: Some(PublicKeyBytes(public)),
        };
        pair.to_pkcs8_pem(LineEnding::LF).unwrap()
    };
    assert!(SigningKey::from_pkcs8_pem(&pem(hex(PUBLIC))).is_ok());
    assert!(SigningKey::from_pkcs8_pem(&pem([1; 32])).is_err());
}

// r[verify attestation.key.random]
#[test]
fn generated_keys_differ() {
    let keys: Vec<_> = (0..8).map(|_| SigningKey::generate().unwrap()).collect();
    for (at, key) in keys.iter().enumerate() {
        let twin = keys[..at]
            .iter()
            .any(|other| other.verifying_key() == key.verifying_key());
        assert!(!twin);
    }
}

#[test]
fn mixed_up_jwks_are_refused() {
    let good: Value = serde_json::from_str(&key().to_jwk()).unwrap();
    for (member, value) in [
        ("kty", json!("EC")),
        ("crv", json!("X25519")),
        ("x", json!(base64url([1; 32]))),
        ("d", json!("short")),
        ("d", Value::Null),
        ("x", Value::Null),
    ] {
        let mut jwk = good.clone();
        jwk[member] = value;
        assert!(
            SigningKey::from_jwk(jwk.as_object().unwrap()).is_err(),
            "{jwk}"
        );
    }
}

#[test]
fn debug_shows_no_secret() {
    let jwk: Value = serde_json::from_str(&key().to_jwk()).unwrap();
    let shown = format!("{:?} {:#?}", key(), key());
    assert!(shown.contains("z6Mk"), "{shown}");
    for secret in [SEED, jwk["d"].as_str().unwrap(), "76, 205", "4c"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let error = SigningKey::from_multibase(&key().to_multibase()[1..]).unwrap_err();
    assert!(!error.to_string().contains("3u2"), "{error}");
}

#[test]
#[expect(clippy::print_stderr, reason = "says that it has not run")]
fn openssl_reads_our_pem() {
    let Ok(mut openssl) = Command::new("openssl")
        .args(["pkey", "-pubout", "-outform", "DER"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
    else {
        eprintln!("not run: there is no openssl");
        return;
    };
    let pem = key().to_pkcs8_pem().unwrap();
    openssl
        .stdin
        .take()
        .unwrap()
        .write_all(pem.as_bytes())
        .unwrap();
    let output = openssl.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(
        output.stdout.ends_with(&hex::<32>(PUBLIC)),
        "the public key that OpenSSL derives"
    );
}

/// The encodings of the eight points of small order, and second spellings of points.
#[test]
fn weak_and_second_spellings_of_keys_are_refused() {
    for bytes in [
        "0100000000000000000000000000000000000000000000000000000000000000", // identity
        "0100000000000000000000000000000000000000000000000000000000000080", // identity, -0
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // order 2
        "0000000000000000000000000000000000000000000000000000000000000000", // order 4
        "0000000000000000000000000000000000000000000000000000000000000080", // order 4
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", // order 8
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", // order 8
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", // order 8
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", // order 8
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // y = p + 1
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // y = p + 3
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", // y = p + 18
        "0200000000000000000000000000000000000000000000000000000000000000", // no point
    ] {
        let key = PublicKey(hex(bytes));
        assert!(VerifyingKey::new(key).is_err(), "{bytes}");
        // R = sB and S = s: under the identity this verifies for every message.
        let secret = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
        let mut everything = [0; 64];
        everything[..32].copy_from_slice(secret.verifying_key().as_bytes());
        everything[32..].copy_from_slice(&secret.to_scalar().to_bytes());
        let verified = VerifyingKey::verify_once(key, b"m", &Signature(everything));
        assert_eq!(verified, Err(InvalidSignature), "{bytes}");
    }
}

/// The signature of the test above is one that a verifier without strictness accepts.
#[test]
fn the_identity_verifies_everything_unless_it_is_refused() {
    use ed25519_dalek::Verifier as _;
    let secret = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let mut everything = [0; 64];
    everything[..32].copy_from_slice(secret.verifying_key().as_bytes());
    everything[32..].copy_from_slice(&secret.to_scalar().to_bytes());
    let mut identity = [0; 32];
    identity[0] = 1;
    let key = ed25519_dalek::VerifyingKey::from_bytes(&identity).unwrap();
    let signature = ed25519_dalek::Signature::from_bytes(&everything);
    assert!(key.verify(b"m", &signature).is_ok());
    assert!(key.verify_strict(b"m", &signature).is_err());
}

#[test]
fn signatures_cannot_be_turned_into_others() {
    let signature = key().sign_bytes(b"m");
    let verify = |signature: [u8; 64]| key().verifying_key().verify(b"m", &Signature(signature));
    assert_eq!(verify(signature.0), Ok(()));

    // S + L names the same scalar.
    let order: [u8; 32] = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut shifted = signature.0;
    let mut carry = 0;
    for (byte, add) in shifted[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    assert_eq!(verify(shifted), Err(InvalidSignature));

    // R = identity, S = 0: valid for every message under a key of small order.
    let mut small = [0; 64];
    small[0] = 1;
    assert_eq!(verify(small), Err(InvalidSignature));
}

#[test]
fn objects_are_signed_without_their_signature() {
    let mut object = json!({"a": [1, 2], "inner": {"signature": "kept"}});
    let signature = sign_object(&strict(object.clone()), &key()).unwrap();
    object["signature"] = json!(signature.to_string());
    assert_eq!(
        sign_object(&strict(object.clone()), &key()).unwrap(),
        signature
    );
    assert_eq!(
        verify_object(&strict(object.clone()), &key().verifying_key()),
        Ok(())
    );

    for (member, value) in [
        ("signature", json!(format!("{signature}=="))),
        ("signature", json!(&signature.to_string()[1..])),
        ("signature", json!(7)),
        ("inner", json!({"signature": "changed"})),
        ("a", json!([2, 1])),
        ("extra", json!(null)),
    ] {
        let mut changed = object.clone();
        changed[member] = value;
        assert_eq!(
            verify_object(&strict(changed), &key().verifying_key()),
            Err(InvalidSignature),
            "{member}"
        );
    }
    assert!(sign_object(&strict(json!([])), &key()).is_err());
    assert_eq!(
        verify_object(&strict(json!("x")), &key().verifying_key()),
        Err(InvalidSignature)
    );
}

proptest! {
    #![proptest_config(crate::fixed_seed())]

    #[test]
    fn any_changed_bit_is_refused(seed: [u8; 32], message: Vec<u8>, bit in 0usize..512) {
        let key = SigningKey::from_seed(&seed);
        let signature = key.sign_bytes(&message);
        let public = VerifyingKey::new(key.verifying_key().public_key()).unwrap();
        prop_assert_eq!(public.verify(&message, &signature), Ok(()));
        let mut changed = signature;
        changed.0[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(public.verify(&message, &changed), Err(InvalidSignature));
    }
}
