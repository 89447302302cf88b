//! The invariants of ARCHITECTURE.md that a compiler does not hold.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of the core, each above those that it may use.
const ORDER: [&str; 10] = [
    "wire",
    "error",
    "encoding",
    "jcs",
    "clock",
    "did",
    "sign",
    "vc",
    "attestation",
    "withdrawal",
];

/// Parts of these modules that are for the outside world, with a feature of their own each.
const OUTSIDE: [&str; 2] = ["did/web", "withdrawal/client"];

/// What brings a runtime, input, output or the time of the system.
const FORBIDDEN: [&str; 11] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::io",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "tokio",
    "reqwest",
    "sqlx",
];

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The files of the core by their name below `src/`, with their code and without their comments
/// and tests.
fn core() -> Vec<(String, String)> {
    let root = sources();
    let mut found = Vec::new();
    files(&root, &mut found);
    let name = |path: &Path| {
        let below = path.strip_prefix(&root).unwrap().to_str().unwrap();
        below.replace('\\', "/")
    };
    let mut core: Vec<_> = found
        .iter()
        .map(|path| (name(path), path))
        .filter(|(name, _)| rank(module(name)).is_some())
        .filter(|(name, _)| !OUTSIDE.iter().any(|outside| name.starts_with(outside)))
        .filter(|(name, _)| !name.ends_with("tests.rs") && !name.contains("/tests/"))
        .map(|(name, path)| (name, code(&fs::read_to_string(path).unwrap())))
        .collect();
    core.sort();
    core
}

fn code(source: &str) -> String {
    let source = source
        .split_once("\n#[cfg(test)]\nmod tests {")
        .map_or(source, |(code, _)| code);
    source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect()
}

fn module(name: &str) -> &str {
    let first = name.split('/').next().unwrap_or(name);
    first.strip_suffix(".rs").unwrap_or(first)
}

fn rank(module: &str) -> Option<usize> {
    ORDER.iter().position(|known| *known == module)
}

#[test]
fn every_module_of_the_core_is_looked_at() {
    let core = core();
    let seen: BTreeSet<_> = core.iter().map(|(name, _)| module(name)).collect();
    assert_eq!(seen, ORDER.into_iter().collect());
}

#[test]
fn the_core_knows_no_runtime_no_files_no_network_and_one_clock() {
    for (name, code) in core() {
        for forbidden in FORBIDDEN {
            let is_the_clock = name == "clock.rs" && forbidden == "Timestamp::now";
            assert!(
                is_the_clock || !code.contains(forbidden),
                "src/{name} uses {forbidden}"
            );
        }
    }
}

#[test]
fn arrows_point_down() {
    for (name, code) in core() {
        let own = rank(module(&name)).unwrap();
        for used in code.split("crate::").skip(1) {
            let used: String = used
                .chars()
                .take_while(|character| character.is_alphanumeric() || *character == '_')
                .collect();
            // Functions of the root are below everything.
            if let Some(other) = rank(&used) {
                assert!(other <= own, "src/{name} uses {used}, which is above it");
            } else {
                assert!(
                    !sources().join(&used).exists()
                        && !sources().join(format!("{used}.rs")).exists(),
                    "src/{name} uses {used}, which is outside of the core"
                );
            }
        }
    }
}

/// The order of verification is in one function, and in the order of the specification.
// r[verify attestation.verify.order]
#[test]
fn the_ten_steps_stand_in_one_function_in_their_order() {
    let (_, verify) = core()
        .into_iter()
        .find(|(name, _)| name == "attestation/verify.rs")
        .unwrap();
    let function = verify.split("pub async fn verify(").nth(1).unwrap();
    let function = function.split("\n    }\n").next().unwrap();
    let mut places = Vec::new();
    for step in 1..=10 {
        let calls: Vec<_> = function.match_indices(&format!("step_{step}_")).collect();
        assert_eq!(calls.len(), 1, "step {step}");
        places.push(calls[0].0);
    }
    places.push(function.find("self.consume(").unwrap());
    assert!(places.is_sorted(), "{function}");
}

#[test]
fn the_guide_names_every_feature() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let features = manifest.split_once("\n[features]\n").unwrap().1;
    let features = features.split_once("\n[").unwrap().0;
    let features: BTreeSet<&str> = features
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name)
        .filter(|name| *name != "default")
        .collect();
    let guide = fs::read_to_string(root.join("spec/guides/sdk.md")).unwrap();
    let table = guide
        .split_once("| feature | adds |\n|---|---|\n")
        .unwrap()
        .1;
    let table = table.split_once("\n\n").unwrap().0;
    let named: BTreeSet<&str> = table
        .lines()
        .flat_map(|row| row.split('|').nth(1).unwrap().split(','))
        .map(|name| name.trim().trim_matches('`'))
        .collect();
    assert_eq!(named, features);
}
