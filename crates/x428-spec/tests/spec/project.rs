//! Specifications in temporary directories.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use x428_spec::{
    build::generate,
    check::check,
    diagnostic::{Diagnostic, Style, human},
    model::{Project, Report, Spec},
    parse::load,
};

/// A copy of a specification that a test may change.
pub(crate) struct Copy {
    directory: tempfile::TempDir,
}

/// The specification of this repository.
pub(crate) fn real() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A directory of `tests/broken`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/broken")
        .join(name)
}

impl Copy {
    /// Of the specification without a fault.
    pub(crate) fn sound() -> io::Result<Self> {
        let copy = Self {
            directory: tempfile::tempdir()?,
        };
        copy_all(&fixture("base"), copy.root())?;
        Ok(copy)
    }

    /// Of a specification with the fault of a code: the sound one, with some files replaced.
    pub(crate) fn broken(code: &str) -> io::Result<Self> {
        let fixture = fixture(code);
        let copy = if fixture.join("spec").is_dir() || fixture.join("remove.txt").is_file() {
            Self::sound()?
        } else {
            Self {
                directory: tempfile::tempdir()?,
            }
        };
        copy_all(&fixture, copy.root())?;
        if let Ok(names) = fs::read_to_string(fixture.join("remove.txt")) {
            for name in names.lines() {
                let path = copy.root().join(name);
                if path.is_dir() {
                    fs::remove_dir_all(path)?;
                } else {
                    fs::remove_file(path)?;
                }
            }
        }
        Ok(copy)
    }

    /// Of the specification of this repository, without its code.
    pub(crate) fn real() -> io::Result<Self> {
        let copy = Self {
            directory: tempfile::tempdir()?,
        };
        // Besides the text only what is linked there and not made from it.
        for directory in ["spec", "schema/config"] {
            copy_all(&real().join(directory), &copy.root().join(directory))?;
        }
        Ok(copy)
    }

    pub(crate) fn root(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn project(&self) -> Project {
        Project {
            root: self.root().to_owned(),
            spec: self.root().join("spec"),
        }
    }

    pub(crate) fn read(&self, path: &str) -> io::Result<String> {
        fs::read_to_string(self.root().join(path))
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) -> io::Result<()> {
        let path = self.root().join(path);
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        fs::write(path, text)
    }

    pub(crate) fn check(&self) -> (Spec, Report) {
        let spec = load(&self.project());
        let report = check(&spec);
        (spec, report)
    }

    /// What is wrong; without errors, also with what would be generated.
    pub(crate) fn problems(&self) -> (Spec, Vec<Diagnostic>) {
        let (spec, mut report) = self.check();
        if report.errors() == 0 {
            let (_, found) = generate(&spec, &report);
            report.diagnostics.extend(found);
        }
        (spec, report.diagnostics)
    }
}

/// All diagnostics as a person sees them.
pub(crate) fn shown(spec: &Spec, diagnostics: &[Diagnostic]) -> String {
    let texts: Vec<_> = diagnostics
        .iter()
        .map(|diagnostic| human(diagnostic, &spec.sources, Style::PLAIN))
        .collect();
    texts.join("\n")
}

pub(crate) fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_all(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
