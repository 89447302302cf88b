//! Credentials: who may see them, and which of them.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use x428::attestation::Payload;
use x428::client::{AttestationMiddleware, ClientError, ConsentPolicy, Operator, Origin, Question};
use x428::client::{Rule, consent_policy_schema};
use x428::http::request;
use x428::jcs::{Limits, StrictJson, canonical};
use x428::sign::SigningKey;
use x428::wire::attestation::MinimumAge;

use super::server::{Server, Setup, attach, client_error, clock, operator};

fn issuer() -> SigningKey {
    SigningKey::from_seed(&[4; 32])
}

/// A credential that the operator is of an age, after a change.
fn credential(change: impl FnOnce(&mut Value)) -> StrictJson {
    let did = issuer().did().unwrap();
    let mut credential = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential", "AgeCredential"],
        "issuer": did.as_str(),
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2036-01-01T00:00:00Z",
        "credentialSubject": {"id": operator().did().as_str(), "ageOver": 18},
        "note": "kept, as the proof covers it",
    });
    change(&mut credential);
    let signature = issuer().sign_bytes(&canonical(&credential));
    credential["proof"] = json!({
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "verificationMethod": format!("{did}#{}", did.method_specific_id()),
        "proofPurpose": "assertionMethod",
        "proofValue": signature.to_string(),
    });
    StrictJson::parse(credential.to_string().as_bytes(), Limits::default()).unwrap()
}

fn films(methods: &[&str]) -> Setup {
    Setup::of(vec![json!({
        "id": "adult", "type": "age", "allowedAttestationMethods": methods, "minimumAge": 18,
        "acceptedVcIssuers": [issuer().did().unwrap().as_str()],
    })])
}

fn rule(server: &Server) -> Rule {
    let origin = Origin::parse(&server.base).unwrap();
    Rule::of([origin]).with_age(MinimumAge::new(18).unwrap())
}

fn client(
    operator: Operator<SigningKey>,
    policy: ConsentPolicy,
) -> AttestationMiddleware<SigningKey, x428::client::Nobody, x428::clock::FixedClock> {
    let middleware = AttestationMiddleware::new(operator, policy).unwrap();
    middleware.with_clock(clock())
}

/// The attestation that the server got.
fn attestation(server: &Server) -> Value {
    let seen = server.seen();
    let payload: Payload = request::payload(&seen.last().unwrap().headers)
        .unwrap()
        .unwrap();
    payload.json().value()["attestations"][0].clone()
}

// r[verify attestation.vc.age]
#[tokio::test]
async fn a_credential_is_shown_whole_where_the_policy_says_so() {
    let server = films(&["vc"]).start().await;
    let shown = credential(|_| {});
    let operator = operator().with_credential(&shown).unwrap();
    let policy = ConsentPolicy::new().with(rule(&server).with_credentials());
    let client = attach(client(operator, policy));
    let response = client.get(server.url("/r/1")).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let attestation = attestation(&server);
    assert_eq!(attestation["method"], "vc");
    assert_eq!(&attestation["vc"], shown.value());
}

// r[verify attestation.client.consent]
#[tokio::test]
async fn consent_to_an_age_is_none_to_a_credential() {
    let server = films(&["vc"]).start().await;
    let holder = operator().with_credential(&credential(|_| {})).unwrap();
    let policy = ConsentPolicy::new().with(rule(&server));
    let denied = attach(client(holder.clone(), policy.clone()));
    let error = client_error(denied.get(server.url("/r/1")).send().await);
    assert!(
        matches!(error, ClientError::ConsentDenied { .. }),
        "{error:?}"
    );
    assert!(!server.saw_a_payload());

    let asked = Arc::new(Mutex::new(Vec::new()));
    let questions = Arc::clone(&asked);
    let asking = client(holder, policy.or_ask()).with_ask(move |question: Question| {
        questions.lock().unwrap().push(question);
        std::future::ready(true)
    });
    let response = attach(asking).get(server.url("/r/1")).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let asked = asked.lock().unwrap();
    let [question] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    let shown = question.credential.as_ref().unwrap();
    assert_eq!(shown["credentialSubject"]["ageOver"], 18);
}

// r[verify attestation.privacy.least-method]
#[tokio::test]
async fn the_own_word_goes_before_a_credential() {
    let server = films(&["vc", "self"]).start().await;
    let holder = operator().with_credential(&credential(|_| {})).unwrap();
    let policy = ConsentPolicy::new().with(rule(&server).with_credentials());
    let client = attach(client(holder, policy));
    client.get(server.url("/r/1")).send().await.unwrap();
    let attestation = attestation(&server);
    assert_eq!(attestation["method"], "self");
    assert!(attestation.get("vc").is_none());
}

#[tokio::test]
async fn a_credential_that_does_not_fit_is_not_shown() {
    let server = films(&["vc"]).start().await;
    let unfit: [fn(&mut Value); 6] = [
        |credential| credential["credentialSubject"]["ageOver"] = 17.into(),
        |credential| credential["credentialSubject"]["birthDate"] = "1990-05-17".into(),
        |credential| credential["issuer"] = "did:web:other.example".into(),
        |credential| credential["type"] = json!(["VerifiableCredential", "OtherCredential"]),
        |credential| credential["validUntil"] = "2026-01-02T00:00:00Z".into(),
        |credential| credential["validFrom"] = "2035-01-02T00:00:00Z".into(),
    ];
    for (number, change) in unfit.into_iter().enumerate() {
        let holder = operator().with_credential(&credential(change)).unwrap();
        let policy = ConsentPolicy::new().with(rule(&server).with_credentials());
        let client = attach(client(holder, policy));
        let error = client_error(client.get(server.url("/r/1")).send().await);
        assert!(
            matches!(error, ClientError::CannotAttest { .. }),
            "{number}: {error:?}"
        );
    }
    assert!(!server.saw_a_payload());
}

#[test]
fn a_credential_of_somebody_else_is_not_held() {
    let other = credential(|credential| credential["credentialSubject"]["id"] = "did:x:y".into());
    assert!(operator().with_credential(&other).is_err());
    let none = StrictJson::parse(b"{}", Limits::default()).unwrap();
    assert!(operator().with_credential(&none).is_err());
}

#[test]
fn the_policy_file_consents_to_credentials_of_named_servers_only() {
    let good = "[[consent]]\norigins = [\"https://a.example\"]\nage = 18\ncredentials = true\n";
    assert!(ConsentPolicy::from_toml(good).is_ok());
    let hash = "0".repeat(64);
    let bad = format!("[[consent]]\ndocuments = [\"sha256-{hash}\"]\ncredentials = true\n");
    let error = ConsentPolicy::from_toml(&bad).unwrap_err();
    assert_eq!(error.line(), 1);
    assert_eq!(
        error.why(),
        "malformed rule: without `origins` it would show credentials to every server"
    );
    let validator = jsonschema::validator_for(&consent_policy_schema()).unwrap();
    let value = |text: &str| -> Value { toml::from_str(text).unwrap() };
    assert!(validator.is_valid(&value(good)));
    for (from, to) in [
        ("origins", "origin"),
        ("https:", "ftp:"),
        ("18", "\"18\""),
        ("credentials = true", "credentials = \"all\""),
        ("[[consent]]", "otherwise = \"maybe\"\n[[consent]]"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert!(!validator.is_valid(&value(&bad)), "{bad}");
        let error = ConsentPolicy::from_toml(&bad).unwrap_err();
        assert!(error.line() > 0 && !error.why().is_empty(), "{bad}");
    }
}
