//! The main job: check, generate everything, write it.

use std::io;

use crate::{
    book::{self, BookError},
    check::check,
    diagnostic::{Diagnostic, sort},
    emit::{self, Tree, Written},
    model::{Project, Report, Spec},
    parse::load,
};

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
    /// Rendering the book.
    Book,
    /// Writing LaTeX, if it was asked for.
    Latex,
    /// Typesetting, if it was asked for.
    Pdf,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Self; 7] = [
        Self::Read,
        Self::Check,
        Self::Generate,
        Self::Write,
        Self::Book,
        Self::Latex,
        Self::Pdf,
    ];

    /// What is being done, as a progress bar says it.
    #[must_use]
    pub fn doing(self) -> &'static str {
        match self {
            Self::Read => "reading",
            Self::Check => "checking",
            Self::Generate => "generating",
            Self::Write => "writing",
            Self::Book => "rendering the book",
            Self::Latex => "writing LaTeX",
            Self::Pdf => "typesetting",
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Built {
    /// The specification.
    pub spec: Spec,
    /// What the checks and the generators found.
    pub report: Report,
    /// What was written; nothing if there are errors.
    pub written: Option<Written>,
    /// The book; none if there are errors, or no `book/book.toml`.
    pub book: Option<book::Built>,
}

/// Why a specification without errors could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A generated file cannot be written.
    #[error("a generated file cannot be written")]
    Write(#[from] io::Error),
    /// The book cannot be rendered.
    #[error("the book cannot be rendered")]
    Book(#[from] BookError),
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
/// [`BuildError`] if a file cannot be written or the book cannot be rendered.
pub fn build(
    project: &Project,
    in_spite_of_errors: bool,
    stage: &dyn Fn(Stage),
) -> Result<Built, BuildError> {
    let (spec, mut report) = read_and_check(project, stage);
    let nothing = |spec, report| Built {
        spec,
        report,
        written: None,
        book: None,
    };
    if report.errors() > 0 && !in_spite_of_errors {
        return Ok(nothing(spec, report));
    }
    stage(Stage::Generate);
    let (tree, found) = generate(&spec, &report);
    report.diagnostics.extend(found);
    sort(&mut report.diagnostics, &spec.sources);
    if report.errors() > 0 && !in_spite_of_errors {
        return Ok(nothing(spec, report));
    }
    stage(Stage::Write);
    let written = Some(emit::write(&project.root, &tree, &owned(&spec))?);
    stage(Stage::Book);
    let has_book = project.root.join("book/book.toml").is_file() && report.errors() == 0;
    let book = if has_book {
        Some(book::build(&spec, &report)?)
    } else {
        None
    };
    Ok(Built {
        spec,
        report,
        written,
        book,
    })
}

/// The directories whose JSON and YAML files are all generated. What else lies beside them, such as
/// schemas of configuration files, belongs to others.
fn owned(spec: &Spec) -> Vec<String> {
    let ids = spec.protocols.iter().map(|protocol| &protocol.id);
    ids.flat_map(|id| [format!("schema/{id}"), format!("vectors/{id}")])
        .collect()
}

/// All generated files, without writing them, and what could not be generated.
#[must_use]
pub fn generate(spec: &Spec, report: &Report) -> (Tree, Vec<Diagnostic>) {
    let mut tree = emit::schemas(spec, report);
    let mut found = emit::vectors(spec, &mut tree);
    found.extend(emit::code(spec, &mut tree));
    (tree, found)
}
