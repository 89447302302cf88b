//! An instance of the exchange as a process of its own: this test again, which serves instead.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use x428::withdrawal::decimal::Decimal;
use x428_sandbox::exchange::{Exchange, Settings, Store};

/// Where an instance finds its database, in its environment.
const DATABASE: &str = "X428_SERVE_DATABASE";
const PACE: &str = "X428_SERVE_PACE_MS";
const READY: &str = "serves at ";
const CONNECTIONS: u32 = 12;
/// Nothing takes so long, on any machine: an instance that hangs ends, and the test fails.
const LONGEST: Duration = Duration::from_mins(30);

/// How the exchange is run: nothing but balances and factors is in the way of a withdrawal.
pub(crate) fn settings(pace: Duration) -> Settings {
    const MANY: u32 = 1_000_000;
    let mut settings = Settings::new("https://exchange.example");
    settings.pace = pace;
    settings.private_webhooks = true;
    settings.default_limit = Decimal::from(1_000_000_000);
    settings.requests_per_minute = MANY;
    settings.requests_per_client = u32::MAX;
    settings.requests_per_origin = u32::MAX;
    settings.withdrawals_per_day = MANY;
    settings.sends = (i64::MAX, i64::MAX);
    // An attempt whose answer was lost stays counted.
    settings.attempts = (1000, 1000);
    settings
}

pub(crate) async fn open(database: &str) -> Store {
    let store = if database.starts_with("postgres") {
        Store::postgres(database, CONNECTIONS).await
    } else {
        Store::sqlite(database).await
    };
    store.unwrap()
}

/// Whether this process is an instance.
pub(crate) fn is_instance() -> bool {
    std::env::var_os(DATABASE).is_some()
}

/// Serves what the environment says, until the parent is gone.
#[expect(clippy::print_stdout, reason = "the parent learns the port so")]
pub(crate) fn serve() {
    let database = std::env::var(DATABASE).unwrap();
    let pace = std::env::var(PACE).unwrap().parse().unwrap();
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    std::thread::spawn(|| {
        std::thread::sleep(LONGEST);
        std::process::exit(1);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let store = open(&database).await;
        let settings = settings(Duration::from_millis(pace));
        let exchange = Exchange::new(store, settings).await.unwrap();
        tokio::spawn(Arc::clone(&exchange).work_forever());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        // On a line of its own, whatever the harness of the tests has begun to write.
        println!("\n{READY}http://{}", listener.local_addr().unwrap());
        axum::serve(listener, exchange.router()).await.unwrap();
    });
}

/// A process that serves.
struct Instance(Child);

impl Instance {
    fn start(database: &str, pace: Duration) -> (Self, String) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "serve", "--ignored", "--nocapture"])
            .env(DATABASE, database)
            .env(PACE, pace.as_millis().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines.find_map(|line| Some(line.unwrap().strip_prefix(READY)?.to_owned()));
        let url = url.unwrap_or_else(|| panic!("the instance ended before it served"));
        std::thread::spawn(move || lines.count());
        (Self(child), url)
    }

    /// Ends it at once: SIGKILL.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where an instance is that lives, and as which of its lives.
#[derive(Clone, PartialEq)]
pub(crate) struct Live {
    pub(crate) life: u32,
    pub(crate) url: String,
}

/// The addresses of the instances; of one that is dead, none.
pub(crate) type Addresses = watch::Receiver<Vec<Option<Live>>>;

/// The instances of an exchange.
pub(crate) struct Fleet {
    database: String,
    pace: Duration,
    instances: Vec<Option<Instance>>,
    lives: u32,
    addresses: watch::Sender<Vec<Option<Live>>>,
}

impl Fleet {
    pub(crate) fn start(database: &str, pace: Duration, count: usize) -> Self {
        let mut fleet = Self {
            database: database.to_owned(),
            pace,
            instances: (0..count).map(|_| None).collect(),
            lives: 0,
            addresses: watch::Sender::new(vec![None; count]),
        };
        for at in 0..count {
            fleet.revive(at);
        }
        fleet
    }

    pub(crate) fn addresses(&self) -> Addresses {
        self.addresses.subscribe()
    }

    pub(crate) fn revive(&mut self, at: usize) {
        let (instance, url) = Instance::start(&self.database, self.pace);
        self.instances[at] = Some(instance);
        self.lives += 1;
        let life = self.lives;
        self.addresses
            .send_modify(|live| live[at] = Some(Live { life, url }));
    }

    pub(crate) fn kill(&mut self, at: usize) {
        self.instances[at].take().unwrap().kill();
        self.addresses.send_modify(|live| live[at] = None);
    }
}
