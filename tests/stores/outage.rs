//! Stores that do not answer: what is behind a proxy that goes dumb, or away, and comes back.

use std::time::Duration;

use sqlx::{Connection as _, SqliteConnection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use url::Url;
use x428::attestation::audit::{AuditLog, Entry, genesis};
use x428::attestation::nonce::{Consumed, NonceStore};
use x428::attestation::revocation::RevocationStore;
use x428::error::Unavailable;
use x428::store::{Settings, postgres::PostgresStore, redis::RedisStore, sqlite::SqliteStore};

use crate::services;
use crate::suite::{NOW, digest, patient, soon, token};

/// How long a store waits in these tests, and how long the tests wait for it. A connection has to be
/// made within the first, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(10);
const BOUND: Duration = Duration::from_mins(3);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    /// Bytes go both ways.
    Open,
    /// Connections are accepted, and nothing comes back.
    Dumb,
    /// Connections are closed.
    Closed,
}

struct Proxy {
    url: String,
    way: watch::Sender<Way>,
}

impl Proxy {
    async fn before(url: &str) -> Self {
        let mut url = Url::parse(url).unwrap();
        let target = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port()))
            .unwrap();
        let (way, changes) = watch::channel(Way::Open);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, target.clone(), changes.clone()));
            }
        });
        Self {
            url: url.into(),
            way,
        }
    }

    fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

/// Carries one connection. One that has been dumb stays so: what the network forgets, it forgets.
async fn carry(mut client: TcpStream, target: String, mut way: watch::Receiver<Way>) {
    let begun = *way.borrow_and_update();
    if begun == Way::Open {
        let mut server = TcpStream::connect(target).await.unwrap();
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut server) => return,
            changed = way.wait_for(|way| *way != Way::Open) => if changed.is_err() { return },
        }
    }
    let now = *way.borrow();
    if now == Way::Dumb {
        std::future::pending::<()>().await;
    }
    drop(client);
}

async fn in_time<T>(what: &str, answer: impl Future<Output = T>) -> T {
    let answer = tokio::time::timeout(BOUND, answer).await;
    answer.unwrap_or_else(|_| panic!("{what} waits without end"))
}

async fn silent<T>(what: &str, answer: impl Future<Output = Result<T, Unavailable>>) {
    assert!(in_time(what, answer).await.is_err(), "{what} was answered");
}

async fn outage<S: NonceStore + RevocationStore>(store: &S, proxy: &Proxy) {
    let (known, other) = (token(1, soon()), digest(2));
    for way in [Way::Dumb, Way::Closed] {
        let nonce = format!("before {way:?}");
        assert_eq!(
            store.consume(&nonce, soon()).await.unwrap(),
            Consumed::First
        );
        store.remember(&known).await.unwrap();
        proxy.set(way);
        // At once, because each takes as long as the store waits.
        tokio::join!(
            silent("consume", store.consume("during", soon())),
            silent("is_consumed", store.is_consumed(&nonce)),
            silent("remember", store.remember(&known)),
            silent("revoke", store.revoke(&other, soon())),
            silent("revoke_operator", store.revoke_operator(&known.operator)),
            silent("is_revoked", store.is_revoked(&known.digest)),
        );
        proxy.set(Way::Open);
        let mut back = false;
        for _ in 0..100 {
            if let Ok(consumed) = in_time("is_consumed", store.is_consumed(&nonce)).await {
                assert!(consumed, "an outage makes it forget");
                back = true;
                break;
            }
        }
        assert!(back, "the store does not come back after {way:?}");
    }
}

fn impatient() -> Settings {
    Settings::default()
        .with_timeout(PATIENCE)
        .with_connections(2)
}

// r[verify attestation.verify.store-outage]
// r[verify attestation.security.fail-closed]
#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_does_not_answer_is_unavailable() {
    let Some(url) = services::postgres().await else {
        return;
    };
    // The tables are made without haste.
    drop(PostgresStore::connect(&url, &patient()).await.unwrap());
    let proxy = Proxy::before(&url).await;
    let store = PostgresStore::connect(&proxy.url, &impatient())
        .await
        .unwrap();
    Box::pin(outage(&store, &proxy)).await;

    let entry = Entry::correction(&genesis().unwrap(), "during", NOW).unwrap();
    proxy.set(Way::Dumb);
    let unknown = genesis().unwrap();
    tokio::join!(
        silent("append", store.append(&entry)),
        silent("records", store.records(0, 1)),
        silent("erase", store.erase(&unknown, NOW)),
    );
    let settings = impatient();
    let opened = PostgresStore::connect(&proxy.url, &settings);
    assert!(in_time("connect", opened).await.is_err());
}

// r[verify attestation.verify.store-outage]
// r[verify attestation.security.fail-closed]
#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_does_not_answer_is_unavailable() {
    let Some((url, prefix)) = services::redis() else {
        return;
    };
    let proxy = Proxy::before(&url).await;
    let store = RedisStore::connect(&proxy.url, &prefix, &impatient())
        .await
        .unwrap();
    Box::pin(outage(&store, &proxy)).await;
    proxy.set(Way::Dumb);
    let settings = impatient();
    let opened = RedisStore::connect(&proxy.url, &prefix, &settings);
    assert!(in_time("connect", opened).await.is_err());
}

// r[verify attestation.verify.store-outage]
#[tokio::test]
async fn a_file_that_somebody_holds_is_unavailable() {
    let (_directory, path) = services::file();
    let store = SqliteStore::open(&path, &impatient()).await.unwrap();
    store.consume("before", soon()).await.unwrap();
    let mut other = SqliteConnection::connect(path.to_str().unwrap())
        .await
        .unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    let known = token(1, soon());
    let entry = Entry::correction(&genesis().unwrap(), "during", NOW).unwrap();
    tokio::join!(
        silent("consume", store.consume("during", soon())),
        silent("remember", store.remember(&known)),
        silent("append", store.append(&entry)),
    );
    // Readers need not wait for a writer.
    assert!(store.is_consumed("before").await.unwrap());
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    let mut after = None;
    for _ in 0..100 {
        if let Ok(consumed) = store.consume("after", soon()).await {
            after = Some(consumed);
            break;
        }
    }
    assert_eq!(after, Some(Consumed::First));
}

// r[verify attestation.verify.store-outage]
#[tokio::test]
async fn a_file_without_tables_is_unavailable() {
    let (_directory, path) = services::file();
    let store = SqliteStore::open(&path, &impatient()).await.unwrap();
    let mut other = SqliteConnection::connect(path.to_str().unwrap())
        .await
        .unwrap();
    sqlx::raw_sql("DROP TABLE x428_nonce; DROP TABLE x428_token")
        .execute(&mut other)
        .await
        .unwrap();
    silent("consume", store.consume("during", soon())).await;
    silent("is_consumed", store.is_consumed("during")).await;
    silent("is_revoked", store.is_revoked(&digest(1))).await;
}

/// A Redis that says that it makes room by forgetting.
pub(crate) struct Evicting {
    pub(crate) url: String,
}

impl Evicting {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(evicting(client));
            }
        });
        Self { url }
    }
}

async fn evicting(mut client: TcpStream) {
    let info = "maxmemory:1000\r\nmaxmemory_policy:allkeys-lru\r\n";
    let mut buffer = [0; 4096];
    loop {
        let Ok(read @ 1..) = client.read(&mut buffer).await else {
            return;
        };
        let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
        // A command is an array; whole ones come in one piece on a loopback address.
        for command in text
            .split_inclusive("\r\n")
            .filter(|line| line.starts_with('*'))
        {
            let rest = &text[text.find(command).unwrap()..];
            let answer = if rest.contains("INFO\r\n") && !rest.contains("SETINFO") {
                format!("${}\r\n{info}\r\n", info.len())
            } else {
                "+OK\r\n".to_owned()
            };
            client.write_all(answer.as_bytes()).await.unwrap();
        }
    }
}
