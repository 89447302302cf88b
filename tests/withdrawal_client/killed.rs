//! A process that is killed while it writes.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use x428::withdrawal::client::{FileKeeper, Keeper, Pending};

use crate::owner::request;

const FILE: &str = "X428_TEST_KEPT";
/// How many submissions are kept before the process is killed.
const MOMENTS: [usize; 6] = [1, 2, 5, 11, 20, 33];

/// Keeps submissions until it is killed, and says which ones it has kept.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "the other test reads it")]
#[ignore = "it is the process that the other test starts and kills"]
async fn writer() {
    // Somebody may run every test that is ignored.
    let Some(path) = std::env::var_os(FILE) else {
        return;
    };
    // If it hangs, whoever waits for it fails.
    std::thread::spawn(|| {
        std::thread::sleep(Duration::from_mins(10));
        std::process::exit(1);
    });
    let keeper = FileKeeper::open(path).unwrap();
    loop {
        let pending = Pending::new(&request()).unwrap();
        keeper.put(&pending).await.unwrap();
        println!("kept {}", pending.key().as_str());
    }
}

// r[verify withdrawal.idempotency.fresh]
#[tokio::test]
async fn what_was_kept_survives_a_kill() {
    for moment in MOMENTS {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kept.json");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::writer", "--ignored", "--nocapture"])
            .env(FILE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let key = |line: &str| Some(line.split_once("kept ")?.1.to_owned());
        let mut kept: Vec<String> = lines
            .by_ref()
            .filter_map(|line| key(&line.unwrap()))
            .take(moment)
            .collect();
        child.kill().unwrap();
        child.wait().unwrap();
        kept.extend(lines.filter_map(|line| key(&line.unwrap())));

        let keeper = FileKeeper::open(&path).unwrap();
        let all = keeper.all().await.unwrap();
        for key in &kept {
            let mut all = all.iter();
            assert!(all.any(|pending| pending.key().as_str() == key), "{key}");
        }
        assert!(
            all.len() <= kept.len() + 1,
            "{} of {}",
            kept.len(),
            all.len()
        );
        let left = std::fs::read_dir(directory.path()).unwrap().count();
        assert_eq!(left, 2, "the file and its lock");
    }
}
