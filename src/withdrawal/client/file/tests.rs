//! Files that are torn, shared or changed, and what is in them afterwards.

use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::wire::withdrawal::WithdrawalRequest;

const ACCESS: &str = "at_Xn4kQ8vLz2RbT6yWc0PmJd9sHfGe3UoA";

fn pending() -> Pending {
    let request: WithdrawalRequest = serde_json::from_value(json!({
        "asset": "ETH", "network": "ethereum", "amount": "1.5",
        "address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    }))
    .unwrap();
    Pending::new(&request).unwrap()
}

fn tokens() -> Tokens {
    let expires_at = "2026-11-20T12:15:00Z".parse().unwrap();
    Tokens::kept(ACCESS.to_owned(), Some("rt_1".to_owned()), expires_at)
}

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kept.json");
    (directory, path)
}

/// A file with a submission and tokens, as bytes.
async fn written() -> (Vec<u8>, Pending) {
    let (_directory, path) = place();
    let keeper = FileKeeper::open(&path).unwrap();
    let pending = pending();
    keeper.put(&pending).await.unwrap();
    keeper.put_tokens(&tokens()).await.unwrap();
    (fs::read(path).unwrap(), pending)
}

fn private(path: &Path, bytes: &[u8]) {
    let mut options = OpenOptions::new();
    let options = own(options.create(true).truncate(true).write(true));
    options.open(path).unwrap().write_all(bytes).unwrap();
}

// r[verify withdrawal.idempotency.fresh]
#[tokio::test]
async fn what_is_kept_is_there_again() {
    let (_directory, path) = place();
    let keeper = FileKeeper::open(&path).unwrap();
    assert_eq!(keeper.all().await.unwrap(), []);
    assert!(
        !path.exists(),
        "nothing is written before there is something"
    );
    let (mut first, second) = (pending(), pending());
    keeper.put(&first).await.unwrap();
    keeper.put(&second).await.unwrap();
    first.sent("2026-11-20T12:00:00Z".parse().unwrap());
    keeper.put(&first).await.unwrap();
    keeper.put_tokens(&tokens()).await.unwrap();
    keeper.remove(second.key()).await.unwrap();
    drop(keeper);

    let keeper = FileKeeper::open(&path).unwrap();
    assert_eq!(keeper.all().await.unwrap(), [first.clone()]);
    assert_eq!(keeper.get(first.key()).await.unwrap(), Some(first));
    assert_eq!(keeper.get(second.key()).await.unwrap(), None);
    assert!(keeper.tokens().await.unwrap() == Some(tokens()));
    keeper.remove_tokens().await.unwrap();
    assert!(keeper.tokens().await.unwrap().is_none());
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains(ACCESS), "{text}");
    assert!(!format!("{keeper:?}").contains(ACCESS));
}

#[tokio::test]
async fn one_process_at_a_time() {
    let (_directory, path) = place();
    let keeper = FileKeeper::open(&path).unwrap();
    let second = FileKeeper::open(&path).unwrap_err();
    assert!(matches!(second, FileKeeperError::InUse { .. }), "{second}");
    drop(keeper);
    FileKeeper::open(&path).unwrap();
}

// r[verify withdrawal.security.client-storage]
#[cfg(unix)]
#[tokio::test]
async fn nobody_else_reads_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let (directory, path) = place();
    let keeper = FileKeeper::open(&path).unwrap();
    keeper.put(&pending()).await.unwrap();
    for entry in fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.path());
    }
    drop(keeper);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let exposed = FileKeeper::open(&path).unwrap_err();
    assert!(exposed.to_string().contains("its mode is 640"), "{exposed}");
}

#[tokio::test]
async fn what_cannot_be_written_is_not_kept() {
    let (directory, path) = place();
    let keeper = FileKeeper::open(&path).unwrap();
    let first = pending();
    keeper.put(&first).await.unwrap();
    directory.close().unwrap();
    let failed = keeper.put(&pending()).await.unwrap_err();
    assert_eq!(failed.to_string(), "keeper is unavailable");
    assert_eq!(keeper.all().await.unwrap(), [first]);
}

/// The moments at which a process can end while it writes, and what the next one finds.
#[tokio::test]
async fn a_crash_leaves_the_old_or_the_new() {
    let (before, kept) = written().await;
    let (_directory, path) = place();
    private(&path, &before);
    // The new file is there in part or as a whole, and has not taken its place.
    let unfinished = path.with_file_name(".kept.json.Xk3v9Q.unfinished");
    for rest in [&before[..0], &before[..before.len() / 2], &before[..]] {
        private(&unfinished, rest);
        let keeper = FileKeeper::open(&path).unwrap();
        assert_eq!(keeper.all().await.unwrap(), std::slice::from_ref(&kept));
        assert!(!unfinished.exists(), "what is left over holds secrets");
    }
    // It took its place, and the directory was not flushed: either file may be there.
    private(&unfinished, &before);
    fs::rename(&unfinished, &path).unwrap();
    let keeper = FileKeeper::open(&path).unwrap();
    assert_eq!(keeper.all().await.unwrap(), [kept]);
}

#[tokio::test]
async fn every_torn_file_is_an_error() {
    let (whole, _) = written().await;
    // Without its last byte, which ends the line, it is whole.
    for length in 0..whole.len() - 1 {
        let torn = parse(&whole[..length]);
        assert!(torn.is_err(), "{length} bytes of {}", whole.len());
    }
    let (_directory, path) = place();
    for torn in [&b""[..], &b"{}"[..], &whole[..whole.len() / 2], &[0; 512]] {
        private(&path, torn);
        let damaged = FileKeeper::open(&path).unwrap_err();
        let FileKeeperError::Damaged { .. } = damaged else {
            panic!("{damaged}");
        };
        assert!(!format!("{damaged} {damaged:?}").contains(ACCESS));
        assert_eq!(fs::read(&path).unwrap(), torn, "it is left as it is");
    }
}

#[tokio::test]
async fn what_no_keeper_has_written_is_an_error() {
    let (whole, _) = written().await;
    let whole: Value = serde_json::from_slice(&whole).unwrap();
    let mut twice = whole.clone();
    let submission = whole["submissions"][0].clone();
    twice["submissions"]
        .as_array_mut()
        .unwrap()
        .push(submission);
    let mut other_version = whole.clone();
    other_version["version"] = 2.into();
    let mut other_member = whole.clone();
    other_member["more"] = true.into();
    let mut other_body = whole;
    other_body["submissions"][0]["body"] = "{}".into();
    for wrong in [twice, other_version, other_member, other_body] {
        assert!(parse(wrong.to_string().as_bytes()).is_err(), "{wrong}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A part that was not written, as a disk leaves it.
    #[test]
    fn no_hole_is_taken_for_nothing(start in 0_usize..400, length in 1_usize..400) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (mut bytes, _) = runtime.block_on(written());
        let start = start.min(bytes.len() - 2);
        let end = (start + length).min(bytes.len());
        bytes[start..end].fill(0);
        prop_assert!(parse(&bytes).is_err());
    }
}
