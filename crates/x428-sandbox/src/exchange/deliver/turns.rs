//! How many deliveries are under way at once, so that no receiver keeps the others waiting.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use url::Url;

use crate::exchange::model::Webhook;

/// The most deliveries at once to one subscription.
pub(super) const OF_SUBSCRIPTION: usize = 2;
/// To one host and port.
const OF_HOST: usize = 8;
/// To the subscriptions of one client.
pub(super) const OF_CLIENT: usize = 32;
/// To all.
const OF_ALL: usize = 128;

/// What is under way.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<String, usize>>);

/// A delivery that is under way, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Arc<Turns>,
    counted: [String; 4],
}

impl Turns {
    /// Whether a subscription has as many as it may.
    pub(super) fn has_all(&self, subscription: &str) -> bool {
        let name = format!("subscription {subscription}");
        let turns = self.0.lock();
        turns.is_ok_and(|turns| {
            turns
                .get(&name)
                .is_some_and(|count| *count >= OF_SUBSCRIPTION)
        })
    }

    /// Begins a delivery; nothing if there are as many under way as there may be.
    pub(super) fn take(self: &Arc<Self>, webhook: &Webhook) -> Option<Turn> {
        let url = Url::parse(&webhook.url).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
        let port = url.as_ref().and_then(Url::port_or_known_default);
        let wanted = [
            (format!("subscription {}", webhook.id), OF_SUBSCRIPTION),
            (format!("host {host}:{}", port.unwrap_or_default()), OF_HOST),
            (format!("client {}", webhook.client), OF_CLIENT),
            ("all".to_owned(), OF_ALL),
        ];
        let mut turns = self.0.lock().ok()?;
        let is_full =
            |(name, most): &(String, usize)| turns.get(name).is_some_and(|count| count >= most);
        if wanted.iter().any(is_full) {
            return None;
        }
        let counted = wanted.map(|(name, _)| name);
        for name in &counted {
            *turns.entry(name.clone()).or_default() += 1;
        }
        Some(Turn {
            turns: Arc::clone(self),
            counted,
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Ok(mut turns) = self.turns.0.lock() {
            for name in &self.counted {
                match turns.get_mut(name) {
                    Some(count) if *count > 1 => *count -= 1,
                    _ => {
                        turns.remove(name);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use x428::wire::withdrawal::WebhookSignatureKind;

    use super::*;

    fn webhook(id: usize, client: &str, host: &str) -> Webhook {
        Webhook {
            id: format!("wh_{id}"),
            owner: String::new(),
            client: client.to_owned(),
            consent: String::new(),
            url: format!("https://{host}/hook"),
            events: Vec::new(),
            signature: WebhookSignatureKind::V1,
            secret: None,
            created_at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn nobody_has_all_turns() {
        let turns = Arc::new(Turns::default());
        let mut taken = Vec::new();
        let mut count = |ids: std::ops::Range<usize>, client: &str, host: Option<&str>| {
            let before = taken.len();
            for id in ids {
                for _ in 0..=OF_SUBSCRIPTION {
                    let own = format!("host-{id}.example");
                    taken.extend(turns.take(&webhook(id, client, host.unwrap_or(&own))));
                }
            }
            taken.len() - before
        };
        assert_eq!(count(0..1, "a", None), OF_SUBSCRIPTION);
        assert_eq!(count(1..100, "a", Some("one.example")), OF_HOST);
        assert_eq!(count(100..200, "b", Some("one.example:443")), 0);
        assert_eq!(count(200..300, "c", None), OF_CLIENT);
        assert_eq!(count(300..301, "d", None), OF_SUBSCRIPTION);
        assert!(turns.has_all("wh_300") && !turns.has_all("wh_301"));
        drop(taken);
        assert!(turns.0.lock().unwrap().is_empty());
    }
}
