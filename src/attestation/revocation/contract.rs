//! What every revocation store has to keep, as a suite that its tests run.

use jiff::{SignedDuration, Timestamp};

use super::super::wire::Digest;
use super::{LiveToken, RevocationStore};
use crate::did::Did;
use crate::error::{Malformed, Unavailable};

/// A store that is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// The store did something that the contract excludes.
    #[error("the store breaks its contract: {0}")]
    Broken(&'static str),
    /// The store did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The suite itself is wrong.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// Checks an empty store at the time `now` of its clock.
///
/// # Errors
/// [`Violation`] names the first rule that is broken.
pub async fn check<S: RevocationStore>(store: &S, now: Timestamp) -> Result<(), Violation> {
    let token = |name: char, operator: &str| -> Result<LiveToken, Violation> {
        Ok(LiveToken {
            digest: digest(name)?,
            operator: Did::parse(operator)?,
            expires_at: after(now, 3600)?,
        })
    };
    let (ann, bob) = ("did:web:ann.example", "did:web:bob.example");
    let (first, second, other) = (token('1', ann)?, token('2', ann)?, token('3', bob)?);
    let unknown = digest('4')?;

    expect(
        !store.is_revoked(&first.digest).await?,
        "a new token is revoked",
    )?;
    for token in [&first, &first, &second, &other] {
        store.remember(token).await?;
    }
    expect(
        !store.is_revoked(&first.digest).await?,
        "remembering revokes",
    )?;

    store.revoke(&first.digest, first.expires_at).await?;
    expect(
        store.is_revoked(&first.digest).await?,
        "a revocation is forgotten",
    )?;
    expect(
        !store.is_revoked(&second.digest).await?,
        "one token revokes another",
    )?;
    store.revoke(&first.digest, first.expires_at).await?;
    store.remember(&first).await?;
    expect(
        store.is_revoked(&first.digest).await?,
        "remembering ends a revocation",
    )?;

    store.revoke(&unknown, first.expires_at).await?;
    expect(
        store.is_revoked(&unknown).await?,
        "a token that was not remembered stays valid",
    )?;

    let operator = Did::parse(ann)?;
    let revoked = store.revoke_operator(&operator).await?;
    expect(revoked == 1, "the number of revoked tokens is wrong")?;
    expect(
        store.is_revoked(&second.digest).await?,
        "a token of the operator stays valid",
    )?;
    expect(
        !store.is_revoked(&other.digest).await?,
        "one operator revokes another's tokens",
    )?;
    let again = store.revoke_operator(&operator).await?;
    expect(again == 0, "revoked tokens are revoked again")
}

fn digest(name: char) -> Result<Digest, Violation> {
    let text = format!("sha256-{}", String::from(name).repeat(64));
    Digest::parse(text).map_err(|_| Violation::Broken("the suite has no digest"))
}

fn expect(holds: bool, otherwise: &'static str) -> Result<(), Violation> {
    if holds {
        Ok(())
    } else {
        Err(Violation::Broken(otherwise))
    }
}

fn after(now: Timestamp, seconds: i64) -> Result<Timestamp, Violation> {
    now.checked_add(SignedDuration::from_secs(seconds))
        .map_err(|_| Violation::Broken("the clock is at the end of time"))
}
