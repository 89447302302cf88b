//! The High profile: pushed requests, private_key_jwt, DPoP.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use x428::encoding::base64url;
use x428::sign::SigningKey;
use x428_sandbox::exchange::seed::{self, NewClient};

use crate::harness::{
    ALL_SCOPES, Answer, Browser, CALLBACK, ISSUER, VERIFIER, World, ether, with_proof,
};

mod jwts;

const CLIENT: &str = "high-wallet";

pub(crate) struct High<'a> {
    world: &'a World,
    own: SigningKey,
    possession: SigningKey,
    nonce: String,
    made: u32,
}

fn jwk(key: &SigningKey) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(key.verifying_key().public_key().0)})
}

pub(crate) fn jwt(header: &Value, claims: &Value, key: &SigningKey) -> String {
    let part = |value: &Value| base64url(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = key.sign_bytes(signed.as_bytes());
    format!("{signed}.{signature}")
}

impl<'a> High<'a> {
    async fn new(world: &'a World) -> Self {
        let keys = [[7; 32], [8; 32]].map(|seed| SigningKey::from_seed(&seed));
        let [own, possession] = keys;
        Self::with_keys(world, own, possession).await
    }

    /// A client that authenticates with a key and shows possession of another.
    pub(crate) async fn with_keys(
        world: &'a World,
        own: SigningKey,
        possession: SigningKey,
    ) -> Self {
        let keys = NewClient::High(vec![jwk(&own)]);
        seed::client(&world.exchange, CLIENT, "High Wallet", &[CALLBACK], keys)
            .await
            .unwrap();
        Self {
            world,
            own,
            possession,
            nonce: String::new(),
            made: 0,
        }
    }

    fn now(&self) -> i64 {
        use x428::clock::Clock as _;
        self.world.clock.now().as_second()
    }

    fn assertion(&mut self, change: impl FnOnce(&mut Value)) -> String {
        self.made += 1;
        let mut claims = json!({
            "iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "jti": format!("assertion-{:016}", self.made),
            "iat": self.now(), "exp": self.now() + 60,
        });
        change(&mut claims);
        jwt(&json!({"alg": "EdDSA"}), &claims, &self.own)
    }

    fn proof(&mut self, method: &str, path: &str, token: Option<&str>) -> String {
        self.made += 1;
        let mut claims = json!({
            "jti": format!("proof-{:04}", self.made), "htm": method, "htu": format!("{ISSUER}{path}"),
            "iat": self.now(),
        });
        if !self.nonce.is_empty() {
            claims["nonce"] = self.nonce.as_str().into();
        }
        if let Some(token) = token {
            claims["ath"] = base64url(Sha256::digest(token)).into();
        }
        let header = json!({"typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk(&self.possession)});
        jwt(&header, &claims, &self.possession)
    }

    /// Sends a form with an assertion and a proof; with a nonce as soon as it is asked for one.
    async fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        for _ in 0..2 {
            let assertion = self.assertion(|_| {});
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(fields)
                .append_pair("client_assertion", &assertion)
                .append_pair(
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                );
            let request = Request::post(path)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header("dpop", self.proof("POST", path, None))
                .body(Body::from(form.finish()));
            let answer = self.world.send(request.unwrap()).await;
            if answer.outcome().1 != "use_dpop_nonce" {
                return answer;
            }
            answer.header("dpop-nonce").clone_into(&mut self.nonce);
        }
        panic!("the nonce of the exchange is not accepted");
    }

    async fn call(
        &mut self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> Answer {
        let proof = self.proof(method.as_str(), path, Some(token));
        self.call_with(method, path, token, &proof, body).await
    }

    async fn call_with(
        &self,
        method: Method,
        path: &str,
        token: &str,
        proof: &str,
        body: Option<&Value>,
    ) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("DPoP {token}"))
            .header("dpop", proof)
            .header("idempotency-key", "a-key-of-the-high-profile");
        let request = match body {
            None => request.body(Body::empty()),
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.to_string())),
        };
        self.world.send(request.unwrap()).await
    }

    async fn pushed(&mut self) -> String {
        let challenge = base64url(Sha256::digest(VERIFIER));
        let fields = [
            ("client_id", CLIENT),
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("scope", ALL_SCOPES),
            ("state", "Yk3v9QmT2xLr"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        let pushed = self.form("/oauth/par", &fields).await;
        assert_eq!(pushed.status, StatusCode::CREATED, "{}", pushed.text);
        let uri = pushed.json()["request_uri"].as_str().unwrap().to_owned();
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("client_id", CLIENT)
            .append_pair("request_uri", &uri);
        format!("/oauth/authorize?{}", query.finish())
    }

    async fn token(&mut self) -> Value {
        self.token_with(&[]).await
    }

    /// Tokens after a consent with other values of some fields.
    pub(crate) async fn token_with(&mut self, change: &[(&str, &str)]) -> Value {
        let uri = self.pushed().await;
        let mut browser = Browser::new(self.world);
        browser.log_in("ana").await;
        let page = browser.visit(&uri).await;
        let code = crate::harness::code_of(&browser.allow(&page, change).await);
        self.world.clock.turn_seconds(30);
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        let tokens = self.form("/oauth/token", &fields).await;
        tokens.is(200, "");
        assert_eq!(tokens.json()["token_type"], "DPoP");
        tokens.json()
    }
}

// r[verify withdrawal.par.required]
// r[verify withdrawal.par.once]
#[tokio::test]
async fn a_request_is_pushed_and_used_once() {
    let world = World::new().await;
    let mut high = High::new(&world).await;
    let plain = Browser::authorize_uri("assets:read", None).replace("example-wallet", CLIENT);
    let mut browser = Browser::new(&world);
    let refused = browser.get(&plain).await;
    assert!(refused.header("location").contains("error=invalid_request"));
    let uri = high.pushed().await;
    let other = uri.replace(CLIENT, "example-wallet");
    assert_eq!(browser.get(&other).await.status, StatusCode::BAD_REQUEST);
    assert!(
        browser
            .get(&uri)
            .await
            .header("location")
            .starts_with("/consent/")
    );
    assert_eq!(browser.get(&uri).await.status, StatusCode::BAD_REQUEST);
    let late = high.pushed().await;
    world.clock.turn_seconds(60);
    assert_eq!(browser.get(&late).await.status, StatusCode::BAD_REQUEST);
}

// r[verify withdrawal.client-auth.assertion]
#[tokio::test]
async fn an_assertion_is_for_this_exchange_and_once() {
    let world = World::new().await;
    let mut high = High::new(&world).await;
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let send = async |assertion: &str| {
        let fields = [
            ("client_assertion_type", kind),
            ("client_assertion", assertion),
            ("token", "nothing"),
        ];
        world.form("/oauth/revoke", &fields).await
    };
    let good = high.assertion(|_| {});
    send(&good).await.is(200, "");
    send(&good).await.is(401, "invalid_client");
    let now = high.now();
    let bad: [fn(&mut Value, i64); 5] = [
        |claims, _| claims["aud"] = "https://other.example".into(),
        |claims, _| claims["aud"] = json!([ISSUER, "https://other.example"]),
        |claims, now| claims["exp"] = (now + 61).into(),
        |claims, now| claims["exp"] = now.into(),
        |claims, _| claims["iss"] = "example-wallet".into(),
    ];
    for change in bad {
        let assertion = high.assertion(|claims| change(claims, now));
        send(&assertion).await.is(401, "invalid_client");
    }
    let claims = json!({
        "iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "jti": "assertion-of-a-stranger", "exp": now + 60,
    });
    let stranger = jwt(
        &json!({"alg": "EdDSA"}),
        &claims,
        &SigningKey::from_seed(&[9; 32]),
    );
    send(&stranger).await.is(401, "invalid_client");
    for algorithm in ["none", "HS256"] {
        let forged = jwt(&json!({"alg": algorithm}), &claims, &high.own);
        send(&forged).await.is(401, "invalid_client");
    }
    let secret = [
        ("client_id", CLIENT),
        ("client_secret", "guess"),
        ("token", "nothing"),
    ];
    world
        .form("/oauth/revoke", &secret)
        .await
        .is(401, "invalid_client");
}

// r[verify withdrawal.dpop.bound]
// r[verify withdrawal.dpop.check]
// r[verify withdrawal.dpop.nonce]
// r[verify withdrawal.dpop.downgrade]
#[tokio::test]
async fn a_token_is_of_no_use_without_its_key() {
    let world = World::new().await;
    let mut high = High::new(&world).await;
    let tokens = high.token().await;
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    high.call(Method::GET, "/assets", &token, None)
        .await
        .is(200, "");

    let bearer = Request::get("/assets")
        .header("authorization", format!("Bearer {token}"))
        .body(Body::empty());
    world.send(bearer.unwrap()).await.is(401, "invalid_token");
    let proof = high.proof("GET", "/assets", Some(&token));
    high.call_with(Method::GET, "/assets", &token, &proof, None)
        .await
        .is(200, "");
    let replayed = high
        .call_with(Method::GET, "/assets", &token, &proof, None)
        .await;
    replayed.is(401, "invalid_token");
    for (method, path, with) in [
        ("POST", "/assets", Some(token.as_str())),
        ("GET", "/assets/ETH", Some(token.as_str())),
        ("GET", "/assets", Some("another-token")),
        ("GET", "/assets", None),
    ] {
        let wrong = high.proof(method, path, with);
        let answer = high
            .call_with(Method::GET, "/assets", &token, &wrong, None)
            .await;
        answer.is(401, "invalid_token");
        assert!(answer.header("www-authenticate").starts_with("DPoP "));
    }
    let own = std::mem::replace(&mut high.possession, SigningKey::from_seed(&[10; 32]));
    high.call(Method::GET, "/assets", &token, None)
        .await
        .is(401, "invalid_token");
    high.possession = own;
    let nonce = std::mem::take(&mut high.nonce);
    let asked = high.call(Method::GET, "/assets", &token, None).await;
    asked.is(401, "use_dpop_nonce");
    assert_eq!(asked.header("dpop-nonce"), nonce);
    assert_eq!(
        asked.json()["error"]["details"][0],
        json!({"field": "/DPoP", "code": "missing"})
    );
    high.nonce = nonce;
    let old = high.proof("GET", "/assets", Some(&token));
    world.clock.turn_seconds(61);
    high.call_with(Method::GET, "/assets", &token, &old, None)
        .await
        .is(401, "invalid_token");
}

// r[verify withdrawal.proof.claims]
#[tokio::test]
async fn a_withdrawal_of_the_high_profile() {
    let world = World::new().await;
    let mut high = High::new(&world).await;
    let tokens = high.token().await;
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    let body = ether("0.3");
    let asked = high
        .call(Method::POST, "/withdrawals", &token, Some(&body))
        .await;
    asked.is(428, "challenge_required");
    let id = asked.json()["challengeId"].as_str().unwrap().to_owned();
    let code = json!({"method": "totp", "code": world.totp()});
    let verify = format!("/challenges/{id}/verify");
    let met = high.call(Method::POST, &verify, &token, Some(&code)).await;
    let proof = met.json()["challengeProof"].as_str().unwrap().to_owned();
    let claims = x428::encoding::parse_base64url(proof.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["cnf"]["jkt"].as_str().map(str::len), Some(43));
    let created = with_proof(&body, &proof);
    high.call(Method::POST, "/withdrawals", &token, Some(&created))
        .await
        .is(201, "");

    // The refresh token is bound, and stays.
    let refresh = tokens["refresh_token"].as_str().unwrap().to_owned();
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
    ];
    for _ in 0..2 {
        let again = high.form("/oauth/token", &fields).await;
        again.is(200, "");
        assert_eq!(again.json()["refresh_token"], refresh.as_str());
        world.clock.turn_seconds(60);
    }
    high.possession = SigningKey::from_seed(&[11; 32]);
    high.form("/oauth/token", &fields)
        .await
        .is(400, "invalid_grant");
}
