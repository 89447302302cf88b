//! Processes that are killed, and processes that race.
//!
//! Each test starts itself again as a child, which finds in its environment what it is to do.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use x428::attestation::audit::{self, AuditLog as _, verify};
use x428::attestation::nonce::{Consumed, NonceStore as _, contract};
use x428::store::sqlite::SqliteStore;

use crate::services;
use crate::suite::{NOW, patient, soon};

const CHILD: &str = "X428_TEST_CHILD";

async fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, &patient()).await.unwrap()
}

/// Nothing takes so long, on any machine: a process that hangs ends, and its parent fails.
const LONGEST: Duration = Duration::from_mins(10);

/// Where the store is, if this process is a child.
fn told_by_parent() -> Option<OsString> {
    let path = env::var_os(CHILD)?;
    std::thread::spawn(|| {
        std::thread::sleep(LONGEST);
        std::process::exit(1);
    });
    Some(path)
}

/// The test `name` again, in a process of its own.
fn child(name: &str, path: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn tell(word: &str, value: impl std::fmt::Display) {
    println!("\n{word} {value}");
}

fn told(line: &str, word: &str) -> Option<String> {
    Some(line.strip_prefix(word)?.strip_prefix(' ')?.to_owned())
}

// r[verify attestation.verify.retention]
// r[verify attestation.security.durable-nonces]
// r[verify attestation.receipt.log-order]
#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    if let Some(path) = told_by_parent() {
        let store = open(Path::new(&path)).await;
        for number in 0.. {
            let nonce = format!("{}-{number}", std::process::id());
            assert_eq!(
                store.consume(&nonce, soon()).await.unwrap(),
                Consumed::First
            );
            let why = &format!("consumed {nonce}");
            let entry = audit::Entry::correction(&audit::genesis().unwrap(), why, NOW).unwrap();
            store.append(&entry).await.unwrap();
            tell("consumed", nonce);
        }
    }
    let (_directory, path) = services::file();
    let mut consumed = Vec::new();
    for round in 0..3 {
        let mut child = child("kill::what_was_acknowledged_survives_a_kill", &path);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut nonces = lines.filter_map(|line| told(&line.unwrap(), "consumed"));
        consumed.extend(nonces.by_ref().take(20 + 7 * round));
        child.kill().unwrap();
        // What it said before it died counts as well.
        consumed.extend(nonces);
        assert!(!child.wait().unwrap().success());
    }
    let store = open(&path).await;
    assert!(consumed.len() >= 81);
    for nonce in &consumed {
        assert_eq!(
            store.consume(nonce, soon()).await.unwrap(),
            Consumed::Replayed,
            "{nonce} was acknowledged"
        );
    }
    let head = verify(&store, &[]).await.unwrap().unwrap();
    assert!(head.number + 1 >= consumed.len() as u64);
}

// r[verify attestation.verify.consume]
#[tokio::test]
async fn one_of_many_processes_is_first() {
    if let Some(path) = told_by_parent() {
        let store = open(Path::new(&path)).await;
        tell("first", contract::race(&store, 200, soon()).await.unwrap());
        audit::contract::race(&store, 20, NOW).await.unwrap();
        return;
    }
    let (_directory, path) = services::file();
    let name = "kill::one_of_many_processes_is_first";
    let children: Vec<_> = (0..4).map(|_| child(name, &path)).collect();
    let mut first = 0;
    for mut child in children {
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let counts = lines.filter_map(|line| told(&line.unwrap(), "first"));
        first += counts
            .map(|count| count.parse::<u32>().unwrap())
            .sum::<u32>();
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(first, 200);
    let store = open(&path).await;
    assert_eq!(verify(&store, &[]).await.unwrap().unwrap().number, 79);
}
