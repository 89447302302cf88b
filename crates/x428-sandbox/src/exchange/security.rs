//! What an owner changes to protect the account, and what follows: a hold, a notice, a record, and
//! other browsers that have to log in again.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::model::{Consent, Owner};
use super::oauth::end_consent;
use super::store::{Fault, Writing};
use super::{Exchange, audit, notify};

/// What was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    Password,
    AuthenticatorAdded,
    AuthenticatorRemoved,
    PasskeyAdded,
    PasskeyRemoved,
    Contact,
    /// The owner's list is no longer the only place to withdraw to.
    DestinationsOpened,
}

impl Change {
    fn event(self) -> &'static str {
        match self {
            Self::Password => "password.changed",
            Self::AuthenticatorAdded => "authenticator.added",
            Self::AuthenticatorRemoved => "authenticator.removed",
            Self::PasskeyAdded => "passkey.added",
            Self::PasskeyRemoved => "passkey.removed",
            Self::Contact => "contact.changed",
            Self::DestinationsOpened => "destinations.opened",
        }
    }

    /// What was changed, as the owner is told.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Password => "Your password was changed.",
            Self::AuthenticatorAdded => "An authenticator app was added to your account.",
            Self::AuthenticatorRemoved => "The authenticator app was removed from your account.",
            Self::PasskeyAdded => "A passkey was added to your account.",
            Self::PasskeyRemoved => "A passkey was removed from your account.",
            Self::Contact => "The e-mail address or the number of your account was changed.",
            Self::DestinationsOpened => "Your account may withdraw to any address again.",
        }
    }
}

/// Writes an owner who has changed something, in the owner's turn. `before` is the owner as it was:
/// the notice goes to where the owner was reached until now.
// r[impl withdrawal.submit.holds]
pub(crate) async fn changed(
    exchange: &Exchange,
    writing: &mut Writing,
    before: &Owner,
    owner: &mut Owner,
    change: Change,
    now: Timestamp,
) -> Result<(), Fault> {
    let hold = SignedDuration::try_from(exchange.settings.security_hold).map_err(Fault::because)?;
    if hold.is_positive() {
        owner.held_until = owner.held_until.max(Some(now + hold));
    }
    owner.sessions_from = now;
    writing.put(owner).await?;
    let what = json!({"event": change.event(), "heldUntil": owner.held_until});
    audit::append(writing, &owner.id, now, what).await?;
    let until = match owner.held_until {
        Some(until) => format!(" Withdrawals are held until {until}."),
        None => String::new(),
    };
    let text = format!(
        "{}{until} If it was not you, end the access of your applications and change your password.",
        change.words()
    );
    let subject = "A change of your account";
    notify::send(
        exchange,
        writing,
        before,
        "email",
        subject,
        text.clone(),
        now,
    )
    .await?;
    if before.phone != owner.phone {
        notify::send(exchange, writing, before, "sms", subject, text.clone(), now).await?;
    }
    if before.email != owner.email {
        notify::send(exchange, writing, owner, "email", subject, text, now).await?;
    }
    Ok(())
}

/// Ends the access of every application, as the owner has asked for with a change.
// r[impl withdrawal.refresh.end]
pub(crate) async fn end_accesses(
    writing: &mut Writing,
    owner: &mut Owner,
    now: Timestamp,
) -> Result<(), Fault> {
    const CONSENTS: &str = "SELECT data FROM consent WHERE owner = $1";
    owner.secured_at = now;
    writing.put(owner).await?;
    let all: Vec<Consent> = writing
        .find(CONSENTS, vec![owner.id.as_str().into()])
        .await?;
    for mut consent in all {
        end_consent(writing, &mut consent, now).await?;
    }
    Ok(())
}
