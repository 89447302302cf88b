//! Secrets on disk: made once, readable for their owner alone, and refused otherwise.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::Path,
};

use anyhow::{Context as _, anyhow};
use x428::sign::SigningKey;
use zeroize::Zeroizing;

use crate::advice::Advise as _;

/// No key is longer.
const LONGEST: u64 = 64 * 1024;

/// Writes a secret to a file that is not there yet. It is there as a whole, or not at all.
pub(crate) fn create(path: &Path, secret: &str) -> anyhow::Result<()> {
    let name = path.display();
    let directory = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("."),
    };
    // Readable for its owner only from the beginning.
    let mut file = tempfile::Builder::new()
        .prefix(".x428-")
        .tempfile_in(directory)
        .with_context(|| format!("{name}: its directory"))?;
    file.write_all(secret.as_bytes())
        .and_then(|()| file.as_file().sync_all())
        .with_context(|| name.to_string())?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            anyhow!("{name} exists, and no secret is overwritten")
                .advise("choose another name, or move the file away")
        }
        Err(error) => Err(error.error).with_context(|| name.to_string()),
    }
}

/// Reads a key that nobody but its owner can read.
pub(crate) fn read(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let name = path.display();
    let file = fs::File::open(path)
        .with_context(|| name.to_string())
        .advise(format!("`x428 key new {name}` makes a key"))?;
    text_of(file, path, "sign with it", "make a new key")
}

/// Reads another secret that nobody but its owner can read.
#[cfg(feature = "network")]
pub(crate) fn read_secret(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let file = fs::File::open(path).with_context(|| path.display().to_string())?;
    text_of(file, path, "do what it is for", "get a new one")
}

fn text_of(
    mut file: fs::File,
    path: &Path,
    power: &str,
    instead: &str,
) -> anyhow::Result<Zeroizing<String>> {
    let name = path.display();
    check_permissions(&file, path, power, instead)?;
    let mut text = Zeroizing::new(String::new());
    io::Read::by_ref(&mut file)
        .take(LONGEST)
        .read_to_string(&mut text)
        .with_context(|| name.to_string())?;
    Ok(text)
}

#[cfg(unix)]
fn check_permissions(
    file: &fs::File,
    path: &Path,
    power: &str,
    instead: &str,
) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let name = path.display();
    let mode = file
        .metadata()
        .with_context(|| name.to_string())?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return anyhow!(
            "others can read {name} (its mode is {:03o}), and so can {power}",
            mode & 0o777
        )
        .advise(format!(
            "`chmod 600 {name}`; if others may have read it, {instead} instead"
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_permissions(_: &fs::File, _: &Path, _: &str, _: &str) -> anyhow::Result<()> {
    Ok(())
}

/// Reads an operator's key: PKCS#8 in PEM.
pub(crate) fn signing_key(path: &Path) -> anyhow::Result<SigningKey> {
    let text = read(path)?;
    SigningKey::from_pkcs8_pem(&text)
        .map_err(|error| anyhow!("{}: {}", path.display(), error.detail()))
        .advise("a key is PKCS#8 in PEM; `x428 key new FILE` makes one, and so does OpenSSL")
}
