//! What a fresh exchange is filled with.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use x428::wire::withdrawal::{ChallengePolicy, StepUpMethod};
use x428::withdrawal::decimal::Decimal;

use super::model::{
    Checksum, Client, KnownAddress, ListedAsset, ListedNetwork, Owner, Registered, StepUpRule,
};
use super::settlement::SCRIPTS;
use super::step_up::totp;
use super::store::Fault;
use super::{Exchange, ExchangeError, digest, listing, password, random};

/// An owner who is to be added.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NewOwner {
    /// The name to log in.
    pub login: String,
    /// The name of the person.
    pub name: String,
    /// The password.
    pub password: String,
    /// Where e-mails go.
    pub email: String,
    /// Where text messages go.
    pub phone: String,
    /// The secret of the authenticator app, if there is one: 16 bytes or more.
    pub totp: Option<Vec<u8>>,
    /// Whether the exchange's app is on the phone, and knows the face.
    pub app: bool,
    /// When a withdrawal has to be approved, and how.
    pub step_up: StepUpRule,
    /// Which thresholds of the Travel Rule apply.
    pub jurisdiction: String,
    /// If present, the only destinations.
    pub addresses: Option<Vec<KnownAddress>>,
    /// What the owner has: assets and amounts.
    pub balances: Vec<(String, Decimal)>,
}

impl NewOwner {
    /// An owner with an app on the phone, who approves by one method what is worth 250 US dollars
    /// or more.
    #[must_use]
    pub fn new(login: &str, password: &str) -> Self {
        Self {
            login: login.to_owned(),
            name: login.to_owned(),
            password: password.to_owned(),
            email: format!("{login}@owners.example"),
            phone: "+351900000042".to_owned(),
            totp: None,
            app: true,
            step_up: StepUpRule {
                from: Decimal::from(250),
                policy: ChallengePolicy::Any,
                methods: vec![StepUpMethod::Sms, StepUpMethod::Push, StepUpMethod::Email],
            },
            jurisdiction: "none".to_owned(),
            addresses: None,
            balances: Vec::new(),
        }
    }
}

/// How a client that is to be added authenticates.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum NewClient {
    /// It can keep no secret.
    Public,
    /// It has this secret, which is random.
    Secret(String),
    /// It has these keys, as JWKs, and is held to the High profile.
    High(Vec<Value>),
}

/// Adds an owner, and tells the id. An owner of that login who is there already is left alone.
///
/// # Errors
/// [`Fault`] if the database does not answer.
pub async fn owner(exchange: &Arc<Exchange>, new: NewOwner) -> Result<String, Fault> {
    let hashed = password::hash(new.password).await?;
    let sealed = match &new.totp {
        Some(secret) => Some(exchange.keys.seal(totp::PURPOSE, secret)?),
        None => None,
    };
    let owner = Owner {
        id: random::id("ow")?,
        login: new.login,
        name: new.name,
        email: new.email,
        phone: new.phone,
        password: hashed,
        totp: sealed,
        totp_step: None,
        passkeys: Vec::new(),
        app: new.app,
        face: new.app,
        step_up: new.step_up,
        jurisdiction: new.jurisdiction,
        daily_limit: Decimal::from(1_000_000),
        restricted: false,
        identified: true,
        held_until: None,
        addresses: new.addresses,
        shown: Vec::new(),
        secured_at: Timestamp::UNIX_EPOCH,
        sessions_from: Timestamp::UNIX_EPOCH,
    };
    let mut writing = exchange.store.write().await?;
    if writing.create(&owner).await? {
        writing.turn_of(&owner.id).await?;
        for (asset, amount) in new.balances {
            writing.deposit(&owner.id, &asset, amount).await?;
        }
        writing.commit().await?;
        return Ok(owner.id);
    }
    let find = "SELECT id FROM owner WHERE login = $1";
    let rows = writing.rows(find, vec![owner.login.into()]).await?;
    Ok(rows.first().ok_or(Fault::Damaged)?.text("id")?.to_owned())
}

/// Adds a client. One of that id that is there already is left alone.
///
/// # Errors
/// [`Fault`] if the database does not answer.
pub async fn client(
    exchange: &Arc<Exchange>,
    id: &str,
    name: &str,
    redirect_uris: &[&str],
    new: NewClient,
) -> Result<(), Fault> {
    let client = Client {
        id: id.to_owned(),
        name: name.to_owned(),
        redirect_uris: redirect_uris.iter().map(|uri| (*uri).to_owned()).collect(),
        registered: match new {
            NewClient::Public => Registered::Public,
            NewClient::Secret(secret) => Registered::Secret(digest::of(&secret)),
            NewClient::High(keys) => Registered::High(keys),
        },
    };
    let mut writing = exchange.store.write().await?;
    writing.create(&client).await?;
    writing.commit().await
}

/// Adds assets. Those that are there already are left alone.
///
/// # Errors
/// [`ExchangeError::Misuse`] for an asset whose memos or addresses are not described as section 4.1
/// wants it; [`ExchangeError::Store`] if the database does not answer.
pub async fn assets(
    exchange: &Arc<Exchange>,
    assets: Vec<ListedAsset>,
) -> Result<(), ExchangeError> {
    assets.iter().try_for_each(listing::check)?;
    let mut writing = exchange.store.write().await?;
    for asset in &assets {
        writing.create(asset).await?;
    }
    Ok(writing.commit().await?)
}

/// Ether, a dollar coin and XRP.
///
/// # Errors
/// [`Fault`] for none of them: they have their form.
pub fn demo_assets() -> Result<Vec<ListedAsset>, Fault> {
    const EVM: &str = "^0x[0-9a-fA-F]{40}$";
    const CONTRACT: &str = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
    const ON_BASE: &str = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913";
    let listed = |network: Value, checksum| {
        let network = serde_json::from_value(network).map_err(Fault::because)?;
        Ok::<_, Fault>(ListedNetwork { network, checksum })
    };
    let decimal = |text| Decimal::parse(text).map_err(Fault::because);
    let ether = |network, name, chain, fee, confirmations, seconds| {
        let network = json!({
            "network": network, "name": name, "caip2": format!("eip155:{chain}"),
            "caip19": format!("eip155:{chain}/slip44:60"), "status": "online",
            "withdrawalEnabled": true, "minAmount": "0.001", "maxAmount": "500",
            "step": "0.00000001", "fee": {"type": "fixed", "asset": "ETH", "amount": fee},
            "memo": {"support": "none"}, "addressRegex": EVM, "confirmations": confirmations,
            "estimatedSeconds": seconds,
        });
        listed(network, Checksum::Erc55)
    };
    let dollar = |network, name, chain, contract: &str, fee: Value| {
        let network = json!({
            "network": network, "name": name, "caip2": format!("eip155:{chain}"),
            "caip19": format!("eip155:{chain}/erc20:{contract}"), "contractAddress": contract,
            "status": "online", "withdrawalEnabled": true, "minAmount": "1", "step": "0.000001",
            "fee": fee, "memo": {"support": "none"}, "addressRegex": EVM, "confirmations": 12,
        });
        listed(network, Checksum::Erc55)
    };
    let in_ether = json!({"type": "fixed", "asset": "ETH", "amount": "0.0012"});
    let percent = json!({"type": "percent", "asset": "USDC", "rate": "0.001"});
    let ledger = json!({
        "network": "xrpl", "name": "XRP Ledger", "caip2": "xrpl:0", "caip19": "xrpl:0/slip44:144",
        "status": "online", "withdrawalEnabled": true, "minAmount": "1", "step": "0.000001",
        "fee": {"type": "dynamic", "asset": "XRP", "amount": "0.25"},
        "memo": {
            "support": "optional", "kind": "destination_tag", "regex": "^(0|[1-9][0-9]{0,9})$",
        },
        "addressRegex": "^r[1-9A-HJ-NP-Za-km-z]{24,34}$", "confirmations": 1,
        "estimatedSeconds": 10,
    });
    Ok(vec![
        ListedAsset {
            id: "ETH".to_owned(),
            name: "Ether".to_owned(),
            dollars: decimal("2000")?,
            places: 18,
            networks: vec![
                ether("ethereum", "Ethereum", 1, "0.0008", 12, 180)?,
                ether("base", "Base", 8453, "0.00005", 20, 60)?,
            ],
        },
        ListedAsset {
            id: "USDC".to_owned(),
            name: "USD Coin".to_owned(),
            dollars: decimal("1")?,
            places: 6,
            networks: vec![
                dollar("ethereum", "Ethereum", 1, CONTRACT, in_ether)?,
                dollar("base", "Base", 8453, ON_BASE, percent)?,
            ],
        },
        ListedAsset {
            id: "XRP".to_owned(),
            name: "XRP".to_owned(),
            dollars: decimal("0.5")?,
            places: 6,
            networks: vec![listed(ledger, Checksum::Xrpl)?],
        },
    ])
}

/// Fills the exchange with assets, two owners and two clients, and tells how to log in.
///
/// # Errors
/// [`ExchangeError::Store`] if the database does not answer.
pub async fn demo(exchange: &Arc<Exchange>) -> Result<Vec<String>, ExchangeError> {
    assets(exchange, demo_assets()?).await?;
    let amount = |text| Decimal::parse(text).map_err(Fault::because);
    let balances = vec![
        ("ETH".to_owned(), amount("4.25")?),
        ("USDC".to_owned(), amount("25000")?),
        ("XRP".to_owned(), amount("1200")?),
    ];
    // RFC 4226 asks for 160 bits. The secret is known to everybody who reads this, as the
    // passwords are: the sandbox has nothing of value.
    let secret = b"x428-sandbox-of-ana!".to_vec();
    let ana = NewOwner {
        name: "Ana Silva".to_owned(),
        totp: Some(secret.clone()),
        step_up: StepUpRule {
            from: Decimal::from(250),
            policy: ChallengePolicy::Any,
            methods: vec![
                StepUpMethod::Totp,
                StepUpMethod::Sms,
                StepUpMethod::Webauthn,
                StepUpMethod::Push,
                StepUpMethod::Email,
                StepUpMethod::Face,
            ],
        },
        balances: balances.clone(),
        ..NewOwner::new("ana", "correct horse battery staple")
    };
    let ben = NewOwner {
        name: "Ben Okafor".to_owned(),
        jurisdiction: "strict".to_owned(),
        step_up: StepUpRule {
            from: Decimal::from(250),
            policy: ChallengePolicy::All,
            methods: vec![StepUpMethod::Email, StepUpMethod::Push],
        },
        balances,
        ..NewOwner::new("ben", "correct horse battery staple")
    };
    owner(exchange, ana).await?;
    owner(exchange, ben).await?;
    let redirects = [
        "http://127.0.0.1/callback",
        "http://[::1]/callback",
        "https://wallet.example/callback",
    ];
    let secret_of_wallet = NewClient::Secret("sandbox-secret-of-example-wallet".to_owned());
    client(
        exchange,
        "example-wallet",
        "Example Wallet",
        &redirects,
        secret_of_wallet,
    )
    .await?;
    client(
        exchange,
        "example-app",
        "Example App",
        &redirects,
        NewClient::Public,
    )
    .await?;
    let at = &exchange.settings.issuer;
    let secret = totp::shown(&secret);
    Ok([
        format!("owners    {at}/login   (messages: {at}/outbox, phone: {at}/phone)"),
        format!("  ana     password: correct horse battery staple   authenticator: {secret}"),
        "  ben     password: correct horse battery staple   second factor: by e-mail".to_owned(),
        "clients   redirect to http://127.0.0.1:PORT/callback".to_owned(),
        "  example-wallet   secret: sandbox-secret-of-example-wallet".to_owned(),
        "  example-app      public".to_owned(),
    ]
    .into_iter()
    .chain(failures())
    .collect())
}

/// How a client makes something go wrong.
pub fn failures() -> impl Iterator<Item = String> {
    let scripts = SCRIPTS
        .iter()
        .map(|(script, what)| format!("  {script:<10}   {what}"));
    std::iter::once("failures  a clientReference begins with".to_owned()).chain(scripts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_assets_have_their_form() {
        assert_eq!(demo_assets().unwrap().len(), 3);
    }
}
