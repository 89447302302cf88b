//! What the exchange tells an owner: e-mails and text messages go to the outbox page, notices to
//! the phone page.

use jiff::Timestamp;

use super::model::{Message, Owner};
use super::random;
use super::store::{Fault, Writing};

/// Sends a message. It is there when the transaction is committed.
pub(crate) async fn send(
    writing: &mut Writing,
    owner: &Owner,
    channel: &str,
    subject: &str,
    text: String,
    now: Timestamp,
) -> Result<(), Fault> {
    let to = match channel {
        "email" => &owner.email,
        _ => &owner.phone,
    };
    let message = Message {
        id: random::id("ms")?,
        owner: owner.id.clone(),
        channel: channel.to_owned(),
        to: to.clone(),
        subject: subject.to_owned(),
        text,
        at: now,
    };
    writing.put(&message).await
}

/// The newest messages of some channels.
pub(crate) const NEWEST: &str = "SELECT data FROM message
    WHERE owner = $1 AND channel IN ($2, $3) ORDER BY at DESC, id DESC LIMIT 50";
