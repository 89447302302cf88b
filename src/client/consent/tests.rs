use serde_json::json;

use super::*;
use crate::wire::attestation as wire;

const HASH: &str = "sha256-969248b43c92b6d938ea589b7255be8d3f835784699da8c53dfebf377230d466";
const OTHER: &str = "sha256-1111111111111111111111111111111111111111111111111111111111111111";

fn origin(text: &str) -> Origin {
    Origin::parse(text).unwrap()
}

fn precondition(json: serde_json::Value) -> Precondition {
    serde_json::from_value(json).unwrap()
}

fn tos(url: &str, hash: &str) -> Precondition {
    precondition(json!({
        "id": "terms", "type": "tos", "allowedAttestationMethods": ["self"],
        "tosVersion": "1", "documentUrl": url, "documentHash": hash,
    }))
}

fn age(minimum: u8) -> Precondition {
    precondition(json!({
        "id": "age", "type": "age", "allowedAttestationMethods": ["self"], "minimumAge": minimum,
    }))
}

fn identity() -> Precondition {
    precondition(json!({
        "id": "who", "type": "identity", "allowedAttestationMethods": ["self"],
    }))
}

fn hash(text: &str) -> DocumentHash {
    DocumentHash::parse(text).unwrap()
}

/// The published schema is the one of these types. To renew it: `X428_RENEW=1 cargo test`.
#[test]
fn the_published_schema_is_the_one_that_is_read() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/schema/config/consent-policy.json"
    );
    let text = format!("{:#}\n", schema());
    if std::env::var_os("X428_RENEW").is_some() {
        std::fs::write(file, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(file).unwrap(), text);
}

// r[verify attestation.client.consent]
#[test]
fn no_policy_is_no_consent() {
    let server = origin("https://a.example");
    for precondition in [tos("https://a.example/terms", HASH), age(0), identity()] {
        let decide = |policy: ConsentPolicy| policy.decide(&server, &precondition);
        assert_eq!(decide(ConsentPolicy::new()), Consent::Denied);
        assert_eq!(decide(ConsentPolicy::new().or_ask()), Consent::Ask);
    }
}

// r[verify attestation.client.consent]
#[test]
fn a_rule_consents_to_what_it_names_and_to_nothing_else() {
    let rule = Rule::of([origin("https://a.example")])
        .with_document(hash(HASH))
        .with_document_host("Docs.example")
        .with_age(MinimumAge::new(18).unwrap())
        .with_identity();
    let policy = ConsentPolicy::new().with(rule);
    let here = |precondition| policy.decide(&origin("https://a.example"), &precondition);
    let other = hash(OTHER);

    assert_eq!(here(tos("https://b.example/terms", HASH)), Consent::ToHash);
    assert_eq!(
        here(tos("https://docs.example/x", other.as_str())),
        Consent::Given
    );
    assert_eq!(
        here(tos("https://b.example/terms", other.as_str())),
        Consent::Denied
    );
    assert_eq!(
        here(tos("https://x.docs.example/", other.as_str())),
        Consent::Denied
    );
    assert_eq!(
        here(tos("https://docs.example@b.example/", other.as_str())),
        Consent::Denied
    );
    assert_eq!(
        (here(age(18)), here(age(19))),
        (Consent::Given, Consent::Denied)
    );
    assert_eq!(here(identity()), Consent::Given);
    let unknown = json!({
        "id": "x", "type": "https://types.example/x", "allowedAttestationMethods": ["self"],
    });
    assert_eq!(here(precondition(unknown)), Consent::Denied);

    for elsewhere in [
        "http://a.example",
        "https://a.example:8443",
        "https://b.example",
        "https://sub.a.example",
    ] {
        let decide = |precondition| policy.decide(&origin(elsewhere), &precondition);
        assert_eq!(decide(identity()), Consent::Denied, "{elsewhere}");
        assert_eq!(decide(tos("https://docs.example/x", HASH)), Consent::Denied);
    }
}

#[test]
fn a_hash_may_be_accepted_whoever_asks() {
    let policy = ConsentPolicy::new().with(Rule::of_documents([hash(HASH)]));
    let server = origin("https://any.example");
    assert_eq!(
        policy.decide(&server, &tos("https://x.example/", HASH)),
        Consent::ToHash
    );
    assert_eq!(policy.decide(&server, &identity()), Consent::Denied);
}

#[test]
fn one_rule_that_consents_is_enough() {
    let of_host = Rule::of([origin("https://a.example")]).with_document_host("a.example");
    let of_hash = Rule::of_documents([hash(HASH)]);
    let policy = ConsentPolicy::new().with(of_host).with(of_hash);
    let decide = |hash| {
        let asked = tos("https://a.example/terms", hash);
        policy.decide(&origin("https://a.example"), &asked)
    };
    assert_eq!(decide(HASH), Consent::ToHash);
    assert_eq!(decide(hash(OTHER).as_str()), Consent::Given);
}

#[test]
fn a_policy_is_read_from_a_file() {
    let text = format!(
        "otherwise = \"ask\"\n\
         [[consent]]\n\
         origins = [\"https://A.example:443\", \"http://127.0.0.1:8080\"]\n\
         documents = [\"{HASH}\"]\n\
         document-hosts = [\"Docs.Example\"]\n\
         age = 18\n\
         identity = true\n\
         [[consent]]\n\
         documents = [\"{HASH}\"]\n"
    );
    let rule = Rule::of([origin("https://a.example"), origin("http://127.0.0.1:8080")])
        .with_document(hash(HASH))
        .with_document_host("docs.example")
        .with_age(MinimumAge::new(18).unwrap())
        .with_identity();
    let expected = ConsentPolicy::new()
        .with(rule)
        .with(Rule::of_documents([hash(HASH)]))
        .or_ask();
    assert_eq!(ConsentPolicy::from_toml(&text).unwrap(), expected);
    assert_eq!(ConsentPolicy::from_toml("").unwrap(), ConsentPolicy::new());
}

// r[verify attestation.security.policy]
#[test]
fn a_bad_file_is_refused_with_line_and_reason() {
    for (text, line, column, why) in [
        ("otherwise = ", 1, 13, "string values must be quoted"),
        ("otherwise = \"yes\"", 1, 13, "unknown variant `yes`"),
        ("default = \"ask\"", 1, 1, "unknown field `default`"),
        (
            "[[consent]]\nidentity = true\n",
            1,
            1,
            "would consent to every server",
        ),
        (
            "\n[[consent]]\nage = 18\n",
            2,
            1,
            "would consent to every server",
        ),
        (
            "[[consent]]\norigins = [\"https://a.example\"]\n",
            1,
            1,
            "consents to nothing",
        ),
        (
            "[[consent]]\norigins = [\n  \"https://a.example/x\"]\nage = 1",
            2,
            11,
            "https://host",
        ),
        (
            "[[consent]]\norigins = [\"a.example\"]\nage = 1",
            2,
            11,
            "not a URL",
        ),
        (
            "[[consent]]\norigins = [\"*\"]\nage = 1",
            2,
            11,
            "not a URL",
        ),
        (
            "[[consent]]\ndocuments = [\"sha256-00\"]",
            2,
            13,
            "DocumentHash",
        ),
        (
            "[[consent]]\norigins = [\"https://a.example\"]\nage = 151",
            3,
            7,
            "150",
        ),
        (
            "[[consent]]\norigins = [\"https://a.example\"]\nage = \"18\"",
            3,
            7,
            "string",
        ),
        (
            "[[consent]]\norigins = [\"https://a.example\"]\nidentify = true",
            3,
            1,
            "`identify`",
        ),
        (
            "[[consent]]\norigins = [\"https://a.example\"]\ndocument-hosts = [\"a b\"]",
            3,
            18,
            "not a name or an address",
        ),
    ] {
        let error = ConsentPolicy::from_toml(text).unwrap_err();
        assert_eq!(
            (error.line(), error.column()),
            (line, column),
            "{text}: {error}"
        );
        assert!(
            error.why().to_lowercase().contains(&why.to_lowercase()),
            "{text}: {error}"
        );
    }
}

#[test]
fn origins_are_bare() {
    assert_eq!(
        origin("HTTPS://A.example:443/").as_str(),
        "https://a.example"
    );
    assert_eq!(origin("http://[::1]:80").as_str(), "http://[::1]");
    for text in [
        "a.example",
        "ftp://a.example",
        "https://a.example/x",
        "https://a.example?x",
        "https://a.example#x",
        "https://u@a.example",
        "file:///",
    ] {
        assert!(Origin::parse(text).is_err(), "{text}");
    }
}

#[test]
fn nobody_consents() {
    let challenge = json!({
        "x428Version": 1,
        "preconditions": [identity()],
        "resource": "https://a.example/",
        "challenge": "0".repeat(64),
        "expiresAt": "2026-11-20T12:05:00Z",
    });
    let challenge: wire::PreconditionChallenge = serde_json::from_value(challenge).unwrap();
    let question = Question {
        server: origin("https://a.example"),
        challenge: Challenge::new(challenge).unwrap(),
        precondition: identity(),
        credential: None,
        document: None,
        operator: Did::parse("did:web:operator.example").unwrap(),
    };
    assert_eq!(crate::poll_ready(Nobody.ask(question.clone())), Some(false));
    let asked = |question: Question| async move { question.precondition.type_() == "identity" };
    assert_eq!(crate::poll_ready(asked.ask(question)), Some(true));
}
