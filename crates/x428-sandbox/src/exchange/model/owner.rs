use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use x428::wire::withdrawal::{ChallengePolicy, StepUpMethod};
use x428::withdrawal::decimal::Decimal;

use crate::exchange::store::record::record;

/// Who has an account.
#[derive(Serialize, Deserialize, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Owner {
    pub(crate) id: String,
    pub(crate) login: String,
    /// The name of the person, for the Travel Rule's originator.
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    /// Argon2id, in the PHC form.
    pub(crate) password: String,
    /// The secret of the authenticator app, sealed.
    pub(crate) totp: Option<String>,
    /// The last time step whose code was accepted.
    pub(crate) totp_step: Option<u64>,
    pub(crate) passkeys: Vec<Passkey>,
    /// Whether the exchange's app is on the owner's phone.
    pub(crate) app: bool,
    /// Whether the app knows the owner's face.
    pub(crate) face: bool,
    pub(crate) step_up: StepUpRule,
    pub(crate) jurisdiction: String,
    /// What may leave the account in a day of UTC, in US dollars.
    pub(crate) daily_limit: Decimal,
    pub(crate) restricted: bool,
    pub(crate) identified: bool,
    /// Withdrawals are held until then.
    pub(crate) held_until: Option<Timestamp>,
    /// If present, the only destinations.
    pub(crate) addresses: Option<Vec<KnownAddress>>,
    /// Addresses that the owner has shown to control.
    pub(crate) shown: Vec<String>,
    /// Grants from before then are not refreshed.
    pub(crate) secured_at: Timestamp,
    /// Browsers that have logged in before then have to log in again.
    pub(crate) sessions_from: Timestamp,
}

record!(Owner, "owner", ["login" = "$3" => |owner| owner.login.as_str().into()]);

/// When an owner has to approve a withdrawal, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepUpRule {
    /// From this value on in US dollars.
    pub from: Decimal,
    /// Whether one method is enough.
    pub policy: ChallengePolicy,
    /// The methods, in the order in which they are offered.
    pub methods: Vec<StepUpMethod>,
}

/// A destination that the owner has allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownAddress {
    /// The network.
    pub network: String,
    /// The address.
    pub address: String,
    /// From when on it can be used.
    pub usable_from: Timestamp,
}

/// A WebAuthn credential.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Passkey {
    /// The id of the credential in base64url.
    pub(crate) id: String,
    pub(crate) name: String,
    /// The algorithm of COSE: −7, −8 or −257.
    pub(crate) algorithm: i64,
    /// The uncompressed point, the Ed25519 key or the `RSAPublicKey`, in base64url.
    pub(crate) key: String,
    pub(crate) counter: u32,
    pub(crate) transports: Vec<String>,
}
