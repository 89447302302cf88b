use std::sync::Mutex;

use super::*;
use crate::clock::parse_timestamp;
use crate::poll_ready;

fn ready_now<F: Future>(future: F) -> F::Output {
    poll_ready(future).unwrap()
}

fn noon() -> Timestamp {
    parse_timestamp("2026-11-20T12:00:00Z").unwrap()
}

/// The stored records of an intact log.
fn log(records: u32) -> Vec<Stored> {
    let log = MemoryAuditLog::new();
    ready_now(contract::race(&log, records, noon())).unwrap();
    ready_now(log.records(0, records)).unwrap()
}

/// Whatever somebody made of a log.
struct Forged(Vec<Stored>);

impl AuditLog for Forged {
    async fn append(&self, _: &Entry) -> Result<Digest, Unavailable> {
        Err(Unavailable::new("audit log", "read only"))
    }
    async fn records(&self, from: u64, count: u32) -> Result<Vec<Stored>, Unavailable> {
        let after = self.0.iter().filter(|stored| stored.number >= from);
        Ok(after.take(count as usize).cloned().collect())
    }
    async fn erase(&self, _: &Digest, _: Timestamp) -> Result<Option<Digest>, Unavailable> {
        Err(Unavailable::new("audit log", "read only"))
    }
}

fn verdict(records: Vec<Stored>, deposited: &[Head]) -> String {
    match ready_now(verify(&Forged(records), deposited)) {
        Ok(Some(head)) => format!("whole, up to record {}", head.number),
        Ok(None) => "empty".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn head(stored: &Stored) -> Head {
    Head {
        number: stored.number,
        digest: Digest::parse(stored.digest.clone()).unwrap(),
    }
}

/// Changes a record so that only the records after it can tell.
fn rewrite(stored: &mut Stored) {
    let text = stored.text.replace("\"why\":\"", "\"why\":\"not ");
    let record = Record::parse(&text).unwrap();
    *stored = record.at(stored.number);
}

// r[verify attestation.receipt.log-append]
// r[verify attestation.receipt.log-erase]
#[test]
fn the_log_in_memory_keeps_the_contract() {
    ready_now(contract::check(&MemoryAuditLog::new(), noon())).unwrap();
    ready_now(contract::check(&Arc::new(MemoryAuditLog::new()), noon())).unwrap();
}

/// Each half of a wrong log is caught.
#[test]
fn the_contract_catches_logs_that_are_none() {
    #[derive(Default)]
    struct Rewriting(Mutex<Option<Record>>);
    impl AuditLog for Rewriting {
        async fn append(&self, entry: &Entry) -> Result<Digest, Unavailable> {
            let record = entry.follow(&genesis().unwrap()).unwrap();
            let digest = record.digest().clone();
            *self.0.lock().unwrap() = Some(record);
            Ok(digest)
        }
        async fn records(&self, _: u64, _: u32) -> Result<Vec<Stored>, Unavailable> {
            let newest = self.0.lock().unwrap();
            Ok(newest.iter().map(|record| record.at(0)).collect())
        }
        async fn erase(&self, _: &Digest, _: Timestamp) -> Result<Option<Digest>, Unavailable> {
            Ok(None)
        }
    }
    let violation = ready_now(contract::check(&Rewriting::default(), noon())).unwrap_err();
    assert_eq!(
        violation.to_string(),
        "the log breaks its contract: a record is lost or doubled"
    );
}

// r[verify attestation.receipt.log-chain]
#[test]
fn the_first_record_names_the_digest_of_the_empty_object() {
    // sha256("{}")
    let empty = "sha256-44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    assert_eq!(genesis().unwrap().as_str(), empty);
    let records = log(2);
    let first = Record::parse(&records[0].text).unwrap();
    let second = Record::parse(&records[1].text).unwrap();
    assert_eq!(first.predecessor().as_str(), empty);
    assert_eq!(second.predecessor(), first.digest());
}

/// The digest of a record is that of its canonical text, made here by another program.
#[test]
fn a_digest_is_that_of_the_canonical_text() {
    use std::fmt::Write as _;

    use sha2::{Digest as _, Sha256};

    let stored = &log(1)[0];
    let value: Value = serde_json::from_str(&stored.text).unwrap();
    let canonical = serde_json_canonicalizer::to_vec(&value).unwrap();
    assert_eq!(stored.text.as_bytes(), canonical);
    let mut hex = String::new();
    for byte in Sha256::digest(&canonical) {
        write!(hex, "{byte:02x}").unwrap();
    }
    assert_eq!(stored.digest, format!("sha256-{hex}"));
}

#[test]
fn a_whole_log_is_whole_over_several_pages() {
    assert_eq!(verdict(Vec::new(), &[]), "empty");
    let records = log(100);
    let heads = [head(&records[0]), head(&records[63]), head(&records[99])];
    assert_eq!(verdict(records, &heads), "whole, up to record 99");
}

// r[verify attestation.receipt.log-chain]
#[test]
fn the_first_broken_record_is_named_with_the_reason() {
    type Forge = fn(&mut Vec<Stored>);
    let cases: [(Forge, &str); 12] = [
        (
            |log| log[40].text = log[40].text.replace("40", "41"),
            "record 40 was altered: its digest is that of another content",
        ),
        (
            |log| log[40].digest = log[41].digest.clone(),
            "record 40 was altered: its digest is that of another content",
        ),
        (
            |log| log[40].text = "{}".to_owned(),
            "record 40 was altered: malformed record: it has no predecessor",
        ),
        (
            |log| log[40].text.truncate(9),
            "record 40 was altered: malformed JSON: the text ends in a string at byte 9",
        ),
        (
            |log| rewrite(&mut log[40]),
            "record 41 does not follow the record before it: one was replaced, removed or added there",
        ),
        (
            |log| drop(log.remove(40)),
            "record 40 is missing: the next one is number 41",
        ),
        (
            |log| drop(log.remove(0)),
            "record 0 is missing: the next one is number 1",
        ),
        (
            // A removed record whose gap was closed.
            |log| {
                log.remove(40);
                (0..)
                    .zip(log)
                    .for_each(|(number, stored)| stored.number = number);
            },
            "record 40 does not follow the record before it: one was replaced, removed or added there",
        ),
        (
            |log| {
                log.swap(40, 41);
                (log[40].number, log[41].number) = (40, 41);
            },
            "record 40 is out of order: it stands before the record that it follows",
        ),
        (
            // The same record twice.
            |log| log.insert(41, log[40].clone()),
            "record 41 is out of order: it stands before the record that it follows",
        ),
        (
            |log| {
                let erased = Record::parse(&log[40].text).unwrap().erased();
                log[40] = erased.at(40);
            },
            "record 40 was erased, and no record says so",
        ),
        (
            // Another log from the beginning.
            |log| {
                log.truncate(1);
                rewrite(&mut log[0]);
            },
            "whole, up to record 0",
        ),
    ];
    for (forge, expected) in cases {
        let mut records = log(60);
        forge(&mut records);
        assert_eq!(verdict(records, &[]), expected);
    }
}

/// What a log cannot show by itself.
// r[verify attestation.receipt.log-anchor]
#[test]
fn a_deposited_head_shows_what_was_cut_off_and_rewritten() {
    let intact = log(60);
    let deposited = [head(&intact[20]), head(&intact[50])];
    assert_eq!(
        verdict(intact.clone(), &deposited),
        "whole, up to record 59"
    );

    let mut cut = intact.clone();
    cut.truncate(45);
    assert_eq!(verdict(cut.clone(), &[]), "whole, up to record 44");
    assert_eq!(
        verdict(cut, &deposited),
        "record 45 is missing: the log is cut off before record 50, which was deposited"
    );
    assert_eq!(
        verdict(Vec::new(), &deposited),
        "record 0 is missing: the log is cut off before record 20, which was deposited"
    );

    // The whole tail is made again, without a flaw.
    let mut rewritten = intact;
    rewrite(&mut rewritten[30]);
    for number in 31..60 {
        let before = rewritten[number - 1].digest.clone();
        let mut value: Value = serde_json::from_str(&rewritten[number].text).unwrap();
        value["predecessor"] = before.into();
        let text = String::from_utf8(canonical(&value)).unwrap();
        rewritten[number] = Record::parse(&text).unwrap().at(number as u64);
    }
    assert_eq!(verdict(rewritten.clone(), &[]), "whole, up to record 59");
    assert_eq!(
        verdict(rewritten, &deposited),
        "record 50 is not the record that was deposited"
    );
}

// r[verify attestation.receipt.log-erase]
#[test]
fn an_erased_record_keeps_its_place() {
    let log = MemoryAuditLog::new();
    ready_now(contract::race(&log, 5, noon())).unwrap();
    let before = ready_now(log.records(0, 10)).unwrap();
    let of = head(&before[2]).digest;
    ready_now(log.erase(&of, noon())).unwrap().unwrap();
    let after = ready_now(log.records(0, 10)).unwrap();
    assert_eq!(
        verdict(after.clone(), &[head(&before[2])]),
        "whole, up to record 5"
    );
    assert!(!after[2].text.contains("why"));

    // What is left of it says what it was: it cannot stand for another record.
    let mut forged = after;
    forged[2].text = forged[2].text.replace(of.as_str(), &before[1].digest);
    assert_eq!(
        verdict(forged, &[]),
        "record 2 was altered: its digest is that of another content"
    );
}
