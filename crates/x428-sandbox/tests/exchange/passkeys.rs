//! Passkeys, with an authenticator in software.

use axum::http::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use x428::encoding::{base64url, parse_base64url};
use x428::sign::SigningKey;

use crate::harness::{ISSUER, Wallet, World, ether, hidden};

const KEY: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

/// An authenticator with one passkey.
pub(crate) struct Authenticator {
    key: SigningKey,
    id: Vec<u8>,
    pub(crate) transports: Value,
    counter: u32,
}

impl Authenticator {
    /// One whose passkey has this id, in base64url.
    pub(crate) fn new(id: &str) -> Self {
        Self {
            key: SigningKey::from_seed(&[3; 32]),
            id: parse_base64url(id).unwrap(),
            transports: json!(["internal"]),
            counter: 1,
        }
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest("exchange.example").to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn client_data(kind: &str, challenge: &str, origin: &str) -> String {
        json!({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false})
            .to_string()
    }

    fn create(&self, challenge: &str) -> Value {
        let mut data = self.data(0x45);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        let mut spki = vec![
            0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
        ];
        spki.extend(self.key.verifying_key().public_key().0);
        let client_data = Self::client_data("webauthn.create", challenge, ISSUER);
        json!({
            "id": base64url(&self.id), "rawId": base64url(&self.id), "type": "public-key",
            "response": {
                "clientDataJSON": base64url(client_data), "authenticatorData": base64url(data),
                "publicKey": base64url(spki), "publicKeyAlgorithm": -8, "transports": self.transports,
            },
            "clientExtensionResults": {},
        })
    }

    /// Signs a challenge, on a page of an origin.
    pub(crate) fn get(&mut self, challenge: &str, origin: &str, flags: u8) -> Value {
        self.counter += 1;
        let data = self.data(flags);
        let client_data = Self::client_data("webauthn.get", challenge, origin);
        let mut signed = data.clone();
        signed.extend(Sha256::digest(&client_data));
        json!({
            "id": base64url(&self.id), "rawId": base64url(&self.id), "type": "public-key",
            "response": {
                "clientDataJSON": base64url(client_data), "authenticatorData": base64url(data),
                "signature": base64url(self.key.sign_bytes(&signed).0),
            },
            "clientExtensionResults": {},
        })
    }

    /// Has the owner add it.
    pub(crate) async fn enroll(&self, wallet: &mut Wallet<'_>) {
        let page = wallet.browser.get("/passkeys").await;
        let options = page.text.split("data-options=\"").nth(1).unwrap();
        let options = options.split('"').next().unwrap().replace("&quot;", "\"");
        let options: Value = serde_json::from_str(&options).unwrap();
        assert_eq!(hidden(&page, "credential"), "");
        let made = self
            .create(options["challenge"].as_str().unwrap())
            .to_string();
        let fields = [
            ("name", "Passkey of a laptop"),
            ("credential", made.as_str()),
        ];
        let added = wallet.browser.post(&page, "/passkeys", &fields).await;
        assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.text);
    }
}

fn options(challenge: &Value) -> &Value {
    let methods = challenge["methods"].as_array().unwrap();
    let method = methods
        .iter()
        .find(|method| method["method"] == "webauthn")
        .unwrap();
    &method["publicKey"]
}

// r[verify withdrawal.webauthn.verify]
// r[verify withdrawal.webauthn.origin]
#[tokio::test]
async fn a_passkey_signs_what_is_approved() {
    // What was enrolled can be used at once.
    let world = World::with(|settings| settings.security_hold = std::time::Duration::ZERO).await;
    let mut wallet = world.wallet().await;
    let mut authenticator = Authenticator::new("CQkJCQkJCQkJCQkJCQkJCQkJCQk");
    authenticator.enroll(&mut wallet).await;
    let asked = wallet.submit(KEY, &ether("0.3")).await.json();
    let id = asked["challengeId"].as_str().unwrap().to_owned();
    let public_key = options(&asked);
    assert_eq!(public_key["rpId"], "exchange.example");
    assert_eq!(public_key["userVerification"], "required");
    let challenge = public_key["challenge"].as_str().unwrap().to_owned();
    let verify = format!("/challenges/{id}/verify");
    let body = |credential: Value| json!({"method": "webauthn", "credential": credential});

    let other = authenticator.get(&base64url([0; 32]), ISSUER, 0x05);
    wallet
        .post(&verify, &body(other))
        .await
        .is(400, "challenge_code_invalid");
    let elsewhere = authenticator.get(&challenge, "https://wallet.example", 0x05);
    wallet
        .post(&verify, &body(elsewhere))
        .await
        .is(400, "challenge_code_invalid");
    let unverified = authenticator.get(&challenge, ISSUER, 0x01);
    wallet
        .post(&verify, &body(unverified))
        .await
        .is(400, "challenge_code_invalid");
    let mut forged = authenticator.get(&challenge, ISSUER, 0x05);
    forged["response"]["signature"] = base64url([1; 64]).into();
    wallet
        .post(&verify, &body(forged))
        .await
        .is(400, "challenge_code_invalid");

    let mut right = authenticator.get(&challenge, ISSUER, 0x05);
    // What a browser adds below the credential is ignored.
    right["response"]["more"] = json!(1);
    let met = wallet.post(&verify, &body(right.clone())).await;
    assert_eq!(met.json()["status"], "verified", "{}", met.text);
    assert_eq!(met.json()["attemptsRemaining"], 1);

    // Another challenge has another nonce, and the counter has to grow.
    let asked = wallet
        .submit("another-key-of-the-test", &ether("0.3"))
        .await
        .json();
    assert_ne!(options(&asked)["challenge"], challenge.as_str());
    authenticator.counter = 1;
    let id = asked["challengeId"].as_str().unwrap();
    let stale = authenticator.get(options(&asked)["challenge"].as_str().unwrap(), ISSUER, 0x05);
    let verify = format!("/challenges/{id}/verify");
    wallet
        .post(&verify, &body(stale))
        .await
        .is(400, "challenge_code_invalid");
}

#[tokio::test]
async fn the_last_passkey_is_removed_while_a_challenge_waits() {
    // What was enrolled can be used at once.
    let world = World::with(|settings| settings.security_hold = std::time::Duration::ZERO).await;
    let mut wallet = world.wallet().await;
    let mut authenticator = Authenticator::new("CQkJCQkJCQkJCQkJCQkJCQkJCQk");
    authenticator.enroll(&mut wallet).await;
    let asked = wallet.submit(KEY, &ether("0.3")).await.json();
    let challenge = options(&asked)["challenge"].as_str().unwrap().to_owned();
    let id = asked["challengeId"].as_str().unwrap().to_owned();
    let page = wallet.browser.get("/passkeys").await;
    let path = page.text.split("action=\"/passkeys/").nth(1).unwrap();
    let path = format!("/passkeys/{}", path.split('"').next().unwrap());
    let other = path.replace("/remove", "A/remove");
    let unknown = wallet.browser.post(&page, &other, &[]).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let removed = wallet.browser.post(&page, &path, &[]).await;
    assert_eq!(removed.status, StatusCode::SEE_OTHER, "{}", removed.text);
    let told = wallet.browser.get("/outbox").await;
    assert!(told.text.contains("A passkey was removed"));

    let read = wallet.get(&format!("/challenges/{id}")).await;
    read.is(200, "");
    assert_eq!(options(&read.json()), &Value::Null);
    let shown = wallet.browser.get(&format!("/step-up/{id}")).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
    let late = authenticator.get(&challenge, ISSUER, 0x05);
    let body = json!({"method": "webauthn", "credential": late});
    let verify = format!("/challenges/{id}/verify");
    wallet
        .post(&verify, &body)
        .await
        .is(400, "challenge_code_invalid");
}
