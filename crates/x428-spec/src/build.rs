//! The main job: check, generate everything, write it.

use std::io;

use crate::{
    check::check,
    emit::{self, Tree, Written},
    model::{Project, Report, Spec},
    parse::load,
};

/// The directories whose JSON and YAML files are all generated.
const OWNED: &[&str] = &["schema", "vectors"];

/// A part of the job, for those who show progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading the files.
    Read,
    /// Checking the model.
    Check,
    /// Making schemas, types, OpenAPI documents and vectors.
    Generate,
    /// Writing what has changed.
    Write,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Self; 4] = [Self::Read, Self::Check, Self::Generate, Self::Write];

    /// What is being done, as a progress bar says it.
    #[must_use]
    pub fn doing(self) -> &'static str {
        match self {
            Self::Read => "reading",
            Self::Check => "checking",
            Self::Generate => "generating",
            Self::Write => "writing",
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Built {
    /// The specification.
    pub spec: Spec,
    /// What the checks found.
    pub report: Report,
    /// What was written; nothing if there are errors.
    pub written: Option<Written>,
}

/// Reads and checks a specification.
pub fn read_and_check(project: &Project, stage: &dyn Fn(Stage)) -> (Spec, Report) {
    stage(Stage::Read);
    let spec = load(project);
    stage(Stage::Check);
    let report = check(&spec);
    (spec, report)
}

/// Reads and checks a specification, and writes all that is made from it. If it has errors, nothing
/// is written unless `in_spite_of_errors`.
///
/// # Errors
/// If a file cannot be written.
pub fn build(
    project: &Project,
    in_spite_of_errors: bool,
    stage: &dyn Fn(Stage),
) -> io::Result<Built> {
    let (spec, report) = read_and_check(project, stage);
    if report.errors() > 0 && !in_spite_of_errors {
        return Ok(Built {
            spec,
            report,
            written: None,
        });
    }
    stage(Stage::Generate);
    let tree = generate(&spec, &report);
    stage(Stage::Write);
    let written = emit::write(&project.root, &tree, OWNED)?;
    Ok(Built {
        spec,
        report,
        written: Some(written),
    })
}

/// All generated files, without writing them.
#[must_use]
pub fn generate(spec: &Spec, report: &Report) -> Tree {
    let mut tree = emit::schemas(spec, report);
    emit::vectors(report, &mut tree);
    tree
}
