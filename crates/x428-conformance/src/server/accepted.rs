//! The handshake as it should be, and what is done with its token.

use futures_util::future::join_all;
use x428::attestation::receipt::{self, Evidence};
use x428::attestation::{Challenge, scope, token};
use x428::clock::{Clock as _, SystemClock};
use x428::did::key;
use x428::http::{ATTESTATION, RECEIPT, TOKEN, response};
use x428::jcs::{Limits, StrictJson};
use x428::wire::attestation::{AttestationToken, ErrorCode, TOKEN_LIFETIME_MAX};

use super::forge::{Forge, encode};
use super::wire::Answer;
use super::{ServerCheck, Session, holds};

const RIVALS: usize = 4;

impl<T: FnMut(&ServerCheck)> Session<T> {
    /// Answers the challenge that all bad payloads have been sent for.
    pub(super) async fn accepted(&mut self, challenge: &Challenge) {
        let what = "a good payload is accepted, also after bad ones for the same challenge";
        let requirement = "attestation.verify.consume-on-success";
        let forge = Forge {
            challenge,
            key: &self.key,
        };
        let good = match forge.good() {
            Ok(good) => good,
            Err(why) => return self.check(requirement, what, Err(why)),
        };
        let target = self.target.clone();
        let value = encode(&good);
        let answer = match self.wire.get(&target, &[(ATTESTATION, &value)]).await {
            Ok(answer) => answer,
            Err(why) => return self.check(requirement, what, Err(why)),
        };
        let verdict = is_let_through(&answer);
        let is_accepted = verdict.is_ok();
        self.check(requirement, what, verdict);
        if !is_accepted {
            for requirement in ["attestation.token.*", "attestation.verify.replay"] {
                self.skip(
                    requirement,
                    "after a good payload",
                    "no payload was accepted",
                );
            }
            return;
        }
        let granted = self.of_grant(&answer);
        self.of_receipt(&answer, &good);

        let replayed = self.wire.get(&target, &[(ATTESTATION, &value)]).await;
        let replayed = replayed.and_then(|answer| answer.refuses(&[ErrorCode::NonceReplayed]));
        self.check(
            "attestation.verify.replay",
            "the same payload a second time is refused in step 6",
            replayed,
        );
        if let Some(granted) = granted {
            self.use_token(&granted).await;
        }
        self.race().await;
    }

    fn of_grant(&mut self, answer: &Answer) -> Option<AttestationToken> {
        let is_private = answer.has_directive(&["no-store", "private"]);
        let private = holds(is_private, || "neither `no-store` nor `private`".to_owned());
        self.check(
            "attestation.http.private",
            "the response to a payload is not for shared caches",
            private,
        );
        let what = "X-428-Token carries the token of an accepted payload";
        let granted = match response::token(&answer.headers) {
            Ok(Some(granted)) => granted,
            Ok(None) => {
                self.check(
                    "attestation.http.token-header",
                    what,
                    Err("it is not there".to_owned()),
                );
                return None;
            }
            Err(error) => {
                self.check(
                    "attestation.http.token-header",
                    what,
                    Err(error.to_string()),
                );
                return None;
            }
        };
        self.check("attestation.http.token-header", what, Ok(()));
        let left = granted
            .expires_at
            .instant()
            .duration_since(SystemClock.now())
            .as_secs();
        let longest = i64::try_from(TOKEN_LIFETIME_MAX.as_secs()).unwrap_or(i64::MAX) + 60;
        let lifetime = holds((1..=longest).contains(&left), || {
            format!("it expires in {left} seconds")
        });
        self.check(
            "attestation.token.lifetime",
            "a token lives for a day at most",
            lifetime,
        );
        let contains = scope::matches(granted.scope.as_str(), self.target.as_str());
        let contains = holds(contains, || {
            format!("the scope is {}", granted.scope.as_str())
        });
        self.check(
            "attestation.scope.grant",
            "the scope contains the resource",
            contains,
        );
        let long = holds(granted.token.as_str().len() >= 22, || {
            "it is shorter than 128 bits".to_owned()
        });
        self.check(
            "attestation.token.unguessable",
            "a token has room for 128 random bits",
            long,
        );
        Some(granted)
    }

    fn of_receipt(&mut self, answer: &Answer, payload: &str) {
        let what = "the receipt is one of this attestation";
        if answer.header(&RECEIPT).is_none() {
            return self.skip("attestation.receipt.issue", what, "the server issues none");
        }
        let verdict = check_receipt(answer, self.received.as_ref(), payload);
        match verdict {
            Ok(Some(verdict)) => self.check("attestation.receipt.signature", what, verdict),
            Ok(None) => self.skip(
                "attestation.receipt.signature",
                what,
                "its server is no did:key",
            ),
            Err(why) => self.check("attestation.receipt.signature", what, Err(why)),
        }
    }

    async fn use_token(&mut self, granted: &AttestationToken) {
        let target = self.target.clone();
        let opaque = granted.token.as_str();
        let later = self.wire.get(&target, &[(TOKEN, opaque)]).await;
        let private = later
            .as_ref()
            .map(|answer| answer.has_directive(&["no-store", "private"]));
        self.check(
            "attestation.token.present",
            "a later request with the token is let through",
            later.as_ref().map_err(Clone::clone).and_then(|answer| {
                holds(answer.status != x428::http::STATUS, || {
                    "it is answered with 428".to_owned()
                })
            }),
        );
        let private = private.map_err(|_| "no answer".to_owned());
        let private = private
            .and_then(|private| holds(private, || "neither `no-store` nor `private`".to_owned()));
        self.check(
            "attestation.http.private",
            "the response to a token is not for shared caches",
            private,
        );

        for (requirement, what, headers) in [
            (
                "attestation.token.unknown",
                "a token of somebody else is no token",
                vec![(TOKEN, "bm90LW9uZS1vZi1vdXJzLW5vdC1vbmUtb2Ytb3Vycw")],
            ),
            (
                "attestation.http.repeated",
                "a repeated X-428-Token is no token",
                vec![(TOKEN, opaque), (TOKEN, opaque)],
            ),
        ] {
            let answer = self.wire.get(&target, &headers).await;
            let verdict = answer.and_then(|answer| {
                let required = answer.required()?;
                match required.error() {
                    None => Ok(()),
                    Some(code) => Err(format!("it is refused with {}", code.as_str())),
                }
            });
            self.check(requirement, what, verdict);
        }
        let both = [(TOKEN, opaque), (ATTESTATION, "e30")];
        let answer = self.wire.get(&target, &both).await;
        let verdict = answer.and_then(|answer| {
            holds(answer.status == x428::http::STATUS, || {
                "the bad payload was not looked at".to_owned()
            })
        });
        self.check(
            "attestation.submit.attestation-first",
            "of a payload and a token the payload decides",
            verdict,
        );
        self.misplace(granted).await;
    }

    async fn misplace(&mut self, granted: &AttestationToken) {
        let what = "a token for another resource is refused";
        let requirement = "attestation.token.scope-mismatch";
        let Some(other) = self.other.clone() else {
            return self.skip(requirement, what, "no other guarded resource was named");
        };
        let now = SystemClock.now();
        if token::check(granted, other.as_str(), now).is_ok() {
            return self.skip(requirement, what, "the token opens the other resource too");
        }
        let answer = self
            .wire
            .get(&other, &[(TOKEN, granted.token.as_str())])
            .await;
        let verdict = answer.and_then(|answer| answer.refuses(&[ErrorCode::TokenScopeMismatch]));
        self.check(requirement, what, verdict);
    }

    /// The same payload several times at once.
    async fn race(&mut self) {
        let what = "of the same payload several times at once, one is accepted";
        let verdict = self.rivals().await;
        self.check("attestation.verify.consume", what, verdict);
    }

    async fn rivals(&self) -> Result<(), String> {
        let first = self.wire.get(&self.target, &[]).await?.required()?;
        let challenge = first.challenge().ok_or("no challenge")?;
        let forge = Forge {
            challenge,
            key: &self.key,
        };
        let value = encode(&forge.good()?);
        let headers = [(ATTESTATION, value.as_str())];
        let rivals = (0..RIVALS).map(|_| self.wire.get(&self.target, &headers));
        let mut accepted = 0;
        for answer in join_all(rivals).await {
            let answer = answer?;
            if is_let_through(&answer).is_ok() {
                accepted += 1;
            } else {
                answer.refuses(&[ErrorCode::NonceReplayed])?;
            }
        }
        holds(accepted == 1, || format!("{accepted} are accepted"))
    }
}

/// Neither refused nor undecided.
pub(super) fn is_let_through(answer: &Answer) -> Result<(), String> {
    if answer.status == x428::http::STATUS {
        let code = answer.required().ok().and_then(|required| required.error());
        return Err(code.map_or("it is answered with 428".to_owned(), |code| {
            format!("it is refused with {}", code.as_str())
        }));
    }
    let is_outage = answer.status.as_u16() == 503;
    holds(!is_outage, || "the server is out of order (503)".to_owned())
}

/// Whether the receipt is right; nothing if its server has to be resolved elsewhere.
fn check_receipt(
    answer: &Answer,
    challenge: Option<&StrictJson>,
    payload: &str,
) -> Result<Option<Result<(), String>>, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let receipt = response::receipt(&answer.headers).map_err(|error| text(&error))?;
    let token = response::received_token(&answer.headers).map_err(|error| text(&error))?;
    let (Some(receipt), Some(token), Some(challenge)) = (receipt, token, challenge) else {
        return Err("the token or the challenge is not there".to_owned());
    };
    let server = receipt::server(&receipt, None).map_err(|error| text(&error))?;
    let Ok(document) = key::document(&server) else {
        return Ok(None);
    };
    let payload =
        StrictJson::parse(payload.as_bytes(), Limits::default()).map_err(|error| text(&error))?;
    let evidence = Evidence {
        challenge,
        payload: &payload,
        token: &token,
        document: None,
    };
    let checked = receipt::check(&receipt, &document, evidence);
    Ok(Some(checked.map(|_| ()).map_err(|error| text(&error))))
}
