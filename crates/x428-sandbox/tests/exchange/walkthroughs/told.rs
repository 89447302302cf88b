//! The exchange of section 8.5, in which the exchange is the one that asks.

use serde_json::{Value, json};
use x428::clock::Clock as _;
use x428::wire::withdrawal::PublicKey;
use x428::withdrawal::webhook::WebhookVerifier;

use super::replay::Replay;
use super::world::{Setting, of_text, wallet};
use crate::webhooks::{Receiver, redirect};

pub(super) async fn webhook() {
    let (world, foreseen) = of_text(Setting {
        private_webhooks: true,
        ..Setting::default()
    })
    .await;
    let wallet = wallet(&world, &foreseen).await;
    let (receiver, url) = Receiver::start().await;
    let subscription = json!({
        "url": "https://wallet.example/hook", "events": ["withdrawal.updated"],
        "signature": "v1a",
    });
    let created = wallet.post("/webhooks", &subscription).await;
    created.is(201, "");
    redirect(&world, &url).await;
    let mut replay = Replay::of(wallet, foreseen, "webhook");
    let (shown, _) = replay.pair();
    let name = shown.json()["data"]["id"].as_str().unwrap().to_owned();
    super::submitted(&mut replay, "12:00:45", &name, "1.5").await;
    let times = [
        "12:01:00", "12:01:30", "12:02:00", "12:02:40", "12:03:20", "12:04:10", "12:04:11",
    ];
    replay.work_at(&times).await;
    let got = receiver.got.lock().unwrap().clone();
    let (delivery, body) = got.last().unwrap();
    let given: Value = serde_json::from_slice(body).unwrap();
    replay.same(&shown.json(), &given, "the event").unwrap();
    let header = |name: &str| shown.headers[name].as_str();
    assert!(
        delivery.signature.starts_with("v1a,") && header("webhook-signature").starts_with("v1a,")
    );
    assert_eq!(delivery.timestamp, header("webhook-timestamp"));
    assert!(delivery.id.starts_with("msg_"));
    // The bytes that are signed are those of this exchange: and by its own key.
    let published = replay.wallet.get("/.well-known/x428-exchange").await.json();
    let key = published["webhookKeys"][0]["publicKey"].as_str().unwrap();
    let verified = WebhookVerifier::new()
        .with_public_key(&PublicKey::parse(key).unwrap())
        .unwrap()
        .verify(delivery, body, world.clock.now());
    assert_eq!(verified.unwrap().id(), delivery.id);
    replay.end();
}
