//! The secrets that the instances of a server share, as a file.

use std::{fmt::Write as _, path::Path};

use anyhow::{anyhow, bail, ensure};
use serde::Deserialize;
use x428::{
    attestation::issue::random_nonce,
    sign::seal::{SealKey, SealRing},
};
use zeroize::Zeroizing;

use crate::{advice::Advise as _, keyfile};

/// The keys under which a server recognizes its challenges and its tokens.
pub(crate) struct ServerKeys {
    pub(crate) challenges: SealRing,
    pub(crate) tokens: SealRing,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    challenges: Vec<Key>,
    tokens: Vec<Key>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    id: u32,
    secret: Zeroizing<String>,
}

impl ServerKeys {
    /// Reads a file that nobody but its owner can read.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = keyfile::read(path)?;
        Self::parse(&text)
            .map_err(|error| anyhow!("{}: {error:#}", path.display()))
            .advise("`x428 key new --server FILE` makes such a file")
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        // The message of the parser would show the line, and with it the secret.
        let file: File = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let line = text.get(..at).unwrap_or_default().matches('\n').count() + 1;
            anyhow!("line {line}: not a list of keys, each with an `id` and a `secret`")
        })?;
        Ok(Self {
            challenges: ring("challenges", file.challenges)?,
            tokens: ring("tokens", file.tokens)?,
        })
    }
}

/// The first key of a list seals; all of them open.
fn ring(name: &str, keys: Vec<Key>) -> anyhow::Result<SealRing> {
    let mut seen: Vec<u32> = Vec::new();
    let mut ring: Option<SealRing> = None;
    for key in keys {
        ensure!(
            !seen.contains(&key.id),
            "two keys of `{name}` have the id {}",
            key.id
        );
        seen.push(key.id);
        let secret = SealKey::new(key.id, *parse_secret(&key.secret)?);
        ring = Some(match ring {
            None => SealRing::new(secret),
            Some(ring) => ring.with_previous(secret),
        });
    }
    let Some(ring) = ring else {
        bail!("`{name}` has no key");
    };
    Ok(ring)
}

fn parse_secret(text: &str) -> anyhow::Result<Zeroizing<[u8; 32]>> {
    let mut secret = Zeroizing::new([0; 32]);
    let digits = text.as_bytes();
    ensure!(
        digits.len() == 64 && digits.iter().all(u8::is_ascii_hexdigit),
        "a `secret` is not of 64 hexadecimal digits"
    );
    for (byte, pair) in secret.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair)?, 16)?;
    }
    Ok(secret)
}

/// The text of a new file.
pub(crate) fn generate() -> anyhow::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::from(
        "# The secrets of a server. All its instances have the same file, and nobody else has it.\n\
         # To rotate: put a new key below the old one on every instance, then above it on every\n\
         # instance, then remove the old one a day later. The first key of a list seals.\n",
    ));
    for (id, list) in ["challenges", "tokens"].into_iter().enumerate() {
        let secret = Zeroizing::new(random_nonce()?.as_str().to_owned());
        write!(
            text,
            "\n[[{list}]]\nid = {}\nsecret = \"{}\"\n",
            id + 1,
            secret.as_str()
        )?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_generated_can_be_read() {
        assert!(ServerKeys::parse(&generate().unwrap()).is_ok());
    }

    #[test]
    fn no_error_shows_a_secret() {
        let secret = "5ec4e7".repeat(11);
        for text in [
            format!(
                "[[challenges]]\nid = 1\nsecret = \"{secret}\"\n[[tokens]]\nid=1\nsecret=\"{secret}\""
            ),
            format!("[[challenges]]\nid = 1\nsecret = {secret}\n"),
            format!("[[challenges]]\nid = 1\nsecret = \"{}\"\n", &secret[..64]),
            format!("challenges = []\ntokens = []\nsecret = \"{secret}\""),
            "challenges = []\ntokens = []".to_owned(),
        ] {
            let error = format!("{:#}", ServerKeys::parse(&text).err().unwrap());
            assert!(!error.contains("5ec4e7"), "{error}");
        }
    }
}
