use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError};
use tokio::time::{Instant, timeout_at};

use crate::store::Fault;

/// One connection that all callers share, and that is given up as soon as an answer is late or is
/// an error. No command is sent twice: the first one may have arrived.
///
/// The manager of the crate keeps a connection whose answers do not come, until the system finds
/// out that nobody is there.
pub(super) struct Connection {
    client: Client,
    patience: Duration,
    current: Mutex<Current>,
    /// Held by the one who connects.
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Current {
    connection: Option<MultiplexedConnection>,
    /// Tells a connection that was given up from the one after it.
    number: u64,
}

impl Connection {
    pub(super) fn new(client: Client, patience: Duration) -> Self {
        Self {
            client,
            patience,
            current: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
        }
    }

    /// Sends one command and waits for its answer, connecting included.
    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Fault> {
        let late = |_| Fault::TimedOut(self.patience);
        let deadline = Instant::now() + self.patience;
        let connected = timeout_at(deadline, self.connected());
        let (mut connection, number) = connected.await.map_err(late)??;
        let answer = timeout_at(deadline, connection.send_packed_command(command));
        let answer = match answer.await {
            Ok(Ok(answer)) => answer.extract_error().map_err(Fault::from),
            Ok(Err(error)) => Err(error.into()),
            Err(elapsed) => Err(late(elapsed)),
        };
        match answer {
            Ok(answer) => redis::from_redis_value(answer).map_err(|_| Fault::Damaged),
            Err(fault) => {
                self.give_up(number);
                Err(fault)
            }
        }
    }

    /// The connection and its number. Those who come while it is being made wait for it.
    async fn connected(&self) -> Result<(MultiplexedConnection, u64), RedisError> {
        if let Some(connected) = self.current().get() {
            return Ok(connected);
        }
        let _turn = self.connecting.lock().await;
        if let Some(connected) = self.current().get() {
            return Ok(connected);
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.patience))
            .set_response_timeout(None);
        let connecting = self
            .client
            .get_multiplexed_async_connection_with_config(&config);
        let connection = connecting.await?;
        let mut current = self.current();
        current.number += 1;
        current.connection = Some(connection.clone());
        Ok((connection, current.number))
    }

    fn give_up(&self, number: u64) {
        let mut current = self.current();
        if current.number == number {
            current.connection = None;
        }
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        // Nothing is ever half changed.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Current {
    fn get(&self) -> Option<(MultiplexedConnection, u64)> {
        let connection = self.connection.clone()?;
        Some((connection, self.number))
    }
}
