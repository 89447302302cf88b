//! Where a specification lies.

use std::{
    io,
    path::{Path, PathBuf},
};

/// A directory with a specification, and with what is made from it.
#[derive(Clone, Debug)]
pub struct Project {
    /// The root, where `schema/`, `vectors/` and `book/` are.
    pub root: PathBuf,
    /// The directory of the specification.
    pub spec: PathBuf,
}

impl Project {
    /// The project of a specification's directory: its root is the directory above.
    ///
    /// # Errors
    /// If the directory does not exist.
    pub fn of(spec: &Path) -> io::Result<Self> {
        let spec = spec.canonicalize()?;
        if !spec.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::NotADirectory,
                "not a directory",
            ));
        }
        let root = spec.parent().unwrap_or(&spec).to_owned();
        Ok(Self { root, spec })
    }

    /// The project in which `directory` lies: the nearest directory above it that has
    /// `spec/SUMMARY.md`.
    #[must_use]
    pub fn around(directory: &Path) -> Option<Self> {
        let root = directory
            .ancestors()
            .find(|root| root.join("spec/SUMMARY.md").is_file())?;
        Some(Self {
            root: root.to_owned(),
            spec: root.join("spec"),
        })
    }
}
