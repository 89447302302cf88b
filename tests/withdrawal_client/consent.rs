//! The owner's consent, and what becomes of it.

use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use url::Url;
use x428::encoding::base64url;
use x428::wire::withdrawal::{OAuthErrorCode, RedirectUri, Scope};
use x428::withdrawal::client::{
    Authorization, Client, ClientAuthentication, ClientError, Consent, MemoryKeeper,
};

use crate::server::{ACCESS, Exchange, Hand, REFRESH, Step, error};
use crate::text::{example, exchange};

const NOON: &str = "2026-11-20T12:00:00Z";

async fn ask(client: &Client<MemoryKeeper, Hand>) -> Authorization {
    let scopes = [
        Scope::AssetsRead,
        Scope::WithdrawalsCreate,
        Scope::WithdrawalsRead,
        Scope::OfflineAccess,
    ];
    let redirect_uri = RedirectUri::parse("https://wallet.example/callback").unwrap();
    client
        .authorize(redirect_uri, &Consent::to(scopes))
        .await
        .unwrap()
}

fn parameter(url: &Url, name: &str) -> String {
    let mut pairs = url.query_pairs();
    let (_, value) = pairs.find(|(other, _)| other == name).unwrap();
    value.into_owned()
}

fn came_back(authorization: &Authorization) -> String {
    let state = parameter(authorization.url(), "state");
    format!("code=ac_Vt6Jw2PzKn8YxRb4LsQc&state={state}&iss=https%3A%2F%2Fexchange.example")
}

/// The request of the text, but for what is random in it.
// r[verify withdrawal.authorize.pkce]
// r[verify withdrawal.authorize.state]
// r[verify withdrawal.oauth.least-scope]
#[tokio::test]
async fn the_owner_is_sent_to_the_exchange() {
    let text = exchange("authorize");
    let exchange = Exchange::start([Step::Say(200, example("token-response"))]).await;
    let client = exchange.client(&Hand::at(NOON)).await;
    let authorization = ask(&client).await;
    let url = authorization.url().clone();
    let target = text[0].start.split(' ').nth(1).unwrap();
    let expected = Url::parse("https://exchange.example")
        .unwrap()
        .join(target)
        .unwrap();
    assert_eq!(url.path(), expected.path());
    for (name, value) in expected.query_pairs() {
        match &*name {
            "state" | "code_challenge" => assert_eq!(parameter(&url, &name).len(), 43),
            _ => assert_eq!(parameter(&url, &name), value, "{name}"),
        }
    }
    assert_eq!(url.query_pairs().count(), expected.query_pairs().count());
    let other = ask(&client).await;
    for name in ["state", "code_challenge"] {
        assert_ne!(parameter(&url, name), parameter(other.url(), name));
    }

    let response = came_back(&authorization);
    let tokens = client.redeem(authorization, &response).await.unwrap();
    assert_eq!(tokens.access(), ACCESS);
    assert_eq!(tokens.details().unwrap().len(), 1);
    let seen = &exchange.seen()[0];
    let wanted = example("token-request-code");
    for (name, value) in wanted.as_object().unwrap() {
        let got = seen.form(name).unwrap();
        if name == "code_verifier" {
            let digest = base64url(Sha256::digest(got.as_bytes()));
            assert_eq!(digest, parameter(&url, "code_challenge"));
        } else {
            assert_eq!(got, value.as_str().unwrap(), "{name}");
        }
    }
}

// r[verify withdrawal.authorize.iss]
// r[verify withdrawal.authorize.state]
#[tokio::test]
async fn a_response_that_is_not_for_this_request_is_refused() {
    let exchange = Exchange::start([]).await;
    let client = exchange.client(&Hand::at(NOON)).await;
    let changes: [(&str, &str); 5] = [
        (
            "iss=https%3A%2F%2Fexchange.example",
            "iss=https%3A%2F%2Fother.example",
        ),
        ("&iss=https%3A%2F%2Fexchange.example", ""),
        ("state=", "state=x"),
        ("code=", "code=other&code="),
        ("code=", "other="),
    ];
    for (from, to) in changes {
        let authorization = ask(&client).await;
        let response = came_back(&authorization).replacen(from, to, 1);
        let refused = client.redeem(authorization, &response).await.unwrap_err();
        let is_refused = matches!(
            refused,
            ClientError::Untrusted(_) | ClientError::Malformed(_)
        );
        assert!(is_refused, "{to}: {refused}");
    }
    // An error is one of this exchange only with its state and issuer.
    let authorization = ask(&client).await;
    let response = came_back(&authorization).replacen(
        "code=ac_Vt6Jw2PzKn8YxRb4LsQc",
        "error=access_denied",
        1,
    );
    let refused = client.redeem(authorization, &response).await.unwrap_err();
    let ClientError::OAuth { code } = refused else {
        panic!("{refused}");
    };
    assert_eq!(code.known(), Some(OAuthErrorCode::AccessDenied));
    let forged = client
        .redeem(ask(&client).await, "error=access_denied")
        .await
        .unwrap_err();
    assert!(matches!(forged, ClientError::Untrusted(_)));
    assert!(exchange.seen().is_empty());
}

// r[verify withdrawal.metadata.issuer]
// r[verify withdrawal.metadata.resource]
// r[verify withdrawal.metadata.exchange]
#[tokio::test]
async fn metadata_of_somebody_else_are_refused() {
    let other = json!("https://other.example");
    for (document, member, value) in [
        ("oauth-authorization-server", "issuer", other.clone()),
        (
            "oauth-authorization-server",
            "authorization_response_iss_parameter_supported",
            json!(false),
        ),
        (
            "oauth-authorization-server",
            "code_challenge_methods_supported",
            json!(["plain"]),
        ),
        ("x428-exchange", "issuer", other.clone()),
        ("x428-exchange", "profiles", json!(["high"])),
        ("oauth-protected-resource", "resource", other.clone()),
        (
            "oauth-protected-resource",
            "authorization_servers",
            json!([other]),
        ),
        (
            "oauth-protected-resource",
            "dpop_bound_access_tokens_required",
            json!(true),
        ),
    ] {
        let exchange = Exchange::start([]).await;
        exchange.lie(document, member, value);
        let refused = exchange
            .builder(&Hand::at(NOON))
            .discover()
            .await
            .unwrap_err();
        let is_refused = matches!(
            refused,
            ClientError::Untrusted(_) | ClientError::Unsupported(_)
        );
        assert!(is_refused, "{document} {member}: {refused}");
    }
    // What is newer is no fault.
    let exchange = Exchange::start([]).await;
    exchange.lie("x428-exchange", "methods", json!(["totp", "telepathy"]));
    exchange.lie("x428-exchange", "profiles", json!(["baseline", "higher"]));
    let client = exchange.client(&Hand::at(NOON)).await;
    assert_eq!(client.discovered().exchange.methods.len(), 1);
}

fn rotated(access: &str, refresh: &str) -> Step {
    let mut tokens = example("token-response");
    tokens["access_token"] = json!(access);
    tokens["refresh_token"] = json!(refresh);
    Step::Say(200, tokens)
}

// r[verify withdrawal.refresh.window]
#[tokio::test]
async fn tokens_are_refreshed_when_they_expire_and_when_they_are_refused() {
    let assets = || Step::Say(200, example("assets"));
    let refused = Step::Say(401, error("invalid_token", false));
    let steps = [
        Step::Lose,
        rotated("at_second", "rt_second"),
        assets(),
        refused,
        rotated("at_third", "rt_third"),
        assets(),
    ];
    let exchange = Exchange::start(steps).await;
    let hand = Hand::at(NOON);
    let client = exchange.client(&hand).await;
    hand.turn(SignedDuration::from_mins(15));
    client.assets().await.unwrap();
    client.assets().await.unwrap();
    exchange.assert_done();
    let seen = exchange.seen();
    let refreshes: Vec<_> = seen
        .iter()
        .filter_map(|seen| seen.form("refresh_token"))
        .collect();
    assert_eq!(refreshes, [REFRESH, REFRESH, "rt_second"]);
    assert_eq!(seen[2].header("authorization"), Some("Bearer at_second"));
    assert_eq!(seen[5].header("authorization"), Some("Bearer at_third"));
}

/// A refresh token is good once: of ten requests, one refreshes.
#[tokio::test]
async fn one_of_many_refreshes() {
    let mut steps = vec![rotated("at_second", "rt_second")];
    steps.extend((0..10).map(|_| Step::Say(200, example("assets"))));
    let exchange = Exchange::start(steps).await;
    let hand = Hand::at(NOON);
    let client = exchange.client(&hand).await;
    hand.turn(SignedDuration::from_mins(15));
    for outcome in join_all((0..10).map(|_| client.assets())).await {
        outcome.unwrap();
    }
    exchange.assert_done();
}

#[tokio::test]
async fn a_grant_that_has_ended_needs_consent() {
    let ended = Step::Say(400, example("oauth-invalid-grant"));
    let exchange = Exchange::start([Step::Say(401, error("invalid_token", false)), ended]).await;
    let client = exchange.client(&Hand::at(NOON)).await;
    for _ in 0..2 {
        let refused = client.assets().await.unwrap_err();
        assert!(matches!(refused, ClientError::ConsentNeeded), "{refused}");
    }
    assert_eq!(exchange.seen().len(), 2);
}

#[tokio::test]
async fn tokens_are_given_back() {
    let exchange = Exchange::start([Step::SayText(200, Vec::new(), String::new())]).await;
    let client = exchange.client(&Hand::at(NOON)).await;
    client.revoke().await.unwrap();
    assert_eq!(exchange.seen()[0].form("token").as_deref(), Some(REFRESH));
    assert!(matches!(
        client.assets().await,
        Err(ClientError::ConsentNeeded)
    ));
}

#[tokio::test]
async fn a_client_shows_who_it_is() {
    for (authentication, header, secret) in [
        (ClientAuthentication::Public, None, None),
        (
            ClientAuthentication::Post("s3:cret".to_owned().into()),
            None,
            Some("s3:cret"),
        ),
        // `example-wallet:s3%3Acret`
        (
            ClientAuthentication::Basic("s3:cret".to_owned().into()),
            Some("Basic ZXhhbXBsZS13YWxsZXQ6czMlM0FjcmV0"),
            None,
        ),
    ] {
        assert!(!format!("{authentication:?}").contains("cret"));
        let exchange = Exchange::start([Step::Say(200, example("token-response"))]).await;
        let client = exchange.builder_as(&Hand::at(NOON), authentication);
        let client = client.discover().await.unwrap();
        let authorization = ask(&client).await;
        let response = came_back(&authorization);
        client.redeem(authorization, &response).await.unwrap();
        let seen = &exchange.seen()[0];
        assert_eq!(seen.header("authorization"), header);
        assert_eq!(seen.form("client_secret").as_deref(), secret);
        assert_eq!(seen.form("client_id").is_some(), header.is_none());
    }
}

// r[verify withdrawal.proof.secret]
#[tokio::test]
async fn secrets_are_not_printed() {
    let exchange = Exchange::start([]).await;
    let client = exchange.client(&Hand::at(NOON)).await;
    let authorization = ask(&client).await;
    let text = format!("{client:?} {authorization:?}");
    for secret in [
        ACCESS,
        REFRESH,
        "7hQm2Xv9TzLc4RkPw8Yb",
        &parameter(authorization.url(), "state"),
    ] {
        assert!(!text.contains(secret), "{secret}");
    }
}
