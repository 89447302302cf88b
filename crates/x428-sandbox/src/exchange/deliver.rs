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
use x428::wire::withdrawal::headers::{WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP};
use x428::wire::withdrawal::{
    WEBHOOK_RETRY_MAX, WebhookEvent, WebhookEventType, WebhookSecret, WebhookSignatureKind,
};
use x428::withdrawal::webhook::{Delivery as Signed, WebhookKey};

use super::model::{Delivery, Webhook};
use super::store::{Fault, Row, Writing};
use super::{Exchange, random};

mod turns;

use self::turns::{Turn, Turns};

/// Under which purpose the secrets of subscriptions are sealed.
pub(crate) const PURPOSE: &str = "webhook secret";
/// For how many times the patience with a receiver an instance keeps a delivery to itself.
const LEASE: u32 = 6;
/// The first interval between two attempts; each one after it is three times as long.
const FIRST: i64 = 5;
const LONGEST: i64 = 6 * 60 * 60;

const OF_CLIENT: &str = "SELECT data FROM webhook WHERE owner = $1 AND client = $2";
/// What is due, the first of every subscription and of every client: as many as they may have at
/// once.
const DUE: &str = "SELECT id, webhook, due_at FROM (
        SELECT due.id, due.webhook, due.due_at,
            ROW_NUMBER() OVER (PARTITION BY webhook.client ORDER BY due.due_at, due.id) AS of_client
        FROM (
            SELECT id, webhook, due_at,
                ROW_NUMBER() OVER (PARTITION BY webhook ORDER BY due_at, id) AS of_webhook
            FROM delivery WHERE due_at <= $1
        ) AS due LEFT JOIN webhook ON webhook.id = due.webhook
        WHERE due.of_webhook <= $2
    ) AS first WHERE of_client <= $3 ORDER BY due_at, id LIMIT 512";
const CLAIM: &str = "UPDATE delivery SET due_at = $2 WHERE id = $1 AND due_at = $3";
const DONE: &str = "DELETE FROM delivery WHERE id = $1 AND due_at = $2";

/// Carries webhooks to their receivers.
pub(crate) struct Courier {
    http: reqwest::Client,
    private: bool,
    turns: Arc<Turns>,
}

/// How a receiver answered.
enum Answer {
    Taken,
    Gone,
    Failed,
}

impl Courier {
    // r[impl withdrawal.webhook.url]
    pub(crate) fn new(private: bool, patience: Duration) -> Result<Self, Fault> {
        let mut http = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(patience)
            .https_only(!private);
        if !private {
            http = http.dns_resolver(Arc::new(PublicOnly));
        }
        Ok(Self {
            http: http.build().map_err(Fault::because)?,
            private,
            turns: Arc::default(),
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
            .header(WEBHOOK_ID, signed.id)
            .header(WEBHOOK_TIMESTAMP, signed.timestamp)
            .header(WEBHOOK_SIGNATURE, signed.signature)
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

/// A delivery that this instance has claimed.
struct Claimed {
    delivery: Delivery,
    webhook: Option<Webhook>,
    /// Until when nobody else takes it.
    until: Timestamp,
    at: Timestamp,
    /// Kept until the delivery has ended.
    _turn: Option<Turn>,
}

/// What is under way.
type Sending = JoinSet<Result<(), Fault>>;

/// Sends what is due, and waits until all of it was sent.
pub(crate) async fn deliver(exchange: &Arc<Exchange>) -> Result<(), Fault> {
    let now = exchange.now();
    let mut sending = Sending::new();
    let mut outcome = Ok(());
    loop {
        let begun = begin(exchange, &mut sending, now).await;
        let is_over = !matches!(begun, Ok(count) if count > 0);
        outcome = outcome.and(begun.map(drop));
        match sending.join_next().await {
            Some(sent) => outcome = outcome.and(sent.map_err(Fault::because).flatten()),
            None if is_over => return outcome,
            None => {}
        }
    }
}

/// Sends what is due, again and again. A slow receiver keeps no other waiting, nor what else there
/// is to do.
pub(crate) async fn deliver_forever(exchange: Arc<Exchange>, every: Duration) {
    let mut sending = Sending::new();
    let mut interval = tokio::time::interval(every);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        if let Err(fault) = begin(&exchange, &mut sending, exchange.now()).await {
            tracing::error!(%fault, "deliveries have to be begun again");
        }
        while let Some(sent) = sending.try_join_next() {
            if let Err(fault) = sent.map_err(Fault::because).flatten() {
                tracing::error!(%fault, "a delivery has to be repeated");
            }
        }
    }
}

/// Begins to send what is due, as far as there are turns, and tells how much that is.
// r[impl withdrawal.webhook.deliver]
async fn begin(
    exchange: &Arc<Exchange>,
    sending: &mut Sending,
    now: Timestamp,
) -> Result<usize, Fault> {
    let mut reading = exchange.store.read().await?;
    let mut values = vec![now.as_millisecond().into()];
    for most in [turns::OF_SUBSCRIPTION, turns::OF_CLIENT] {
        values.push(i64::try_from(most).map_err(Fault::because)?.into());
    }
    let due = reading.rows(DUE, values).await?;
    reading.end().await?;
    let mut begun = 0;
    for row in &due {
        if exchange.courier.turns.has_all(row.text("webhook")?) {
            continue;
        }
        if let Some(claimed) = claim(exchange, row).await? {
            begun += 1;
            let exchange = Arc::clone(exchange);
            sending.spawn(async move { send(&exchange, claimed).await });
        }
    }
    Ok(begun)
}

/// Of several instances, the one that claims a delivery sends it. One that ends before it is done
/// leaves it to the next claim: the column says until when a delivery is claimed, and the record
/// when it was due.
async fn claim(exchange: &Exchange, row: &Row) -> Result<Option<Claimed>, Fault> {
    let id = row.text("id")?;
    let mut writing = exchange.store.write().await?;
    let webhook: Option<Webhook> = writing.get(row.text("webhook")?).await?;
    let turn = match &webhook {
        None => None,
        Some(webhook) => match exchange.courier.turns.take(webhook) {
            None => return Ok(None),
            turn => turn,
        },
    };
    let at = exchange.now();
    let lease = exchange.settings.webhook_patience.saturating_mul(LEASE);
    let until = at.checked_add(lease).map_err(Fault::because)?;
    let values = vec![
        id.into(),
        until.as_millisecond().into(),
        row.int("due_at")?.into(),
    ];
    if writing.execute(CLAIM, values).await? != 1 {
        return Ok(None);
    }
    let delivery: Delivery = writing.get(id).await?.ok_or(Fault::Damaged)?;
    writing.commit().await?;
    Ok(Some(Claimed {
        delivery,
        webhook,
        until,
        at,
        _turn: turn,
    }))
}

async fn send(exchange: &Arc<Exchange>, claimed: Claimed) -> Result<(), Fault> {
    let Claimed {
        mut delivery,
        webhook,
        until,
        at,
        _turn,
    } = claimed;
    let answer = match &webhook {
        None => Answer::Taken,
        Some(webhook) => {
            let key = key(exchange, webhook, at)?;
            let signed = Signed::sign(&delivery.id, at, delivery.body.as_bytes(), &[&key])?;
            let body = delivery.body.clone();
            exchange.courier.carry(&webhook.url, signed, body).await
        }
    };
    let mut writing = exchange.store.write().await?;
    let values = vec![delivery.id.as_str().into(), until.as_millisecond().into()];
    if writing.execute(DONE, values).await? != 1 {
        // It took so long that another instance has claimed it.
        return Ok(());
    }
    match (answer, webhook) {
        (Answer::Gone, Some(webhook)) => {
            let delete = "DELETE FROM webhook WHERE id = $1";
            writing.execute(delete, vec![webhook.id.into()]).await?;
        }
        (Answer::Failed, _) => {
            if let Some(due_at) = next_attempt(&delivery, at)? {
                delivery.attempts += 1;
                delivery.due_at = due_at;
                writing.put(&delivery).await?;
            }
        }
        _ => {}
    }
    writing.commit().await
}

/// When a delivery that has failed is tried again: after intervals that grow, and not at all if
/// that is too late.
fn next_attempt(delivery: &Delivery, now: Timestamp) -> Result<Option<Timestamp>, Fault> {
    let longest = SignedDuration::try_from(WEBHOOK_RETRY_MAX).map_err(Fault::because)?;
    let wait = FIRST.saturating_mul(3_i64.saturating_pow(delivery.attempts));
    let next = now + SignedDuration::from_secs(wait.min(LONGEST));
    Ok((next <= delivery.first_at + longest).then_some(next))
}

/// Puts down the test of a subscription, whatever its events are.
// r[impl withdrawal.webhook.test]
pub(crate) async fn test(
    writing: &mut Writing,
    webhook: &Webhook,
    now: Timestamp,
) -> Result<(), Fault> {
    let data = json!({"webhookId": webhook.id});
    put(writing, webhook, WebhookEventType::WebhookTest, data, now).await
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

#[cfg(test)]
mod tests {
    use super::*;

    // r[verify withdrawal.webhook.deliver]
    #[test]
    fn intervals_grow_until_it_is_too_late() {
        let begun = Timestamp::from_second(1_800_000_000).unwrap();
        let mut delivery = Delivery {
            id: String::new(),
            webhook: String::new(),
            body: String::new(),
            attempts: 0,
            first_at: begun,
            due_at: begun,
        };
        let mut waited = Vec::new();
        let mut now = begun;
        while let Some(next) = next_attempt(&delivery, now).unwrap() {
            waited.push(next.duration_since(now).as_secs());
            delivery.attempts += 1;
            now = next;
        }
        assert_eq!(waited.get(..4), Some([5, 15, 45, 135].as_slice()));
        assert!(waited.windows(2).all(|pair| pair[0] <= pair[1]));
        let longest = i64::try_from(WEBHOOK_RETRY_MAX.as_secs()).unwrap();
        let tried = now.duration_since(begun).as_secs();
        assert!(tried <= longest && tried > longest - LONGEST, "{tried}");
    }
}
