//! `x428 did`

use std::{path::Path, process::ExitCode};

use anyhow::anyhow;
use clap::Args;
use serde_json::json;
use x428::did::{Did, DidDocument, ResolveError, key as did_key};

use crate::{
    advice::Advise as _,
    key,
    output::{Output, harmless, pretty},
    report,
};

#[derive(Args)]
pub(crate) struct Arguments {
    /// A DID, or the file of a key
    #[arg(value_name = "KEY|DID")]
    subject: String,
    #[command(flatten)]
    output: Output,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let did = if arguments.subject.starts_with("did:") {
        Did::parse(arguments.subject.as_str()).map_err(|error| anyhow!("{}", error.detail()))?
    } else {
        key::read(Path::new(&arguments.subject))?.did()?
    };
    let document = resolve(&did)?;
    let methods = document.assertion_methods();
    let json = json!({
        "did": did.as_str(),
        "assertionKeys": methods.iter().map(|method| json!({
            "id": method.id.as_str(),
            "publicKeyMultibase": method.public_key.to_multibase(),
        })).collect::<Vec<_>>(),
        "didDocument": document.to_json(),
    });
    let keys = report::counted(methods.len(), "key");
    report::say(&format!("{keys} may attest for {did}"));
    arguments
        .output
        .give(&json, &harmless(&pretty(&document.to_json())))?;
    if methods.is_empty() {
        report::say(
            "warning: no signature of this operator can be verified: no Ed25519 key stands under `assertionMethod`",
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// The document of a DID: did:key is derived, did:web is fetched.
pub(crate) fn resolve(did: &Did) -> anyhow::Result<DidDocument> {
    match did_key::document(did) {
        Err(ResolveError::UnsupportedMethod(_)) => elsewhere(did),
        document => document
            .map_err(anyhow::Error::from)
            .advise("only Ed25519 keys are read: did:key:z6Mk…"),
    }
}

#[cfg(feature = "network")]
fn elsewhere(did: &Did) -> anyhow::Result<DidDocument> {
    use x428::did::{DidResolver as _, web::WebResolver};
    let document = crate::network::block_on(async {
        let resolver = WebResolver::new().map_err(ResolveError::from)?;
        resolver.resolve(did).await
    })?;
    match document {
        Err(error @ ResolveError::UnsupportedMethod(_)) => {
            Err(error).advise("did:key and did:web are resolved")
        }
        document => document.map_err(anyhow::Error::from).advise(
            "did:web is fetched by HTTPS from a public address, without redirects; \
             `curl -i` of its address shows what the server says",
        ),
    }
}

#[cfg(not(feature = "network"))]
fn elsewhere(did: &Did) -> anyhow::Result<DidDocument> {
    anyhow!("{did} is not a did:key, and this command was built without the network")
        .advise("build it with the feature `network`")
}
