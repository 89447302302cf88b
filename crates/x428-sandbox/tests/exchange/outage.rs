//! An outage is an outage at every endpoint: never a refusal, and never an answer.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{AssertSqlSafe, Row as _};
use x428_sandbox::exchange::Store;

use crate::harness::{ALL_SCOPES, Answer, Browser, CALLBACK, VERIFIER, Wallet, World, ether};

/// What the requests are about.
struct State<'a> {
    wallet: Wallet<'a>,
    refresh: String,
    code: String,
    /// A withdrawal that is there, of this key, and has been canceled.
    withdrawal: String,
    challenge: String,
    /// The key of the submission that the challenge is for.
    challenged: String,
}

const KEY: &str = "a-key-of-an-outage";

impl<'a> State<'a> {
    async fn new(world: &'a World) -> Self {
        let mut wallet = world.wallet().await;
        let created = wallet.submit(KEY, &ether("0.05")).await;
        created.is(201, "");
        let withdrawal = created.json()["id"].as_str().unwrap().to_owned();
        let cancel = format!("/withdrawals/{withdrawal}/cancel");
        wallet.act(&cancel).await.is(200, "");
        Self {
            refresh: wallet.tokens["refresh_token"].as_str().unwrap().to_owned(),
            code: wallet.browser.code(ALL_SCOPES, None).await,
            wallet,
            withdrawal,
            challenge: String::new(),
            challenged: String::new(),
        }
    }

    /// A challenge that nobody has read yet, and a code that nobody has used.
    async fn renew(&mut self, number: usize) {
        self.renew_code().await;
        self.challenged = format!("a-key-of-outage-{number}");
        let asked = self.wallet.submit(&self.challenged, &ether("0.3")).await;
        asked.is(428, "challenge_required");
        let id = asked.json()["challengeId"].clone();
        id.as_str().unwrap().clone_into(&mut self.challenge);
    }

    async fn renew_code(&mut self) {
        if self.code.is_empty() {
            self.code = self.wallet.browser.code(ALL_SCOPES, None).await;
        }
    }

    fn api(&self, method: Method, path: &str, body: Option<&Value>) -> Request<Body> {
        self.wallet.request(method, path, body)
    }

    fn submit(&self, key: &str, amount: &str) -> Request<Body> {
        let mut request = self.api(Method::POST, "/withdrawals", Some(&ether(amount)));
        let key = key.parse().unwrap();
        request.headers_mut().insert("idempotency-key", key);
        request
    }

    /// Every request, and what it is answered if the exchange works.
    fn requests(&self) -> Vec<(&'static str, Request<Body>, u16)> {
        let get = |path: &str| self.api(Method::GET, path, None);
        let challenge = format!("/challenges/{}", self.challenge);
        let withdrawal = format!("/withdrawals/{}", self.withdrawal);
        let quote = ether("0.05");
        let cancel = format!("{withdrawal}/cancel");
        let grant = |kind: &str, field: &str, value: &str| {
            let fields = [
                ("grant_type", kind),
                (field, value),
                ("redirect_uri", CALLBACK),
                ("code_verifier", VERIFIER),
            ];
            form("/oauth/token", &fields)
        };
        let pushed = [
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("scope", "assets:read"),
            (
                "code_challenge",
                "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            ),
            ("code_challenge_method", "S256"),
            (
                "authorization_details",
                r#"[{"type":"x428_withdrawal","actions":["read"],"assets":[{"asset":"ETH","networks":["ethereum"]}],"limits":[{"amount":"1","currency":"ETH","period":"day"}]}]"#,
            ),
        ];
        let authorize = Browser::authorize_uri("assets:read", None);
        vec![
            ("assets", get("/assets"), 200),
            ("asset", get("/assets/ETH"), 200),
            (
                "quote",
                self.api(Method::POST, "/withdrawals/quotes", Some(&quote)),
                200,
            ),
            ("list", get("/withdrawals?limit=1"), 200),
            ("withdrawal", get(&withdrawal), 200),
            ("replay", self.submit(KEY, "0.05"), 201),
            ("challenged", self.submit(&self.challenged, "0.3"), 428),
            ("cancel", self.api(Method::POST, &cancel, None), 200),
            ("challenge", get(&challenge), 200),
            ("webhooks", get("/webhooks"), 200),
            (
                "authorize",
                plain(&authorize).body(Body::empty()).unwrap(),
                303,
            ),
            ("par", form("/oauth/par", &pushed), 201),
            ("code", grant("authorization_code", "code", &self.code), 200),
            (
                "refresh",
                grant("refresh_token", "refresh_token", &self.refresh),
                200,
            ),
            ("revoke", form("/oauth/revoke", &[("token", "x")]), 200),
            (
                "introspect",
                form("/oauth/introspect", &[("token", &self.wallet.token)]),
                200,
            ),
            ("metadata", get("/.well-known/x428-exchange"), 200),
            ("jwks", get("/oauth/jwks"), 200),
        ]
    }

    /// Sends all of them, and takes note of the tokens that were given.
    async fn send(&mut self, world: &World) -> Vec<(&'static str, Answer, u16)> {
        let mut answers = Vec::new();
        for (name, request, status) in self.requests() {
            let answer = world.send(request).await;
            if name == "refresh" && answer.status.as_u16() == 200 {
                let refresh = answer.json()["refresh_token"].clone();
                refresh.as_str().unwrap().clone_into(&mut self.refresh);
            }
            if name == "code" && answer.status.as_u16() == 200 {
                self.code.clear();
            }
            answers.push((name, answer, status));
        }
        for path in ["/", "/outbox", "/phone", "/passkeys"] {
            let page = self.wallet.browser.get(path).await;
            answers.push(("page", page, 200));
        }
        answers
    }
}

fn plain(uri: &str) -> axum::http::request::Builder {
    Request::get(uri)
}

/// A form of `example-wallet`, who authenticates by HTTP Basic.
fn form(path: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let basic = x428::encoding::base64("example-wallet:sandbox-secret-of-example-wallet");
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    let body = form.extend_pairs(fields).finish();
    Request::post(path)
        .header(header::AUTHORIZATION, format!("Basic {basic}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .unwrap()
}

/// Whether the answer says that the exchange failed, in the form of its endpoint.
fn is_outage(name: &str, answer: &Answer) -> bool {
    let code = answer.outcome().1;
    match name {
        "par" | "code" | "refresh" | "revoke" | "introspect" => {
            answer.status.as_u16() == 500 && code == "server_error"
        }
        "page" => answer.status.as_u16() == 500,
        "authorize" => {
            answer.status.as_u16() == 500 || answer.header("location").contains("server_error")
        }
        _ => answer.status.as_u16() == 500 && code == "internal_error",
    }
}

fn check(answers: &[(&str, Answer, u16)], broken: &str) -> usize {
    let mut outages = 0;
    for (name, answer, status) in answers {
        if is_outage(name, answer) {
            outages += 1;
            continue;
        }
        let (got, text) = (answer.status.as_u16(), &answer.text);
        assert_eq!(got, *status, "{name} without {broken}: {text}");
        if *name == "introspect" {
            assert_eq!(answer.json()["active"], json!(true), "without {broken}");
        }
    }
    outages
}

// r[verify withdrawal.security.fail-closed]
#[tokio::test]
async fn a_table_that_is_not_there_is_an_outage() {
    let world = World::new().await;
    let mut state = State::new(&world).await;
    let options = SqliteConnectOptions::new()
        .filename(world.database().unwrap())
        .busy_timeout(std::time::Duration::from_mins(2));
    let pool = SqlitePool::connect_with(options).await.unwrap();
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'
        AND name <> 'x428_exchange_schema'";
    let tables = sqlx::query(tables).fetch_all(&pool).await.unwrap();
    let mut missed = Vec::new();
    for (number, row) in tables.iter().enumerate() {
        let table: String = row.get("name");
        let rename = async |from: &str, to: &str| {
            let rename = AssertSqlSafe(format!("ALTER TABLE \"{from}\" RENAME TO \"{to}\""));
            sqlx::raw_sql(rename).execute(&pool).await.unwrap();
        };
        state.renew(number).await;
        rename(&table, "gone").await;
        let answers = state.send(&world).await;
        rename("gone", &table).await;
        if check(&answers, &table) > 0 {
            missed.push(table.clone());
        }
        // Two polls of one challenge have an interval between them.
        world.clock.turn_seconds(10);
        state.renew_code().await;
        let outages = check(&state.send(&world).await, &format!("{table} and with it"));
        assert_eq!(outages, 0, "after {table} was there again");
    }
    for table in [
        "access_token",
        "authorization_code",
        "authorization_request",
        "client",
        "consent",
        "owner",
        "session",
    ] {
        assert!(missed.iter().any(|name| name == table), "{table}");
    }
}

// r[verify withdrawal.security.fail-closed]
#[tokio::test]
async fn a_database_that_is_not_there_is_an_outage() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("exchange.db");
    let store = Store::sqlite(&path).await.unwrap();
    let world = World::on(store.clone(), None, |_| {}).await;
    let mut state = State::new(&world).await;
    state.renew(0).await;
    store.close().await;
    for (name, answer, _) in state.send(&world).await {
        if ["metadata", "jwks"].contains(&name) {
            assert_eq!(answer.status.as_u16(), 200, "{name}");
        } else {
            assert!(is_outage(name, &answer), "{name}: {}", answer.text);
        }
    }
    let again = World::on(Store::sqlite(&path).await.unwrap(), None, |_| {}).await;
    for (name, request, status) in state.requests() {
        let answer = again.send(request).await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {}", answer.text);
    }
}
