//! What a command is given: files, standard input, header values.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

use anyhow::{Context as _, anyhow, bail, ensure};
use serde_json::Value;
use x428::{
    encoding::parse_base64url_header,
    jcs::{Limits, StrictJson},
};

use crate::advice::Advise as _;

/// More than any input of these commands has.
const LONGEST: u64 = 1024 * 1024;

/// The text of a file, or of standard input if it is `-`.
pub(crate) fn read(path: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    if path == "-" {
        io::stdin()
            .take(LONGEST + 1)
            .read_to_string(&mut text)
            .context("standard input")?;
    } else {
        fs::File::open(path)
            .and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text))
            .with_context(|| path.to_owned())?;
    }
    ensure!(
        text.len() as u64 <= LONGEST,
        "{path}: longer than a mebibyte"
    );
    Ok(text)
}

/// The text of a file, of standard input, or of the argument itself if it is a header value.
pub(crate) fn read_or_value(argument: &str, what: &str) -> anyhow::Result<String> {
    let is_value = !Path::new(argument).exists()
        && argument.len() > 16
        && argument
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'='));
    if is_value {
        return Ok(argument.to_owned());
    }
    read(argument).advise(format!(
        "name a file with the {what}, give the value of its header, or `-` for standard input"
    ))
}

/// Reads JSON, or base64url of JSON as a header carries it.
pub(crate) fn json(text: &str, what: &'static str) -> anyhow::Result<StrictJson> {
    let trimmed = text.trim();
    let bytes = if trimmed.starts_with(['{', '[']) {
        trimmed.as_bytes().to_vec()
    } else {
        parse_base64url_header(trimmed).map_err(|error| {
            anyhow!(
                "the {what} is neither JSON nor a header value: {}",
                error.detail()
            )
        })?
    };
    StrictJson::parse(&bytes, Limits::default()).map_err(|error| {
        anyhow!(
            "the {what} is no JSON that has one reading: {}",
            error.detail()
        )
    })
}

/// Reads a challenge: itself, the body of a 428, or the value of `X-428-Required`.
pub(crate) fn challenge_json(text: &str) -> anyhow::Result<StrictJson> {
    let json = json(text, "challenge")?;
    let is_challenge = json.value().get("challenge").is_some_and(Value::is_string);
    match json.value().get("challenge") {
        Some(inner) if !is_challenge => {
            Ok(StrictJson::from_value(inner.clone(), Limits::default())?)
        }
        Some(_) => Ok(json),
        None => bail!("this is neither a challenge nor a 428 with one: it has no `challenge`"),
    }
}

/// Reads a challenge that can be answered.
#[cfg(feature = "network")]
pub(crate) fn challenge(text: &str) -> anyhow::Result<x428::attestation::Challenge> {
    Ok(x428::attestation::Challenge::read(&challenge_json(text)?)?)
}
