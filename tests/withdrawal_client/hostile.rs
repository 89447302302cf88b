//! Exchanges that lie, and what stands between.

use serde_json::{Value, json};
use x428::wire::withdrawal::{ClientId, HttpsUri, StepUpMethod};
use x428::withdrawal::client::{Choice, Client, ClientAuthentication, ClientError};

use crate::owner::{Owner, request};
use crate::server::{Exchange, Hand, Step};
use crate::text::example;

const NOON: &str = "2026-11-20T12:00:00Z";

async fn withdraw(steps: Vec<Step>, owner: &Owner) -> (ClientError, Exchange) {
    let exchange = Exchange::start(steps).await;
    let client = exchange.client(&Hand::at(NOON)).await;
    let error = client.withdraw(&request(), owner).await.unwrap_err();
    (error, exchange)
}

fn challenge() -> Value {
    example("challenge-required")
}

/// An owner who is shown another withdrawal than the wallet's is not asked for a code.
// r[verify withdrawal.challenge.client-display]
#[tokio::test]
async fn a_challenge_for_something_else_is_not_met() {
    for (member, value) in [
        ("amount", json!("1.50000001")),
        (
            "address",
            json!("0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"),
        ),
        ("asset", json!("WETH")),
        ("network", json!("base")),
    ] {
        let mut challenge = challenge();
        challenge["display"][member] = value;
        let owner =
            Owner::choosing([Choice::Method(StepUpMethod::Totp)]).entering([Some("492039")]);
        let (refused, exchange) = withdraw(vec![Step::Say(428, challenge)], &owner).await;
        assert!(
            matches!(refused, ClientError::Untrusted(_)),
            "{member}: {refused}"
        );
        assert!(owner.asked().is_empty());
        assert_eq!(exchange.seen().len(), 1);
    }
}

#[tokio::test]
async fn another_challenge_does_not_take_the_place_of_the_first() {
    for (member, value) in [
        ("challengeId", json!("ch_7Vw1kZrDa5MxC9nBhQpTg3")),
        ("intentHash", json!("A".repeat(43))),
    ] {
        let mut verified = example("challenge-verified");
        verified[member] = value;
        let owner =
            Owner::choosing([Choice::Method(StepUpMethod::Totp)]).entering([Some("492039")]);
        let steps = vec![Step::Say(428, challenge()), Step::Say(200, verified)];
        let (refused, exchange) = withdraw(steps, &owner).await;
        assert!(
            matches!(refused, ClientError::Untrusted(_)),
            "{member}: {refused}"
        );
        assert_eq!(exchange.seen().len(), 2, "the proof was not used");
    }
}

// r[verify withdrawal.hosted.browser]
#[tokio::test]
async fn a_page_of_somebody_else_is_not_opened() {
    for page in [
        "https://exchange.example.evil.example/step-up",
        "https://evil.example/step-up",
        "https://exchange.example@evil.example/",
        "https://exchange.example:8443/step-up",
    ] {
        let mut challenge = challenge();
        for method in challenge["methods"].as_array_mut().unwrap() {
            method["verificationUri"] = json!(page);
        }
        let owner = Owner::choosing([Choice::HostedPage]);
        let (refused, _) = withdraw(vec![Step::Say(428, challenge)], &owner).await;
        assert!(
            matches!(refused, ClientError::Untrusted(_)),
            "{page}: {refused}"
        );
        assert!(!owner.asked().iter().any(|asked| asked.starts_with("open")));
    }
}

#[tokio::test]
async fn a_push_without_a_number_is_not_waited_for() {
    let mut challenge = example("challenge-push");
    challenge["error"] = example("challenge-required")["error"].clone();
    let methods = challenge["methods"].as_array_mut().unwrap();
    methods[1]["status"] = json!("available");
    methods[1].as_object_mut().unwrap().remove("numberToEnter");
    let mut started = challenge.clone();
    started["methods"][1]["status"] = json!("sent");
    let owner = Owner::choosing([Choice::Method(StepUpMethod::Push)]);
    let steps = vec![Step::Say(428, challenge), Step::Say(200, started)];
    let (refused, _) = withdraw(steps, &owner).await;
    assert!(matches!(refused, ClientError::Untrusted(_)), "{refused}");
}

/// The withdrawal exists, and it is not the one that was submitted: a person has to look.
#[tokio::test]
async fn another_withdrawal_than_was_submitted_is_noticed() {
    for (member, value) in [
        ("amount", json!("15")),
        (
            "address",
            json!("0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"),
        ),
        ("memo", json!("90417")),
    ] {
        let mut created = example("withdrawal-pending");
        created[member] = value;
        let (error, _) = withdraw(vec![Step::Say(201, created)], &Owner::default()).await;
        let ClientError::OutcomeUnknown { source, .. } = error else {
            panic!("{member}: {error}");
        };
        assert!(
            matches!(*source, ClientError::Untrusted(_)),
            "{member}: {source}"
        );
    }
}

// r[verify withdrawal.json.text]
// r[verify withdrawal.json.duplicate-members]
#[tokio::test]
async fn what_is_no_answer_is_none() {
    let json = || vec![("content-type", "application/json".to_owned())];
    let good = example("assets").to_string();
    let elsewhere = [("location", "https://evil.example/".to_owned())];
    let cases = [
        (
            200,
            json(),
            format!(
                "{}\"data\":[]}}",
                good.strip_suffix('}').unwrap().to_owned() + ","
            ),
        ),
        (200, json(), "[]".to_owned()),
        (200, json(), "not JSON".to_owned()),
        (200, json(), "[".repeat(100_000)),
        (
            200,
            vec![("content-type", "text/html".to_owned())],
            good.clone(),
        ),
        (200, json(), " ".repeat(1024 * 1024) + &good),
        (204, json(), String::new()),
        (302, elsewhere.to_vec(), String::new()),
        (404, json(), "{\"error\": \"not_found\"}".to_owned()),
    ];
    for (status, headers, text) in cases {
        let shown: String = text.chars().take(30).collect();
        let exchange = Exchange::start([Step::SayText(status, headers, text)]).await;
        let client = exchange.client(&Hand::at(NOON)).await;
        let error = client.assets().await.unwrap_err();
        assert!(
            matches!(error, ClientError::Malformed(_)),
            "{status} {shown}: {error}"
        );
        assert_eq!(exchange.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_withdrawal_that_was_not_asked_for_is_refused() {
    let exchange = Exchange::start([Step::Say(200, example("withdrawal-completed"))]).await;
    let client = exchange.client(&Hand::at(NOON)).await;
    let id = x428::wire::withdrawal::WithdrawalId::parse("wd_0000000000000000000000").unwrap();
    let refused = client.withdrawal(&id).await.unwrap_err();
    assert!(matches!(refused, ClientError::Untrusted(_)), "{refused}");
}

// r[verify withdrawal.json.unknown-value]
#[tokio::test]
async fn methods_of_tomorrow_are_left_to_the_page() {
    let mut challenge = challenge();
    let methods = challenge["methods"].as_array_mut().unwrap();
    methods[0]["method"] = json!("telepathy");
    let owner = Owner::choosing([]);
    let canceled = Step::Say(200, example("challenge-canceled"));
    let (given_up, _) = withdraw(vec![Step::Say(428, challenge), canceled], &owner).await;
    assert!(matches!(given_up, ClientError::GivenUp), "{given_up}");
    let asked = owner.asked();
    assert_eq!(asked.len(), 1);
    assert!(
        !asked[0].contains("telepathy") && asked[0].contains("available"),
        "{asked:?}"
    );
}

/// Without `danger_…`, plain HTTP is not spoken, and with it to this machine alone.
// r[verify withdrawal.oauth.tls]
#[tokio::test]
async fn nothing_is_sent_without_tls() {
    let exchange = Exchange::start([]).await;
    let builder = |issuer: String| {
        Client::builder(
            HttpsUri::parse(issuer).unwrap(),
            ClientId::parse("example-wallet").unwrap(),
            ClientAuthentication::Public,
        )
    };
    let issuer = format!("https://127.0.0.1:{}", exchange.address.port());
    let error = builder(issuer.clone()).discover().await.unwrap_err();
    assert!(matches!(error, ClientError::Unavailable(_)), "{error}");
    let elsewhere = "192.0.2.1:80".parse().unwrap();
    let error = builder(issuer)
        .danger_plain_loopback(elsewhere)
        .discover()
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::Misuse(_)), "{error}");

    // Another origin than that of the issuer is not reached through it.
    exchange.lie(
        "oauth-authorization-server",
        "token_endpoint",
        json!("https://evil.example/token"),
    );
    let client = exchange.client(&Hand::at(NOON)).await;
    let consent =
        x428::withdrawal::client::Consent::to([x428::wire::withdrawal::Scope::AssetsRead]);
    let redirect_uri =
        x428::wire::withdrawal::RedirectUri::parse("https://wallet.example/").unwrap();
    let authorization = client.authorize(redirect_uri, &consent).await.unwrap();
    let mut pairs = authorization.url().query_pairs();
    let state = pairs.find(|(name, _)| name == "state").unwrap().1;
    let query = format!("code=c&state={state}&iss=https://exchange.example");
    let error = client
        .redeem(authorization.clone(), &query)
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::Untrusted(_)), "{error}");
    assert!(exchange.seen().is_empty());
}
