//! Time ends challenges that nobody has ended.

use std::sync::Arc;

use jiff::Timestamp;
use x428::wire::withdrawal::ChallengeStatus;

use crate::exchange::Exchange;
use crate::exchange::model::Challenge;
use crate::exchange::store::{Fault, Row};

const DUE: &str = "SELECT id, owner FROM challenge WHERE live_until > 0 AND live_until <= $1
    ORDER BY live_until LIMIT 256";

/// Ends every challenge whose time, or that of its proof, is over, so that its subscribers are told
/// and the record says so. Each has a transaction of its own.
pub(crate) async fn tick(exchange: &Arc<Exchange>) -> Result<(), Fault> {
    let now = exchange.now();
    let due = exchange.store.due(DUE, now).await?;
    let mut outcome = Ok(());
    for row in &due {
        // One that fails keeps no other waiting.
        if let Err(fault) = end(exchange, row, now).await {
            tracing::error!(%fault, "a challenge was not ended");
            outcome = Err(fault);
        }
    }
    outcome
}

async fn end(exchange: &Exchange, row: &Row, now: Timestamp) -> Result<(), Fault> {
    let mut writing = exchange.store.write().await?;
    writing.turn_of(row.text("owner")?).await?;
    let challenge: Option<Challenge> = writing.get(row.text("id")?).await?;
    // Another instance, or a request, may have ended it meanwhile.
    let is_over = |challenge: &Challenge| {
        !challenge.status.is_terminal() && challenge.status_at(now) == ChallengeStatus::Expired
    };
    if let Some(mut challenge) = challenge.filter(is_over) {
        let expired = ChallengeStatus::Expired;
        challenge.go(&mut writing, expired, now).await?;
        writing.commit().await?;
    }
    Ok(())
}
