use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use x428::wire::withdrawal::{WebhookEventType, WebhookSignatureKind};

use crate::exchange::store::record::record;

/// A subscription.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Webhook {
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) client: String,
    pub(crate) consent: String,
    pub(crate) url: String,
    pub(crate) events: Vec<WebhookEventType>,
    pub(crate) signature: WebhookSignatureKind,
    /// The key of signatures of the kind `v1`, sealed.
    pub(crate) secret: Option<String>,
    pub(crate) created_at: Timestamp,
}

record!(Webhook, "webhook", [
    "owner" = "$3" => |webhook| webhook.owner.as_str().into(),
    "client" = "$4" => |webhook| webhook.client.as_str().into(),
]);

/// An event on its way to a subscriber.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Delivery {
    /// Names the event to the subscriber.
    pub(crate) id: String,
    pub(crate) webhook: String,
    pub(crate) body: String,
    pub(crate) attempts: u32,
    pub(crate) first_at: Timestamp,
    pub(crate) due_at: Timestamp,
}

record!(Delivery, "delivery", [
    "webhook" = "$3" => |delivery| delivery.webhook.as_str().into(),
    "due_at" = "$4" => |delivery| delivery.due_at.as_millisecond().into(),
]);

/// An e-mail, a text message or a notice of the app.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) owner: String,
    /// `email`, `sms` or `app`.
    pub(crate) channel: String,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) at: Timestamp,
    /// When the mail server gets it; nothing if it has it, or if there is no server.
    pub(crate) due_at: Option<Timestamp>,
    /// How often that was tried.
    pub(crate) attempts: u32,
}

record!(Message, "message", [
    "owner" = "$3" => |message| message.owner.as_str().into(),
    "channel" = "$4" => |message| message.channel.as_str().into(),
    "at" = "$5" => |message| message.at.as_millisecond().into(),
    "due_at" = "$6" => |message| {
        message.due_at.map_or(i64::MAX, Timestamp::as_millisecond).into()
    },
]);
