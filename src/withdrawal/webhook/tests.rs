use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::withdrawal::example;

const SENT: i64 = 1_795_176_251;
const BODY: &str = r#"{
  "type": "withdrawal.updated",
  "timestamp": "2026-11-20T12:04:10Z",
  "data": {
    "id": "wd_8Jc2mVqXw0ZtN4rYbKfLs7",
    "status": "completed",
    "updatedAt": "2026-11-20T12:04:10Z"
  }
}"#;

/// The test key of section B.2.
fn own() -> WebhookKey {
    let jwk = json!({
        "kty": "OKP", "crv": "Ed25519",
        "x": "yzaeyAZ5JOuDovFF-dPyDa2rcWGIVAAPeehGEobk4GQ",
        "d": "H3Gi2aLNzRK2bvcVOTMBwToLfAtYnuS_9yMkCJnr5_I",
    });
    WebhookKey::own(SigningKey::from_jwk(jwk.as_object().unwrap()).unwrap())
}

fn secret() -> WebhookSecret {
    WebhookSecret::parse("whsec_A47xB7ZkXxpqsoOJEpBNwWsiIm8jcUtE724UpLqOgYU=").unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn delivery(signature: &str) -> Delivery {
    Delivery {
        id: "msg_2Lp7vXcRq9Tz".to_owned(),
        timestamp: SENT.to_string(),
        signature: signature.to_owned(),
    }
}

fn verifier() -> WebhookVerifier {
    strict().danger_accept_test_keys()
}

fn strict() -> WebhookVerifier {
    let public = PublicKey::parse("whpk_yzaeyAZ5JOuDovFF+dPyDa2rcWGIVAAPeehGEobk4GQ=").unwrap();
    let verifier = WebhookVerifier::new().with_secret(&secret()).unwrap();
    verifier.with_public_key(&public).unwrap()
}

fn refused(delivery: &Delivery, now: i64) -> InvalidWebhook {
    let verified = verifier()
        .verify(delivery, BODY.as_bytes(), at(now))
        .map(|_| ());
    verified.unwrap_err()
}

const V1: &str = "v1,6ATkX6S/tvqGI6DLhuxBwUvXZzxxB4RTs73hk8CftL8=";
const V1A: &str =
    "v1a,NRiJSjTMraGTvWlAg49DMeV916Lt4fRrbw/RWFetm7Kxm4vCW8BZddQGw2h9XECf6hpwkGplO1X2BObmjDJCBw==";

// r[verify withdrawal.vectors.test-keys]
#[test]
fn a_published_key_signs_nothing_unless_it_is_asked_for() {
    let body = BODY.as_bytes();
    let headers = delivery(V1A);
    let refused = strict().verify(&headers, body, at(SENT)).map(|_| ());
    assert_eq!(refused, Err(InvalidWebhook::Signature));
    assert!(verifier().verify(&headers, body, at(SENT)).is_ok());
}

/// The values of section 8.5.
// r[verify withdrawal.webhook.sign]
#[test]
fn the_webhook_of_the_text_is_signed_as_in_the_text() {
    let shared = WebhookKey::shared(&secret()).unwrap();
    for (keys, expected) in [
        (vec![&own()], V1A.to_owned()),
        (vec![&shared], V1.to_owned()),
        (vec![&shared, &own()], format!("{V1} {V1A}")),
    ] {
        let signed = Delivery::sign("msg_2Lp7vXcRq9Tz", at(SENT), BODY.as_bytes(), &keys).unwrap();
        assert_eq!(signed, delivery(&expected));
        let verifier = verifier();
        let received = verifier.verify(&signed, BODY.as_bytes(), at(SENT)).unwrap();
        assert_eq!(received.id(), "msg_2Lp7vXcRq9Tz");
        let event = serde_json::to_value(received.event().unwrap()).unwrap();
        assert_eq!(event, example::example("webhook-event"));
    }
}

// r[verify withdrawal.webhook.sign]
#[test]
fn a_webhook_is_neither_old_nor_early() {
    let tolerance = i64::try_from(WEBHOOK_TOLERANCE.as_secs()).unwrap();
    let verifier = verifier();
    let delivery = delivery(V1);
    for now in [SENT - tolerance, SENT, SENT + tolerance] {
        assert!(verifier.verify(&delivery, BODY.as_bytes(), at(now)).is_ok());
    }
    for now in [SENT - tolerance - 1, SENT + tolerance + 1] {
        assert_eq!(refused(&delivery, now), InvalidWebhook::Time);
    }
}

#[test]
fn one_signature_that_verifies_is_enough() {
    let verifier = verifier();
    for signature in [format!("v1,AAAA {V1}"), format!("v9,x {V1A} v1a,")] {
        let delivery = delivery(&signature);
        assert!(
            verifier
                .verify(&delivery, BODY.as_bytes(), at(SENT))
                .is_ok()
        );
    }
    let many = [V1; 17].join(" ");
    assert_eq!(refused(&delivery(&many), SENT), InvalidWebhook::Form);
}

#[test]
fn other_signatures_are_none() {
    let moved = V1.replace("v1,", "v1a,");
    let own_as_shared = V1A.replace("v1a,", "v1,");
    let unpadded = V1.trim_end_matches('=');
    for signature in [
        "",
        "v1",
        "v1,",
        unpadded,
        &moved,
        &own_as_shared,
        &V1[3..],
        &V1.replace(',', " "),
    ] {
        assert_eq!(
            refused(&delivery(signature), SENT),
            InvalidWebhook::Signature,
            "{signature}"
        );
    }
    let known_none = WebhookVerifier::new();
    let delivery = delivery(V1);
    let verified = known_none.verify(&delivery, BODY.as_bytes(), at(SENT));
    assert_eq!(verified.unwrap_err(), InvalidWebhook::Signature);
}

#[test]
fn headers_have_one_form() {
    for timestamp in [
        "",
        "+1795176251",
        " 1795176251",
        "01795176251",
        "-1",
        "1795176251.0",
        "99999999999999999999",
    ] {
        let delivery = Delivery {
            timestamp: timestamp.to_owned(),
            ..delivery(V1)
        };
        assert_eq!(refused(&delivery, SENT), InvalidWebhook::Form);
    }
    for id in ["", "msg.1", "msg 1", "é"] {
        let delivery = Delivery {
            id: id.to_owned(),
            ..delivery(V1)
        };
        assert_eq!(refused(&delivery, SENT), InvalidWebhook::Form);
        assert!(Delivery::sign(id, at(SENT), b"", &[&own()]).is_err());
    }
    assert!(Delivery::sign("a", at(SENT), b"", &[]).is_err());
}

#[test]
fn keys_are_shown_as_they_are_published() {
    assert_eq!(
        own().public_key().unwrap(),
        "whpk_yzaeyAZ5JOuDovFF+dPyDa2rcWGIVAAPeehGEobk4GQ="
    );
    assert_eq!(own().secret(), None);
    let shared = WebhookKey::generate().unwrap();
    assert_eq!(shared.public_key(), None);
    let again = WebhookKey::shared(&shared.secret().unwrap()).unwrap();
    assert_eq!(again.secret(), shared.secret());
    assert_ne!(WebhookKey::generate().unwrap().secret(), shared.secret());
    assert_eq!(format!("{shared:?}"), "WebhookKey(v1)");
}

/// RFC 4231, test cases 2 and 6.
#[test]
fn codes_are_those_of_hmac() {
    let code = |key: &[u8], text: &[u8]| base64(hmac(key, text).finalize().into_bytes());
    let short = code(b"Jefe", b"what do ya want for nothing?");
    assert_eq!(short, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
    let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
    assert_eq!(
        code(&[0xaa; 131], text),
        "YOQxWR7gtn8Niiaqy/W3f44LxiE3KMUUBUYEDw7jf1Q="
    );
}

proptest! {
    #![proptest_config(crate::fixed_seed())]

    #[test]
    fn any_change_is_noticed(place in 0..BODY.len(), byte in any::<u8>()) {
        let mut body = BODY.as_bytes().to_vec();
        let same = body[place] == byte;
        body[place] = byte;
        prop_assert_eq!(verifier().verify(&delivery(V1), &body, at(SENT)).is_ok(), same);
    }

    #[test]
    fn any_headers_are_read_or_refused(id in "\\PC{0,20}", timestamp in "\\PC{0,20}", signature in "\\PC{0,60}|v1,[A-Za-z0-9+/=]{0,50}|v1a,[A-Za-z0-9+/]{86}==") {
        let delivery = Delivery { id, timestamp, signature };
        prop_assert!(verifier().verify(&delivery, b"", at(SENT)).is_err());
    }
}
