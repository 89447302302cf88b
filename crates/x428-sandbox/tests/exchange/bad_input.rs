//! Bad input: every request of the text's examples, made wrong in every way, is a typed error of
//! the table and changes nothing.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use x428::wire::withdrawal::{OAuthErrorCode, WithdrawalErrorCode};

use self::wrong::{Valid, made_wrong, valid_requests};
use crate::harness::{Answer, OTHER_ADDRESS, Wallet, World, ether};

mod wrong;

/// Asserts that an answer is an error of the table.
fn is_typed(answer: &Answer, what: &str) {
    let status = answer.status.as_u16();
    assert!(
        (400..500).contains(&status),
        "{what}: {status} {}",
        answer.text
    );
    assert_eq!(answer.header("content-type"), "application/json", "{what}");
    is_enveloped(answer, what);
    let body = answer.json();
    let error = body["error"].as_object().unwrap();
    let code = error["code"].as_str().unwrap();
    let known = WithdrawalErrorCode::ALL
        .iter()
        .find(|known| known.as_str() == code);
    let known = known.unwrap_or_else(|| panic!("{what}: {code} is not in the table"));
    assert_eq!(known.status(), status, "{what}: {code}");
    assert_eq!(error["requestId"], answer.header("x-request-id"), "{what}");
    assert!(!error["message"].as_str().unwrap().is_empty(), "{what}");
    assert!(error["retryable"].is_boolean(), "{what}");
    for detail in error["details"].as_array().unwrap() {
        let field = detail["field"].as_str().unwrap();
        assert!(
            field.is_empty() || field.starts_with('/'),
            "{what}: {field}"
        );
        assert!(detail["code"].is_string(), "{what}");
    }
}

/// Asserts what every response of the API has.
fn is_enveloped(answer: &Answer, what: &str) {
    assert!(answer.header("x-request-id").starts_with("req_"), "{what}");
    assert_eq!(answer.header("cache-control"), "no-store", "{what}");
}

/// Sends bytes to where an example goes.
async fn send(wallet: &Wallet<'_>, valid: &Valid, kind: Option<&str>, bytes: Vec<u8>) -> Answer {
    let mut request = Request::builder()
        .method(valid.method.clone())
        .uri(&valid.path)
        .header("authorization", format!("Bearer {}", wallet.token))
        .header("idempotency-key", "a-key-of-bad-input");
    if let Some(kind) = kind {
        request = request.header("content-type", kind);
    }
    let request = request.body(Body::from(bytes)).unwrap();
    wallet.world.send(request).await
}

/// A wallet with a challenge that is pending and a withdrawal that waits for data.
async fn busy(world: &World) -> (Wallet<'_>, String, String) {
    let wallet = world.wallet().await;
    let asked = wallet.submit("a-key-of-a-challenge", &ether("0.3")).await;
    asked.is(428, "challenge_required");
    let challenge = asked.json()["challengeId"].as_str().unwrap().to_owned();
    world
        .change("owner", "$.jurisdiction", json!("strict"))
        .await;
    world
        .change("owner", "$.step_up.from", json!("1000000"))
        .await;
    let mut held = ether("0.6");
    held["travelRule"] = json!({"walletType": "self_hosted", "isSelf": true});
    let held = wallet.submit("a-key-of-a-withdrawal", &held).await;
    assert_eq!(
        held.json()["status"],
        "awaiting_information",
        "{}",
        held.text
    );
    let withdrawal = held.json()["id"].as_str().unwrap().to_owned();
    (wallet, challenge, withdrawal)
}

fn wide(settings: &mut x428_sandbox::exchange::Settings) {
    settings.default_limit = 1_000_000.into();
    settings.requests_per_minute = 1_000_000;
}

// r[verify withdrawal.error.envelope]
// r[verify withdrawal.error.codes]
// r[verify withdrawal.http.request-id]
// r[verify withdrawal.http.no-store]
// r[verify withdrawal.json.text]
// r[verify withdrawal.json.size]
// r[verify withdrawal.json.duplicate-members]
// r[verify withdrawal.json.unknown-request]
// r[verify withdrawal.json.absent]
#[tokio::test]
async fn every_example_made_wrong_is_a_typed_error_and_changes_nothing() {
    let world = World::with(wide).await;
    let (wallet, challenge, withdrawal) = busy(&world).await;
    let before = world.snapshot().await;
    let mut count = 0;
    for valid in valid_requests(&challenge, &withdrawal) {
        let mut wrong = made_wrong(&valid);
        let text = valid.body.to_string();
        wrong.push(("as it is, with another type".to_owned(), text.into_bytes()));
        let last = wrong.len() - 1;
        for (place, (what, bytes)) in wrong.into_iter().enumerate() {
            let kinds: &[Option<&str>] = if place == last {
                &[
                    None,
                    Some("text/plain"),
                    Some("application/x-www-form-urlencoded"),
                ]
            } else {
                &[Some("application/json")]
            };
            for kind in kinds {
                let answer = send(&wallet, &valid, *kind, bytes.clone()).await;
                is_typed(&answer, &format!("{}: {what}", valid.example));
                count += 1;
            }
        }
        assert_eq!(before, world.snapshot().await, "{}", valid.example);
    }
    assert!(count > 500, "{count}");
}

/// Numbers that are the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }
}

#[tokio::test]
async fn examples_with_bytes_changed_are_answered_or_refused() {
    let world = World::with(wide).await;
    let (wallet, challenge, withdrawal) = busy(&world).await;
    let mut dice = Dice(0x0428_0428_0428_0428);
    let mut before = world.snapshot().await;
    for valid in valid_requests(&challenge, &withdrawal) {
        for _ in 0..40 {
            let mut bytes = valid.body.to_string().into_bytes();
            for _ in 0..=dice.below(3) {
                let at = dice.below(bytes.len());
                match dice.below(3) {
                    0 => drop(bytes.remove(at)),
                    1 => bytes.insert(at, u8::try_from(dice.below(256)).unwrap()),
                    _ => bytes[at] = u8::try_from(dice.below(256)).unwrap(),
                }
            }
            let what = String::from_utf8_lossy(&bytes).into_owned();
            let answer = send(&wallet, &valid, Some("application/json"), bytes).await;
            assert!(answer.status.as_u16() < 500, "{what}: {}", answer.text);
            is_enveloped(&answer, &what);
            let (status, code) = answer.outcome();
            // What is answered well, asks for a factor or brings a code may change something.
            let may_change = status < 300 || status == 428 || code.starts_with("challenge_");
            let now = world.snapshot().await;
            if may_change {
                before = now;
            } else {
                is_typed(&answer, &what);
                assert_eq!(before, now, "{what}: {}", answer.text);
            }
        }
    }
}

// r[verify withdrawal.page.unknown-filter]
// r[verify withdrawal.http.method]
#[tokio::test]
async fn bad_targets_and_headers_are_typed_errors() {
    let world = World::with(wide).await;
    let (wallet, challenge, withdrawal) = busy(&world).await;
    let before = world.snapshot().await;
    let token = wallet.token.clone();
    let long = "a".repeat(5000);
    let targets = [
        "/withdrawals?limit=0".to_owned(),
        "/withdrawals?limit=101&limit=1".to_owned(),
        "/withdrawals?limit=99999999999999999999".to_owned(),
        "/withdrawals?status=lost".to_owned(),
        "/withdrawals?from=yesterday".to_owned(),
        "/withdrawals?cursor=%00".to_owned(),
        format!("/withdrawals?cursor={long}"),
        format!("/withdrawals?access_token={token}"),
        format!("/assets?access_token={token}"),
        format!("/assets/ETH?address={OTHER_ADDRESS}"),
        "/assets/%00".to_owned(),
        format!("/assets/{long}"),
        "/withdrawals/%2e%2e".to_owned(),
        "/withdrawals/%ff%fe".to_owned(),
        format!("/withdrawals/{long}"),
        format!("/withdrawals/{challenge}"),
        format!("/challenges/{withdrawal}"),
        format!("/challenges/{challenge}?code=123456"),
        "/nothing".to_owned(),
        "/withdrawals/".to_owned(),
    ];
    for method in [Method::GET, Method::DELETE, Method::PATCH, Method::POST] {
        for target in &targets {
            let request = wallet.request(method.clone(), target, None);
            let answer = world.send(request).await;
            is_typed(&answer, &format!("{method} {target}"));
        }
    }
    let allowed = [
        ("/withdrawals", "GET,HEAD,POST"),
        ("/challenges/x/verify", "POST"),
    ];
    for (target, methods) in allowed {
        let request = wallet.request(Method::PATCH, target, None);
        let answer = world.send(request).await;
        answer.is(405, "method_not_allowed");
        let mut allow: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
        allow.sort_unstable();
        assert_eq!(allow.join(","), methods, "{target}");
    }
    let schemes = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Basic {token}"),
        format!("Bearer  {token}"),
        format!("Bearer {token} "),
        format!("DPoP {token}"),
        format!("Bearer {}", "a".repeat(20_000)),
        "Bearer \u{e4}".to_owned(),
    ];
    for scheme in schemes {
        let mut request = Request::get("/assets").body(Body::empty()).unwrap();
        let value = axum::http::HeaderValue::from_bytes(scheme.as_bytes()).unwrap();
        request.headers_mut().insert("authorization", value);
        let answer = world.send(request).await;
        if scheme.trim_end() == format!("Bearer {token}") {
            continue;
        }
        is_typed(&answer, &scheme);
        assert_eq!(answer.status, 401, "{scheme}");
    }
    // The token counts in its header alone.
    let in_query = Request::get(format!("/assets?access_token={token}")).body(Body::empty());
    world.send(in_query.unwrap()).await.is(401, "invalid_token");
    assert_eq!(before, world.snapshot().await);
}

// r[verify withdrawal.oauth.errors]
#[tokio::test]
async fn bad_forms_are_errors_of_oauth() {
    let world = World::with(wide).await;
    let mut wallet = world.wallet().await;
    let code = wallet.browser.code("assets:read", None).await;
    let refresh = wallet.tokens["refresh_token"].as_str().unwrap().to_owned();
    let before = world.snapshot().await;
    let client = "client_id=example-wallet&client_secret=sandbox-secret-of-example-wallet";
    let forms = [
        ("/oauth/token", String::new()),
        ("/oauth/token", "grant_type=password".to_owned()),
        (
            "/oauth/token",
            format!("{client}&grant_type=password&username=ana&password=x"),
        ),
        (
            "/oauth/token",
            format!("{client}&grant_type=authorization_code&code={code}"),
        ),
        (
            "/oauth/token",
            format!("{client}&grant_type=authorization_code&code={code}&code={code}"),
        ),
        (
            "/oauth/token",
            format!("{client}&grant_type=authorization_code&code=%00"),
        ),
        ("/oauth/token", format!("{client}&grant_type=refresh_token")),
        (
            "/oauth/token",
            format!("{client}&grant_type=refresh_token&refresh_token={refresh}x"),
        ),
        (
            "/oauth/token",
            format!("{client}&grant_type=refresh_token&refresh_token={refresh}&scope=all"),
        ),
        (
            "/oauth/token",
            format!("{client}&grant_type=refresh_token&refresh_token=%ff%fe"),
        ),
        (
            "/oauth/token",
            format!("{client}x&grant_type=refresh_token&refresh_token={refresh}"),
        ),
        ("/oauth/token", "a".repeat(200_000)),
        ("/oauth/revoke", client.to_owned()),
        ("/oauth/revoke", "token=x".to_owned()),
        ("/oauth/introspect", client.to_owned()),
        ("/oauth/par", client.to_owned()),
        ("/oauth/par", format!("{client}&request_uri=urn:x")),
        (
            "/oauth/par",
            format!("{client}&response_type=token&redirect_uri=https://evil.example/"),
        ),
    ];
    for (path, form) in &forms {
        for kind in ["application/x-www-form-urlencoded", "application/json"] {
            let request = Request::post(*path)
                .header("content-type", kind)
                .body(Body::from(form.clone()));
            let answer = world.send(request.unwrap()).await;
            let what: String = format!("{path} {form}").chars().take(160).collect();
            let status = answer.status.as_u16();
            assert!(
                (400..500).contains(&status),
                "{what}: {status} {}",
                answer.text
            );
            let error = answer.json();
            let code = error["error"].as_str().unwrap_or_default();
            let known = OAuthErrorCode::ALL
                .iter()
                .any(|known| known.as_str() == code);
            assert!(known, "{what}: {}", answer.text);
            assert_eq!(answer.header("cache-control"), "no-store", "{what}");
            assert!(!answer.text.contains(&refresh), "{what}");
        }
    }
    assert_eq!(before, world.snapshot().await);
}
