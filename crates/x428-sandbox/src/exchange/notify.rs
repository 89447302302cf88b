//! What the exchange tells an owner: text messages and notices go to the phone page, e-mails to the
//! mail server, or to the outbox page where there is none.

use jiff::Timestamp;

use super::model::{Message, Owner};
use super::store::{Fault, Writing};
use super::{Exchange, random};

/// Sends a message. It is there when the transaction is committed; the mail server gets it later,
/// again and again until it takes it.
pub(crate) async fn send(
    exchange: &Exchange,
    writing: &mut Writing,
    owner: &Owner,
    channel: &str,
    subject: &str,
    text: String,
    now: Timestamp,
) -> Result<(), Fault> {
    let (to, due_at) = match channel {
        "email" => (&owner.email, exchange.mailer.as_ref().map(|_| now)),
        _ => (&owner.phone, None),
    };
    let message = Message {
        id: random::id("ms")?,
        owner: owner.id.clone(),
        channel: channel.to_owned(),
        to: to.clone(),
        subject: subject.to_owned(),
        text,
        at: now,
        due_at,
        attempts: 0,
    };
    writing.put(&message).await
}

/// The newest messages of some channels.
pub(crate) const NEWEST: &str = "SELECT data FROM message
    WHERE owner = $1 AND channel IN ($2, $3) ORDER BY at DESC, id DESC LIMIT 50";
