//! `x428 key`

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use x428::{
    did::key,
    encoding::base64url,
    sign::{SigningKey, is_published_test_key},
};

use crate::{
    keyfile,
    output::{self, Output, pretty},
    report, server_keys,
};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a key, in a file that only you can read
    New(New),
    /// Show who a key is, and nothing secret
    Show(Show),
    /// Write a key in another form: its public half, unless the secret is asked for
    Export(Export),
}

#[derive(Args)]
struct New {
    /// The file; it must not exist
    #[arg(
        value_name = "FILE",
        default_value = "operator.pem",
        default_value_if("server", "true", "server-keys.toml")
    )]
    file: PathBuf,
    /// Make the sealing keys of a server instead of an operator's key
    #[arg(long)]
    server: bool,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
struct Show {
    /// The key: PKCS#8 in PEM
    #[arg(value_name = "KEY", default_value = "operator.pem")]
    key: PathBuf,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
struct Export {
    /// The key: PKCS#8 in PEM
    #[arg(value_name = "KEY", default_value = "operator.pem")]
    key: PathBuf,
    #[command(flatten)]
    form: Form,
    /// Write the secret half too: whoever reads the output can sign for the operator
    #[arg(long, conflicts_with = "did_document")]
    secret: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Form {
    /// As a JSON Web Key (RFC 8037)
    #[arg(long)]
    jwk: bool,
    /// As a multikey: z6Mk… if public, z3u2… if secret
    #[arg(long)]
    multibase: bool,
    /// As the DID document of its did:key
    #[arg(long)]
    did_document: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::New(arguments) => new(arguments)?,
        Command::Show(arguments) => show(arguments)?,
        Command::Export(arguments) => export(arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn new(arguments: &New) -> anyhow::Result<()> {
    let file = &arguments.file;
    let name = file.display().to_string();
    if arguments.server {
        keyfile::create(file, &server_keys::generate()?)?;
        report::say(&format!(
            "wrote {name}, which only you can read; every instance of the server gets a copy"
        ));
        return arguments.output.give(&json!({ "file": name }), &name);
    }
    let key = SigningKey::generate()?;
    let did = key.did()?;
    keyfile::create(file, &key.to_pkcs8_pem()?)?;
    report::say(&format!(
        "wrote {name}, which only you can read; whoever has it signs for this operator:"
    ));
    let json = json!({ "file": name, "did": did.as_str() });
    arguments.output.give(&json, did.as_str())
}

fn show(arguments: &Show) -> anyhow::Result<()> {
    let key = read(&arguments.key)?;
    let public = key.verifying_key().public_key();
    let did = key.did()?;
    let multibase = public.to_multibase();
    let json = json!({
        "did": did.as_str(),
        "keyId": format!("{did}#{multibase}"),
        "publicKeyMultibase": multibase,
        "publicKeyJwk": public_jwk(&key),
    });
    let text = format!("{did}\nkey id      {did}#{multibase}\npublic key  {multibase}");
    arguments.output.give(&json, &text)
}

fn export(arguments: &Export) -> anyhow::Result<()> {
    let key = read(&arguments.key)?;
    let public = key.verifying_key().public_key();
    if arguments.secret {
        let text = if arguments.form.jwk {
            key.to_jwk()
        } else {
            key.to_multibase()
        };
        return output::line(&text);
    }
    if arguments.form.jwk {
        output::line(&pretty(&public_jwk(&key)))
    } else if arguments.form.multibase {
        output::line(&public.to_multibase())
    } else {
        let document = key::document(&key.did()?)?;
        output::line(&pretty(&document.to_json()))
    }
}

/// Reads a key, and warns of one that everybody has.
pub(crate) fn read(path: &Path) -> anyhow::Result<SigningKey> {
    let key = keyfile::signing_key(path)?;
    if is_published_test_key(&key.verifying_key().public_key()) {
        report::say("warning: this key is published with the specification; no server accepts it");
    }
    Ok(key)
}

/// Reads a key that may sign for somebody.
#[cfg(feature = "network")]
pub(crate) fn read_own(path: &Path) -> anyhow::Result<SigningKey> {
    use crate::advice::Advise as _;

    let key = keyfile::signing_key(path)?;
    if is_published_test_key(&key.verifying_key().public_key()) {
        return anyhow::anyhow!(
            "{} is published with the specification: everybody has it",
            path.display()
        )
        .advise("`x428 key new` makes a key of your own");
    }
    Ok(key)
}

fn public_jwk(key: &SigningKey) -> Value {
    let x = base64url(key.verifying_key().public_key().0);
    json!({ "kty": "OKP", "crv": "Ed25519", "x": x })
}
