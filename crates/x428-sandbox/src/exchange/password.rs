//! Passwords, hashed with Argon2id.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;

use super::store::Fault;

/// How many passwords are compared at once: each takes nineteen megabytes and a core.
static AT_ONCE: Semaphore = Semaphore::const_new(4);

/// Hashes a password, which takes a while.
pub(crate) async fn hash(password: String) -> Result<String, Fault> {
    let hashed = tokio::task::spawn_blocking(move || {
        let hash = Argon2::default().hash_password(password.as_bytes());
        hash.map(|hash| hash.to_string())
    });
    let hashed = hashed.await.map_err(Fault::because)?;
    hashed.map_err(|_| Fault::Failed("the password cannot be hashed".to_owned()))
}

/// Whether the password is the one that was hashed. Where there is none to compare with, it takes
/// as long.
pub(crate) async fn is_right(known: Option<String>, given: String) -> Result<bool, Fault> {
    let turn = AT_ONCE.acquire().await.map_err(Fault::because)?;
    let checked = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let Some(known) = known else {
            let wasted = Argon2::default().hash_password(given.as_bytes());
            drop(wasted);
            return false;
        };
        PasswordHash::new(&known).is_ok_and(|hash| {
            Argon2::default()
                .verify_password(given.as_bytes(), &hash)
                .is_ok()
        })
    });
    checked.await.map_err(Fault::because)
}
