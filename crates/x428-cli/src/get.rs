//! `x428 get`

use std::{
    io::Write as _,
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, anyhow, ensure};
use clap::Args;
use serde_json::{Value, json};
use url::Url;
use x428::{
    attestation::token,
    client::{
        AttestationMiddleware, ClientError, Operator, Origin, Question, Receipted, Receipts,
        UnkeptReceipt,
    },
    did::{Did, DidUrl, key::KeyResolver, web::WebResolver},
    http::response,
};

use crate::{
    advice::Advise as _,
    consent::{self, Consents},
    key, network,
    output::{self, Output, harmless, harmless_line},
    report,
};

/// A demo of a client is no downloader.
const LONGEST: usize = 16 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Args)]
pub(crate) struct Arguments {
    /// The resource
    #[arg(value_name = "URL")]
    url: String,
    /// The operator's key: PKCS#8 in PEM
    #[arg(long, value_name = "FILE", default_value = "operator.pem")]
    key: PathBuf,
    /// The operator's DID [default: the did:key of the key]
    #[arg(long, value_name = "DID")]
    did: Option<String>,
    /// Which key of the operator's document signs
    #[arg(long, value_name = "DID-URL")]
    key_id: Option<String>,
    #[command(flatten)]
    consents: Consents,
    /// Keep the receipt, with what it is of, in a new file
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    /// Show the status and the headers of the protocol on standard error
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    output: Output,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    network::block_on(get(arguments))?
}

type Kept = Arc<Mutex<Option<Result<Value, String>>>>;

async fn get(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let url = Url::parse(&arguments.url)
        .map_err(|error| anyhow!("{:?} is no URL: {error}", arguments.url))
        .advise("write it with its scheme: https://api.example.com/reports")?;
    ensure!(
        matches!(url.scheme(), "https" | "http"),
        "only https and http are spoken"
    );
    let key = key::read_own(&arguments.key)?;
    let mut operator = match &arguments.did {
        Some(did) => Operator::new(Did::parse(did.as_str())?, key)?,
        None => Operator::of_key(key)?,
    };
    if let Some(key_id) = &arguments.key_id {
        operator = operator.with_key_id(DidUrl::parse(key_id.as_str())?)?;
    }
    let kept = Kept::default();
    let policy = arguments.consents.policy(&Origin::of(&url))?;
    let resolver = (KeyResolver, WebResolver::new()?);
    let client = AttestationMiddleware::new(operator, policy)?
        .with_ask(|question: Question| async move {
            // A person takes as long as a person takes; the runtime does not wait.
            tokio::task::spawn_blocking(move || consent::ask(&question))
                .await
                .unwrap_or(false)
        })
        .with_receipts(Receipts::new(resolver, keeper(&kept)))
        .attach(
            reqwest::Client::builder()
                .connect_timeout(TIMEOUT)
                .read_timeout(TIMEOUT),
        )?
        .build();
    let response = match client.get(url.clone()).send().await {
        Ok(response) => response,
        Err(error) => return explain(error),
    };
    if arguments.verbose {
        verbose(&response);
    }
    keep(arguments, &kept)?;
    let status = response.status();
    let token = response::token(response.headers()).ok().flatten();
    let media_type = response.headers().get("content-type");
    let media_type = media_type.and_then(|value| Some(value.to_str().ok()?.to_owned()));
    let body = read(response).await?;
    if arguments.output.json {
        let body = serde_json::from_slice::<Value>(&body)
            .unwrap_or_else(|_| String::from_utf8_lossy(&body).into_owned().into());
        let json = json!({
            "status": status.as_u16(),
            "mediaType": media_type,
            "attested": token.is_some(),
            "scope": token.as_ref().map(|token| token.scope.as_str()),
            "expiresAt": token.as_ref().map(|token| token.expires_at.as_str()),
            "body": body,
        });
        output::line(&json.to_string())?;
    } else {
        // A body is bytes, and goes out as it came in, unless a terminal would obey it.
        use std::io::IsTerminal as _;
        let mut out = std::io::stdout().lock();
        if out.is_terminal() {
            writeln!(out, "{}", harmless(&String::from_utf8_lossy(&body)))?;
        } else {
            out.write_all(&body)?;
        }
    }
    if let Some(token) = token
        && !arguments.output.json
    {
        let left = token::check(&token, url.as_str(), jiff::Timestamp::now()).is_ok();
        report::say(&format!(
            "attested; the token opens {} until {}{}",
            harmless_line(token.scope.as_str()),
            token.expires_at.as_str(),
            if left { "" } else { ", but not this URL" },
        ));
    }
    if !status.is_success() {
        report::say(&format!("the server answered with {status}"));
    }
    Ok(ExitCode::from(u8::from(!status.is_success())))
}

/// Leaves the receipt, or why there is none to keep, in `kept`.
fn keeper(kept: &Kept) -> impl Fn(Result<Receipted, UnkeptReceipt>) + use<> {
    let kept = Arc::clone(kept);
    move |received| {
        let outcome = match received {
            Ok(received) => Ok(json!({
                "receipt": received.receipt.value(),
                "challenge": received.challenge.value(),
                "payload": received.payload.value(),
                "token": received.token.value(),
            })),
            Err(error) => Err(error.to_string()),
        };
        *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
    }
}

fn keep(arguments: &Arguments, kept: &Kept) -> anyhow::Result<()> {
    let outcome = kept.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (outcome, &arguments.receipt) {
        (Some(Ok(json)), Some(path)) => {
            // The token in it opens the resource until it expires.
            crate::keyfile::create(path, &format!("{}\n", output::pretty(&json)))?;
            report::say(&format!("kept the receipt in {}", path.display()));
        }
        (Some(Err(why)), _) => {
            report::say(&format!(
                "warning: the server's receipt is not kept: {}",
                harmless_line(&why)
            ));
        }
        (None, Some(_)) => report::say("the server gave no receipt"),
        _ => {}
    }
    Ok(())
}

async fn read(mut response: reqwest::Response) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.context("the body of the response")? {
        ensure!(
            body.len() + chunk.len() <= LONGEST,
            "the response is longer than 16 mebibytes"
        );
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn verbose(response: &reqwest::Response) {
    report::say(&format!("{:?} {}", response.version(), response.status()));
    for (name, value) in response.headers() {
        // A token opens the resource: it is no thing to be shown.
        let value = match name.as_str() {
            "x-428-token" => "(a token)",
            _ => value.to_str().unwrap_or("(not text)"),
        };
        report::say(&format!("{name}: {}", harmless_line(value)));
    }
}

fn explain(error: reqwest_middleware::Error) -> anyhow::Result<ExitCode> {
    let Some(why) = ClientError::of(&error) else {
        let unreachable = anyhow::Error::from(error);
        return unreachable.advise("the server did not answer; is the address right?");
    };
    report::say(&format!("error: {}", harmless_line(&chain(why))));
    if let Some(challenge) = why.challenge() {
        report::say("the server asks:");
        for precondition in &*challenge.message().preconditions {
            report::say(&format!("  {}", consent::words(precondition)));
        }
    }
    match why {
        ClientError::ConsentDenied { challenge, .. } => {
            let who = if consent::is_someone_there() {
                "you said no, and nothing was signed"
            } else {
                "nobody is at a terminal to be asked, and nothing was signed"
            };
            report::say(who);
            if let Ok(flags) = consent::flags(challenge) {
                report::say(&format!(
                    "help: the operator consents beforehand by {flags}"
                ));
            }
        }
        ClientError::InsecureTransport { .. } => {
            report::say("help: use https; http is for loopback addresses only");
        }
        ClientError::Untrusted { .. } => {
            report::say("help: nothing was signed; tell whoever runs the server");
        }
        _ => {}
    }
    Ok(ExitCode::FAILURE)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
