//! From a policy to a signed payload.

use insta::assert_snapshot;

use super::run::Here;

const URL: &str = "https://api.example.com/reports/2026-q3";
const AT: &str = "2026-11-20T12:00:00Z";
const CONSENT: &str = "--yes-to terms=sha256-969248b43c92b6d938ea589b7255be8d3f835784699da8c53dfebf377230d466 --yes-to age=18";

fn with_challenge() -> Here {
    let here = Here::with_key();
    let ran = here.x428(&format!(
        "challenge --policy policy.toml --resource {URL} --at {AT} --json"
    ));
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let json = ran.json();
    let fixed = json["challenge"].to_string().replace(
        json["challenge"]["challenge"].as_str().unwrap(),
        &"5f".repeat(32),
    );
    here.write("challenge.json", &fixed);
    here
}

#[test]
fn a_challenge_has_what_the_policy_says() {
    let here = with_challenge();
    let challenge = std::fs::read_to_string(here.path("challenge.json")).unwrap();
    assert_snapshot!(challenge);
    let missing =
        here.x428("challenge --policy policy.toml --resource https://api.example.com/open");
    assert_snapshot!(missing.shown());
    let elsewhere =
        here.x428("challenge --policy policy.toml --resource https://example.com/account");
    assert_snapshot!(elsewhere.shown());
}

// r[verify attestation.client.consent]
#[test]
fn what_is_consented_to_is_signed_and_verified() {
    let here = with_challenge();
    let ran = here.x428(&format!(
        "attest challenge.json --requested {URL} --at {AT} {CONSENT}"
    ));
    assert_snapshot!(ran.shown());
    here.write("payload.json", &ran.out);
    let verify = format!("verify --challenge challenge.json --payload payload.json --at {AT}");
    assert_snapshot!(here.x428(&verify).shown());
    assert_snapshot!(here.x428(&format!("{verify} --consumed")).shown());
    assert_snapshot!(
        here.x428(&format!(
            "{verify} --requested https://api.example.com/x --json"
        ))
        .shown()
    );

    let header = here.x428(&format!(
        "attest challenge.json --requested {URL} --at {AT} {CONSENT} --header"
    ));
    let verify = format!(
        "verify --challenge challenge.json --payload {} --at {AT}",
        header.out.trim()
    );
    assert_eq!(here.x428(&verify).code, 0);
    let late = verify.replace(AT, "2026-11-20T12:05:00Z");
    assert!(here.x428(&late).out.contains("step 5: challenge_expired"));
}

#[test]
fn a_challenge_is_read_from_wherever_it_is() {
    let here = with_challenge();
    let text = std::fs::read_to_string(here.path("challenge.json")).unwrap();
    let attest = format!("--requested {URL} --at {AT} {CONSENT}");
    let from_file = here.x428(&format!("attest challenge.json {attest}"));
    let from_input = here.x428_with(&format!("attest {attest}"), &text);
    assert_eq!(from_input.out, from_file.out);
    let body = format!(r#"{{"detail":"attest","challenge":{text}}}"#);
    assert_eq!(
        here.x428_with(&format!("attest - {attest}"), &body).out,
        from_file.out
    );
    let header = x428::encoding::base64url(&text);
    assert_eq!(
        here.x428(&format!("attest {header} {attest}")).out,
        from_file.out
    );
}

// r[verify attestation.client.consent]
// r[verify attestation.client.nothing-partial]
#[test]
fn nothing_is_signed_without_consent() {
    let here = with_challenge();
    for (consent, answer) in [
        ("", "yes\nyes\n"),
        ("--yes-to age=18", "yes\n"),
        (
            "--yes-to age=17 --yes-to terms=sha256-969248b43c92b6d938ea589b7255be8d3f835784699da8c53dfebf377230d466",
            "",
        ),
        ("--yes-to identity --yes-to age=99", ""),
    ] {
        let arguments = format!("attest challenge.json --requested {URL} --at {AT} {consent}");
        let ran = here.x428_with(&arguments, answer);
        assert_eq!(ran.code, 1, "{}", ran.shown());
        assert!(ran.out.is_empty(), "{}", ran.shown());
    }
    let ran = here.x428(&format!(
        "attest challenge.json --requested {URL} --at {AT}"
    ));
    assert_snapshot!(ran.shown());
}

// r[verify attestation.client.resource]
// r[verify attestation.client.expired]
#[test]
fn a_challenge_for_something_else_is_not_answered() {
    let here = with_challenge();
    let other =
        format!("attest challenge.json --requested https://api.example.com/x --at {AT} {CONSENT}");
    assert_snapshot!(here.x428(&other).shown());
    let late =
        format!("attest challenge.json --requested {URL} --at 2026-11-20T13:00:00Z {CONSENT}");
    assert_snapshot!(here.x428(&late).shown());
}

#[test]
fn a_policy_file_decides_as_flags_do() {
    let here = with_challenge();
    here.write(
        "consent.toml",
        r#"[[consent]]
origins = ["https://api.example.com"]
documents = ["sha256-969248b43c92b6d938ea589b7255be8d3f835784699da8c53dfebf377230d466"]
age = 18
"#,
    );
    let ran = here.x428(&format!(
        "attest challenge.json --requested {URL} --at {AT} --policy consent.toml"
    ));
    assert_eq!(ran.code, 0, "{}", ran.shown());
    here.write("consent.toml", "[[consent]]\nidentity = true\n");
    let ran = here.x428(&format!(
        "attest challenge.json --requested {URL} --at {AT} --policy consent.toml"
    ));
    assert_snapshot!(ran.shown());
}

#[test]
fn a_published_key_attests_nothing() {
    let here = with_challenge();
    here.secret(
        "operator.pem",
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIBVkz1WxtRK1KiG90mXY7uyr8huhFodAtoP7IpglHKHA\n-----END PRIVATE KEY-----\n",
    );
    let ran = here.x428(&format!(
        "attest challenge.json --requested {URL} --at {AT} {CONSENT}"
    ));
    assert_snapshot!(ran.shown());
}
