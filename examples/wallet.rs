//! A wallet that withdraws ether for an owner, at the exchange of the sandbox or at another one.
//!
//! ```sh
//! x428 sandbox exchange --seed
//! cargo run --features withdrawal-client --example wallet -- \
//!     https://localhost:8429 x428-exchange.pem 0.2 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed
//! ```
//!
//! It keeps everything in memory, and gives its tokens back at the end. A wallet that is used keeps
//! them and its submissions in the key store of the platform; see `Keeper`.

#![expect(clippy::print_stdout, reason = "an example talks to a person")]

use std::error::Error;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use url::Url;
use x428::wire::withdrawal::{
    Address, AssetCode, ClientId, HttpsUri, MethodStatus, NetworkCode, OneTimeCode,
    PositiveDecimal, QuoteRequest, RedirectUri, Scope, WithdrawalRequest,
};
use x428::withdrawal::client::{
    Approval, Choice, Client, ClientAuthentication, Code, CodeAsked, Consent, Keeper, Reported,
    StepUp, Time, Waiting,
};

/// The longest request of a browser that is read, in bytes.
const REQUEST_SIZE_MAX: u64 = 16 * 1024;
/// How long a browser may take to send a request.
const PATIENCE: Duration = Duration::from_secs(5);
const FAREWELL: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 31\r\n\
    Connection: close\r\n\r\nThe wallet goes on. Close this.";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [issuer, certificate, amount, address] = arguments.as_slice() else {
        return Err("usage: wallet ISSUER CERTIFICATE AMOUNT ADDRESS".into());
    };
    let certificate = reqwest::Certificate::from_pem(&std::fs::read(certificate)?)?;
    let client = Client::builder(
        HttpsUri::parse(issuer.as_str())?,
        ClientId::parse("example-app")?,
        ClientAuthentication::Public,
    )
    .http(reqwest::Client::builder().tls_certs_merge([certificate]))
    .discover()
    .await?;
    log_in(&client, |url| println!("Open in your browser:\n{url}")).await?;
    let outcome = withdraw(&client, amount, address, &Terminal).await;
    client.revoke().await?;
    outcome.map(|_| ())
}

/// Sends the owner to the exchange, and waits until the browser comes back with the consent.
pub(crate) async fn log_in(
    client: &Client<impl Keeper, impl Time>,
    open: impl FnOnce(&Url),
) -> Result<(), Box<dyn Error>> {
    // The exchange takes any port of loopback (RFC 8252 §7.3).
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let back = format!("http://{}/callback", listener.local_addr()?);
    let consent = Consent::to([
        Scope::AssetsRead,
        Scope::WithdrawalsCreate,
        Scope::WithdrawalsRead,
    ]);
    let authorization = client
        .authorize(RedirectUri::parse(back)?, &consent)
        .await?;
    open(authorization.url());
    loop {
        let (browser, _) = listener.accept().await?;
        // Somebody else may knock: only the response to this request is good, and tried once.
        if let Ok(Ok(Some(query))) = timeout(PATIENCE, query_of(browser)).await {
            client.redeem(authorization, &query).await?;
            return Ok(());
        }
    }
}

/// The query of a request for the callback.
async fn query_of(mut browser: TcpStream) -> std::io::Result<Option<String>> {
    let mut request = Vec::new();
    let mut limited = (&mut browser).take(REQUEST_SIZE_MAX);
    while !request.ends_with(b"\r\n\r\n") {
        if limited.read_buf(&mut request).await? == 0 {
            return Ok(None);
        }
    }
    let request = String::from_utf8_lossy(&request);
    let target = request.strip_prefix("GET /callback?");
    let Some((query, _)) = target.and_then(|rest| rest.split_once(' ')) else {
        return Ok(None);
    };
    browser.write_all(FAREWELL.as_bytes()).await?;
    Ok(Some(query.to_owned()))
}

/// Withdraws ether on the first network that is open for it, and waits for the end.
pub(crate) async fn withdraw(
    client: &Client<impl Keeper, impl Time>,
    amount: &str,
    address: &str,
    owner: &impl Approval,
) -> Result<Reported, Box<dyn Error>> {
    let asset = client.asset(&AssetCode::parse("ETH")?).await?;
    let mut networks = asset.networks.iter();
    let network = networks.find(|network| network.withdrawal_enabled);
    let network: NetworkCode = network.ok_or("no network is open")?.network.clone();
    let amount = PositiveDecimal::parse(amount)?;

    let question = QuoteRequest::new(asset.asset.clone(), network.clone(), amount.clone());
    let quote = client.quote(&question).await?;
    println!(
        "{} {} on {}: {} arrive, {} are debited.",
        amount.as_str(),
        asset.name.as_str(),
        network.as_str(),
        quote.receive_amount.as_str(),
        quote.total_debit.as_str(),
    );

    let address = Address::parse(address)?;
    let mut request = WithdrawalRequest::new(asset.asset, network, amount, address);
    request.quote_id = Some(quote.quote_id);
    let created = client.withdraw(&request, owner).await?;
    let mut last = created.clone();
    let mut watching = std::pin::pin!(client.watch(created.id(), None));
    while let Some(seen) = watching.next().await {
        match seen {
            Ok(reported) => {
                println!("{}", in_words(&reported));
                last = reported;
            }
            Err(error) if error.is_outage() => println!("{error}"),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(last)
}

/// A withdrawal in a line.
pub(crate) fn in_words(reported: &Reported) -> String {
    let id = reported.id().as_str();
    let Some(withdrawal) = reported.known() else {
        return format!("{id} is in a state that this wallet does not know.");
    };
    let txid = withdrawal.txid.as_ref();
    let txid = txid.map_or(String::new(), |txid| format!(", {}", txid.as_str()));
    format!("{id} is {}{txid}.", withdrawal.status)
}

/// The owner, who sits at the terminal.
struct Terminal;

impl Approval for Terminal {
    async fn choose(&self, step_up: &StepUp) -> Choice {
        let display = &step_up.challenge.display;
        println!(
            "The exchange asks you to approve {} {} on {} to {}.",
            display.amount.as_str(),
            display.asset.as_str(),
            display.network.as_str(),
            display.address.as_str(),
        );
        let is_open = |status| matches!(status, MethodStatus::Available | MethodStatus::Sent);
        let methods = step_up.challenge.methods.iter();
        let open: Vec<_> = methods.filter(|method| is_open(method.status)).collect();
        for (number, method) in (1..).zip(&open) {
            println!("  {number}  {} {}", method.method, method.hint.as_str());
        }
        match line("Which one? [p for the page of the exchange] ")
            .await
            .as_deref()
        {
            Some("p") => Choice::HostedPage,
            Some(number) => {
                let place = number.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
                let method = place.and_then(|place| open.get(place));
                method.map_or(Choice::GiveUp, |method| Choice::Method(method.method))
            }
            None => Choice::GiveUp,
        }
    }

    async fn code(&self, asked: CodeAsked<'_>) -> Code {
        if asked.was_wrong {
            println!(
                "That was wrong; attempts left: {}.",
                asked.attempts_remaining
            );
        }
        match line("The code [r for another one]: ").await.as_deref() {
            Some("r") => Code::Resend,
            Some(text) => OneTimeCode::parse(text).map_or(Code::AnotherWay, Code::Entered),
            None => Code::GiveUp,
        }
    }

    async fn waiting(&self, _: &StepUp, waiting: Waiting) {
        match waiting {
            Waiting::App(Some(number)) => println!("Enter {} in the app.", number.as_str()),
            Waiting::App(None) => println!("Approve in the app."),
            Waiting::Page(page) => println!("Open in your browser:\n{page}"),
            _ => println!("Look at what the exchange shows you."),
        }
    }
}

/// A line of the terminal; nothing at its end.
async fn line(prompt: &'static str) -> Option<String> {
    let read = tokio::task::spawn_blocking(move || {
        print!("{prompt}");
        std::io::stdout().flush()?;
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    let line = read.await.ok()?.ok()?;
    (!line.is_empty()).then(|| line.trim().to_owned())
}
