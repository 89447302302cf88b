//! How long a check takes: of the real specification, and of ones ten and a hundred times larger.
//!
//! `cargo bench -p x428-spec`. The aim is 150 ms for the real one from a cold start and one second
//! for the largest; the time per copy should not grow.

#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot be prepared ends"
)]

mod larger;

use divan::{Bencher, black_box, counter::ItemsCount};
use x428_spec::{build::generate, check::check, model::Project, parse::load};

fn main() {
    divan::main();
}

/// The real specification, this many times.
const COPIES: [usize; 3] = [1, 10, 100];

fn project(copies: usize) -> (tempfile::TempDir, Project) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    larger::write(directory.path(), copies).expect("the specification is copied");
    let project = Project {
        root: directory.path().to_owned(),
        spec: directory.path().join("spec"),
    };
    let spec = load(&project);
    let report = check(&spec);
    assert_eq!(
        report.errors(),
        0,
        "the copies have the faults of the original only"
    );
    assert!(report.counts.examples >= copies * 50);
    (directory, project)
}

/// Reading the files and running every check: what `x428 check` does.
#[divan::bench(args = COPIES, sample_count = 10, sample_size = 1)]
fn read_and_check(bencher: Bencher<'_, '_>, copies: usize) {
    let (_directory, project) = project(copies);
    bencher
        .counter(ItemsCount::new(copies))
        .bench(|| check(&load(black_box(&project))));
}

/// Reading alone.
#[divan::bench(args = COPIES, sample_count = 10, sample_size = 1)]
fn read(bencher: Bencher<'_, '_>, copies: usize) {
    let (_directory, project) = project(copies);
    bencher
        .counter(ItemsCount::new(copies))
        .bench(|| load(black_box(&project)));
}

/// Making everything that is generated, code included, without writing it.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn make(bencher: Bencher<'_, '_>) {
    let (_directory, project) = project(1);
    let spec = load(&project);
    let report = check(&spec);
    bencher.bench(|| generate(black_box(&spec), &report));
}
