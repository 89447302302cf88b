//! Where the access to an account is kept between two commands.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use clap::Args;
use etcetera::BaseStrategy as _;
use serde::{Deserialize, Serialize};
use x428::{
    sign::SigningKey,
    wire::withdrawal::{ClientId, HttpsUri},
    withdrawal::client::{Client, ClientAuthentication, FileKeeper, FileKeeperError, HighKeys},
};
use zeroize::Zeroizing;

use super::{explain::reason, held::Held};
use crate::{advice::Advise as _, keyfile};

/// The exchange, and who the client is there.
const ACCOUNT: &str = "account.json";
/// The key to which the tokens are bound, in the High profile. It is made here and stays here.
const DEVICE: &str = "device.pem";
/// The tokens, and the submissions that are not settled.
const KEPT: &str = "kept.json";

#[derive(Args)]
pub(super) struct State {
    /// Where the access and what is not settled is kept, for you alone to read
    /// [default: x428/withdraw in your state directory]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

impl State {
    fn directory(&self) -> anyhow::Result<PathBuf> {
        if let Some(directory) = &self.state {
            return Ok(directory.clone());
        }
        let home = etcetera::choose_base_strategy()
            .context("there is no home directory")
            .advise("name a directory with --state")?;
        let base = home.state_dir().unwrap_or_else(|| home.data_dir());
        Ok(base.join("x428").join("withdraw"))
    }

    /// The directory, which is made if it is not there.
    pub(super) fn made(&self) -> anyhow::Result<PathBuf> {
        let directory = self.directory()?;
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder
            .create(&directory)
            .with_context(|| directory.display().to_string())?;
        Ok(directory)
    }
}

/// An account at an exchange.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Account {
    pub(super) issuer: HttpsUri,
    pub(super) client_id: ClientId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_secret: Option<Zeroizing<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<OwnKey>,
    /// Authorities that are trusted beside those of the system, in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) certificate: Option<String>,
}

/// The key of a client of the High profile.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OwnKey {
    pub(super) file: PathBuf,
    pub(super) id: String,
}

impl Account {
    /// The account that is kept, if there is one.
    pub(super) fn read(directory: &Path) -> anyhow::Result<Option<Self>> {
        let path = directory.join(ACCOUNT);
        let there = path.try_exists();
        if !there.with_context(|| path.display().to_string())? {
            return Ok(None);
        }
        let text = keyfile::read_secret(&path)?;
        let account = serde_json::from_str(&text)
            // The text of the error may hold a part of the secret.
            .map_err(|error| anyhow!("{}: damaged at line {}", path.display(), error.line()))
            .advise("move it away, and log in anew")?;
        Ok(Some(account))
    }

    /// Keeps it in the place of another one.
    pub(super) fn write(&self, directory: &Path) -> anyhow::Result<()> {
        let path = directory.join(ACCOUNT);
        let text = Zeroizing::new(serde_json::to_string_pretty(self)?);
        let mut file = tempfile::Builder::new()
            .prefix(".x428-")
            .tempfile_in(directory)
            .with_context(|| directory.display().to_string())?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.as_file().sync_all())
            .and_then(|()| file.persist(&path).map_err(|error| error.error))
            .with_context(|| path.display().to_string())?;
        Ok(())
    }

    /// Forgets the account that is kept.
    pub(super) fn remove(state: &State) -> anyhow::Result<()> {
        let path = state.directory()?.join(ACCOUNT);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| path.display().to_string())
            }
            _ => Ok(()),
        }
    }

    fn authentication(&self, directory: &Path) -> anyhow::Result<ClientAuthentication> {
        if let Some(own) = &self.key {
            let key = keyfile::signing_key(&own.file)?;
            let path = directory.join(DEVICE);
            if !path.exists() {
                keyfile::create(&path, &SigningKey::generate()?.to_pkcs8_pem()?)?;
            }
            let device = keyfile::signing_key(&path)?;
            let keys = HighKeys::new(key, &own.id, device)?;
            return Ok(ClientAuthentication::High(keys));
        }
        Ok(match &self.client_secret {
            None => ClientAuthentication::Public,
            Some(secret) => ClientAuthentication::Basic(secret.clone()),
        })
    }
}

/// A client with what was kept.
pub(super) struct Session {
    pub(super) client: Client<Held>,
    pub(super) held: Held,
    pub(super) account: Account,
}

impl Session {
    /// Goes on with the account that is kept.
    pub(super) async fn open(state: &State) -> anyhow::Result<Self> {
        let directory = state.directory()?;
        match Account::read(&directory)? {
            Some(account) => Self::at(account, &directory).await,
            None => anyhow!("no account is kept in {}", directory.display())
                .advise("`x428 withdraw login --client-id ID URL` asks for access to one"),
        }
    }

    /// Begins with an account.
    pub(super) async fn at(account: Account, directory: &Path) -> anyhow::Result<Self> {
        let keeper = match FileKeeper::open(directory.join(KEPT)) {
            Ok(keeper) => keeper,
            Err(error) => {
                let way_out = way_out(&error);
                return anyhow::Error::from(error).advise(way_out);
            }
        };
        let held = Held::new(keeper);
        let mut http = reqwest::Client::builder();
        if let Some(pem) = &account.certificate {
            let certificates = reqwest::Certificate::from_pem_bundle(pem.as_bytes())
                .context("the certificate is not one in PEM")?;
            http = http.tls_certs_merge(certificates);
        }
        let client = Client::builder(
            account.issuer.clone(),
            account.client_id.clone(),
            account.authentication(directory)?,
        )
        .http(http)
        .keeper(held.clone())
        .discover()
        .await
        .map_err(|error| anyhow!("{}: {}", account.issuer, reason(&error)))
        .advise("is the address right, and is its certificate trusted? --certificate names one")?;
        Ok(Self {
            client,
            held,
            account,
        })
    }
}

fn way_out(error: &FileKeeperError) -> &'static str {
    match error {
        FileKeeperError::InUse { .. } => {
            "wait until it ends, or end it with Ctrl-C: nothing is lost by that"
        }
        FileKeeperError::Exposed { .. } => {
            "`chmod 600` it; if others may have read it, log out and in again"
        }
        FileKeeperError::Damaged { .. } => {
            "it may name withdrawals that were sent: look at the list of the exchange before you \
             move it away"
        }
        _ => "choose another directory with --state",
    }
}
