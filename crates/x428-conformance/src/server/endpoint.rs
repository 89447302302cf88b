//! The attestation endpoint.

use http::{Method, header};
use url::Url;
use x428::http::{ATTESTATION, response};
use x428::jcs::{Limits, StrictJson};
use x428::wire::attestation::{AttestationToken, ErrorCode, JSON_SIZE_MAX};

use super::first::JSON;
use super::forge::{Forge, encode};
use super::wire::Answer;
use super::{ServerCheck, Session, holds};

impl<T: FnMut(&ServerCheck)> Session<T> {
    pub(super) async fn endpoint(&mut self) {
        let requirement = "attestation.http.endpoint-success";
        let what = "a posted payload is answered with the token";
        let prepared = self.prepare().await;
        let (endpoint, good, unknown) = match prepared {
            Ok(Some(prepared)) => prepared,
            Ok(None) => return self.skip(requirement, what, "the challenge names no endpoint"),
            Err(why) => return self.check(requirement, what, Err(why)),
        };
        let malformed = &[ErrorCode::MalformedPayload][..];
        let long = vec![b' '; JSON_SIZE_MAX + 1];
        let in_header = encode(&good);
        let both = [JSON, (ATTESTATION, in_header.as_str())];
        let as_text = [(header::CONTENT_TYPE, "text/plain")];
        for (requirement, what, headers, body, codes) in [
            (
                "attestation.http.endpoint-media-type",
                "a body of another media type is refused",
                &as_text[..],
                good.clone().into_bytes(),
                malformed,
            ),
            (
                "attestation.http.endpoint-read",
                "a body that is too long is refused",
                &[JSON][..],
                long,
                malformed,
            ),
            (
                "attestation.submit.ambiguous",
                "a payload in the header of a POST to the endpoint is refused",
                &both[..],
                good.clone().into_bytes(),
                malformed,
            ),
            (
                "attestation.http.endpoint-challenge",
                "a posted payload with an unknown nonce is refused",
                &[JSON][..],
                unknown.into_bytes(),
                &[ErrorCode::ChallengeMismatch][..],
            ),
        ] {
            let answer = self
                .wire
                .send(Method::POST, &endpoint, headers, Some(body))
                .await;
            let verdict = answer.and_then(|answer| answer.refuses(codes));
            self.check(requirement, what, verdict);
        }
        let body = Some(good.into_bytes());
        let answer = self.wire.send(Method::POST, &endpoint, &[JSON], body).await;
        self.check(requirement, what, answer.and_then(|answer| grants(&answer)));
    }

    /// The endpoint, a payload for a fresh challenge, and one for none.
    async fn prepare(&self) -> Result<Option<(Url, String, String)>, String> {
        let required = self.wire.get(&self.target, &[]).await?.required()?;
        let challenge = required.challenge().ok_or("no challenge")?;
        let Some(endpoint) = &challenge.message().attestation_endpoint else {
            return Ok(None);
        };
        let endpoint = Url::parse(endpoint.as_str()).map_err(|error| error.to_string())?;
        holds(endpoint.origin() == self.target.origin(), || {
            "the endpoint has another origin".to_owned()
        })?;
        let forge = Forge {
            challenge,
            key: &self.key,
        };
        let unknown = forge.changed(|members| {
            members.insert("challenge".to_owned(), "5f".repeat(32).into());
        })?;
        Ok(Some((endpoint, forge.good()?, unknown)))
    }
}

fn grants(answer: &Answer) -> Result<(), String> {
    holds(answer.status.as_u16() == 200, || {
        format!("the status is {}", answer.status)
    })?;
    let in_header = response::token(&answer.headers).map_err(|error| error.to_string())?;
    let body =
        StrictJson::parse(&answer.body, Limits::default()).map_err(|error| error.to_string())?;
    let in_body: AttestationToken = body.read("token").map_err(|error| error.to_string())?;
    holds(in_header == Some(in_body), || {
        "the token of the header is not that of the body".to_owned()
    })
}
