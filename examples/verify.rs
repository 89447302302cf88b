//! Verifies one attestation, from the challenge to the token, in one process and without network.
//!
//! ```text
//! cargo run --example verify
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;

use x428::attestation::issue::{ChallengeIssuer, Policy};
use x428::attestation::nonce::MemoryNonceStore;
use x428::attestation::token::TokenIssuer;
use x428::attestation::{Answer, Challenge, Expected, Payload, Verifier, header};
use x428::clock::{Clock as _, SystemClock};
use x428::did::key::KeyResolver;
use x428::sign::SigningKey;
use x428::sign::seal::{SealKey, SealRing};
use x428::wire::attestation::AbsoluteUri;

const URL: &str = "https://api.example.com/reports/2026-q3";

fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::new()?;

    // Client: asks for the resource, and is asked for preconditions.
    let required = server.refuse()?;
    println!("428 {}: {}…\n", header::REQUIRED, start(&required));

    // Client: checks the challenge and attests it. Who consents is for the operator to say.
    let operator = SigningKey::generate()?;
    let now = SystemClock.now();
    let challenge = Challenge::from_header(&required)?;
    challenge.check_for_request(URL, now)?;
    let signed = Answer::new(&challenge, operator.did()?)
        .confirm("terms", now)?
        .sign(&operator)?;
    let attestation = signed.to_header().ok_or("too long for a header")?;
    println!("{}: {}…\n", header::ATTESTATION, start(&attestation));
    println!("{}\n", signed.text());

    // Server: takes the ten steps, and grants a token.
    let token = server.accept(&attestation)?;
    println!("200 {}: {}…\n", header::TOKEN, start(&token));

    // The same payload is good for one answer.
    match server.accept(&attestation) {
        Ok(_) => Err("accepted twice".into()),
        Err(refusal) => {
            println!("428 {refusal}");
            Ok(())
        }
    }
}

/// What a server keeps: two secrets, a policy, and the nonces that have been consumed.
struct Server {
    challenges: ChallengeIssuer,
    tokens: TokenIssuer,
    policy: Policy,
    verifier: Verifier<KeyResolver, MemoryNonceStore>,
}

impl Server {
    fn new() -> Result<Self, Box<dyn Error>> {
        let terms = serde_json::from_value(serde_json::json!({
            "id": "terms",
            "type": "tos",
            "allowedAttestationMethods": ["self"],
            "tosVersion": "2026-11",
            "documentUrl": "https://api.example.com/terms/2026-11.txt",
            "documentHash": "sha256-969248b43c92b6d938ea589b7255be8d3f835784699da8c53dfebf377230d466",
        }))?;
        Ok(Self {
            challenges: ChallengeIssuer::new(SealRing::new(SealKey::generate(1)?)),
            tokens: TokenIssuer::new(SealRing::new(SealKey::generate(2)?)),
            policy: Policy::new(vec![terms])?,
            verifier: Verifier::new(KeyResolver, MemoryNonceStore::new(100_000)),
        })
    }

    fn refuse(&self) -> Result<String, Box<dyn Error>> {
        let resource = AbsoluteUri::parse(URL)?;
        let challenge = self
            .challenges
            .issue(&self.policy, &resource, SystemClock.now())?;
        Ok(challenge.to_header()?)
    }

    fn accept(&self, attestation: &str) -> Result<String, Box<dyn Error>> {
        let payload = Payload::from_header(attestation)?;
        let expected = Expected::sealed(&self.challenges, &self.policy).requested(URL);
        let accepted = self.verifier.verify_now(expected, &payload)?;
        let token = self
            .tokens
            .issue(&accepted, None, Some(*self.policy.digest()))?;
        Ok(x428::attestation::token::to_header(&token)?)
    }
}

fn start(value: &str) -> &str {
    value.get(..60).unwrap_or(value)
}
