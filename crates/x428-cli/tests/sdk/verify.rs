//! Verdicts, and looking into tokens.

use insta::assert_snapshot;

use super::run::Here;

#[test]
fn a_payload_that_is_none_is_refused_and_no_misuse() {
    let here = Here::with_key();
    let ran =
        here.x428("challenge --policy policy.toml --resource https://api.example.com/account");
    here.write("challenge.json", &ran.out);
    here.write("payload.json", "{}");
    assert_snapshot!(
        here.x428("verify --challenge challenge.json --payload payload.json")
            .shown()
    );
    here.write("payload.json", "not base64url!");
    assert_snapshot!(
        here.x428("verify --challenge challenge.json --payload payload.json")
            .shown()
    );
    here.write(
        "challenge.json",
        "{\"x428Version\":1,\"challenge\":\"short\"}",
    );
    here.write("payload.json", "{\"x428Version\":1}");
    assert_snapshot!(
        here.x428("verify --challenge challenge.json --payload payload.json")
            .shown()
    );
    assert_snapshot!(here.x428("verify --challenge - --payload -").shown());
    assert_snapshot!(
        here.x428("verify --challenge nothing.json --payload payload.json")
            .shown()
    );
    assert_snapshot!(
        here.x428("verify --challenge challenge.json --payload payload.json --at noon")
            .shown()
    );
}

const TOKEN: &str = r#"{"token":"q7PzT0mXv3cJbN2yWl5dRg8sKf1hUe6a","expiresAt":"2026-11-20T13:04:00Z","scope":"https://api.example.com/reports/*"}"#;

// r[verify attestation.token.secret]
#[test]
fn a_token_is_explained_and_not_shown() {
    let here = Here::new();
    here.write("token.json", TOKEN);
    let inspect = "token inspect token.json --at 2026-11-20T13:00:00Z";
    let ran = here.x428(inspect);
    assert_snapshot!(ran.shown());
    assert!(!ran.out.contains("q7PzT0mX"));
    let opens = here.x428(&format!(
        "{inspect} --requested https://api.example.com/reports/2026-q2 --json"
    ));
    assert_snapshot!(opens.shown());
    let does_not = here.x428(&format!(
        "{inspect} --requested https://api.example.com/account"
    ));
    assert_snapshot!(does_not.shown());
    let late = here.x428("token inspect token.json --at 2026-11-20T13:04:00Z");
    assert!(late.out.contains("expired"));
    let opaque = here.x428("token inspect q7PzT0mXv3cJbN2yWl5dRg8sKf1hUe6a");
    assert_snapshot!(opaque.shown());
    assert_eq!(here.x428("key new --server keys.toml").code, 0);
    assert_snapshot!(here.x428(&format!("{inspect} --keys keys.toml")).shown());
}
