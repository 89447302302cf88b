use jiff::Timestamp;

use super::PostgresStore;
use crate::attestation::nonce::{Consumed, NonceStore};
use crate::clock::Clock;
use crate::error::Unavailable;
use crate::store::table::{PORTION, bounded, ended_before, milliseconds};
use crate::store::{Fault, NONCES, nonce_key};

const EXISTS: &str = "SELECT EXISTS (SELECT FROM x428_nonce WHERE digest = $1)";
const CONSUME: &str = "
    INSERT INTO x428_nonce (digest, retain_until)
    SELECT $1, $2 WHERE $2 > (SELECT forgotten_until FROM x428_horizon)
    ON CONFLICT DO NOTHING";
// Instances that delete at the same time delete different rows.
const FORGET: &str = "
    WITH ended AS (
        SELECT digest FROM x428_nonce
        WHERE retain_until < $1 ORDER BY retain_until LIMIT $2 FOR UPDATE SKIP LOCKED
    ), forgotten AS (
        DELETE FROM x428_nonce USING ended WHERE x428_nonce.digest = ended.digest
        RETURNING retain_until
    )
    UPDATE x428_horizon
    SET forgotten_until = greatest(forgotten_until, (SELECT max(retain_until) FROM forgotten))
    WHERE EXISTS (SELECT FROM forgotten)";

impl<C: Clock + Sync> PostgresStore<C> {
    // r[impl attestation.verify.consume]
    // r[impl attestation.verify.retention]
    // r[impl attestation.security.clock]
    async fn insert(&self, nonce: &str, retain_until: Timestamp) -> Result<Consumed, Fault> {
        let key = nonce_key(nonce);
        let inserted = sqlx::query(CONSUME)
            .bind(key.as_slice())
            .bind(milliseconds(retain_until))
            .execute(&self.pool)
            .await?;
        if inserted.rows_affected() == 1 {
            return Ok(Consumed::First);
        }
        let known: bool = sqlx::query_scalar(EXISTS)
            .bind(key.as_slice())
            .fetch_one(&self.pool)
            .await?;
        if known {
            Ok(Consumed::Replayed)
        } else {
            Err(Fault::Forgotten)
        }
    }

    async fn forget_nonces(&self) -> Result<(), Fault> {
        sqlx::query(FORGET)
            .bind(ended_before(&self.clock))
            .bind(PORTION)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

impl<C: Clock + Sync> NonceStore for PostgresStore<C> {
    async fn is_consumed(&self, nonce: &str) -> Result<bool, Unavailable> {
        let key = nonce_key(nonce);
        let known = sqlx::query_scalar(EXISTS)
            .bind(key.as_slice())
            .fetch_one(&self.pool);
        bounded(NONCES, self.timeout, known).await
    }

    async fn consume(&self, nonce: &str, retain_until: Timestamp) -> Result<Consumed, Unavailable> {
        let consumed = bounded(NONCES, self.timeout, self.insert(nonce, retain_until)).await?;
        if consumed == Consumed::First && self.consumed.is_due() {
            // What could not be deleted now is deleted later; the nonce is consumed.
            let _ = bounded(NONCES, self.timeout, self.forget_nonces()).await;
        }
        Ok(consumed)
    }
}
