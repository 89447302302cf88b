//! `x428 withdraw login`: consent in the browser, which comes back to this machine (RFC 8252 §7.3).

use std::{fs, net::Ipv4Addr, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context as _, anyhow};
use axum::{
    Router,
    extract::{RawQuery, State as Shared},
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use clap::Args;
use serde_json::json;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    time::timeout,
};
use x428::{
    wire::withdrawal::{ClientId, HttpsUri, RedirectUri, Scope},
    withdrawal::client::{Authorization, ClientError, Consent, Tokens},
};
use zeroize::Zeroizing;

use super::{
    Session, State,
    account::{Account, OwnKey},
    explain::{explained, reason},
    show,
};
use crate::{advice::Advise as _, keyfile, output::Output, report};

/// How long somebody may take at the exchange.
const PATIENCE: Duration = Duration::from_mins(15);
/// How long the browser may take to take the last answer.
const FAREWELL: Duration = Duration::from_secs(20);
/// A page that loads nothing, and is told to nobody.
const HEADERS: [(header::HeaderName, &str); 4] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
];

#[derive(Args)]
pub(super) struct Arguments {
    /// The exchange, such as https://localhost:8429
    #[arg(value_name = "URL", value_parser = issuer)]
    issuer: HttpsUri,
    /// The name that the exchange has given this client
    #[arg(long, value_name = "ID")]
    client_id: ClientId,
    /// The file with the client's secret, if it has one, for you alone to read
    #[arg(long, value_name = "FILE")]
    client_secret: Option<PathBuf>,
    /// The client's key in the High profile: PKCS#8 in PEM
    #[arg(
        long,
        value_name = "FILE",
        requires = "key_id",
        conflicts_with = "client_secret"
    )]
    key: Option<PathBuf>,
    /// The name (kid) by which the exchange knows that key
    #[arg(long, value_name = "KID", requires = "key")]
    key_id: Option<String>,
    /// Trust the certificate authorities in this file as well
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    #[command(flatten)]
    state: State,
    #[command(flatten)]
    output: Output,
}

/// What came back to the loopback address, and how it is answered.
struct Back {
    query: Zeroizing<String>,
    answer: oneshot::Sender<(StatusCode, &'static str)>,
}

pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let account = account(arguments)?;
    let directory = arguments.state.made()?;
    if let Some(other) = Account::read(&directory)?
        && (&other.issuer, &other.client_id) != (&account.issuer, &account.client_id)
    {
        return anyhow!("{} is logged in at {}", other.client_id, other.issuer)
            .advise("`x428 withdraw logout` first, or keep this one elsewhere with --state");
    }
    let session = Session::at(account, &directory).await?;
    let outcome = consent(&session).await?;
    let tokens = match outcome {
        Ok(tokens) => tokens,
        Err(error) => return explained(&error),
    };
    session.account.write(&directory)?;
    let scope = tokens.scope().map(ToString::to_string);
    let exchange = session.client.discovered().exchange.name.as_str();
    let json = json!({
        "issuer": session.account.issuer, "exchange": exchange, "scope": scope,
        "authorizationDetails": tokens.details(), "loggedIn": true,
    });
    let text = format!("logged in at {} ({})", exchange, session.account.issuer);
    arguments
        .output
        .give(&json, &crate::output::harmless_line(&text))?;
    show::unsettled(&session.client.pending().await?);
    Ok(ExitCode::SUCCESS)
}

fn issuer(text: &str) -> Result<HttpsUri, &'static str> {
    HttpsUri::parse(text)
        .map_err(|_| "an exchange has an https address, such as https://localhost:8429")
}

fn account(arguments: &Arguments) -> anyhow::Result<Account> {
    let client_secret = match &arguments.client_secret {
        None => None,
        Some(path) => {
            let text = keyfile::read_secret(path)?;
            Some(Zeroizing::new(text.trim().to_owned()))
        }
    };
    let certificate = match &arguments.certificate {
        None => None,
        Some(path) => {
            let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            Some(text)
        }
    };
    let key = match (&arguments.key, &arguments.key_id) {
        (Some(file), Some(id)) => Some(OwnKey {
            // Later commands may be called elsewhere.
            file: fs::canonicalize(file).with_context(|| file.display().to_string())?,
            id: id.clone(),
        }),
        _ => None,
    };
    Ok(Account {
        issuer: arguments.issuer.clone(),
        client_id: arguments.client_id.clone(),
        client_secret,
        key,
        certificate,
    })
}

async fn consent(session: &Session) -> anyhow::Result<Result<Tokens, ClientError>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .context("no port on 127.0.0.1")?;
    let back = format!("http://{}/callback", listener.local_addr()?);
    let scopes = [
        Scope::AssetsRead,
        Scope::WithdrawalsCreate,
        Scope::WithdrawalsRead,
        Scope::WithdrawalsCancel,
        Scope::OfflineAccess,
    ];
    let redirect_uri = RedirectUri::parse(back)?;
    let asked = session
        .client
        .authorize(redirect_uri, &Consent::to(scopes))
        .await;
    let authorization = match asked {
        Ok(authorization) => authorization,
        Err(error) => return Ok(Err(error)),
    };
    report::say("open this in your browser, and say there what this client may do:");
    report::say(authorization.url().as_str());

    let (sender, mut receiver) = mpsc::channel::<Back>(1);
    let (end, ended) = oneshot::channel::<()>();
    let app = Router::new()
        .route("/callback", get(callback))
        .with_state(sender);
    let server = axum::serve(listener, app).with_graceful_shutdown(async {
        let _ = ended.await;
    });
    let server = tokio::spawn(server.into_future());
    let outcome = timeout(PATIENCE, redeemed(session, &authorization, &mut receiver)).await;
    // The answer has left when the server has ended; a browser that keeps its connection open is
    // not waited for without end.
    let _ = end.send(());
    let _ = timeout(FAREWELL, server).await;
    outcome
        .map_err(|_| anyhow!("nobody came back from the exchange in a quarter of an hour"))
        .advise("log in again; the browser has to run on this machine")
}

/// Waits for the response to this request. Whatever else knocks is sent away.
// r[impl withdrawal.authorize.iss]
// r[impl withdrawal.authorize.state]
async fn redeemed(
    session: &Session,
    authorization: &Authorization,
    receiver: &mut mpsc::Receiver<Back>,
) -> Result<Tokens, ClientError> {
    loop {
        let Some(back) = receiver.recv().await else {
            return Err(ClientError::GivenUp);
        };
        let outcome = session
            .client
            .redeem(authorization.clone(), &back.query)
            .await;
        let is_other = outcome.as_ref().is_err_and(is_of_another_request);
        let answer = match &outcome {
            Ok(_) => (StatusCode::OK, "x428 is logged in."),
            Err(_) if is_other => (StatusCode::BAD_REQUEST, "This is not what x428 waits for."),
            Err(_) => (StatusCode::OK, "x428 got no access."),
        };
        let _ = back.answer.send(answer);
        match outcome {
            Err(error) if is_other => {
                report::say(&format!("something else came back: {}", reason(&error)));
            }
            outcome => return outcome,
        }
    }
}

/// Whether it was seen in the response itself, before the code in it was used.
fn is_of_another_request(error: &ClientError) -> bool {
    match error {
        ClientError::Untrusted(_) => true,
        ClientError::Malformed(malformed) => malformed.what() == "authorization response",
        _ => false,
    }
}

async fn callback(
    Shared(sender): Shared<mpsc::Sender<Back>>,
    RawQuery(query): RawQuery,
) -> impl IntoResponse {
    let (answer, answered) = oneshot::channel();
    let query = Zeroizing::new(query.unwrap_or_default());
    let _ = sender.send(Back { query, answer }).await;
    let (status, words) = answered
        .await
        .unwrap_or((StatusCode::GONE, "x428 does not wait any more."));
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>x428</title>\
         <h1>{words}</h1><p>You can close this window.</p></html>"
    );
    (status, HEADERS, page)
}
