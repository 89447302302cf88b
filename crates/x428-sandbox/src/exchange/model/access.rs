//! Who is allowed what: clients, sessions, consents, codes and tokens.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use x428::wire::withdrawal::{AuthorizationDetail, Scope};

use crate::exchange::security::Change;
use crate::exchange::store::record::record;

/// A client application.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) registered: Registered,
}

record!(Client, "client", []);

/// How a client authenticates, and what is required of it.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) enum Registered {
    /// It can keep no secret.
    Public,
    /// The SHA-256 of its secret, which is random.
    Secret(String),
    /// The High profile: its keys, as JWKs.
    High(Vec<Value>),
}

/// A browser of an owner.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Session {
    /// The digest of the cookie.
    pub(crate) id: String,
    pub(crate) owner: Option<String>,
    /// Since when the password is known.
    pub(crate) password_at: Option<Timestamp>,
    /// Since when a second factor is.
    pub(crate) factor_at: Option<Timestamp>,
    /// The code that was sent to log in, as a digest, and until when it can be used.
    pub(crate) code: Option<(String, Timestamp)>,
    /// The challenge of a passkey that is being enrolled.
    pub(crate) enrolling: Option<String>,
    /// The secret of an authenticator app that is being added, sealed.
    pub(crate) authenticator: Option<String>,
    /// What was changed in this browser last, and when.
    pub(crate) changed: Option<(Change, Timestamp)>,
    pub(crate) ends_at: Timestamp,
}

impl Session {
    /// The session of the browser in which something was just changed: it goes on.
    pub(crate) fn refreshed(self, change: Change, now: Timestamp) -> Self {
        Self {
            changed: Some((change, now)),
            password_at: self.password_at.map(|_| now),
            factor_at: self.factor_at.map(|_| now),
            ..self
        }
    }
}

record!(Session, "session", [
    "ends_at" = "$3" => |session| session.ends_at.as_millisecond().into(),
]);

/// What a client asks the owner for.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct AuthorizationRequest {
    pub(crate) id: String,
    pub(crate) client: String,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) state: Option<String>,
    pub(crate) code_challenge: String,
    pub(crate) details: Vec<AuthorizationDetail>,
    /// The key of DPoP to which the code is bound.
    pub(crate) jkt: Option<String>,
    pub(crate) ends_at: Timestamp,
}

record!(AuthorizationRequest, "authorization_request", [
    "ends_at" = "$3" => |request| request.ends_at.as_millisecond().into(),
]);

/// A code that the client exchanges for tokens.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct AuthorizationCode {
    /// The digest of the code.
    pub(crate) id: String,
    pub(crate) consent: String,
    pub(crate) client: String,
    pub(crate) redirect_uri: String,
    pub(crate) code_challenge: String,
    pub(crate) jkt: Option<String>,
    pub(crate) used: bool,
    pub(crate) ends_at: Timestamp,
}

record!(AuthorizationCode, "authorization_code", [
    "ends_at" = "$3" => |code| code.ends_at.as_millisecond().into(),
]);

/// What an owner has granted a client.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Consent {
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) client: String,
    pub(crate) subject: String,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) details: Vec<AuthorizationDetail>,
    /// Whether the client may see balances.
    pub(crate) balances: bool,
    pub(crate) granted_at: Timestamp,
    /// When the owner was authenticated.
    pub(crate) authenticated_at: Timestamp,
    pub(crate) refresh: Option<Refresh>,
    pub(crate) ended_at: Option<Timestamp>,
}

record!(Consent, "consent", ["owner" = "$3" => |consent| consent.owner.as_str().into()]);

/// The refresh token of a grant.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Refresh {
    pub(crate) generation: u32,
    pub(crate) rotated_at: Timestamp,
    /// The key of DPoP to which it is bound.
    pub(crate) jkt: Option<String>,
}

/// An access token.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct AccessToken {
    /// The digest of the token.
    pub(crate) id: String,
    pub(crate) consent: String,
    pub(crate) client: String,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) jkt: Option<String>,
    pub(crate) issued_at: Timestamp,
    pub(crate) revoked: bool,
    pub(crate) ends_at: Timestamp,
}

record!(AccessToken, "access_token", [
    "consent" = "$3" => |token| token.consent.as_str().into(),
    "client" = "$4" => |token| token.client.as_str().into(),
    "ends_at" = "$5" => |token| token.ends_at.as_millisecond().into(),
]);
