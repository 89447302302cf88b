//! Whose token a request carries, and what it allows.

use axum::http::{HeaderMap, header};
use jiff::{SignedDuration, Timestamp};
use x428::wire::withdrawal::{
    AuthorizedAction, ClientId, HttpsUri, Scope, Subject, TokenType, WithdrawalErrorCode as Code,
};
use x428::withdrawal::intent::Parties;
use x428::withdrawal::refusal::Refused;

use super::call::Call;
use super::digest;
use super::failure::{Challengers, Failure};
use super::model::{AccessToken, Client, Consent};
use super::oauth::dpop;
use super::store::{Fault, Writing};

/// A token, the grant of its owner and the client that has it.
const TOKEN: &str = "SELECT access_token.data AS token, consent.data AS consent,
        client.data AS client
    FROM access_token JOIN consent ON consent.id = access_token.consent
        JOIN client ON client.id = access_token.client
    WHERE access_token.id = $1";

/// A client that acts for an owner.
pub(crate) struct Caller {
    pub(crate) client: Client,
    pub(crate) consent: Consent,
    pub(crate) scopes: Vec<Scope>,
    /// The key to which the token is bound.
    pub(crate) jkt: Option<String>,
}

impl Caller {
    /// The owner for whom the client acts.
    pub(crate) fn owner(&self) -> &str {
        &self.consent.owner
    }

    /// Whether the grant has not ended since the token was read: to be asked in the owner's turn.
    pub(crate) async fn still_granted(&self, writing: &mut Writing) -> Result<(), Failure> {
        let consent = writing.get(&self.consent.id).await?;
        self.is_granted(consent.as_ref())
    }

    /// Whether the grant that was read in the owner's turn has not ended.
    pub(crate) fn is_granted(&self, consent: Option<&Consent>) -> Result<(), Failure> {
        if consent.is_some_and(|consent| consent.ended_at.is_none()) {
            return Ok(());
        }
        let why = "The owner's consent has ended.";
        Err(unauthorized(why, self.jkt.is_some()))
    }

    /// Between whom a withdrawal is.
    pub(crate) fn parties(&self, call: &Call) -> Result<Parties, Fault> {
        Ok(Parties {
            issuer: HttpsUri::parse(call.exchange.settings.issuer.as_str())
                .map_err(Fault::because)?,
            client_id: ClientId::parse(self.client.id.as_str()).map_err(Fault::because)?,
            subject: Subject::parse(self.consent.subject.as_str()).map_err(Fault::because)?,
        })
    }
}

/// The steps 1 and 2 of the order: the token, the proof of possession, the scope.
// r[impl withdrawal.oauth.scopes]
// r[impl withdrawal.dpop.downgrade]
pub(crate) async fn authorize(call: &Call, scope: Scope) -> Result<Caller, Failure> {
    let presented = presented(&call.headers).map_err(|why| unauthorized(why, false))?;
    let refuse = |why| unauthorized(why, presented.dpop);
    let values = vec![digest::of(presented.token).into()];
    let rows = call.exchange.store.rows(TOKEN, values).await?;
    let row = rows
        .first()
        .ok_or_else(|| refuse("The access token is not valid."))?;
    let token: AccessToken = row.record("token")?;
    let consent: Consent = row.record("consent")?;
    let client: Client = row.record("client")?;
    if token.revoked {
        return Err(refuse("The access token was revoked."));
    }
    if call.now >= token.ends_at {
        return Err(refuse("The access token has expired."));
    }
    if consent.ended_at.is_some() {
        return Err(refuse("The owner's consent has ended."));
    }
    match (&token.jkt, presented.dpop) {
        (None, false) => {}
        (None, true) | (Some(_), false) => {
            return Err(refuse("The access token has another type."));
        }
        (Some(jkt), true) => {
            let shown = dpop::check(call, Some(presented.token)).await;
            let shown = shown.map_err(|refusal| of_proof(call, refusal))?;
            if !digest::same(jkt, &shown) {
                return Err(refuse("The access token is bound to another key."));
            }
        }
    }
    let counted = call.exchange.rate(&consent.client, &consent.owner, call);
    counted.await?;
    // r[impl withdrawal.order.authentication-first]
    let age_max = call.exchange.settings.authentication_age_max;
    let oldest = SignedDuration::try_from(age_max).map_err(Fault::because)?;
    if call.now > consent.authenticated_at + oldest {
        return Err(weak(presented.dpop, age_max.as_secs()));
    }
    let caller = Caller {
        client,
        consent,
        scopes: token.scopes,
        jkt: token.jkt,
    };
    if !caller.scopes.contains(&scope) || !is_among_actions(&caller, scope) {
        let message = format!("The token lacks the scope {}.", scope.as_str());
        let challengers = Challengers {
            parameters: format!("scope=\"{}\"", scope.as_str()),
            dpop: presented.dpop,
            nonce: None,
        };
        let refused = Refused::new(Code::InsufficientScope, message);
        return Err(Failure::Unauthorized(Box::new((refused, challengers))));
    }
    Ok(caller)
}

/// Whether the authorization details, if there are any, allow what the scope is for.
fn is_among_actions(caller: &Caller, scope: Scope) -> bool {
    let action = match scope {
        Scope::WithdrawalsCreate => AuthorizedAction::Create,
        Scope::WithdrawalsRead => AuthorizedAction::Read,
        Scope::WithdrawalsCancel => AuthorizedAction::Cancel,
        _ => return true,
    };
    let details = &caller.consent.details;
    details.is_empty()
        || details
            .iter()
            .any(|detail| detail.actions.contains(&action))
}

struct Presented<'a> {
    token: &'a str,
    dpop: bool,
}

// r[impl withdrawal.http.once]
fn presented(headers: &HeaderMap) -> Result<Presented<'_>, &'static str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or("The access token is missing.")?;
    if values.next().is_some() {
        return Err("The header Authorization is there twice.");
    }
    if dpop::count(headers) > 1 {
        return Err("The header DPoP is there twice.");
    }
    let value = value
        .to_str()
        .map_err(|_| "The access token is not readable.")?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    let is = |kind: TokenType| scheme.eq_ignore_ascii_case(kind.as_str());
    match (is(TokenType::Bearer), is(TokenType::DPoP)) {
        (true, _) => Ok(Presented { token, dpop: false }),
        (_, true) => Ok(Presented { token, dpop: true }),
        _ => Err("The scheme of Authorization is not known."),
    }
}

fn unauthorized(why: &'static str, dpop: bool) -> Failure {
    let challengers = Challengers {
        dpop,
        ..Challengers::default()
    };
    Failure::Unauthorized(Box::new((
        Refused::new(Code::InvalidToken, why),
        challengers,
    )))
}

fn weak(dpop: bool, age_max: u64) -> Failure {
    let challengers = Challengers {
        parameters: format!("max_age=\"{age_max}\""),
        dpop,
        nonce: None,
    };
    let refused = Refused::new(
        Code::InsufficientUserAuthentication,
        "The owner has to log in anew.",
    );
    Failure::Unauthorized(Box::new((refused, challengers)))
}

fn of_proof(call: &Call, refusal: dpop::Refusal) -> Failure {
    use x428::wire::withdrawal::ErrorDetailCode;
    match refusal {
        dpop::Refusal::Fault(fault) => fault.into(),
        dpop::Refusal::Invalid => unauthorized("The DPoP proof is not accepted.", true),
        dpop::Refusal::NeedsNonce => Failure::Unauthorized(Box::new((
            Refused::new(Code::UseDpopNonce, "The proof needs a nonce.")
                .at("/DPoP", ErrorDetailCode::Missing),
            Challengers {
                parameters: String::new(),
                dpop: true,
                nonce: Some(dpop::nonce(&call.exchange, call.now)),
            },
        ))),
    }
}

/// When a day and a month of UTC have begun.
pub(crate) fn periods(now: Timestamp) -> Result<(Timestamp, Timestamp), Fault> {
    let zoned = now.to_zoned(jiff::tz::TimeZone::UTC);
    let day = zoned.start_of_day().map_err(Fault::because)?;
    let month = day.first_of_month().map_err(Fault::because)?;
    Ok((day.timestamp(), month.timestamp()))
}
