//! Why there is no document, or no PDF.

use std::{fmt, io, path::PathBuf};

use super::{escape::put, log::Fault};

/// The packages of Debian that [`pdf`](super::pdf) needs.
pub const DEBIAN_PACKAGES: &str =
    "latexmk texlive-luatex texlive-latex-recommended fonts-dejavu-core";

/// Why there is no document, or no PDF.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LatexError {
    /// The text holds something that has no place on paper.
    #[error("{file}:{line}: {what}")]
    Unsupported {
        /// The file, relative to the project's root.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What it is.
        what: String,
    },
    /// A program of the TeX distribution is not there.
    #[error(
        "`{program}` is not on the PATH\nhelp: on Debian, `apt-get install {DEBIAN_PACKAGES}` brings all that is needed"
    )]
    Missing {
        /// The program.
        program: &'static str,
    },
    /// A program could not be run.
    #[error("`{program}` cannot be run")]
    Run {
        /// The program.
        program: &'static str,
        /// What went wrong.
        source: io::Error,
    },
    /// LaTeX failed, or what it set is not fit to be read.
    #[error("{document} cannot be typeset{}", list(.faults))]
    Typeset {
        /// The document.
        document: String,
        /// What is wrong with it.
        faults: Vec<Fault>,
    },
    /// A file could not be read or written.
    #[error("{} cannot be read or written", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
}

impl LatexError {
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}

/// More faults than this are only counted.
const SHOWN: usize = 20;

fn list(faults: &[Fault]) -> impl fmt::Display {
    let mut text = String::new();
    for fault in faults.iter().take(SHOWN) {
        put(&mut text, format_args!("\n{fault}"));
    }
    if let Some(more) = faults.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        put(&mut text, format_args!("\n… and {more} more"));
    }
    let lacks = |fault: &Fault| {
        fault.message.contains("not found") || fault.message.contains("cannot be found")
    };
    if faults.iter().any(lacks) {
        put(
            &mut text,
            format_args!(
                "\nhelp: on Debian, `apt-get install {DEBIAN_PACKAGES}` brings all that is needed"
            ),
        );
    }
    text
}
