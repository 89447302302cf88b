//! Subscriptions, and what verifies their webhooks.

use serde_json::json;
use x428::clock::Clock as _;
use x428::wire::withdrawal::{WebhookId, WebhookRequest, WithdrawalErrorCode};
use x428::withdrawal::client::ClientError;
use x428::withdrawal::webhook::{Delivery, WebhookKey, WebhookVerifier};

use crate::server::{Exchange, Hand, Step, error};
use crate::text::example;

const NOON: &str = "2026-11-20T12:00:00Z";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";

fn request() -> WebhookRequest {
    serde_json::from_value(example("webhook-request")).unwrap()
}

fn id() -> WebhookId {
    WebhookId::parse("wh_9Ka3pDgSh1QiO7eRcUvJt0").unwrap()
}

#[tokio::test]
async fn a_subscription_is_made_listed_and_ended() {
    let mut created = example("webhook-created");
    created["secret"] = json!(SECRET);
    let mut list = example("webhooks");
    let events = list["data"][0]["events"].as_array_mut().unwrap();
    events.push(json!("withdrawal.imagined"));
    let gone = Step::SayText(204, Vec::new(), String::new());
    let steps = [Step::Say(201, created), Step::Say(200, list), gone];
    let exchange = Exchange::start(steps).await;
    let hand = Hand::at(NOON);
    let client = exchange.client(&hand).await;
    let subscribed = client.subscribe(&request()).await.unwrap();
    assert!(!format!("{subscribed:?}").contains("whsec_"));
    let secret = subscribed.secret.unwrap();
    assert_eq!(secret.as_str(), SECRET);
    assert_eq!(subscribed.webhook.secret, None);
    let listed = client.subscriptions().await.unwrap();
    assert_eq!(listed, [subscribed.webhook]);
    client.unsubscribe(&id()).await.unwrap();
    let seen = exchange.seen();
    assert_eq!(seen[0].json(), example("webhook-request"));
    let ended = format!("{} {}", seen[2].method, seen[2].target);
    assert_eq!(ended, "DELETE /webhooks/wh_9Ka3pDgSh1QiO7eRcUvJt0");
    exchange.assert_done();

    let key = WebhookKey::shared(&secret).unwrap();
    let body = example("webhook-event").to_string();
    let sent = Delivery::sign("msg_1", hand.now(), body.as_bytes(), &[&key]).unwrap();
    let verifier = WebhookVerifier::new().with_secret(&secret).unwrap();
    let delivered = verifier.verify(&sent, body.as_bytes(), hand.now());
    assert_eq!(delivered.unwrap().id(), "msg_1");
    let public = client.webhook_verifier().unwrap();
    assert!(public.verify(&sent, body.as_bytes(), hand.now()).is_err());
}

/// A second request would make a second subscription, with a secret of its own.
#[tokio::test]
async fn a_subscription_is_not_made_twice() {
    let exchange = Exchange::start([Step::Lose]).await;
    let client = exchange.client(&Hand::at(NOON)).await;
    let lost = client.subscribe(&request()).await.unwrap_err();
    assert!(lost.is_outage(), "{lost}");
    assert_eq!(exchange.seen().len(), 1);

    let mut other = example("webhook-created");
    other["url"] = json!("https://elsewhere.example/hooks");
    exchange.then(Step::Say(201, other));
    let other = client.subscribe(&request()).await.unwrap_err();
    assert!(matches!(other, ClientError::Untrusted(_)), "{other}");
}

#[tokio::test]
async fn one_that_is_ended_twice_has_ended() {
    let missing = || Step::Say(404, error("not_found", false));
    let exchange = Exchange::start([Step::Lose, missing(), missing()]).await;
    let client = exchange.client(&Hand::at(NOON)).await;
    client.unsubscribe(&id()).await.unwrap();
    let never = client.unsubscribe(&id()).await.unwrap_err();
    assert_eq!(never.code(), Some(WithdrawalErrorCode::NotFound));
}
