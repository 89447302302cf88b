use jiff::Timestamp;

use super::{BEGIN, SqliteStore};
use crate::attestation::nonce::{Consumed, NonceStore};
use crate::clock::Clock;
use crate::error::Unavailable;
use crate::store::table::{PORTION, bounded, ended_before, milliseconds};
use crate::store::{Fault, NONCES, nonce_key};

const EXISTS: &str = "SELECT EXISTS (SELECT 1 FROM x428_nonce WHERE digest = ?1)";
const CONSUME: &str = "
    INSERT INTO x428_nonce (digest, retain_until)
    SELECT ?1, ?2 WHERE ?2 > (SELECT forgotten_until FROM x428_horizon)
    ON CONFLICT DO NOTHING";
const ADVANCE: &str = "
    UPDATE x428_horizon SET forgotten_until = max(forgotten_until, coalesce((
        SELECT max(retain_until) FROM (
            SELECT retain_until FROM x428_nonce
            WHERE retain_until < ?1 ORDER BY retain_until LIMIT ?2
        )
    ), forgotten_until))";
const FORGET: &str = "
    DELETE FROM x428_nonce WHERE digest IN (
        SELECT digest FROM x428_nonce
        WHERE retain_until < ?1 ORDER BY retain_until LIMIT ?2
    )";

impl<C: Clock + Sync> SqliteStore<C> {
    // r[impl attestation.verify.consume]
    // r[impl attestation.verify.retention]
    // r[impl attestation.security.clock]
    async fn insert(&self, nonce: &str, retain_until: Timestamp) -> Result<Consumed, Fault> {
        let key = nonce_key(nonce);
        let inserted = sqlx::query(CONSUME)
            .bind(key.as_slice())
            .bind(milliseconds(retain_until))
            .execute(&self.writer)
            .await?;
        if inserted.rows_affected() == 1 {
            return Ok(Consumed::First);
        }
        let known: bool = sqlx::query_scalar(EXISTS)
            .bind(key.as_slice())
            .fetch_one(&self.writer)
            .await?;
        if known {
            Ok(Consumed::Replayed)
        } else {
            Err(Fault::Forgotten)
        }
    }

    async fn forget_nonces(&self) -> Result<(), Fault> {
        let ended = ended_before(&self.clock);
        let mut transaction = self.writer.begin_with(BEGIN).await?;
        for statement in [ADVANCE, FORGET] {
            sqlx::query(statement)
                .bind(ended)
                .bind(PORTION)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

impl<C: Clock + Sync> NonceStore for SqliteStore<C> {
    async fn is_consumed(&self, nonce: &str) -> Result<bool, Unavailable> {
        let key = nonce_key(nonce);
        let known = sqlx::query_scalar(EXISTS)
            .bind(key.as_slice())
            .fetch_one(&self.readers);
        bounded(NONCES, self.timeout, known).await
    }

    async fn consume(&self, nonce: &str, retain_until: Timestamp) -> Result<Consumed, Unavailable> {
        let consumed = bounded(NONCES, self.timeout, self.insert(nonce, retain_until)).await?;
        if consumed == Consumed::First && self.consumed.is_due() {
            // What could not be deleted now is deleted later; the nonce is consumed.
            let _ = bounded(NONCES, self.timeout, Box::pin(self.forget_nonces())).await;
        }
        Ok(consumed)
    }
}
