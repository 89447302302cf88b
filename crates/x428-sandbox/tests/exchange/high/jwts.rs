//! What clients sign, changed in one place each: assertions and proofs that are not accepted.

use axum::http::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use x428::encoding::base64url;
use x428::sign::SigningKey;
use x428_sandbox::exchange::seed::{self, NewClient};

use super::{CLIENT, High, jwk, jwt};
use crate::harness::{Answer, CALLBACK, ISSUER, World};

const KIND: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A change of the header and the claims.
type Change = fn(&mut Value, &mut Value);

async fn revoke(world: &World, assertion: &str) -> Answer {
    let fields = [
        ("client_assertion_type", KIND),
        ("client_assertion", assertion),
        ("token", "nothing"),
    ];
    world.form("/oauth/revoke", &fields).await
}

fn claims(high: &mut High<'_>) -> Value {
    high.made += 1;
    json!({
        "iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "exp": high.now() + 60, "iat": high.now(),
        "jti": format!("assertion-of-a-table-{}", high.made),
    })
}

/// Signs texts as they are.
fn signed(header: &str, claims: &str, key: &SigningKey) -> String {
    let signed = format!("{}.{}", base64url(header), base64url(claims));
    let signature = key.sign_bytes(signed.as_bytes());
    format!("{signed}.{signature}")
}

// r[verify withdrawal.client-auth.assertion]
#[tokio::test]
async fn an_assertion_has_one_reading() {
    let world = World::new().await;
    let mut high = High::new(&world).await;
    let good: [(&str, Change); 5] = [
        ("as it is", |_, _| {}),
        ("a type", |header, _| header["typ"] = "JWT".into()),
        ("the new type", |header, _| {
            header["typ"] = "client-authentication+jwt".into();
        }),
        ("a clock that is ahead", |_, claims| {
            claims["iat"] = (claims["iat"].as_i64().unwrap() + 60).into();
        }),
        ("a claim that is not known", |_, claims| {
            claims["nbf"] = claims["iat"].clone();
            claims["x"] = 1.into();
        }),
    ];
    for (what, change) in good {
        let (mut header, mut claims) = (json!({"alg": "EdDSA"}), claims(&mut high));
        change(&mut header, &mut claims);
        let answer = revoke(&world, &jwt(&header, &claims, &high.own)).await;
        assert_eq!(answer.outcome(), (200, String::new()), "{what}");
    }
    let bad: [(&str, Change); 17] = [
        ("crit", |header, _| {
            header["crit"] = json!(["exp"]);
            header["exp"] = 1.into();
        }),
        ("an empty crit", |header, _| header["crit"] = json!([])),
        ("crit that is null", |header, _| {
            header["crit"] = Value::Null;
        }),
        ("the type of a proof", |header, _| {
            header["typ"] = "dpop+jwt".into();
        }),
        ("a type that is no text", |header, _| {
            header["typ"] = 1.into();
        }),
        ("none", |header, _| header["alg"] = "none".into()),
        ("NONE", |header, _| header["alg"] = "nOnE".into()),
        ("HS256", |header, _| header["alg"] = "HS256".into()),
        ("ES256", |header, _| header["alg"] = "ES256".into()),
        ("no algorithm", |header, _| {
            header.as_object_mut().unwrap().remove("alg");
        }),
        ("no jti", |_, claims| {
            claims.as_object_mut().unwrap().remove("jti");
        }),
        ("a short jti", |_, claims| claims["jti"] = "1".into()),
        ("no exp", |_, claims| {
            claims.as_object_mut().unwrap().remove("exp");
        }),
        ("exp with a fraction", |_, claims| {
            claims["exp"] = (claims["exp"].as_f64().unwrap() - 0.5).into();
        }),
        ("one audience in a list", |_, claims| {
            claims["aud"] = json!([ISSUER]);
        }),
        ("made in the future", |_, claims| {
            claims["iat"] = (claims["iat"].as_i64().unwrap() + 61).into();
        }),
        ("valid in the future", |_, claims| {
            claims["nbf"] = (claims["iat"].as_i64().unwrap() + 61).into();
        }),
    ];
    for (what, change) in bad {
        let (mut header, mut claims) = (json!({"alg": "EdDSA"}), claims(&mut high));
        change(&mut header, &mut claims);
        let answer = revoke(&world, &jwt(&header, &claims, &high.own)).await;
        assert_eq!(
            answer.outcome(),
            (401, "invalid_client".to_owned()),
            "{what}"
        );
    }
}

// r[verify withdrawal.client-auth.assertion]
#[tokio::test]
async fn an_assertion_has_one_spelling() {
    let world = World::new().await;
    let mut high = High::new(&world).await;
    let now = high.now();
    let text = claims(&mut high).to_string();
    let header = json!({"alg": "EdDSA"}).to_string();
    let twice = [
        (
            header.clone(),
            text.replace('{', r#"{"aud":"https://other.example","#),
        ),
        (r#"{"alg":"none","alg":"EdDSA"}"#.to_owned(), text.clone()),
        (header.clone(), format!("[{text}]")),
        (
            header.clone(),
            text.replace('{', &format!(r#"{{"x":"{}","#, "y".repeat(8192))),
        ),
    ];
    for (header, text) in twice {
        let answer = revoke(&world, &signed(&header, &text, &high.own)).await;
        assert_eq!(answer.outcome().0, 401, "{text}");
    }
    let whole = jwt(&json!({"alg": "EdDSA"}), &claims(&mut high), &high.own);
    for changed in [
        format!("{whole}="),
        format!("{whole}.{whole}"),
        whole.rsplit_once('.').unwrap().0.to_owned() + ".",
        whole.replace('.', ". "),
    ] {
        revoke(&world, &changed).await.is(401, "invalid_client");
    }
    // A key of small order: one signature fits every message.
    let weak = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url([0_u8; 32])});
    let keys = NewClient::High(vec![weak]);
    seed::client(&world.exchange, "weak-wallet", "Weak", &[CALLBACK], keys)
        .await
        .unwrap();
    let claims = json!({
        "iss": "weak-wallet", "sub": "weak-wallet", "aud": ISSUER, "exp": now + 60,
        "jti": "assertion-without-a-signature",
    });
    let unsigned = format!(
        "{}.{}.{}",
        base64url(json!({"alg": "EdDSA"}).to_string()),
        base64url(claims.to_string()),
        base64url([0_u8; 64])
    );
    revoke(&world, &unsigned).await.is(401, "invalid_client");
}

// r[verify withdrawal.client-auth.assertion]
#[tokio::test]
async fn a_name_is_used_once_at_all_instances_and_after_a_restart() {
    let world = World::new().await;
    let mut high = High::new(&world).await;
    let assertion = high.assertion(|_| {});
    revoke(&world, &assertion).await.is(200, "");
    let store = x428_sandbox::exchange::Store::sqlite(world.database().unwrap()).await;
    let again = World::on(store.unwrap(), None, |_| {}).await;
    revoke(&again, &assertion).await.is(401, "invalid_client");
    let fresh = high.assertion(|_| {});
    revoke(&again, &fresh).await.is(200, "");
}

// r[verify withdrawal.dpop.check]
#[tokio::test]
async fn a_proof_has_one_reading() {
    let world = World::new().await;
    let mut high = High::new(&world).await;
    let tokens = high.token().await;
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    let hash = base64url(Sha256::digest(&token));
    let bad: [(&str, Change); 14] = [
        ("crit", |header, _| {
            header["crit"] = json!(["htu"]);
        }),
        ("another type", |header, _| header["typ"] = "JWT".into()),
        ("no type", |header, _| {
            header.as_object_mut().unwrap().remove("typ");
        }),
        ("none", |header, _| header["alg"] = "none".into()),
        ("HS256", |header, _| header["alg"] = "HS256".into()),
        ("a private part", |header, _| {
            header["jwk"]["d"] = "AA".into();
        }),
        ("a key of another kind", |header, _| {
            header["jwk"]["kty"] = "EC".into();
        }),
        ("no key", |header, _| {
            header.as_object_mut().unwrap().remove("jwk");
        }),
        ("a key that declares another algorithm", |header, _| {
            header["jwk"]["alg"] = "ES256".into();
        }),
        ("no ath", |_, claims| {
            claims.as_object_mut().unwrap().remove("ath");
        }),
        ("a short jti", |_, claims| claims["jti"] = "1234567".into()),
        ("made long ago", |_, claims| {
            claims["iat"] = (claims["iat"].as_i64().unwrap() - 61).into();
        }),
        ("made in the future", |_, claims| {
            claims["iat"] = (claims["iat"].as_i64().unwrap() + 61).into();
        }),
        ("another place", |_, claims| {
            claims["htu"] = "https://other.example/assets".into();
        }),
    ];
    let good: [(&str, Change); 3] = [
        ("as it is", |_, _| {}),
        ("a query", |_, claims| {
            claims["htu"] = format!("{ISSUER}/assets?x=1#y").into();
        }),
        ("a clock that is behind", |_, claims| {
            claims["iat"] = (claims["iat"].as_i64().unwrap() - 60).into();
        }),
    ];
    let cases = bad.iter().map(|case| (case, 401));
    for ((what, change), status) in cases.chain(good.iter().map(|case| (case, 200))) {
        high.made += 1;
        let mut header = json!({
            "typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk(&high.possession),
        });
        let mut claims = json!({
            "jti": format!("proof-of-a-table-{}", high.made), "htm": "GET",
            "htu": format!("{ISSUER}/assets"), "iat": high.now(), "ath": hash,
            "nonce": high.nonce,
        });
        change(&mut header, &mut claims);
        let proof = jwt(&header, &claims, &high.possession);
        let answer = high
            .call_with(Method::GET, "/assets", &token, &proof, None)
            .await;
        assert_eq!(answer.status.as_u16(), status, "{what}: {}", answer.text);
        if status == 401 {
            answer.is(401, "invalid_token");
        }
    }
}

// r[verify withdrawal.security.test-keys]
#[tokio::test]
async fn the_keys_of_the_text_are_nobodys() {
    // wallet-auth and wallet-dpop of Appendix B.
    let published = x428::encoding::parse_base64url_array::<32>;
    let manifest = include_str!("../../../../../spec/withdrawal/b-vectors.md");
    let secret = |name: &str| {
        let after = manifest.split(&format!("id={name}\n")).nth(1).unwrap();
        let member = after.split("\"d\": \"").nth(1).unwrap();
        published(member.split('"').next().unwrap()).unwrap()
    };
    for (accepted, status) in [(false, 401), (true, 200)] {
        let world = World::with(|settings| settings.accept_test_keys = accepted).await;
        let mut high = High::new(&world).await;
        high.own = SigningKey::from_seed(&secret("wallet-auth"));
        let keys = NewClient::High(vec![jwk(&high.own)]);
        seed::client(&world.exchange, "test-wallet", "Test", &[CALLBACK], keys)
            .await
            .unwrap();
        let assertion = high.assertion(|claims| {
            claims["iss"] = "test-wallet".into();
            claims["sub"] = "test-wallet".into();
        });
        let answer = revoke(&world, &assertion).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text);

        let mut high = High::new(&world).await;
        high.possession = SigningKey::from_seed(&secret("wallet-dpop"));
        let fields = [("grant_type", "authorization_code"), ("code", "x")];
        let asked = high.form("/oauth/token", &fields).await.outcome().1;
        assert_eq!(asked == "invalid_dpop_proof", !accepted, "{asked}");
    }
}
