//! Webhooks on their way: put down with the change that they tell of, sent later, again and again.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use url::{Host, Url};
use x428::did::web::is_public;
use x428::wire::withdrawal::{
    WEBHOOK_RETRY_MAX, WebhookEvent, WebhookEventType, WebhookSecret, WebhookSignatureKind,
};
use x428::withdrawal::webhook::{Delivery as Signed, WebhookKey};

use super::model::{Delivery, Webhook};
use super::store::{Fault, Row, Writing};
use super::{Exchange, random};

/// Under which purpose the secrets of subscriptions are sealed.
pub(crate) const PURPOSE: &str = "webhook secret";
/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long an instance keeps a delivery to itself.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// The first interval between two attempts; each one after it is three times as long.
const FIRST: i64 = 5;
const LONGEST: i64 = 6 * 60 * 60;

const OF_CLIENT: &str = "SELECT data FROM webhook WHERE owner = $1 AND client = $2";
const DUE: &str = "SELECT id, due_at FROM delivery WHERE due_at <= $1 ORDER BY due_at, id LIMIT 64";
const CLAIM: &str = "UPDATE delivery SET due_at = $2 WHERE id = $1 AND due_at = $3";
const DONE: &str = "DELETE FROM delivery WHERE id = $1";

/// Carries webhooks to their receivers.
pub(crate) struct Courier {
    http: reqwest::Client,
    private: bool,
}

/// How a receiver answered.
enum Answer {
    Taken,
    Gone,
    Failed,
}

impl Courier {
    // r[impl withdrawal.webhook.url]
    pub(crate) fn new(private: bool) -> Result<Self, Fault> {
        let mut http = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(PATIENCE)
            .https_only(!private);
        if !private {
            http = http.dns_resolver(Arc::new(PublicOnly));
        }
        Ok(Self {
            http: http.build().map_err(Fault::because)?,
            private,
        })
    }

    async fn carry(&self, url: &str, signed: Signed, body: String) -> Answer {
        // The resolver is not asked for an address that stands in the URL.
        if !self.private && !names_public(url) {
            return Answer::Failed;
        }
        let sent = self
            .http
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", signed.id)
            .header("webhook-timestamp", signed.timestamp)
            .header("webhook-signature", signed.signature)
            .body(body)
            .send()
            .await;
        match sent {
            Ok(response) if response.status().is_success() => Answer::Taken,
            Ok(response) if response.status() == reqwest::StatusCode::GONE => Answer::Gone,
            _ => Answer::Failed,
        }
    }
}

/// Whether the host of a URL is a name, or an address that everybody reaches.
pub(crate) fn names_public(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    match url.host() {
        Some(Host::Ipv4(address)) => is_public(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => is_public(IpAddr::V6(address)),
        Some(Host::Domain(name)) => name != "localhost" && !name.ends_with(".localhost"),
        None => false,
    }
}

/// Gives the addresses of a name that belong to the public internet, so that what is connected to
/// is what was checked.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err("no address that everybody reaches".into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

/// Puts down an event for every subscription to it, in the transaction of what it tells of.
pub(crate) async fn enqueue(
    writing: &mut Writing,
    (owner, client): (&str, &str),
    event: WebhookEventType,
    data: Value,
    now: Timestamp,
) -> Result<(), Fault> {
    let webhooks: Vec<Webhook> = writing
        .find(OF_CLIENT, vec![owner.into(), client.into()])
        .await?;
    for webhook in webhooks {
        if webhook.events.contains(&event) {
            put(writing, &webhook, event, data.clone(), now).await?;
        }
    }
    Ok(())
}

/// Puts down an event for one subscription.
async fn put(
    writing: &mut Writing,
    webhook: &Webhook,
    event: WebhookEventType,
    data: Value,
    now: Timestamp,
) -> Result<(), Fault> {
    let at: x428::wire::withdrawal::Timestamp = now.try_into()?;
    let event = json!({"type": event, "timestamp": at, "data": data});
    let event: WebhookEvent = serde_json::from_value(event).map_err(Fault::because)?;
    let delivery = Delivery {
        id: random::id("msg")?,
        webhook: webhook.id.clone(),
        body: serde_json::to_string(&event).map_err(Fault::because)?,
        attempts: 0,
        first_at: now,
        due_at: now,
    };
    writing.put(&delivery).await
}

/// Sends what is due. Of several instances, the one that claims a delivery sends it. One that ends
/// before it is done leaves it to the next claim: the column says until when a delivery is claimed,
/// and the record when it was due.
// r[impl withdrawal.webhook.deliver]
pub(crate) async fn deliver(exchange: &Arc<Exchange>) -> Result<(), Fault> {
    let now = exchange.now();
    let mut reading = exchange.store.read().await?;
    let due = reading.rows(DUE, vec![now.as_millisecond().into()]).await?;
    reading.end().await?;
    let mut sending = JoinSet::new();
    for row in &due {
        let now = exchange.now();
        if let Some((delivery, webhook)) = claim(exchange, row, now).await? {
            // All at once: a slow receiver keeps no other waiting.
            let exchange = Arc::clone(exchange);
            sending.spawn(async move { send(&exchange, delivery, webhook, now).await });
        }
    }
    let mut outcome = Ok(());
    while let Some(sent) = sending.join_next().await {
        if let Err(fault) = sent.map_err(Fault::because).and_then(|sent| sent) {
            outcome = Err(fault);
        }
    }
    outcome
}

async fn claim(
    exchange: &Exchange,
    row: &Row,
    now: Timestamp,
) -> Result<Option<(Delivery, Option<Webhook>)>, Fault> {
    let id = row.text("id")?;
    let mut writing = exchange.store.write().await?;
    let until = (now + LEASE).as_millisecond();
    let values = vec![id.into(), until.into(), row.int("due_at")?.into()];
    if writing.execute(CLAIM, values).await? != 1 {
        return Ok(None);
    }
    let delivery: Delivery = writing.get(id).await?.ok_or(Fault::Damaged)?;
    let webhook: Option<Webhook> = writing.get(&delivery.webhook).await?;
    writing.commit().await?;
    Ok(Some((delivery, webhook)))
}

async fn send(
    exchange: &Arc<Exchange>,
    mut delivery: Delivery,
    webhook: Option<Webhook>,
    now: Timestamp,
) -> Result<(), Fault> {
    let answer = match &webhook {
        None => Answer::Taken,
        Some(webhook) => {
            let key = key(exchange, webhook, now)?;
            let signed = Signed::sign(&delivery.id, now, delivery.body.as_bytes(), &[&key])?;
            let body = delivery.body.clone();
            exchange.courier.carry(&webhook.url, signed, body).await
        }
    };
    let longest = SignedDuration::try_from(WEBHOOK_RETRY_MAX).map_err(Fault::because)?;
    let is_too_late = now >= delivery.first_at + longest;
    let mut writing = exchange.store.write().await?;
    match (answer, webhook) {
        (Answer::Gone, Some(webhook)) => {
            let delete = "DELETE FROM webhook WHERE id = $1";
            writing.execute(delete, vec![webhook.id.into()]).await?;
            writing.execute(DONE, vec![delivery.id.into()]).await?;
        }
        (Answer::Failed, _) if !is_too_late => {
            let wait = FIRST.saturating_mul(3_i64.saturating_pow(delivery.attempts));
            delivery.attempts += 1;
            delivery.due_at = now + SignedDuration::from_secs(wait.min(LONGEST));
            writing.put(&delivery).await?;
        }
        _ => {
            writing.execute(DONE, vec![delivery.id.into()]).await?;
        }
    }
    writing.commit().await
}

// r[impl withdrawal.webhook.sign]
fn key(exchange: &Exchange, webhook: &Webhook, now: Timestamp) -> Result<WebhookKey, Fault> {
    match (&webhook.secret, webhook.signature) {
        (Some(sealed), WebhookSignatureKind::V1) => {
            let secret = exchange.keys.open(PURPOSE, sealed)?;
            let secret = std::str::from_utf8(&secret).map_err(Fault::because)?;
            WebhookKey::shared(&WebhookSecret::parse(secret)?).map_err(Fault::because)
        }
        _ => Ok(WebhookKey::own(
            exchange.keys.turning.current(now)?.webhooks.clone(),
        )),
    }
}
