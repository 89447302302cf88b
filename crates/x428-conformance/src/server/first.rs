//! What a server says before anything is attested.

use http::{Method, header};
use url::Url;
use x428::attestation::Challenge;
use x428::clock::{Clock as _, SystemClock};
use x428::http::{DISCOVERY_PATH, REQUIRED, discovery, is_json};
use x428::wire::attestation::ENCODED_HEADER_MAX;

use super::wire::Answer;
use super::{ServerCheck, ServerRunError, Session, holds};

impl<T: FnMut(&ServerCheck)> Session<T> {
    /// Asks without anything, and returns the challenge.
    pub(super) async fn first(&mut self) -> Result<Challenge, ServerRunError> {
        let target = self.target.clone();
        let answer = self.wire.get(&target, &[]).await;
        let answer = answer.map_err(ServerRunError::Unreachable)?;
        if answer.status != x428::http::STATUS {
            let why = format!("the resource is not guarded: it answers {}", answer.status);
            return Err(ServerRunError::NotGuarded(why));
        }
        let required = answer.required();
        let received = required
            .as_ref()
            .ok()
            .and_then(|required| required.received_challenge());
        self.received = received.cloned();
        let challenge = required
            .as_ref()
            .ok()
            .and_then(|required| required.challenge().cloned());
        self.check(
            "attestation.http.status",
            "a request without an attestation is answered with 428",
            Ok(()),
        );
        self.check(
            "attestation.error.body",
            "the body is a PreconditionRequired",
            required.map(|_| ()),
        );
        let Some(challenge) = challenge else {
            let why = "the 428 has no challenge that can be read";
            return Err(ServerRunError::NotGuarded(why.to_owned()));
        };
        self.of_428(&answer);
        self.of_challenge(&answer, &challenge, &target);

        let again = self.wire.get(&target, &[]).await.and_then(|answer| {
            let required = answer.required()?;
            let fresh = required
                .challenge()
                .map(|challenge| challenge.message().challenge.clone());
            holds(
                fresh.as_ref() != Some(&challenge.message().challenge),
                || "two requests got one nonce".to_owned(),
            )
        });
        self.check(
            "attestation.issue.nonce-unpredictable",
            "each challenge has a nonce of its own",
            again,
        );
        Ok(challenge)
    }

    fn of_428(&mut self, answer: &Answer) {
        let json = holds(is_json(&answer.headers), || {
            "it is not application/json".to_owned()
        });
        self.check(
            "attestation.http.content-type",
            "the body of a 428 is application/json",
            json,
        );
        let no_store = holds(answer.has_directive(&["no-store"]), || {
            "no `no-store`".to_owned()
        });
        self.check(
            "attestation.http.no-store",
            "a 428 has Cache-Control: no-store",
            no_store,
        );
        // Header and body have been compared when the response was read.
        self.check(
            "attestation.http.challenge-header",
            "X-428-Required and the body hold the same challenge",
            Ok(()),
        );
        let encoded = answer.header(&REQUIRED).unwrap_or_default();
        let unpadded = holds(!encoded.contains('='), || "it is padded".to_owned());
        self.check(
            "attestation.base64url.write",
            "X-428-Required is unpadded base64url",
            unpadded,
        );
        let size = holds(encoded.len() <= ENCODED_HEADER_MAX, || {
            format!("{} characters", encoded.len())
        });
        self.check(
            "attestation.http.challenge-size",
            "the encoded challenge fits a header",
            size,
        );
        let ordered = holds(encoded.starts_with("eyJ4NDI4VmVyc2lvbiI6"), || {
            "it does not begin with `x428Version`, or has white space".to_owned()
        });
        self.check(
            "attestation.json.member-order",
            "the challenge is written in the order of its schema",
            ordered,
        );
    }

    fn of_challenge(&mut self, answer: &Answer, challenge: &Challenge, target: &Url) {
        let now = SystemClock.now();
        let message = challenge.message();
        let usable = challenge
            .check_for_request(target.as_str(), now)
            .map_err(|error| error.to_string());
        self.check(
            "attestation.issue.one-resource",
            "the challenge is for the URI that was requested",
            usable,
        );
        let left = message.expires_at.instant().duration_since(now).as_secs();
        let expiry = holds((1..=86_400).contains(&left), || {
            format!("it expires in {left} seconds")
        });
        self.check(
            "attestation.issue.expiry",
            "the challenge expires, and not yet",
            expiry,
        );
        let vary: Vec<_> = answer
            .headers
            .get_all(header::VARY)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .map(str::to_ascii_lowercase)
            .collect();
        let names = ["x-428-attestation", "x-428-token"];
        let varies = names
            .iter()
            .all(|name| vary.iter().any(|value| value.contains(name)));
        let varies = holds(varies, || format!("Vary is {vary:?}"));
        self.check(
            "attestation.http.vary",
            "Vary names the headers that decide",
            varies,
        );
    }

    /// Requests around the guarded one: methods, discovery.
    pub(super) async fn around(&mut self) {
        let target = self.target.clone();
        let options = self.wire.send(Method::OPTIONS, &target, &[], None).await;
        let options = options.and_then(|answer| {
            holds(answer.status != x428::http::STATUS, || {
                "it is answered with 428".to_owned()
            })
        });
        self.check(
            "attestation.http.options",
            "OPTIONS needs no attestation",
            options,
        );

        let origin = [(header::ORIGIN, "https://app.example.com")];
        let exposed = self.wire.get(&target, &origin).await.map(|answer| {
            let values = answer
                .headers
                .get_all(header::ACCESS_CONTROL_EXPOSE_HEADERS);
            values
                .iter()
                .filter_map(|value| value.to_str().ok())
                .map(str::to_ascii_lowercase)
                .collect::<String>()
        });
        match exposed {
            Ok(exposed) if exposed.contains("x-428-required") => {
                self.check(
                    "attestation.http.expose",
                    "browsers may read the headers",
                    Ok(()),
                );
            }
            Ok(_) => self.skip(
                "attestation.http.expose",
                "browsers may read the headers",
                "it serves no browsers of other origins",
            ),
            Err(why) => self.check(
                "attestation.http.expose",
                "browsers may read the headers",
                Err(why),
            ),
        }

        let mut address = target.clone();
        address.set_path(DISCOVERY_PATH);
        address.set_query(None);
        let answer = self.wire.get(&address, &[]).await;
        self.of_discovery(answer);
    }

    fn of_discovery(&mut self, answer: Result<Answer, String>) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(why) => {
                return self.check(
                    "attestation.discovery.location",
                    "the discovery document",
                    Err(why),
                );
            }
        };
        let unguarded = holds(answer.status != x428::http::STATUS, || {
            "it is answered with 428".to_owned()
        });
        self.check(
            "attestation.discovery.unguarded",
            "discovery needs no attestation",
            unguarded,
        );
        match discovery::read(answer.status, &answer.headers, &answer.body) {
            Ok(None) => self.skip(
                "attestation.discovery.valid",
                "the discovery document",
                "the server offers none",
            ),
            Ok(Some(document)) => {
                self.check(
                    "attestation.discovery.valid",
                    "the discovery document is one",
                    Ok(()),
                );
                let origin = self.target.origin();
                let endpoint = document.attestation_endpoint.as_ref();
                let endpoint = endpoint.and_then(|endpoint| Url::parse(endpoint.as_str()).ok());
                let same = holds(
                    endpoint.is_none_or(|endpoint| endpoint.origin() == origin),
                    || "it has another origin".to_owned(),
                );
                self.check(
                    "attestation.discovery.endpoint",
                    "the endpoint has the origin of the document",
                    same,
                );
            }
            Err(error) => self.check(
                "attestation.discovery.valid",
                "the discovery document is one",
                Err(error.to_string()),
            ),
        }
    }
}

/// `application/json`
pub(super) const JSON: (header::HeaderName, &str) = (header::CONTENT_TYPE, "application/json");
