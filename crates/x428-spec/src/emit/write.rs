//! Files to the disk: only what has changed, and each in one step.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use super::Tree;

/// What happened to the files of a tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Files that are new or have changed.
    pub changed: Vec<String>,
    /// Files that were generated once and are no more.
    pub removed: Vec<String>,
    /// How many files were as they should be.
    pub unchanged: usize,
}

/// Writes a tree below `root`. In the directories `owned`, generated files that are not in the
/// tree are removed. A file is replaced by renaming a complete one over it, so that an interrupted
/// build leaves the old or the new one, never a part.
///
/// # Errors
/// The first file that cannot be read, written or removed, named in the message.
pub fn write(root: &Path, tree: &Tree, owned: &[String]) -> io::Result<Written> {
    let mut written = Written::default();
    for (name, content) in &tree.files {
        let path = root.join(name);
        match fs::read(&path) {
            Ok(current) if current == *content => {
                written.unchanged += 1;
                continue;
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(named(&path, &error)),
        }
        replace(&path, content).map_err(|error| named(&path, &error))?;
        written.changed.push(name.clone());
    }
    for directory in owned {
        for path in generated(&root.join(directory))? {
            let name = crate::parse::relative(&path, root);
            if !tree.files.contains_key(&name) {
                fs::remove_file(&path).map_err(|error| named(&path, &error))?;
                written.removed.push(name);
            }
        }
    }
    written.removed.sort();
    Ok(written)
}

/// Replaces a file in one step.
///
/// # Errors
/// If the directory cannot be made or the file cannot be written.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(content)?;
    readable_by_all(file.as_file())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A temporary file is private, but these are to be committed.
#[cfg(unix)]
fn readable_by_all(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_all(_file: &fs::File) -> io::Result<()> {
    Ok(())
}

/// The generated files below a directory; none if it does not exist.
fn generated(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(named(&directory, &error)),
        };
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                directories.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "json" || extension == "yaml")
            {
                found.push(path);
            }
        }
    }
    Ok(found)
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
