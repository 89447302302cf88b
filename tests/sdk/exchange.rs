//! A server, a client and the network between them, made up at random.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use serde_json::{Value, json};
use x428::attestation::issue::{ChallengeIssuer, Policy};
use x428::attestation::nonce::MemoryNonceStore;
use x428::attestation::token::TokenIssuer;
use x428::attestation::{Accepted, Answer, Challenge, Expected, Payload, SignedPayload, Verifier};
use x428::clock::FixedClock;
use x428::did::key::KeyResolver;
use x428::error::Error;
use x428::jcs::{Limits, StrictJson};
use x428::sign::seal::{SealKey, SealRing};
use x428::sign::{SigningKey, sign_object};
use x428::vc::NoProofs;
use x428::wire::attestation::{AbsoluteUri, ErrorCode, Precondition};

fn fixed_seed() -> Config {
    Config {
        rng_seed: RngSeed::Fixed(428),
        failure_persistence: None,
        cases: 64,
        ..Config::default()
    }
}

fn preconditions() -> impl Strategy<Value = Vec<Precondition>> {
    let id = "[a-zé\"\\\\ ]{1,8}";
    let kind = prop_oneof![
        "[0-9a-f]{64}".prop_map(|hash| json!({
            "type": "tos",
            "tosVersion": "1",
            "documentUrl": "https://a.example/terms",
            "documentHash": format!("sha256-{hash}"),
        })),
        (0u8..=150).prop_map(|age| json!({"type": "age", "minimumAge": age})),
        Just(json!({"type": "identity"})),
    ];
    prop::collection::btree_map(id, kind, 1..=4).prop_map(|preconditions| {
        preconditions
            .into_iter()
            .map(|(id, mut precondition)| {
                precondition["id"] = json!(id);
                precondition["allowedAttestationMethods"] = json!(["self"]);
                serde_json::from_value(precondition).unwrap()
            })
            .collect()
    })
}

/// Everything that a server and an operator bring along.
#[derive(Debug)]
struct World {
    policy: Policy,
    issuer: ChallengeIssuer,
    key: SigningKey,
    now: Timestamp,
    challenge: Challenge,
}

fn worlds() -> impl Strategy<Value = World> {
    let path = "(/[a-z0-9~-]{1,6}){0,3}(\\?[a-z]=[a-z0-9/]{0,4})?";
    (
        preconditions(),
        path,
        any::<[u8; 32]>(),
        any::<[u8; 32]>(),
        1_700_000_000i64..2_000_000_000,
    )
        .prop_map(|(preconditions, path, seed, secret, second)| {
            let policy = Policy::new(preconditions).unwrap();
            let issuer = ChallengeIssuer::new(SealRing::new(SealKey::new(1, secret)));
            let resource = AbsoluteUri::parse(format!("https://a.example{path}")).unwrap();
            let now = Timestamp::from_second(second).unwrap();
            World {
                challenge: issuer.issue(&policy, &resource, now).unwrap(),
                key: SigningKey::from_seed(&seed),
                policy,
                issuer,
                now,
            }
        })
}

impl World {
    /// The challenge travels in its header, as it does between two machines.
    fn answer(&self) -> SignedPayload {
        let received = Challenge::from_header(&self.challenge.to_header().unwrap()).unwrap();
        let message = received.message();
        received
            .check_for_request(message.resource.as_str(), self.now)
            .unwrap();
        let answer = Answer::new(&received, self.key.did().unwrap());
        message
            .preconditions
            .iter()
            .try_fold(answer, |answer, precondition| {
                answer.confirm(precondition.id().as_str(), self.now)
            })
            .and_then(|answer| answer.sign(&self.key))
            .unwrap()
    }

    fn verifier(
        &self,
    ) -> Verifier<KeyResolver, MemoryNonceStore<FixedClock>, NoProofs, FixedClock> {
        let clock = FixedClock(self.now);
        Verifier::new(KeyResolver, MemoryNonceStore::with_clock(8, clock)).with_clock(clock)
    }

    fn verify(&self, payload: &Payload) -> Result<Accepted, Error> {
        let expected = Expected::sealed(&self.issuer, &self.policy);
        self.verifier().verify_now(expected, payload)
    }

    fn resigned(&self, mut payload: Value) -> Payload {
        let json = StrictJson::from_value(payload.clone(), Limits::default()).unwrap();
        payload["signature"] = json!(sign_object(&json, &self.key).unwrap().to_string());
        Payload::from_body(payload.to_string().as_bytes()).unwrap()
    }
}

proptest! {
    #![proptest_config(fixed_seed())]

    // r[verify attestation.signature.input]
    // r[verify attestation.token.issue]
    #[test]
    fn what_is_signed_is_accepted_once(world in worlds()) {
        let signed = world.answer();
        let payload = Payload::from_header(&signed.to_header().unwrap()).unwrap();
        prop_assert_eq!(&payload, &Payload::from_body(signed.text().as_bytes()).unwrap());

        let verifier = world.verifier();
        let expected = Expected::sealed(&world.issuer, &world.policy);
        let accepted = verifier.verify_now(expected, &payload).unwrap();
        prop_assert_eq!(&accepted.operator, &world.key.did().unwrap());
        prop_assert_eq!(&accepted.challenge, &world.challenge);
        let again = verifier.verify_now(expected, &payload).unwrap_err();
        prop_assert_eq!(again.code(), Some(ErrorCode::NonceReplayed));

        let tokens = TokenIssuer::new(SealRing::new(SealKey::new(1, [5; 32])));
        let token = tokens.issue(&accepted, None, None).unwrap();
        let grant = tokens.open(token.token.as_str()).unwrap();
        let resource = world.challenge.message().resource.as_str();
        prop_assert!(grant.check(resource, world.now).is_ok());
    }

    // r[verify attestation.verify.received]
    #[test]
    fn a_changed_byte_is_refused_unless_it_says_the_same(
        world in worlds(),
        at in any::<prop::sample::Index>(),
        byte in prop_oneof![any::<u8>(), Just(b'0'), Just(b'a'), Just(b' ')],
    ) {
        let signed = world.answer();
        let original = Payload::from_body(signed.text().as_bytes()).unwrap();
        let mut text = signed.text().as_bytes().to_vec();
        let at = at.index(text.len());
        text[at] = byte;
        if let Ok(changed) = Payload::from_body(&text) {
            let same = changed.json().canonical() == original.json().canonical();
            prop_assert_eq!(world.verify(&changed).is_ok(), same);
        }
    }

    // r[verify attestation.model.unknown-members]
    // r[verify attestation.verify.received]
    #[test]
    fn unknown_members_are_signed_over_and_otherwise_ignored(
        world in worlds(),
        name in "x-[a-z]{0,8}",
        deep in any::<bool>(),
    ) {
        let mut payload: Value = serde_json::from_str(world.answer().text()).unwrap();
        let place = if deep { &mut payload["attestations"][0] } else { &mut payload };
        place[&name] = json!({"anything": [1.5, null, "é"]});
        let unsigned = Payload::from_body(payload.to_string().as_bytes()).unwrap();
        let refused = world.verify(&unsigned).unwrap_err();
        prop_assert_eq!(refused.code(), Some(ErrorCode::InvalidSignature));
        prop_assert!(world.verify(&world.resigned(payload)).is_ok());
    }

    // r[verify attestation.json.any-order]
    #[test]
    fn the_order_of_members_says_nothing(world in worlds()) {
        let payload: Value = serde_json::from_str(world.answer().text()).unwrap();
        let mut members: Vec<_> = payload.as_object().unwrap().iter().collect();
        members.reverse();
        let text: Vec<_> = members.into_iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
        let reversed = Payload::from_body(format!("{{{}}}", text.join(",")).as_bytes()).unwrap();
        prop_assert!(world.verify(&reversed).is_ok());
    }

    // r[verify attestation.verify.expiry]
    #[test]
    fn a_challenge_lives_for_its_lifetime(mut world in worlds(), milliseconds in 0i64..600_000) {
        let payload = Payload::from_body(world.answer().text().as_bytes()).unwrap();
        world.now = world.now.checked_add(SignedDuration::from_millis(milliseconds)).unwrap();
        let result = world.verify(&payload);
        if milliseconds < 300_000 {
            prop_assert!(result.is_ok());
        } else {
            prop_assert_eq!(result.unwrap_err().code(), Some(ErrorCode::ChallengeExpired));
        }
    }

    #[test]
    fn no_header_panics(value in "[A-Za-z0-9_=-]{0,200}") {
        let _ = Payload::from_header(&value).map(|payload| payload.read_message());
        let _ = Challenge::from_header(&value);
        let _ = x428::attestation::token::from_header(&value);
    }

    #[test]
    fn no_object_panics(world in worlds(), member in 0usize..7, value in values()) {
        let mut payload: Value = serde_json::from_str(world.answer().text()).unwrap();
        let names = ["x428Version", "challenge", "resource", "operatorId", "attestations", "keyId", "signature"];
        payload[names[member]] = value;
        if let Ok(payload) = Payload::from_body(payload.to_string().as_bytes()) {
            let unchanged = payload == Payload::from_body(world.answer().text().as_bytes()).unwrap();
            prop_assert!(world.verify(&payload).is_err() || unchanged || member == 5);
        }
    }

    #[test]
    fn no_scope_panics_and_none_opens_two_segments(scope in uris(), requested in uris()) {
        if x428::attestation::scope::matches(&scope, &requested) {
            let path = |uri: &str| {
                let uri = uri.split(['?', '#']).next().unwrap_or_default();
                uri.splitn(4, '/').nth(3).map_or(0, |path| path.matches('/').count())
            };
            prop_assert_eq!(path(&scope), path(&requested), "{} {}", scope, requested);
        }
    }
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("did:key:z6Mk")),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-zA-Z]{1,8}", inner, 0..4)
                .prop_map(|members| json!(members)),
        ]
    })
}

fn uris() -> impl Strategy<Value = String> {
    prop_oneof![
        "https?://a(:443|:80)?(/([ab]|\\*|%2[aAfF]|%41|\\.\\.?)?){0,3}(\\?[a/*]{0,2})?(#[a/]{0,2})?",
        ".{0,20}",
    ]
}
