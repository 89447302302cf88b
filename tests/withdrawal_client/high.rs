//! The High profile: assertions, pushed requests, proofs of possession and their nonces.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use x428::encoding::{base64url, parse_base64url};
use x428::sign::{Signature, SigningKey};
use x428::wire::withdrawal::{AssetCode, RedirectUri, Scope};
use x428::withdrawal::client::{
    Client, ClientAuthentication, ClientError, Consent, HighKeys, MemoryKeeper,
};

use crate::server::{ACCESS, Exchange, Hand, Seen, Step};
use crate::text::{example, exchange};

const THEN: &str = "2026-11-20T12:00:05Z";

fn own() -> SigningKey {
    SigningKey::from_seed(&[7; 32])
}

fn possession() -> SigningKey {
    SigningKey::from_seed(&[8; 32])
}

fn keys() -> ClientAuthentication {
    ClientAuthentication::High(HighKeys::new(own(), "wallet-2026", possession()).unwrap())
}

async fn client(exchange: &Exchange) -> Client<MemoryKeeper, Hand> {
    exchange.lie("x428-exchange", "profiles", json!(["baseline", "high"]));
    let methods = json!(["private_key_jwt"]);
    let server = "oauth-authorization-server";
    exchange.lie(server, "token_endpoint_auth_methods_supported", methods);
    exchange.lie(
        server,
        "dpop_signing_alg_values_supported",
        json!(["EdDSA"]),
    );
    let builder = exchange.builder_as(&Hand::at(THEN), keys());
    builder.discover().await.unwrap()
}

/// The header and the claims of a JWT by this key.
fn read(jwt: &str, key: &SigningKey) -> (Value, Value) {
    let (message, signature) = jwt.rsplit_once('.').unwrap();
    let signature = Signature::parse(signature).unwrap();
    let signed = key.verifying_key().verify(message.as_bytes(), &signature);
    signed.unwrap();
    let part = |text| serde_json::from_slice(&parse_base64url(text).unwrap()).unwrap();
    let (header, claims) = message.split_once('.').unwrap();
    (part(header), part(claims))
}

fn proof(seen: &Seen) -> (Value, Value) {
    read(seen.header("dpop").unwrap(), &possession())
}

fn wants_nonce(nonce: &str) -> Step {
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("dpop-nonce", nonce.to_owned()),
    ];
    Step::SayText(400, headers, json!({"error": "use_dpop_nonce"}).to_string())
}

// r[verify withdrawal.dpop.bound]
// r[verify withdrawal.dpop.nonce]
#[tokio::test]
async fn a_proof_is_made_as_the_text_makes_it() {
    let exchange = Exchange::of(&exchange("dpop")).await;
    let client = client(&exchange).await;
    let asset = client.asset(&AssetCode::parse("ETH").unwrap()).await;
    asset.unwrap();
    exchange.assert_done();
    let seen = exchange.seen();
    let x = base64url(possession().verifying_key().public_key().0);
    let mut header = example("dpop-header");
    header["jwk"]["x"] = json!(x);
    for (seen, id) in seen.iter().zip(["dpop-claims", "dpop-claims-nonce"]) {
        let mut claims = example(id);
        let made = proof(seen);
        assert_eq!(made.0, header);
        // The text makes its second proof a second later.
        claims["jti"] = made.1["jti"].clone();
        claims["iat"] = json!(1_795_176_005);
        assert_eq!(made.1, claims);
        let hash = base64url(Sha256::digest(ACCESS));
        assert_eq!(made.1["ath"], hash);
    }
    assert_ne!(proof(&seen[0]).1["jti"], proof(&seen[1]).1["jti"]);
}

// r[verify withdrawal.client-auth.assertion]
// r[verify withdrawal.par.required]
#[tokio::test]
async fn a_request_is_pushed_by_a_client_that_signs() {
    let mut tokens = example("token-response");
    tokens["token_type"] = json!("DPoP");
    let steps = [
        wants_nonce("dn_first"),
        Step::Say(201, example("par-response")),
        wants_nonce("dn_second"),
        Step::Say(200, tokens),
    ];
    let exchange = Exchange::start(steps).await;
    let client = client(&exchange).await;
    let redirect_uri = RedirectUri::parse("https://wallet.example/callback").unwrap();
    let consent = Consent::to([Scope::AssetsRead, Scope::WithdrawalsCreate]);
    let authorization = client.authorize(redirect_uri, &consent).await.unwrap();
    let query: Vec<_> = authorization.url().query_pairs().into_owned().collect();
    let request_uri = "urn:ietf:params:oauth:request_uri:8sVq2LxWm4TzRk7YcPbN";
    let expected = [
        ("client_id", "example-wallet"),
        ("request_uri", request_uri),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(query, expected);
    let seen = exchange.seen();
    let state = seen[1].form("state").unwrap();
    let back = format!("code=ac_1&state={state}&iss=https%3A%2F%2Fexchange.example");
    client.redeem(authorization, &back).await.unwrap();
    exchange.assert_done();

    let seen = exchange.seen();
    let mut pushed = example("par-request");
    for changing in ["state", "code_challenge"] {
        pushed[changing] = json!(seen[1].form(changing).unwrap());
    }
    for (name, value) in pushed.as_object().unwrap() {
        assert_eq!(seen[1].form(name).as_deref(), value.as_str(), "{name}");
    }
    let mut names = Vec::new();
    for (at, nonce) in [None, Some("dn_first"), Some("dn_first"), Some("dn_second")]
        .into_iter()
        .enumerate()
    {
        let seen = &seen[at];
        assert_eq!(seen.header("authorization"), None);
        assert_eq!(seen.form("client_secret"), None);
        let kind = seen.form("client_assertion_type").unwrap();
        assert_eq!(
            kind,
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        );
        let (header, claims) = read(&seen.form("client_assertion").unwrap(), &own());
        assert_eq!(header, json!({"alg": "EdDSA", "kid": "wallet-2026"}));
        assert_eq!(claims["iss"], "example-wallet");
        assert_eq!(claims["sub"], "example-wallet");
        assert_eq!(claims["aud"], "https://exchange.example");
        assert_eq!(claims["exp"], json!(1_795_176_035));
        names.push(claims["jti"].clone());
        let (_, claims) = proof(seen);
        assert_eq!(claims["htm"], "POST");
        let path = if at < 2 { "par" } else { "token" };
        let target = format!("https://exchange.example/oauth/{path}");
        assert_eq!(claims["htu"], target);
        assert_eq!(claims.get("nonce").and_then(Value::as_str), nonce);
        assert_eq!(claims.get("ath"), None);
        names.push(claims["jti"].clone());
    }
    let all = names.len();
    names.sort_by_key(ToString::to_string);
    names.dedup();
    assert_eq!(names.len(), all, "each name is used once");
}

// r[verify withdrawal.dpop.downgrade]
#[tokio::test]
async fn a_token_that_anybody_could_use_is_not_taken() {
    for (kind, authentication) in [
        ("Bearer", None),
        ("DPoP", Some(ClientAuthentication::Public)),
    ] {
        let mut tokens = example("token-response");
        tokens["token_type"] = json!(kind);
        let par = Step::Say(201, example("par-response"));
        let steps = if authentication.is_none() {
            vec![par]
        } else {
            Vec::new()
        };
        let exchange = Exchange::start(steps).await;
        exchange.then(Step::Say(200, tokens));
        let client = match authentication {
            None => client(&exchange).await,
            Some(other) => {
                let builder = exchange.builder_as(&Hand::at(THEN), other);
                builder.discover().await.unwrap()
            }
        };
        let redirect_uri = RedirectUri::parse("https://wallet.example/callback").unwrap();
        let consent = Consent::to([Scope::AssetsRead]);
        let authorization = client.authorize(redirect_uri, &consent).await.unwrap();
        let state = exchange.seen().first().and_then(|seen| seen.form("state"));
        let in_query = authorization.url().query_pairs();
        let in_query = in_query.into_owned().find(|(name, _)| name == "state");
        let state = state.or(in_query.map(|(_, state)| state)).unwrap();
        let back = format!("code=ac_1&state={state}&iss=https%3A%2F%2Fexchange.example");
        let refused = client.redeem(authorization, &back).await.unwrap_err();
        assert!(matches!(refused, ClientError::Unsupported(_)), "{refused}");
    }
}

/// A client with a secret pushes its requests too, where the exchange wants that.
#[tokio::test]
async fn every_client_pushes_where_it_has_to() {
    let secret = || "7hQm2Xv9TzLc4RkPw8Yb".to_owned().into();
    for authentication in [
        ClientAuthentication::Public,
        ClientAuthentication::Post(secret()),
        ClientAuthentication::Basic(secret()),
    ] {
        let exchange = Exchange::start([Step::Say(201, example("par-response"))]).await;
        let server = "oauth-authorization-server";
        let member = "require_pushed_authorization_requests";
        exchange.lie(server, member, json!(true));
        let builder = exchange.builder_as(&Hand::at(THEN), authentication);
        let client = builder.discover().await.unwrap();
        let redirect_uri = RedirectUri::parse("https://wallet.example/callback").unwrap();
        let consent = Consent::to([Scope::AssetsRead]);
        client.authorize(redirect_uri, &consent).await.unwrap();
        let seen = &exchange.seen()[0];
        let fields = url::form_urlencoded::parse(seen.body.as_bytes());
        let ids: Vec<_> = fields.filter(|(name, _)| name == "client_id").collect();
        assert_eq!(ids.len(), 1, "{}", seen.body);
        assert_eq!(seen.header("dpop"), None);
    }
}

/// RFC 9864 gives the same algorithm another name.
#[tokio::test]
async fn the_algorithm_has_the_name_that_the_exchange_knows() {
    for (known, used) in [
        (json!(["ES256", "Ed25519"]), "Ed25519"),
        (json!(["Ed25519", "EdDSA"]), "EdDSA"),
    ] {
        let exchange = Exchange::start([Step::Say(200, example("assets"))]).await;
        let server = "oauth-authorization-server";
        exchange.lie(server, "dpop_signing_alg_values_supported", known);
        let builder = exchange.builder_as(&Hand::at(THEN), keys());
        let client = builder.discover().await.unwrap();
        client.assets().await.unwrap();
        assert_eq!(proof(&exchange.seen()[0]).0["alg"], used);
    }
}

#[tokio::test]
async fn a_nonce_that_never_suffices_ends() {
    let asked = |nonce: &'static str| {
        let Step::SayText(_, headers, _) = wants_nonce(nonce) else {
            panic!("not an answer");
        };
        let body = json!({"error": {"code": "use_dpop_nonce", "message": "A sentence.",
            "requestId": "req_test0001", "retryable": true, "details": []}});
        Step::SayText(401, headers, body.to_string())
    };
    for (nonces, requests) in [
        (vec!["dn_1", "dn_2"], 2),
        // The same one again would not be taken either.
        (vec!["dn_1", "dn_1"], 2),
    ] {
        let exchange = Exchange::start(nonces.into_iter().map(asked)).await;
        let client = client(&exchange).await;
        client.assets().await.unwrap_err();
        assert_eq!(exchange.seen().len(), requests);
    }
}

#[tokio::test]
async fn an_exchange_that_lacks_the_profile_is_not_used() {
    for (document, member, value) in [
        ("x428-exchange", "profiles", json!(["baseline"])),
        (
            "oauth-authorization-server",
            "token_endpoint_auth_methods_supported",
            json!(["client_secret_basic"]),
        ),
        (
            "oauth-authorization-server",
            "dpop_signing_alg_values_supported",
            json!(["ES256"]),
        ),
    ] {
        let exchange = Exchange::start([]).await;
        drop(client(&exchange).await);
        exchange.lie(document, member, value);
        let builder = exchange.builder_as(&Hand::at(THEN), keys());
        let refused = builder.discover().await.unwrap_err();
        assert!(matches!(refused, ClientError::Unsupported(_)), "{refused}");
    }
}

#[test]
fn keys_are_not_printed() {
    let shown = format!("{:?} {:?}", keys(), HighKeys::new(own(), "k", possession()));
    assert!(!shown.contains('7') && !shown.contains('8'), "{shown}");
    assert!(HighKeys::new(own(), "", possession()).is_err());
}
