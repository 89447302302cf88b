//! From LaTeX to PDF: `latexmk` in a directory of its own.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use super::{Document, Documents, LatexError, OUTPUT, log};
use crate::emit;

/// A PDF that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdf {
    /// The file, below the project's root.
    pub path: String,
    /// How many pages it has.
    pub pages: usize,
}

/// The programs that have to be there.
const PROGRAMS: [&str; 2] = ["latexmk", "lualatex"];

/// Typesets all documents, at the same time.
///
/// The work is done in a temporary directory, and a PDF is moved to its place when it is whole: an
/// interrupted run leaves the old one or the new one. The log lies beside it. Nothing of the PDF depends
/// on the clock.
///
/// # Errors
/// [`LatexError::Missing`] without TeX; [`LatexError::Typeset`] for the first document that LaTeX refuses
/// or that does not fit its pages.
pub fn pdf(root: &Path, documents: &Documents) -> Result<Vec<Pdf>, LatexError> {
    if let Some(program) = PROGRAMS.into_iter().find(|program| !is_on_path(program)) {
        return Err(LatexError::Missing { program });
    }
    let work = tempfile::tempdir().map_err(LatexError::file(env::temp_dir()))?;
    let made: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = documents
            .documents
            .iter()
            .map(|document| {
                let directory = work.path().join(&document.id);
                scope.spawn(move || one(root, documents, document, &directory))
            })
            .collect();
        running
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    });
    made.into_iter().collect()
}

fn is_on_path(program: &str) -> bool {
    let paths = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&paths).any(|directory| {
        directory.join(program).is_file() || directory.join(format!("{program}.exe")).is_file()
    })
}

fn one(
    root: &Path,
    documents: &Documents,
    document: &Document,
    work: &Path,
) -> Result<Pdf, LatexError> {
    for (name, content) in &documents.tree.files {
        let path = work.join(name.strip_prefix(&format!("{OUTPUT}/")).unwrap_or(name));
        emit::replace(&path, content).map_err(LatexError::file(path))?;
    }
    let output = Command::new("latexmk")
        .args([
            "-norc",
            "-lualatex",
            "-interaction=nonstopmode",
            "-halt-on-error",
            "-file-line-error",
            "-quiet",
        ])
        .arg("-latexoption=-no-shell-escape")
        .arg(format!("{}.tex", document.id))
        .current_dir(work)
        // Lines of the log are not cut, and the date of the text is that of the PDF.
        .env("max_print_line", "10000")
        .env("SOURCE_DATE_EPOCH", document.epoch.to_string())
        .env("FORCE_SOURCE_DATE", "1")
        .env("TZ", "UTC")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .map_err(|source| LatexError::Run {
            program: "latexmk",
            source,
        })?;
    let log_path = work.join(format!("{}.log", document.id));
    let bytes = fs::read(&log_path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let place = |extension: &str| {
        root.join(OUTPUT)
            .join(format!("{}.{extension}", document.id))
    };
    emit::replace(&place("log"), &bytes).map_err(LatexError::file(place("log")))?;
    let mut faults = log::faults(&text);
    if !output.status.success() && faults.is_empty() {
        let said = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<_> = said
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        faults.push(log::Fault {
            message: format!("latexmk ended with {}", output.status),
            place: None,
            log: lines[lines.len().saturating_sub(12)..]
                .iter()
                .map(|line| (*line).to_owned())
                .collect(),
        });
    }
    if !faults.is_empty() {
        return Err(LatexError::Typeset {
            document: format!("{OUTPUT}/{}.tex", document.id),
            faults,
        });
    }
    let made: PathBuf = work.join(format!("{}.pdf", document.id));
    let pdf = fs::read(&made).map_err(LatexError::file(made))?;
    emit::replace(&place("pdf"), &pdf).map_err(LatexError::file(place("pdf")))?;
    Ok(Pdf {
        path: format!("{OUTPUT}/{}.pdf", document.id),
        pages: pages(&text),
    })
}

/// `Output written on attestation.pdf (143 pages, 700000 bytes).`
fn pages(log: &str) -> usize {
    log.lines()
        .filter_map(|line| {
            line.strip_prefix("Output written on ")?
                .split_once('(')?
                .1
                .split_once(" page")
        })
        .filter_map(|(pages, _)| pages.parse().ok())
        .next_back()
        .unwrap_or_default()
}
