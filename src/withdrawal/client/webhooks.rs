//! Subscriptions to webhooks, and what verifies them (section 8.5).

use std::fmt;

use http::{Method, StatusCode};

use super::answer::{expect, known_words, read, refusal};
use super::{Client, ClientError, Keeper, Time};
use crate::wire::withdrawal::{
    Webhook, WebhookEventType, WebhookId, WebhookList, WebhookRequest, WebhookSecret,
    WithdrawalErrorCode,
};
use crate::withdrawal::webhook::WebhookVerifier;

/// A subscription that was just made. Its secret is told once, and kept by the application.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Subscribed {
    /// The subscription, without the secret.
    pub webhook: Webhook,
    /// The secret, if its webhooks are signed with one (kind `v1`).
    pub secret: Option<WebhookSecret>,
}

impl fmt::Debug for Subscribed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscribed")
            .field("webhook", &self.webhook)
            .finish_non_exhaustive()
    }
}

impl<K: Keeper, T: Time> Client<K, T> {
    /// Subscribes to webhooks. The request is made once: if its answer is lost, there may be a
    /// subscription whose secret nobody knows, which [`subscriptions`](Self::subscriptions) shows
    /// and [`unsubscribe`](Self::unsubscribe) ends.
    ///
    /// # Errors
    /// [`ClientError::Refused`] and others of a single request.
    pub async fn subscribe(&self, request: &WebhookRequest) -> Result<Subscribed, ClientError> {
        let answer = self.once(self.post(&["webhooks"], request)?).await?;
        let json = expect(&answer, StatusCode::CREATED)?;
        let mut webhook: Webhook = read(json.value(), "webhook subscription")?;
        if webhook.url != request.url {
            return Err(ClientError::Untrusted(
                "another subscription than was asked for",
            ));
        }
        let secret = webhook.secret.take();
        Ok(Subscribed { webhook, secret })
    }

    /// The subscriptions of this client for this owner, newest first.
    ///
    /// # Errors
    /// As [`assets`](Self::assets).
    pub async fn subscriptions(&self) -> Result<Vec<Webhook>, ClientError> {
        let request = self.request(Method::GET, &["webhooks"])?;
        let answer = self.repeated(request, &mut false).await?;
        let mut json = expect(&answer, StatusCode::OK)?.into_value();
        if let Some(items) = json.get_mut("data").and_then(|data| data.as_array_mut()) {
            for item in items {
                known_words::<WebhookEventType>(item, "events");
            }
        }
        let list: WebhookList = read(&json, "webhook subscriptions")?;
        Ok(list.data.to_vec())
    }

    /// Ends a subscription.
    ///
    /// # Errors
    /// As [`assets`](Self::assets); refused with `not_found` if there is none.
    pub async fn unsubscribe(&self, id: &WebhookId) -> Result<(), ClientError> {
        let request = self.request(Method::DELETE, &["webhooks", id.as_str()])?;
        let mut lost = false;
        let answer = self.repeated(request, &mut lost).await?;
        if answer.status == StatusCode::NO_CONTENT {
            return Ok(());
        }
        let error = refusal(&answer);
        // The request before, whose answer was lost, has done it.
        if lost && error.code() == Some(WithdrawalErrorCode::NotFound) {
            return Ok(());
        }
        Err(error)
    }

    /// A verifier that knows the public keys of the exchange, for subscriptions of kind `v1a`. That
    /// of a subscription of kind `v1` is given its secret:
    /// [`WebhookVerifier::with_secret`].
    ///
    /// # Errors
    /// [`ClientError::Malformed`] for a key that is none.
    pub fn webhook_verifier(&self) -> Result<WebhookVerifier, ClientError> {
        let keys = self.discovered.exchange.webhook_keys.as_ref();
        let keys = keys.into_iter().flat_map(|keys| keys.iter());
        let mut verifier = WebhookVerifier::new();
        for key in keys {
            verifier = verifier.with_public_key(&key.public_key)?;
        }
        Ok(verifier)
    }
}
