use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::attestation::nonce::MemoryNonceStore;
use crate::clock::Clock;
use crate::encoding::parse_base64url;
use crate::poll_ready;
use crate::sign::SigningKey;
use crate::wire::withdrawal::{ClientId, HttpsUri, Subject};
use crate::withdrawal::example;

const KID: &str = "proof-2026-11";

/// The test key of section B.2.
fn key() -> SigningKey {
    let jwk = json!({
        "kty": "OKP", "crv": "Ed25519",
        "x": "yzaeyAZ5JOuDovFF-dPyDa2rcWGIVAAPeehGEobk4GQ",
        "d": "H3Gi2aLNzRK2bvcVOTMBwToLfAtYnuS_9yMkCJnr5_I",
    });
    SigningKey::from_jwk(jwk.as_object().unwrap()).unwrap()
}

fn parties() -> Parties {
    Parties {
        issuer: HttpsUri::parse("https://exchange.example").unwrap(),
        client_id: ClientId::parse("example-wallet").unwrap(),
        subject: Subject::parse("acct-6c1f0b7e94d24a3c8b52e7d09a41f3c6").unwrap(),
    }
}

fn hash() -> IntentHash {
    let digest = Sha256Digest::parse("SNCaLQU0F1JDZr5l9d7VrY2b_Tz97jBPo9N5hREZ-Q8").unwrap();
    IntentHash::try_from(&digest).unwrap()
}

fn challenge_id() -> ChallengeId {
    ChallengeId::parse("ch_2Fq6sLbNj8YuE4wTmXzVr5").unwrap()
}

fn thumbprint(byte: u8) -> Sha256Digest {
    Sha256Digest::parse(base64url([byte; 32])).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

const ISSUED: i64 = 1_795_176_040;

fn verifier() -> ProofVerifier {
    strict().danger_accept_test_keys()
}

fn strict() -> ProofVerifier {
    ProofVerifier::new().with_key(KID, key().verifying_key())
}

// r[verify withdrawal.vectors.test-keys]
#[test]
fn a_published_key_proves_nothing_unless_it_is_asked_for() {
    let minted = mint(None, &[StepUpMethod::Totp]).unwrap();
    let parties = parties();
    let request = Request {
        parties: &parties,
        intent_hash: hash(),
        thumbprint: None,
    };
    let now = at(ISSUED);
    let refused = strict().verify(minted.token.as_str(), &request, now);
    assert_eq!(refused.map(|_| ()).unwrap_err(), InvalidProof::UnknownKey);
    let accepted = verifier().verify(minted.token.as_str(), &request, now);
    assert!(accepted.is_ok());
}

fn mint(thumbprint: Option<&Sha256Digest>, methods: &[StepUpMethod]) -> Result<Minted, Error> {
    let (parties, challenge_id) = (parties(), challenge_id());
    let approval = Approval {
        parties: &parties,
        challenge_id: &challenge_id,
        intent_hash: hash(),
        methods,
        thumbprint,
    };
    let issuer = ProofIssuer::new(KID, key()).unwrap();
    poll_ready(issuer.mint_as("pf_1Wd8rTzNq4XkB6vHsJyMc0", &approval, at(ISSUED))).unwrap()
}

fn verify(token: &str, second: i64) -> Result<SignedProof, InvalidProof> {
    let parties = parties();
    let request = Request {
        parties: &parties,
        intent_hash: hash(),
        thumbprint: None,
    };
    verifier().verify(token, &request, at(second))
}

fn refused(token: &str) -> InvalidProof {
    verify(token, ISSUED).err().unwrap()
}

/// A token of the test key with other parts.
fn forged(header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| base64url(value.to_string());
    let signed = format!("{}.{}", encode(header), encode(claims));
    format!("{signed}.{}", key().sign_bytes(signed.as_bytes()))
}

fn forged_claims(name: &str, value: Value) -> String {
    let mut claims = example::example("proof-claims");
    claims[name] = value;
    forged(&example::example("proof-header"), &claims)
}

fn kept<'a>(id: &'a ChallengeId, methods: &'a [StepUpMethod]) -> KeptChallenge<'a> {
    KeptChallenge {
        id,
        status: ChallengeStatus::Verified,
        intent_hash: hash(),
        policy: ChallengePolicy::Any,
        methods,
    }
}

// r[verify withdrawal.proof.form]
// r[verify withdrawal.proof.claims]
#[test]
fn the_proof_of_the_text_is_made_again() {
    let minted = mint(None, &[StepUpMethod::Totp]).unwrap();
    let expected: ProofToken = example::read("proof-token");
    assert_eq!(minted.token, expected);
    assert_eq!(minted.expires_at, at(ISSUED + 120));
    let signed = verify(expected.as_str(), ISSUED).unwrap();
    assert_eq!(signed.challenge_id(), &challenge_id());
}

// r[verify withdrawal.proof.lifetime]
#[test]
fn a_proof_lives_two_minutes_at_most() {
    let token = mint(None, &[StepUpMethod::Totp]).unwrap().token;
    assert!(verify(token.as_str(), ISSUED + 119).is_ok());
    assert_eq!(
        verify(token.as_str(), ISSUED + 120).err(),
        Some(InvalidProof::Expired)
    );
    assert_eq!(
        refused(&forged_claims("exp", json!(ISSUED + 121))),
        InvalidProof::Expired
    );
    assert_eq!(
        refused(&forged_claims("iat", json!(ISSUED + 121))),
        InvalidProof::Expired
    );
    let issuer = || ProofIssuer::new(KID, key()).unwrap();
    assert!(issuer().with_lifetime(PROOF_LIFETIME_MAX).is_ok());
    for wrong in [
        PROOF_LIFETIME_MAX + Duration::from_nanos(1),
        Duration::from_millis(999),
    ] {
        assert!(issuer().with_lifetime(wrong).is_err());
    }
}

// r[verify withdrawal.proof.check]
#[test]
fn a_proof_is_for_one_request() {
    let changes = [
        (
            "iss",
            json!("https://other.example"),
            InvalidProof::Exchange,
        ),
        (
            "aud",
            json!("https://other.example"),
            InvalidProof::Exchange,
        ),
        ("sub", json!("acct-other"), InvalidProof::Party),
        ("client_id", json!("other-wallet"), InvalidProof::Party),
        (
            "intentHash",
            json!(base64url([1; 32])),
            InvalidProof::Intent,
        ),
        ("cnf", json!({"jkt": thumbprint(1)}), InvalidProof::Binding),
        ("amr", json!([]), InvalidProof::Form),
        ("amr", json!(["sms", "sms"]), InvalidProof::Form),
        ("jti", json!("short"), InvalidProof::Form),
        ("exp", json!("soon"), InvalidProof::Form),
    ];
    for (name, value, expected) in changes {
        assert_eq!(refused(&forged_claims(name, value)), expected, "{name}");
    }
}

// r[verify withdrawal.proof.form]
#[test]
fn the_key_decides_and_not_the_header() {
    let claims = example::example("proof-claims");
    let header = |header: Value| refused(&forged(&header, &claims));
    let of = |alg: &str, typ: &str, kid: &str| header(json!({"alg": alg, "typ": typ, "kid": kid}));
    assert_eq!(of("none", "x428-proof+jwt", KID), InvalidProof::Form);
    assert_eq!(of("HS256", "x428-proof+jwt", KID), InvalidProof::Form);
    assert_eq!(of("EdDSA", "JWT", KID), InvalidProof::Form);
    assert_eq!(
        of("EdDSA", "x428-proof+jwt", "other"),
        InvalidProof::UnknownKey
    );
    let more = json!({"alg": "EdDSA", "typ": "x428-proof+jwt", "kid": KID, "crit": ["b64"]});
    assert_eq!(header(more), InvalidProof::Form);
    let jwk = json!({"alg": "EdDSA", "typ": "x428-proof+jwt", "kid": KID, "jwk": {"kty": "OKP"}});
    assert_eq!(header(jwk), InvalidProof::Form);
}

#[test]
fn no_changed_character_verifies() {
    let token = mint(None, &[StepUpMethod::Totp])
        .unwrap()
        .token
        .into_string();
    for (place, character) in token.char_indices() {
        let other = if character == 'A' { 'B' } else { 'A' };
        let mut changed = token.clone();
        changed.replace_range(place..=place, other.encode_utf8(&mut [0; 4]));
        assert!(verify(&changed, ISSUED).is_err(), "at {place}");
    }
    for changed in [
        format!("{token}="),
        format!(" {token}"),
        format!("{token}.x"),
        token.replace('.', ""),
        String::new(),
    ] {
        assert_eq!(refused(&changed), InvalidProof::Form);
    }
}

/// Two members of one name are two readings.
#[test]
fn claims_have_one_reading() {
    let header = base64url(example::example("proof-header").to_string());
    let claims = example::example("proof-claims").to_string();
    let twice = claims.replacen('{', "{\"sub\":\"acct-other\",", 1);
    let signed = format!("{header}.{}", base64url(twice));
    let token = format!("{signed}.{}", key().sign_bytes(signed.as_bytes()));
    assert_eq!(refused(&token), InvalidProof::Form);
}

// r[verify withdrawal.proof.claims]
#[test]
fn a_bound_proof_needs_its_key() {
    let (mine, other) = (thumbprint(1), thumbprint(2));
    let token = mint(Some(&mine), &[StepUpMethod::Totp]).unwrap().token;
    let parties = parties();
    let with = |thumbprint| {
        let request = Request {
            parties: &parties,
            intent_hash: hash(),
            thumbprint,
        };
        verifier()
            .verify(token.as_str(), &request, at(ISSUED))
            .map(|_| ())
    };
    assert_eq!(with(Some(&mine)), Ok(()));
    assert_eq!(with(Some(&other)), Err(InvalidProof::Binding));
    assert_eq!(with(None), Err(InvalidProof::Binding));
}

// r[verify withdrawal.proof.check]
#[test]
fn the_challenge_was_met() {
    let token = mint(None, &[StepUpMethod::Totp]).unwrap().token;
    let check = |challenge: &KeptChallenge<'_>| {
        verify(token.as_str(), ISSUED)
            .unwrap()
            .check(challenge)
            .map(|proof| proof.id().len())
    };
    let id = challenge_id();
    let offered = [StepUpMethod::Totp, StepUpMethod::Push];
    let kept = kept(&id, &offered);
    assert_eq!(check(&kept), Ok(25));
    let other = ChallengeId::parse("ch_2Fq6sLbNj8YuE4wTmXzVr6").unwrap();
    assert_eq!(
        check(&KeptChallenge { id: &other, ..kept }),
        Err(InvalidProof::Challenge)
    );
    for &status in ChallengeStatus::ALL {
        let expected = match status {
            ChallengeStatus::Verified => Ok(25),
            ChallengeStatus::Consumed => Err(InvalidProof::Used),
            _ => Err(InvalidProof::Challenge),
        };
        assert_eq!(check(&KeptChallenge { status, ..kept }), expected);
    }
    let intent_hash = IntentHash([1; 32]);
    assert_eq!(
        check(&KeptChallenge {
            intent_hash,
            ..kept
        }),
        Err(InvalidProof::Intent)
    );
    let all = KeptChallenge {
        policy: ChallengePolicy::All,
        ..kept
    };
    assert_eq!(check(&all), Err(InvalidProof::Policy));
    assert_eq!(
        check(&KeptChallenge {
            methods: &offered[..1],
            ..all
        }),
        Ok(25)
    );
    assert_eq!(
        check(&KeptChallenge {
            methods: &offered[1..],
            ..kept
        }),
        Err(InvalidProof::Policy)
    );
    assert_eq!(
        check(&KeptChallenge {
            methods: &[],
            ..all
        }),
        Err(InvalidProof::Policy)
    );
}

#[test]
fn methods_are_some_and_none_twice() {
    for methods in [&[][..], &[StepUpMethod::Sms, StepUpMethod::Sms]] {
        assert!(matches!(mint(None, methods), Err(Error::Misuse(_))));
    }
}

#[derive(Debug, Clone, Copy)]
struct Fixed(Timestamp);

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        self.0
    }
}

// r[verify withdrawal.proof.once]
// r[verify withdrawal.proof.invalid]
#[test]
fn a_proof_is_consumed_once() {
    let token = mint(None, &[StepUpMethod::Totp]).unwrap().token;
    let id = challenge_id();
    let offered = [StepUpMethod::Totp];
    let proof = || {
        verify(token.as_str(), ISSUED)
            .unwrap()
            .check(&kept(&id, &offered))
            .unwrap()
    };
    let store = MemoryNonceStore::with_clock(10, Fixed(at(ISSUED)));
    assert!(poll_ready(proof().consume(&store)).unwrap().is_ok());
    let again = poll_ready(proof().consume(&store)).unwrap();
    let Err(Error::Refused(refused)) = again else {
        panic!("not refused: {again:?}");
    };
    assert_eq!(refused.code(), WithdrawalErrorCode::ChallengeProofInvalid);
    assert_eq!(refused.status(), 400);
    let full = MemoryNonceStore::with_clock(0, Fixed(at(ISSUED)));
    let outage = poll_ready(proof().consume(&full)).unwrap();
    assert!(matches!(outage, Err(Error::Unavailable(_))));
}

// r[verify withdrawal.proof.invalid]
#[test]
fn all_refusals_are_one() {
    let reasons = [
        InvalidProof::Form,
        InvalidProof::UnknownKey,
        InvalidProof::Signature,
        InvalidProof::Expired,
        InvalidProof::Intent,
        InvalidProof::Used,
    ];
    let refusals: Vec<Refused> = reasons.into_iter().map(Refused::from).collect();
    assert!(refusals.windows(2).all(|pair| pair[0] == pair[1]));
}

// r[verify withdrawal.proof.secret]
#[test]
fn nothing_shows_the_token() {
    let minted = mint(None, &[StepUpMethod::Totp]).unwrap();
    let signed = verify(minted.token.as_str(), ISSUED).unwrap();
    let (_, signature) = minted.token.as_str().rsplit_once('.').unwrap();
    for shown in [format!("{minted:?}"), format!("{signed:?}")] {
        assert!(!shown.contains(signature));
        assert!(!shown.contains("acct-"));
    }
    assert!(parse_base64url(signature).is_ok());
}
