//! How many requests there may be, and for whom.

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, header};
use x428_sandbox::exchange::{Peer, Store};

use crate::harness::{Answer, World, ether};

/// Sends a request from an address.
async fn from(world: &World, address: &str, mut request: Request<Body>) -> Answer {
    let peer = Peer(address.parse().unwrap());
    request.extensions_mut().insert(ConnectInfo(peer));
    world.send(request).await
}

fn form(path: &str, body: &'static str) -> Request<Body> {
    Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .unwrap()
}

fn plain(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

const HERE: &str = "192.0.2.7";
const THERE: &str = "198.51.100.1";
const RIGHT: &str =
    "client_id=example-wallet&client_secret=sandbox-secret-of-example-wallet&token=x";
const WRONG: &str = "client_id=example-wallet&client_secret=guess&token=x";

// r[verify withdrawal.rate.answer]
// r[verify withdrawal.rate.scope]
// r[verify withdrawal.rate.headers]
#[tokio::test]
async fn a_flood_is_stopped_in_the_form_of_each_endpoint() {
    let world = World::with(|settings| settings.requests_per_origin = 20).await;
    let wallet = world.wallet().await;
    let read = || wallet.request(Method::GET, "/assets", None);
    let stranger = || {
        let request = Request::get("/assets").header(header::AUTHORIZATION, "Bearer guess");
        request.body(Body::empty()).unwrap()
    };
    world.clock.turn_seconds(60);
    // Whose token is good spends nothing of the address.
    for _ in 0..25 {
        from(&world, HERE, read()).await.is(200, "");
    }
    for left in (0..20).rev() {
        let refused = from(&world, HERE, stranger()).await;
        refused.is(401, "invalid_token");
        let shown = refused.header("ratelimit").to_owned();
        assert!(
            shown.starts_with(&format!("\"origin\";r={left};t=")),
            "{shown}"
        );
    }
    let refused = from(&world, HERE, stranger()).await;
    refused.is(429, "rate_limited");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() <= 60);
    assert_eq!(refused.header("ratelimit-policy"), "\"origin\";q=20;w=60");
    assert_eq!(
        refused.json()["error"]["requestId"],
        refused.header("x-request-id")
    );
    for path in [
        "/oauth/token",
        "/oauth/par",
        "/oauth/revoke",
        "/oauth/introspect",
    ] {
        let refused = from(&world, HERE, form(path, RIGHT)).await;
        refused.is(429, "temporarily_unavailable");
        assert!(refused.header("retry-after").parse::<u32>().unwrap() <= 60);
    }
    for path in ["/oauth/authorize?client_id=example-wallet", "/login", "/"] {
        let refused = from(&world, HERE, plain(path)).await;
        assert_eq!(refused.status.as_u16(), 429, "{path}");
        assert!(
            refused.text.contains("Too many requests"),
            "{}",
            refused.text
        );
        assert_ne!(refused.header("retry-after"), "");
    }
    from(&world, HERE, plain("/oauth/jwks"))
        .await
        .is(429, "rate_limited");
    // Elsewhere nothing of it is felt, nor is it here in the next minute.
    from(&world, THERE, read()).await.is(200, "");
    from(&world, THERE, form("/oauth/revoke", RIGHT))
        .await
        .is(200, "");
    world.clock.turn_seconds(60);
    from(&world, HERE, read()).await.is(200, "");
}

// r[verify withdrawal.rate.scope]
#[tokio::test]
async fn a_request_too_many_is_one_of_its_origin() {
    let world = World::with(|settings| {
        settings.requests_per_minute = 5;
        settings.requests_per_origin = 20;
    })
    .await;
    let wallet = world.wallet().await;
    world.clock.turn_seconds(60);
    let read = || from(&world, HERE, wallet.request(Method::GET, "/assets", None));
    for _ in 0..5 {
        read().await.is(200, "");
    }
    for _ in 0..20 {
        let refused = read().await;
        refused.is(429, "rate_limited");
        assert_eq!(refused.header("ratelimit-policy"), "\"minute\";q=5;w=60");
    }
    let refused = read().await;
    refused.is(429, "rate_limited");
    assert_eq!(refused.header("ratelimit-policy"), "\"origin\";q=20;w=60");
}

// r[verify withdrawal.rate.scope]
#[tokio::test]
async fn nobody_spends_the_requests_of_a_client() {
    let world = World::with(|settings| settings.requests_per_client = 5).await;
    for _ in 0..20 {
        let guessed = from(&world, HERE, form("/oauth/revoke", WRONG)).await;
        guessed.is(401, "invalid_client");
    }
    for path in ["/oauth/revoke", "/oauth/introspect", "/oauth/revoke"] {
        from(&world, THERE, form(path, RIGHT)).await.is(200, "");
    }
    let fields = "client_id=example-wallet&client_secret=sandbox-secret-of-example-wallet";
    from(&world, THERE, form("/oauth/par", fields))
        .await
        .is(400, "invalid_request");
    let body =
        "client_id=example-wallet&client_secret=sandbox-secret-of-example-wallet&grant_type=x";
    let token = || from(&world, THERE, form("/oauth/token", body));
    token().await.is(400, "unsupported_grant_type");
    let refused = token().await;
    refused.is(429, "temporarily_unavailable");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() <= 60);
    world.clock.turn_seconds(60);
    token().await.is(400, "unsupported_grant_type");
}

// r[verify withdrawal.rate.scope]
// r[verify withdrawal.rate.cancel]
#[tokio::test]
async fn an_owner_a_client_and_a_request_to_cancel_have_their_own() {
    let world = World::with(|settings| settings.requests_per_client = 8).await;
    let ana = world.wallet().await;
    let ben = world
        .wallet_of("ben", crate::harness::ALL_SCOPES, None)
        .await;
    let created = ana.submit("a-key-of-this-test", &ether("0.05")).await;
    created.is(201, "");
    let cancel = format!(
        "/withdrawals/{}/cancel",
        created.json()["id"].as_str().unwrap()
    );
    world.clock.turn_seconds(60);
    for _ in 0..4 {
        ana.get("/assets").await.is(200, "");
        ben.get("/assets").await.is(200, "");
    }
    for wallet in [&ana, &ben] {
        let refused = wallet.get("/assets").await;
        refused.is(429, "rate_limited");
        assert_eq!(refused.header("ratelimit-policy"), "\"client\";q=8;w=60");
    }
    ana.act(&cancel).await.is(200, "");
}

/// Sends requests to two instances in turn, and tells how many were answered.
pub(crate) async fn two_instances(one: &World, two: &World) {
    let wallet = one.wallet().await;
    one.clock.turn_seconds(60);
    two.clock.turn_seconds(120);
    let mut answered = 0;
    for _ in 0..30 {
        for world in [one, two] {
            let answer = world
                .send(wallet.request(Method::GET, "/assets", None))
                .await;
            match answer.status.as_u16() {
                200 => answered += 1,
                _ => answer.is(429, "rate_limited"),
            }
        }
    }
    assert_eq!(answered, 30);
}

pub(crate) fn thirty(settings: &mut x428_sandbox::exchange::Settings) {
    settings.requests_per_minute = 30;
}

// r[verify withdrawal.rate.scope]
#[tokio::test]
async fn two_instances_have_one_limit() {
    let one = World::with(thirty).await;
    let store = Store::sqlite(one.database().unwrap()).await.unwrap();
    let two = World::on(store, None, thirty).await;
    two_instances(&one, &two).await;
}

// r[verify withdrawal.rate.scope]
#[tokio::test]
async fn who_guesses_elsewhere_does_not_lock_an_owner_out() {
    let world = World::new().await;
    let guess = async |address: &str, password: &str| {
        let page = from(&world, address, plain("/login")).await;
        let cookie = page
            .header("set-cookie")
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        let get = Request::get("/login").header(header::COOKIE, &cookie);
        let page = from(&world, address, get.body(Body::empty()).unwrap()).await;
        let token = crate::harness::hidden(&page, "token");
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        let body = body
            .append_pair("token", &token)
            .append_pair("login", "ana")
            .append_pair("password", password)
            .finish();
        let request = Request::post("/login")
            .header(header::COOKIE, &cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body));
        from(&world, address, request.unwrap())
            .await
            .status
            .as_u16()
    };
    for _ in 0..10 {
        assert_eq!(guess(HERE, "guess").await, 422);
    }
    assert_eq!(guess(HERE, crate::harness::PASSWORD).await, 429);
    assert_eq!(guess(THERE, crate::harness::PASSWORD).await, 303);
}
