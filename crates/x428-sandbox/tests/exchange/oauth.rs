//! The authorization server: its metadata, what it is asked, and who asks.

use axum::http::StatusCode;
use serde_json::json;
use x428::wire::withdrawal::{
    AuthorizationServerMetadata, ClientAuthenticationMethod, ExchangeMetadata, JsonWebKeySet,
    ProtectedResourceMetadata,
};

use crate::harness::{Browser, CALLBACK, World};

mod grants;
mod tokens;

// r[verify withdrawal.metadata.exchange]
// r[verify withdrawal.oauth.profiles]
#[tokio::test]
async fn the_metadata_have_their_form() {
    let world = World::new().await;
    let get = |path: &str| {
        let request = axum::http::Request::get(path).body(axum::body::Body::empty());
        world.send(request.unwrap())
    };
    let server = get("/.well-known/oauth-authorization-server").await;
    serde_json::from_value::<AuthorizationServerMetadata>(server.json()).unwrap();
    assert_eq!(
        server.json()["code_challenge_methods_supported"],
        json!(["S256"])
    );
    let methods = "token_endpoint_auth_methods_supported";
    let every = ClientAuthenticationMethod::ALL;
    assert_eq!(server.json()[methods], json!(every));
    let api = get("/.well-known/oauth-protected-resource").await;
    serde_json::from_value::<ProtectedResourceMetadata>(api.json()).unwrap();
    let exchange = get("/.well-known/x428-exchange").await;
    serde_json::from_value::<ExchangeMetadata>(exchange.json()).unwrap();
    let keys = get("/oauth/jwks").await;
    serde_json::from_value::<JsonWebKeySet>(keys.json()).unwrap();
    assert!(!keys.text.contains("\"d\""));

    let world = World::with(|settings| settings.require_high = true).await;
    let server = axum::http::Request::get("/.well-known/oauth-authorization-server");
    let server = world
        .send(server.body(axum::body::Body::empty()).unwrap())
        .await;
    assert_eq!(server.json()[methods], json!(["private_key_jwt"]));
}

// r[verify withdrawal.authorize.pkce]
// r[verify withdrawal.authorize.redirect-uri]
// r[verify withdrawal.authorize.iss]
#[tokio::test]
async fn an_authorization_request_is_checked() {
    let world = World::new().await;
    let mut browser = Browser::new(&world);
    let good = Browser::authorize_uri("assets:read", None);
    let page = |from: &str, to: &str| good.replace(from, to);
    let encoded = "redirect_uri=https%3A%2F%2Fwallet.example%2Fcallback";
    for bad in [
        page("client_id=example-wallet", "client_id=nobody"),
        page("callback", "callback%2F"),
        page(
            encoded,
            "redirect_uri=https%3A%2F%2Fwallet.example%2Fcallback%3Fa%3Db",
        ),
        page("state=", "state=x&state="),
    ] {
        let answer = browser.get(&bad).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{bad}");
        assert_eq!(answer.header("location"), "");
    }
    for (bad, error) in [
        (page("S256", "plain"), "invalid_request"),
        (page("code_challenge=", "other="), "invalid_request"),
        (
            page("response_type=code", "response_type=token"),
            "unsupported_response_type",
        ),
        (page("assets%3Aread", "everything"), "invalid_scope"),
        (
            page("&state", "&authorization_details=%5B%7B%7D%5D&state"),
            "invalid_authorization_details",
        ),
    ] {
        let answer = browser.get(&bad).await;
        let location = answer.header("location");
        assert!(location.starts_with(CALLBACK), "{bad}: {location}");
        assert!(location.contains(&format!("error={error}")), "{location}");
        assert!(
            location.contains("iss=https%3A%2F%2Fexchange.example"),
            "{location}"
        );
    }
    // The port of a loopback address is not compared.
    let loopback = page(
        encoded,
        "redirect_uri=http%3A%2F%2F127.0.0.1%3A49152%2Fcallback",
    );
    assert!(
        browser
            .get(&loopback)
            .await
            .header("location")
            .starts_with("/consent/")
    );
    let elsewhere = page(
        encoded,
        "redirect_uri=http%3A%2F%2F127.0.0.1%3A49152%2Fother",
    );
    assert_eq!(
        browser.get(&elsewhere).await.status,
        StatusCode::BAD_REQUEST
    );
}

// r[verify withdrawal.oauth.errors]
#[tokio::test]
async fn a_client_authenticates_in_one_way() {
    use axum::body::Body;
    use axum::http::{Request, header};
    let world = World::new().await;
    let send = async |basic: &str, body: &'static str| {
        let basic = x428::encoding::base64(basic);
        let request = Request::post("/oauth/revoke")
            .header(header::AUTHORIZATION, format!("Basic {basic}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body));
        world.send(request.unwrap()).await
    };
    let right = "example-wallet:sandbox-secret-of-example-wallet";
    send(right, "token=x").await.is(200, "");
    send(
        "example%2Dwallet:sandbox%2Dsecret%2Dof%2Dexample%2Dwallet",
        "token=x",
    )
    .await
    .is(200, "");
    send(right, "token=x&client_id=example-wallet")
        .await
        .is(200, "");
    send(
        right,
        "token=x&client_secret=sandbox-secret-of-example-wallet",
    )
    .await
    .is(400, "invalid_request");
    for (basic, body) in [
        (right, "token=x&client_id=example-app"),
        (
            "example-wallet:sandbox-secret-of-example-wallet&x",
            "token=x",
        ),
        ("example-wallet:", "token=x"),
        ("example-wallet", "token=x"),
        ("nobody:sandbox-secret-of-example-wallet", "token=x"),
        ("example-app:", "token=x"),
    ] {
        let refused = send(basic, body).await;
        refused.is(401, "invalid_client");
        assert_eq!(refused.header("www-authenticate"), "Basic realm=\"token\"");
    }
    let get = Request::get("/oauth/token").body(Body::empty());
    let refused = world.send(get.unwrap()).await;
    refused.is(405, "invalid_request");
    assert_eq!(refused.header("allow"), "POST");
}
