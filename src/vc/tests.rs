use std::future::{Future, ready};

use serde_json::json;

use super::*;
use crate::did::DidDocument;
use crate::did::key::KeyResolver;
use crate::jcs::canonical_without;
use crate::poll_ready;
use crate::sign::SigningKey;

fn issuer() -> SigningKey {
    SigningKey::from_seed(&[3; 32])
}

fn subject() -> Did {
    Did::parse("did:web:operator.example").unwrap()
}

fn now() -> Timestamp {
    parse_timestamp("2026-11-20T12:00:00Z").unwrap()
}

/// A credential after a change, with a proof of the profile over the changed credential.
fn credential(change: impl FnOnce(&mut Value)) -> Value {
    credential_of(&issuer(), change)
}

fn credential_of(issuer: &SigningKey, change: impl FnOnce(&mut Value)) -> Value {
    let did = issuer.did().unwrap();
    let mut credential = json!({
        "@context": [CREDENTIALS_V2],
        "type": ["VerifiableCredential", "AgeCredential"],
        "issuer": did.as_str(),
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2027-01-01T00:00:00Z",
        "credentialSubject": {"id": subject().as_str(), "ageOver": 18},
        "proof": {
            "type": "DataIntegrityProof",
            "cryptosuite": "eddsa-rdfc-2022",
            "verificationMethod": format!("{did}#{}", did.method_specific_id()),
            "proofPurpose": "assertionMethod",
        },
    });
    change(&mut credential);
    let signature = issuer.sign_bytes(&canonical_without(&credential, "proof"));
    if credential["proof"].is_object() && credential["proof"]["proofValue"].is_null() {
        credential["proof"]["proofValue"] = json!(signature.to_string());
    }
    credential
}

fn judge_with<R: DidResolver, P: ProofVerifier>(
    credential: &Value,
    resolver: &R,
    proofs: &P,
) -> Result<(), CredentialError> {
    let subject = subject();
    let claim = Claim {
        credential_type: "AgeCredential",
        subject: &subject,
        now: now(),
        danger_accept_test_keys: false,
    };
    let credential = Credential::new(credential.as_object().unwrap());
    let judged = poll_ready(verify(credential, claim, resolver, proofs)).unwrap();
    judged.map(drop)
}

fn refusal(change: impl FnOnce(&mut Value)) -> String {
    let proofs = LegacyJcs::danger_for_test_vectors();
    judge_with(&credential(change), &KeyResolver, &proofs)
        .unwrap_err()
        .to_string()
}

#[test]
fn a_sound_credential_is_accepted() {
    let proofs = LegacyJcs::danger_for_test_vectors();
    judge_with(&credential(|_| ()), &KeyResolver, &proofs).unwrap();
    let described = credential(|vc| vc["issuer"] = json!({"id": vc["issuer"], "name": "x"}));
    judge_with(&described, &KeyResolver, &proofs).unwrap();
    let brief = credential(|vc| {
        vc.as_object_mut().unwrap().remove("validUntil");
        vc.as_object_mut().unwrap().remove("validFrom");
    });
    judge_with(&brief, &KeyResolver, &proofs).unwrap();
}

// r[verify attestation.key.test-keys]
#[test]
fn a_published_key_issues_nothing_unless_it_is_asked_for() {
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "enw1c4Ga2khIMvHcCOLZEh86KTns8tpqxGHQML7NCI0", "d": "CJptDr_s3ao7mxLfei68vbG1AXvM0GEoQY_u6Z8DKfM"});
    let issuer = SigningKey::from_jwk(jwk.as_object().unwrap()).unwrap();
    let signed = credential_of(&issuer, |_| ());
    let proofs = LegacyJcs::danger_for_test_vectors();
    let refused = judge_with(&signed, &KeyResolver, &proofs).unwrap_err();
    assert_eq!(refused.to_string(), "everybody has the issuer's key");
    let subject = subject();
    let claim = Claim {
        credential_type: AGE,
        subject: &subject,
        now: now(),
        danger_accept_test_keys: true,
    };
    let credential = Credential::new(signed.as_object().unwrap());
    assert!(
        poll_ready(verify(credential, claim, &KeyResolver, &proofs))
            .unwrap()
            .is_ok()
    );
}

// r[verify attestation.proof.without-suites]
// r[verify attestation.legacy-jcs.explicit]
#[test]
fn without_suites_nothing_is_accepted_and_nobody_is_asked() {
    struct Asked;
    impl DidResolver for Asked {
        fn resolve(
            &self,
            _: &Did,
        ) -> impl Future<Output = Result<DidDocument, ResolveError>> + Send {
            ready(Err(Unavailable::new("DID resolver", "asked").into()))
        }
    }
    let error = judge_with(&credential(|_| ()), &Asked, &NoProofs).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the proof is of a suite that is not verified here"
    );
    let proofs = LegacyJcs::danger_for_test_vectors();
    let error = judge_with(&credential(|_| ()), &Asked, &proofs).unwrap_err();
    assert!(
        matches!(error, CredentialError::Unavailable(_)),
        "an outage is no refusal"
    );
}

// r[verify attestation.proof.context]
// r[verify attestation.proof.type]
// r[verify attestation.proof.subject]
// r[verify attestation.proof.status]
// r[verify attestation.proof.purpose]
// r[verify attestation.proof.method]
#[test]
fn each_part_is_checked() {
    let suite = "the proof is of a suite that is not verified here";
    let names_no_key = "the proof names no key of the issuer";
    assert_eq!(
        refusal(|vc| vc["proof"] = json!([{}])),
        "the credential has no single proof"
    );
    assert_eq!(
        refusal(|vc| vc["proof"]["type"] = json!("Ed25519Signature2020")),
        suite
    );
    assert_eq!(
        refusal(|vc| vc["proof"]["cryptosuite"] = json!("eddsa-jcs-2022")),
        suite
    );
    assert_eq!(
        refusal(|vc| vc["@context"] = json!(["https://example.com", CREDENTIALS_V2])),
        "the first context is not that of credentials"
    );
    assert_eq!(
        refusal(|vc| vc["type"] = json!(["VerifiableCredential"])),
        "the credential is of another type"
    );
    assert_eq!(
        refusal(|vc| vc["type"] = json!("AgeCredential")),
        "the credential is of another type"
    );
    assert_eq!(
        refusal(|vc| vc["credentialSubject"]["id"] = json!("did:web:other.example")),
        "the credential is about somebody else"
    );
    assert_eq!(
        refusal(|vc| vc["credentialSubject"] = json!([{}])),
        "the credential is about somebody else"
    );
    assert_eq!(
        refusal(|vc| vc["credentialStatus"] = json!({})),
        "the status of the credential cannot be evaluated"
    );
    assert_eq!(
        refusal(|vc| vc["proof"]["proofPurpose"] = json!("authentication")),
        "the proof has another purpose"
    );
    assert_eq!(
        refusal(|vc| vc["issuer"] = json!(7)),
        "the issuer is no DID"
    );
    assert_eq!(
        refusal(|vc| vc["issuer"] = json!("did:web:issuer.example")),
        names_no_key
    );
    assert_eq!(
        refusal(|vc| vc["proof"]["verificationMethod"] = json!("#key-1")),
        names_no_key
    );
    assert_eq!(
        refusal(|vc| vc["proof"]["verificationMethod"] =
            json!(format!("{}#other", issuer().did().unwrap()))),
        "the proof names no assertion key of the issuer"
    );
    assert_eq!(
        refusal(|vc| vc["proof"]["proofValue"] = json!("z")),
        "the proof does not verify"
    );
    let mut changed = credential(|_| ());
    changed["credentialSubject"]["ageOver"] = json!(21);
    let proofs = LegacyJcs::danger_for_test_vectors();
    let error = judge_with(&changed, &KeyResolver, &proofs).unwrap_err();
    assert_eq!(error.to_string(), "the proof does not verify");
}

// r[verify attestation.proof.validity]
#[test]
fn credentials_are_valid_for_a_time() {
    let moment = |member: &'static str, time: &'static str| {
        refusal(|vc| {
            let object = if member == "expires" {
                &mut vc["proof"]
            } else {
                vc
            };
            object[member] = json!(time);
        })
    };
    let (early, late) = (
        "the credential is not valid yet",
        "the credential is not valid any longer",
    );
    assert_eq!(moment("validFrom", "2026-11-20T12:00:01Z"), early);
    assert_eq!(moment("validUntil", "2026-11-20T12:00:00Z"), late);
    assert_eq!(moment("expires", "2026-11-20T12:00:00Z"), late);
    assert_eq!(
        moment("validFrom", "2026-11-20"),
        "a time of the credential does not parse"
    );
}

// r[verify attestation.vc.age-private]
#[test]
fn ages_are_found_at_any_depth_and_in_any_spelling() {
    for name in [
        "birthDate",
        "date-of-birth",
        "DOB",
        "Age",
        "age_in_years",
        "exact_age",
        "year_of_birth",
    ] {
        let mut subject = json!({"ageOver": 18, "a": [{"b": {}}]});
        assert!(!discloses_age(&subject));
        subject["a"][0]["b"][name] = json!(1);
        assert!(discloses_age(&subject), "{name}");
    }
    assert!(!discloses_age(
        &json!({"ageOver": 18, "page": 1, "message": "birthDate"})
    ));
}
