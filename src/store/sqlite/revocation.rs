use jiff::Timestamp;

use super::SqliteStore;
use crate::attestation::revocation::{LiveToken, RevocationStore};
use crate::clock::Clock;
use crate::did::Did;
use crate::error::Unavailable;
use crate::store::table::{PORTION, bounded, ended_before, milliseconds};
use crate::store::{Fault, REVOCATIONS};
use crate::wire::attestation::Digest;

const REMEMBER: &str = "
    INSERT INTO x428_token (digest, operator, expires_at, revoked) VALUES (?1, ?2, ?3, 0)
    ON CONFLICT (digest) DO UPDATE SET
        operator = excluded.operator,
        expires_at = max(expires_at, excluded.expires_at)";
const REVOKE: &str = "
    INSERT INTO x428_token (digest, expires_at, revoked) VALUES (?1, ?2, 1)
    ON CONFLICT (digest) DO UPDATE SET
        revoked = 1,
        expires_at = max(expires_at, excluded.expires_at)";
const REVOKE_OPERATOR: &str =
    "UPDATE x428_token SET revoked = 1 WHERE operator = ?1 AND revoked = 0";
const IS_REVOKED: &str =
    "SELECT EXISTS (SELECT 1 FROM x428_token WHERE digest = ?1 AND revoked = 1)";
const FORGET: &str = "
    DELETE FROM x428_token WHERE digest IN (
        SELECT digest FROM x428_token
        WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2
    )";

impl<C: Clock + Sync> SqliteStore<C> {
    async fn forget_tokens(&self) {
        if self.remembered.is_due() {
            let forgotten = sqlx::query(FORGET)
                .bind(ended_before(&self.clock))
                .bind(PORTION)
                .execute(&self.writer);
            // What could not be deleted now is deleted later.
            let _ = bounded(REVOCATIONS, self.timeout, forgotten).await;
        }
    }
}

// r[impl attestation.receipt.revoke]
// r[impl attestation.receipt.revoke-operator]
impl<C: Clock + Sync> RevocationStore for SqliteStore<C> {
    async fn remember(&self, token: &LiveToken) -> Result<(), Unavailable> {
        let remembered = sqlx::query(REMEMBER)
            .bind(token.digest.as_str())
            .bind(token.operator.as_str())
            .bind(milliseconds(token.expires_at))
            .execute(&self.writer);
        bounded(REVOCATIONS, self.timeout, remembered).await?;
        self.forget_tokens().await;
        Ok(())
    }

    async fn revoke(&self, token: &Digest, expires_at: Timestamp) -> Result<(), Unavailable> {
        let revoked = sqlx::query(REVOKE)
            .bind(token.as_str())
            .bind(milliseconds(expires_at))
            .execute(&self.writer);
        bounded(REVOCATIONS, self.timeout, revoked).await?;
        self.forget_tokens().await;
        Ok(())
    }

    async fn revoke_operator(&self, operator: &Did) -> Result<u64, Unavailable> {
        let revoked = sqlx::query(REVOKE_OPERATOR)
            .bind(operator.as_str())
            .execute(&self.writer);
        let revoked = bounded(REVOCATIONS, self.timeout, revoked).await?;
        Ok(revoked.rows_affected())
    }

    async fn is_revoked(&self, token: &Digest) -> Result<bool, Unavailable> {
        let revoked = sqlx::query_scalar(IS_REVOKED)
            .bind(token.as_str())
            .fetch_one(&self.readers);
        bounded::<_, Fault>(REVOCATIONS, self.timeout, async { Ok(revoked.await?) }).await
    }
}
