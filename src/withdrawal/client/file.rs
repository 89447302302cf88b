//! What survives a restart, in a file.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Keeper, Pending, Tokens};
use crate::error::{Malformed, Unavailable};
use crate::jcs::{Limits, StrictJson};
use crate::wire::withdrawal::IdempotencyKey;

/// Longer than a file of ten thousand submissions, in bytes.
const FILE_SIZE_MAX: u64 = 64 * 1024 * 1024;
/// How deep the file nests: the granted limits are its deepest part.
const FILE_DEPTH_MAX: usize = 16;
/// The version of the format.
const VERSION: u32 = 1;
/// At the end of the name of a file that has not taken its place yet.
const UNFINISHED: &str = ".unfinished";

/// Keeps submissions and tokens in a file, for one process at a time.
///
/// The file is JSON, and can be read by its owner alone. Tokens and addresses stand in it in the
/// clear: where the platform has a key store, an application implements [`Keeper`] with that.
///
/// A change is written to a new file beside the old one, flushed to the disk, and renamed over it;
/// then the directory is flushed. Only then the change is done, so that
///
/// - after a crash at any moment, the file is as it was before the change or as it is after it;
/// - what was done before a crash, of the process or of the machine, is there after it;
/// - a file that is damaged is an error, and never taken for an empty one.
///
/// As long as the keeper lives, it holds the lock of the file beside it whose name ends in `.lock`.
/// The lock goes with the process. Neither file belongs on a network file system whose locks or
/// renames are not those of POSIX.
pub struct FileKeeper {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    directory: PathBuf,
    kept: Mutex<Kept>,
    lock: File,
}

#[derive(Clone, Default)]
struct Kept {
    submissions: BTreeMap<IdempotencyKey, Pending>,
    tokens: Option<Tokens>,
}

/// The form of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    submissions: Vec<Pending>,
    tokens: Option<Tokens>,
}

/// Why a file cannot be kept in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileKeeperError {
    /// Another keeper has it, of this process or another one.
    #[error("{} is in use by another process", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Others than its owner can read or write it. What is in it may be known to them.
    #[error("{} can be read by others (its mode is {mode:03o})", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is not what a keeper has written. It is left as it is.
    #[error("{} is damaged: {source}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Malformed,
    },
    /// It cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl FileKeeper {
    /// Opens a file, which is made with the first change. Its directory exists.
    ///
    /// # Errors
    /// [`FileKeeperError`] for a file of another process, of others, or that is damaged.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, FileKeeperError> {
        let path = path.into();
        let io = |source| FileKeeperError::Io {
            path: path.clone(),
            source,
        };
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let lock = own(OpenOptions::new().create(true).truncate(false).write(true))
            .open(beside(&path, ".lock"))
            .map_err(io)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FileKeeperError::InUse { path }),
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        let kept = match File::open(&path) {
            Ok(file) => read(file, &path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Kept::default(),
            Err(error) => return Err(io(error)),
        };
        clear(&directory, &path).map_err(io)?;
        Ok(Self {
            shared: Arc::new(Shared {
                path,
                directory,
                kept: Mutex::new(kept),
                lock,
            }),
        })
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    fn with<T>(&self, read: impl FnOnce(&Kept) -> T) -> T {
        read(
            &self
                .shared
                .kept
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Changes what is kept. If the caller stops waiting, the change is made all the same.
    async fn change(
        &self,
        change: impl FnOnce(&mut Kept) + Send + 'static,
    ) -> Result<(), Unavailable> {
        let shared = Arc::clone(&self.shared);
        let outcome = tokio::task::spawn_blocking(move || shared.change(change)).await;
        match outcome {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Unavailable::new("keeper", error)),
            Err(error) => Err(Unavailable::new("keeper", error)),
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // To close it is not enough: a process that another thread is just starting has it open
        // until it runs its program.
        let _ = self.lock.unlock();
    }
}

impl Shared {
    fn change(&self, change: impl FnOnce(&mut Kept)) -> io::Result<()> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = kept.clone();
        change(&mut next);
        let name = self.path.file_name().unwrap_or_default();
        let mut file = tempfile::Builder::new()
            .prefix(&prefix(name))
            .suffix(UNFINISHED)
            .tempfile_in(&self.directory)?;
        file.write_all(&text(&next)?)?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        // The file has changed, whatever becomes of the directory.
        *kept = next;
        flush(&self.directory)
    }
}

impl Keeper for FileKeeper {
    async fn put(&self, pending: &Pending) -> Result<(), Unavailable> {
        let pending = pending.clone();
        self.change(move |kept| {
            kept.submissions.insert(pending.key().clone(), pending);
        })
        .await
    }

    async fn get(&self, key: &IdempotencyKey) -> Result<Option<Pending>, Unavailable> {
        Ok(self.with(|kept| kept.submissions.get(key).cloned()))
    }

    async fn all(&self) -> Result<Vec<Pending>, Unavailable> {
        Ok(self.with(|kept| kept.submissions.values().cloned().collect()))
    }

    async fn remove(&self, key: &IdempotencyKey) -> Result<(), Unavailable> {
        let key = key.clone();
        self.change(move |kept| {
            kept.submissions.remove(&key);
        })
        .await
    }

    async fn put_tokens(&self, tokens: &Tokens) -> Result<(), Unavailable> {
        let tokens = tokens.clone();
        self.change(move |kept| kept.tokens = Some(tokens)).await
    }

    async fn tokens(&self) -> Result<Option<Tokens>, Unavailable> {
        Ok(self.with(|kept| kept.tokens.clone()))
    }

    async fn remove_tokens(&self) -> Result<(), Unavailable> {
        self.change(|kept| kept.tokens = None).await
    }
}

impl fmt::Debug for FileKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileKeeper")
            .field("path", &self.shared.path)
            .finish_non_exhaustive()
    }
}

fn text(kept: &Kept) -> io::Result<Zeroizing<Vec<u8>>> {
    let written = Written {
        version: VERSION,
        submissions: kept.submissions.values().cloned().collect(),
        tokens: kept.tokens.clone(),
    };
    let mut text = Zeroizing::new(Vec::with_capacity(64 * 1024));
    serde_json::to_writer(&mut *text, &written)?;
    text.push(b'\n');
    Ok(text)
}

fn read(file: File, path: &Path) -> Result<Kept, FileKeeperError> {
    let io = |source| FileKeeperError::Io {
        path: path.to_owned(),
        source,
    };
    let mode = mode(&file).map_err(io)?;
    if mode & 0o077 != 0 {
        let path = path.to_owned();
        return Err(FileKeeperError::Exposed { path, mode });
    }
    let mut text = Zeroizing::new(Vec::new());
    file.take(FILE_SIZE_MAX + 1)
        .read_to_end(&mut text)
        .map_err(io)?;
    parse(&text).map_err(|source| FileKeeperError::Damaged {
        path: path.to_owned(),
        source,
    })
}

fn parse(text: &[u8]) -> Result<Kept, Malformed> {
    let limits = Limits {
        bytes: usize::try_from(FILE_SIZE_MAX).unwrap_or(usize::MAX),
        depth: FILE_DEPTH_MAX,
    };
    let written: Written = StrictJson::parse(text, limits)?.read("kept submissions")?;
    if written.version != VERSION {
        return Err(Malformed::new("kept submissions", "of another version"));
    }
    let mut submissions = BTreeMap::new();
    for pending in written.submissions {
        pending.request()?;
        if submissions.insert(pending.key().clone(), pending).is_some() {
            return Err(Malformed::new("kept submissions", "a key is there twice"));
        }
    }
    Ok(Kept {
        submissions,
        tokens: written.tokens,
    })
}

/// Removes what a crash has left beside the file. Whoever has the lock has no such file in use.
fn clear(directory: &Path, path: &Path) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default();
    let prefix = prefix(name);
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let bytes = name.as_encoded_bytes();
        if bytes.starts_with(prefix.as_encoded_bytes()) && bytes.ends_with(UNFINISHED.as_bytes()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn prefix(name: &std::ffi::OsStr) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(name);
    prefix.push(".");
    prefix
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

#[cfg(unix)]
fn own(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600)
}

#[cfg(not(unix))]
fn own(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn mode(file: &File) -> io::Result<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(file.metadata()?.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode(_: &File) -> io::Result<u32> {
    Ok(0o600)
}

#[cfg(unix)]
fn flush(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

// Elsewhere a directory is not opened as a file, and a rename is durable by itself or never.
#[cfg(not(unix))]
fn flush(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
