//! The step-up challenge as a client may act on it (section 7.2).

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use super::answer::read;
use super::metadata::url_of;
use super::tokens::wipe;
use super::{ClientError, Discovered};
use crate::error::Malformed;
use crate::wire::withdrawal::{
    Challenge, ChallengeMethod, ChallengePolicy, ChallengeStatus, MethodMode, MethodStatus,
    StepUpMethod, WithdrawalRequest,
};
use crate::withdrawal::decimal::Decimal;

/// A challenge that was compared with what the client submitted. Its proof is taken out: it is for
/// the exchange and nobody else.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct StepUp {
    /// The challenge, with the methods that this client knows. Pages that are not of the exchange
    /// are left out.
    pub challenge: Challenge,
    /// Methods that this client does not know. They can be met at the hosted page.
    pub unknown_methods: Vec<String>,
    /// Whether this client understands the challenge well enough to act. Otherwise it waits.
    pub is_understood: bool,
    proof: Option<Zeroizing<String>>,
}

impl StepUp {
    /// Reads a challenge, or the 428 that asks for one.
    // r[impl withdrawal.json.unknown-value]
    // r[impl withdrawal.proof.opaque]
    pub(super) fn read(mut body: Value, discovered: &Discovered) -> Result<Self, ClientError> {
        let mut unknown_methods = Vec::new();
        if let Some(Value::Array(methods)) = body.get_mut("methods") {
            methods.retain(|method| {
                let known = is_known_method(method);
                if !known {
                    let name = method.get("method").and_then(Value::as_str);
                    unknown_methods.extend(name.map(str::to_owned));
                }
                known
            });
            if methods.is_empty() && !unknown_methods.is_empty() {
                wipe(&mut body);
                return Err(ClientError::Unsupported(
                    "a challenge by methods that are not known",
                ));
            }
        }
        let mut is_understood = true;
        is_understood &=
            known_or::<ChallengeStatus>(&mut body, "status", ChallengeStatus::Pending.as_str());
        is_understood &=
            known_or::<ChallengePolicy>(&mut body, "policy", ChallengePolicy::All.as_str());
        let challenge = read::<Challenge>(&body, "challenge");
        wipe(&mut body);
        let mut challenge = challenge?;
        let proof = challenge.challenge_proof.take();
        own_pages_only(&mut challenge, discovered)?;
        Ok(Self {
            proof: proof.map(|proof| Zeroizing::new(proof.into_string())),
            challenge,
            unknown_methods,
            is_understood,
        })
    }

    /// Refuses a challenge that shows the owner something else than was submitted.
    // r[impl withdrawal.challenge.client-display]
    pub(super) fn check(&self, request: &WithdrawalRequest) -> Result<(), ClientError> {
        let display = &self.challenge.display;
        let amounts = (
            Decimal::try_from(&display.amount),
            Decimal::try_from(&request.amount),
        );
        let is_amount = matches!(amounts, (Ok(shown), Ok(asked)) if shown == asked);
        let is_shown = is_amount
            && display.asset == request.asset
            && display.network == request.network
            && display.address == request.address;
        if is_shown {
            Ok(())
        } else {
            Err(ClientError::Untrusted(
                "a challenge for another withdrawal than was submitted",
            ))
        }
    }

    /// What this challenge has become, if that is the same one.
    pub(super) fn followed_by(&self, next: Self) -> Result<Self, ClientError> {
        let (a, b) = (&self.challenge, &next.challenge);
        let is_same = a.challenge_id == b.challenge_id
            && a.intent_hash == b.intent_hash
            && a.display == b.display;
        if is_same {
            Ok(next)
        } else {
            Err(ClientError::Untrusted(
                "another challenge in the place of the one that was asked for",
            ))
        }
    }

    /// The method, as far as it is.
    #[must_use]
    pub fn method(&self, method: StepUpMethod) -> Option<&ChallengeMethod> {
        let mut methods = self.challenge.methods.iter();
        methods.find(|offered| offered.method == method)
    }

    /// The page of the exchange at which the owner can meet the challenge by any method. It is
    /// opened in the owner's browser, not in a view that the application controls.
    // r[impl withdrawal.hosted.browser]
    #[must_use]
    pub fn page(&self) -> Option<Url> {
        let mut methods = self.challenge.methods.iter();
        let page = methods.find_map(|method| method.verification_uri.as_ref())?;
        url_of(page).ok()
    }

    /// Whether it waits for the owner at this moment.
    #[must_use]
    pub fn is_pending(&self, now: Timestamp) -> bool {
        self.challenge.status == ChallengeStatus::Pending
            && now < self.challenge.expires_at.instant()
    }

    pub(super) fn take_proof(&mut self) -> Option<Zeroizing<String>> {
        self.proof.take()
    }

    pub(super) fn interval(&self) -> Duration {
        Duration::from_secs(self.challenge.poll_interval.get().into())
    }
}

impl fmt::Debug for StepUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepUp")
            .field("challenge", &self.challenge)
            .field("unknown_methods", &self.unknown_methods)
            .field("is_understood", &self.is_understood)
            .finish_non_exhaustive()
    }
}

fn is_known_method(method: &Value) -> bool {
    fn is_word<T: std::str::FromStr>(value: Option<&Value>) -> bool {
        // What is no text is malformed, and for the reader to refuse.
        value
            .and_then(Value::as_str)
            .is_none_or(|word| word.parse::<T>().is_ok())
    }
    is_word::<StepUpMethod>(method.get("method"))
        && is_word::<MethodMode>(method.get("mode"))
        && is_word::<MethodStatus>(method.get("status"))
}

/// Puts a word that is known into the place of one that is not, and says whether it was known.
fn known_or<T: std::str::FromStr>(body: &mut Value, member: &str, instead: &str) -> bool {
    match body.get_mut(member) {
        Some(Value::String(word)) if word.parse::<T>().is_err() => {
            instead.clone_into(word);
            false
        }
        _ => true,
    }
}

fn own_pages_only(challenge: &mut Challenge, discovered: &Discovered) -> Result<(), ClientError> {
    let own = [
        url_of(&discovered.authorization_server.issuer)?.origin(),
        url_of(&discovered.authorization_server.authorization_endpoint)?.origin(),
    ];
    let methods: Vec<ChallengeMethod> = challenge
        .methods
        .iter()
        .cloned()
        .map(|mut method| {
            method.verification_uri = method
                .verification_uri
                .filter(|page| url_of(page).is_ok_and(|url| own.contains(&url.origin())));
            method
        })
        .collect();
    challenge.methods = methods
        .try_into()
        .map_err(|_| Malformed::new("challenge", "not of its form"))?;
    Ok(())
}
