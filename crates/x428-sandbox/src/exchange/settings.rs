//! How an exchange is run. What differs between jurisdictions is configuration.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use x428::wire::withdrawal::{
    ACCESS_TOKEN_LIFETIME_MAX, AUTHORIZATION_CODE_LIFETIME_MAX, CHALLENGE_KEPT_MIN,
    CHALLENGE_LIFETIME_MAX, IDEMPOTENCY_RETENTION_MIN, PAR_LIFETIME_MAX, PROOF_LIFETIME_MAX,
};
use x428::withdrawal::decimal::Decimal;

use super::mail::MailServer;

mod allowed;

pub use allowed::NotAllowed;

/// The settings of an exchange. An exchange is not made with one that the specification does not
/// [allow](NotAllowed).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// Where the exchange is, without a slash at the end: its issuer and the base of its API.
    pub issuer: String,
    /// Its name for a person.
    pub name: String,
    /// How long an access token lives.
    pub access_token_lifetime: Duration,
    /// How long an authorization code lives.
    pub code_lifetime: Duration,
    /// How long a pushed request, and a consent page, lives.
    pub request_lifetime: Duration,
    /// How long a browser stays logged in.
    pub session_lifetime: Duration,
    /// How old the owner's authentication may be.
    pub authentication_age_max: Duration,
    /// How long a quote holds.
    pub quote_lifetime: Duration,
    /// How long a challenge can be met.
    pub challenge_lifetime: Duration,
    /// How long a challenge can be read after it could be met.
    pub challenge_kept: Duration,
    /// How many challenges of a grant, and of an owner, may wait at the same time.
    pub challenges: (usize, usize),
    /// How long a proof can be used.
    pub proof_lifetime: Duration,
    /// How long idempotency keys are kept.
    pub idempotency_retention: Duration,
    /// How long a withdrawal waits for information.
    pub information_deadline: Duration,
    /// How long a step of the settlement takes.
    pub pace: Duration,
    /// Withdrawals of this value in US dollars and above are reviewed.
    pub review_from: Option<Decimal>,
    /// What the Travel Rule asks for, by jurisdiction.
    pub travel_rules: BTreeMap<String, TravelRuleThresholds>,
    /// The limit of a day in US dollars that a grant gets if the client asks for none.
    pub default_limit: Decimal,
    /// How many requests a client may make in a minute for one owner.
    pub requests_per_minute: u32,
    /// How many requests a client may make in a minute for all owners, and as many to the endpoints
    /// of OAuth.
    pub requests_per_client: u32,
    /// How many requests there may be in a minute from one address, or one network of IPv6, of
    /// which it is not known whose they are. Each instance counts them alone.
    pub requests_per_origin: u32,
    /// The proxies in front of the exchange: what they say in `X-Forwarded-For` of where a request
    /// comes from is believed. That of others is not.
    pub trusted_proxies: Vec<IpAddr>,
    /// How many withdrawals a client may submit in a day for one owner.
    pub withdrawals_per_day: u32,
    /// How many messages with codes an owner gets in an hour, and in a day.
    pub sends: (i64, i64),
    /// How many wrong codes an account may see in a day, and each credential.
    pub attempts: (i64, i64),
    /// After how long the keys of proofs, webhooks and cursors are replaced.
    pub keys_replaced: Duration,
    /// Where e-mails go; to the outbox page if there is nothing.
    pub mail_server: Option<MailServer>,
    /// How long messages to owners are kept.
    pub messages_kept: Duration,
    /// How long withdrawals are held after a change of password, second factors or contact data.
    pub security_hold: Duration,
    /// How long a destination that an owner has added cannot be used.
    pub address_cooling: Duration,
    /// Whether clients of the High profile alone are served.
    pub require_high: bool,
    /// Whether the keys that the text publishes are accepted: in tests alone.
    pub accept_test_keys: bool,
    /// Whether webhooks may go to addresses that are not public, by plain HTTP too.
    pub private_webhooks: bool,
    /// How long the receiver of a webhook may take. An instance keeps a delivery to itself for six
    /// times as long.
    pub webhook_patience: Duration,
    /// Names networks whose withdrawals are suspended.
    pub suspended: Vec<String>,
}

/// From which value on in US dollars the Travel Rule asks for something.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct TravelRuleThresholds {
    /// For the type of the wallet and the beneficiary, at submission.
    pub data_from: Option<Decimal>,
    /// For a proof that a self-hosted address is the owner's, at submission.
    pub ownership_from: Option<Decimal>,
    /// For such a proof after submission: the withdrawal is held.
    pub hold_from: Option<Decimal>,
}

impl TravelRuleThresholds {
    /// Nothing is asked for.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }
}

impl Settings {
    /// The settings of a sandbox at `issuer`, such as `https://localhost:8429`.
    #[must_use]
    pub fn new(issuer: impl Into<String>) -> Self {
        const MINUTE: Duration = Duration::from_mins(1);
        let travel_rules = BTreeMap::from([
            ("none".to_owned(), TravelRuleThresholds::none()),
            (
                "strict".to_owned(),
                TravelRuleThresholds {
                    data_from: Some(Decimal::from(1000)),
                    ownership_from: None,
                    hold_from: Some(Decimal::from(1000)),
                },
            ),
        ]);
        Self {
            issuer: issuer.into().trim_end_matches('/').to_owned(),
            name: "Example Exchange".to_owned(),
            access_token_lifetime: ACCESS_TOKEN_LIFETIME_MAX,
            code_lifetime: AUTHORIZATION_CODE_LIFETIME_MAX,
            request_lifetime: PAR_LIFETIME_MAX,
            session_lifetime: 8 * 60 * MINUTE,
            authentication_age_max: 90 * 24 * 60 * MINUTE,
            quote_lifetime: MINUTE,
            challenge_lifetime: CHALLENGE_LIFETIME_MAX,
            challenge_kept: CHALLENGE_KEPT_MIN,
            challenges: (16, 64),
            proof_lifetime: PROOF_LIFETIME_MAX,
            idempotency_retention: IDEMPOTENCY_RETENTION_MIN,
            information_deadline: 24 * 60 * MINUTE,
            pace: Duration::from_secs(5),
            review_from: Some(Decimal::from(50_000)),
            travel_rules,
            default_limit: Decimal::from(1000),
            requests_per_minute: 120,
            requests_per_client: 60_000,
            requests_per_origin: 1200,
            trusted_proxies: Vec::new(),
            withdrawals_per_day: 50,
            sends: (10, 30),
            attempts: (20, 10),
            keys_replaced: 30 * 24 * 60 * MINUTE,
            mail_server: None,
            messages_kept: 7 * 24 * 60 * MINUTE,
            security_hold: 24 * 60 * MINUTE,
            address_cooling: 24 * 60 * MINUTE,
            require_high: false,
            accept_test_keys: false,
            private_webhooks: false,
            webhook_patience: Duration::from_secs(10),
            suspended: Vec::new(),
        }
    }

    /// The host of the issuer, which is the RP ID of passkeys.
    pub(crate) fn host(&self) -> String {
        url::Url::parse(&self.issuer)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned))
            .unwrap_or_default()
    }
}
