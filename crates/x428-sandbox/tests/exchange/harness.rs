//! An exchange with a clock that the test turns, a browser, and a wallet.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use totp_rs::{Builder, Secret};
use tower::ServiceExt as _;
use x428::clock::Clock;
use x428::encoding::base64url;
use x428_sandbox::exchange::{Exchange, Settings, Store, seed};

pub(crate) const ISSUER: &str = "https://exchange.example";
pub(crate) const CALLBACK: &str = "https://wallet.example/callback";
pub(crate) const PASSWORD: &str = "correct horse battery staple";
pub(crate) const ADDRESS: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
pub(crate) const OTHER_ADDRESS: &str = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const ALL_SCOPES: &str = "assets:read withdrawals:create withdrawals:read withdrawals:cancel \
    webhooks:manage offline_access";

/// A clock that a test turns.
#[derive(Debug, Clone)]
pub(crate) struct Hand(Arc<Mutex<Timestamp>>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

impl Hand {
    pub(crate) fn turn(&self, by: Duration) {
        let mut now = self.0.lock().unwrap();
        *now += SignedDuration::try_from(by).unwrap();
    }

    /// A clock that stands at a time.
    pub(crate) fn at(time: &str) -> Self {
        Self(Arc::new(Mutex::new(time.parse().unwrap())))
    }

    /// Turns it to a time.
    pub(crate) fn set(&self, time: &str) {
        *self.0.lock().unwrap() = time.parse().unwrap();
    }

    pub(crate) fn turn_seconds(&self, by: u64) {
        self.turn(Duration::from_secs(by));
    }
}

/// An exchange with the demo owners, clients and assets.
pub(crate) struct World {
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) app: Router,
    pub(crate) clock: Hand,
    /// The secret of ana's authenticator app.
    pub(crate) app_secret: &'static [u8],
    /// Where the file of the database is, until the world ends.
    directory: Option<TempDir>,
}

/// The secret of ana's authenticator app as the seed has it.
const APP_SECRET: &[u8] = b"x428-sandbox-of-ana!";

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::sqlite(directory.path().join("exchange.db")).await;
        Self::on(store.unwrap(), Some(directory), change).await
    }

    pub(crate) async fn on(
        store: Store,
        directory: Option<TempDir>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut settings = Settings::new(ISSUER);
        settings.requests_per_minute = 10_000;
        settings.requests_per_client = 100_000;
        settings.requests_per_origin = 100_000;
        settings.challenges = (1000, 1000);
        change(&mut settings);
        let clock = Hand::at("2026-11-20T12:00:00Z");
        let exchange = Exchange::with_clock(store, settings, clock.clone())
            .await
            .unwrap();
        seed::demo(&exchange).await.unwrap();
        Self::around(exchange, clock, APP_SECRET, directory)
    }

    /// The world of an exchange.
    pub(crate) fn around(
        exchange: Arc<Exchange>,
        clock: Hand,
        app_secret: &'static [u8],
        directory: Option<TempDir>,
    ) -> Self {
        Self {
            app: exchange.router(),
            exchange,
            clock,
            app_secret,
            directory,
        }
    }

    /// The exchange started anew on the same file, while the old one is still there.
    pub(crate) async fn restarted(&self, change: impl FnOnce(&mut Settings)) -> Self {
        let store = Store::sqlite(self.database().unwrap()).await.unwrap();
        let mut settings = Settings::new(ISSUER);
        change(&mut settings);
        let exchange = Exchange::with_clock(store, settings, self.clock.clone());
        let exchange = exchange.await.unwrap();
        Self {
            app: exchange.router(),
            exchange,
            clock: self.clock.clone(),
            app_secret: self.app_secret,
            directory: None,
        }
    }

    /// The file of the database, on SQLite.
    pub(crate) fn database(&self) -> Option<std::path::PathBuf> {
        let directory = self.directory.as_ref()?;
        Some(directory.path().join("exchange.db"))
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// Lets as much time pass as `steps` of the settlement take, and settles after each.
    pub(crate) async fn settle(&self, steps: usize) {
        for _ in 0..steps {
            self.clock.turn_seconds(5);
            self.exchange.work().await.unwrap();
        }
    }

    /// The code of ana's authenticator app.
    pub(crate) fn totp(&self) -> String {
        let secret = Secret::new(Box::from(self.app_secret));
        let totp = Builder::new().with_secret(secret).build().unwrap();
        let now = u64::try_from(self.clock.now().as_second()).unwrap();
        totp.generate(now).to_string()
    }

    /// A wallet that ana has given every scope.
    pub(crate) async fn wallet(&self) -> Wallet<'_> {
        self.wallet_of("ana", ALL_SCOPES, None).await
    }

    pub(crate) async fn wallet_of(
        &self,
        login: &str,
        scopes: &str,
        details: Option<Value>,
    ) -> Wallet<'_> {
        let mut browser = Browser::new(self);
        browser.log_in(login).await;
        let tokens = browser.tokens(scopes, details).await;
        assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.text);
        // The next code of the app is one of a later step.
        self.clock.turn_seconds(60);
        Wallet {
            world: self,
            token: tokens.json()["access_token"].as_str().unwrap().to_owned(),
            tokens: tokens.json(),
            browser,
        }
    }
}

/// What a snapshot reads: everything that a request may change but how many there were.
const KEPT: [&str; 17] = [
    "SELECT owner || asset || available || '|' || reserved FROM balance ORDER BY owner, asset",
    "SELECT withdrawal || asset || settles || kind || amount FROM movement ORDER BY 1",
    "SELECT id || data FROM owner ORDER BY id",
    "SELECT id || data FROM consent ORDER BY id",
    "SELECT id || data FROM access_token ORDER BY id",
    "SELECT id || data FROM authorization_code ORDER BY id",
    "SELECT id || data FROM authorization_request ORDER BY id",
    "SELECT id || data FROM quote ORDER BY id",
    "SELECT id || data FROM submission ORDER BY id",
    "SELECT id || data || polled_at FROM challenge ORDER BY id",
    "SELECT id || data FROM withdrawal ORDER BY id",
    "SELECT id || data FROM webhook ORDER BY id",
    "SELECT id || data FROM delivery ORDER BY id",
    "SELECT id || data FROM message ORDER BY id",
    "SELECT id || value FROM counter WHERE id NOT LIKE 'rate %' ORDER BY id",
    "SELECT owner || client || day || dollars || '|' || count FROM spending ORDER BY 1",
    "SELECT owner || number || digest || data FROM record ORDER BY owner, number",
];

impl World {
    /// What the exchange keeps of owners, grants, submissions and counters.
    pub(crate) async fn snapshot(&self) -> Vec<String> {
        let database = self.database().unwrap();
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database);
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        let mut kept = Vec::new();
        for select in KEPT {
            let rows: Vec<String> = sqlx::query_scalar(select).fetch_all(&pool).await.unwrap();
            kept.extend(rows);
        }
        pool.close().await;
        kept
    }

    /// Changes a member of all records of a table, where the exchange has no way to.
    pub(crate) async fn change(&self, table: &str, path: &str, value: Value) {
        let update = format!("UPDATE {table} SET data = json_set(data, ?1, json(?2))");
        let values = [path.to_owned(), value.to_string()];
        execute(&self.database().unwrap(), &update, &values).await;
    }
}

/// Runs a statement in the file of a database, beside the exchange.
pub(crate) async fn execute(database: &std::path::Path, sql: &str, values: &[String]) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()));
    for value in values {
        query = query.bind(value.clone());
    }
    query.execute(&pool).await.unwrap();
    pool.close().await;
}

/// What was answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The status and the code of an error; of a success, an empty one.
    pub(crate) fn outcome(&self) -> (u16, String) {
        let json: Value = serde_json::from_str(&self.text).unwrap_or_default();
        let code = json["error"]["code"].as_str().or(json["error"].as_str());
        (self.status.as_u16(), code.unwrap_or_default().to_owned())
    }

    pub(crate) fn is(&self, status: u16, code: &str) {
        assert_eq!(self.outcome(), (status, code.to_owned()), "{}", self.text);
    }
}

/// A browser with its cookie.
pub(crate) struct Browser<'a> {
    pub(crate) world: &'a World,
    cookie: String,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        Self {
            world,
            cookie: String::new(),
        }
    }

    /// The cookie of its session.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        let request = Request::get(path)
            .header(header::COOKIE, &self.cookie)
            .body(Body::empty());
        self.take(request.unwrap()).await
    }

    /// Follows redirections within the exchange.
    pub(crate) async fn visit(&mut self, path: &str) -> Answer {
        let mut answer = self.get(path).await;
        for _ in 0..5 {
            let location = answer.header("location").to_owned();
            if answer.status != StatusCode::SEE_OTHER || !location.starts_with('/') {
                break;
            }
            answer = self.get(&location).await;
        }
        answer
    }

    /// Sends a form of the page that was shown.
    pub(crate) async fn post(
        &mut self,
        page: &Answer,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let token = hidden(page, "token");
        let fields = [("token", token.as_str())]
            .into_iter()
            .chain(fields.iter().copied());
        let request = Request::post(path)
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form_of(fields)));
        self.take(request.unwrap()).await
    }

    async fn take(&mut self, request: Request<Body>) -> Answer {
        let answer = self.world.send(request).await;
        if let Some(cookie) = answer.headers.get(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            for rule in ["HttpOnly", "Secure", "SameSite=Lax", "__Host-"] {
                assert!(cookie.contains(rule), "{cookie}");
            }
            cookie
                .split(';')
                .next()
                .unwrap()
                .clone_into(&mut self.cookie);
        }
        answer
    }

    /// Logs in with password and second factor.
    pub(crate) async fn log_in(&mut self, login: &str) {
        let page = self.visit("/login").await;
        let fields = [
            ("login", login),
            ("password", PASSWORD),
            ("next", "/outbox"),
        ];
        let answer = self.post(&page, "/login", &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        let page = self.get("/login/factor").await;
        let code = if login == "ana" {
            self.world.totp()
        } else {
            self.newest_code("/outbox").await
        };
        let answer = self.post(&page, "/login/factor", &[("code", &code)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    }

    /// The first number of six digits on a page: the newest code.
    pub(crate) async fn newest_code(&mut self, path: &str) -> String {
        let page = self.get(path).await;
        let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit());
        let mut words = page.text.split(|c: char| !c.is_ascii_alphanumeric());
        let code = words.find(is_code);
        code.unwrap_or_else(|| panic!("no code on {path}: {}", page.text))
            .to_owned()
    }

    /// The address of the authorization request.
    pub(crate) fn authorize_uri(scopes: &str, details: Option<&Value>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", "example-wallet")
            .append_pair("redirect_uri", CALLBACK)
            .append_pair("scope", scopes)
            .append_pair("state", "Yk3v9QmT2xLr")
            .append_pair("code_challenge", &base64url(Sha256::digest(VERIFIER)))
            .append_pair("code_challenge_method", "S256");
        if let Some(details) = details {
            query.append_pair("authorization_details", &details.to_string());
        }
        format!("/oauth/authorize?{}", query.finish())
    }

    /// Consents, and gives the code.
    pub(crate) async fn code(&mut self, scopes: &str, details: Option<&Value>) -> String {
        let page = self.visit(&Self::authorize_uri(scopes, details)).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        let answer = self.allow(&page, &[]).await;
        code_of(&answer)
    }

    /// Allows what a consent page shows, with other values of some fields.
    pub(crate) async fn allow(&mut self, page: &Answer, change: &[(&str, &str)]) -> Answer {
        let action = attribute(&page.text, "action=\"/consent/");
        let mut fields = vec![
            ("decision".to_owned(), "allow".to_owned()),
            ("balances".to_owned(), "yes".to_owned()),
        ];
        for part in page.text.split("name=\"destination-").skip(1) {
            let name = format!("destination-{}", part.split('"').next().unwrap());
            fields.push((name, "yes".to_owned()));
        }
        for part in page.text.split("name=\"limit-").skip(1) {
            let name = format!("limit-{}", part.split('"').next().unwrap());
            let value = attribute(part, "value=\"");
            fields.push((name, value));
        }
        for (name, value) in change {
            fields.retain(|(other, _)| other != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        let fields: Vec<_> = fields
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        self.post(page, &format!("/consent/{action}"), &fields)
            .await
    }

    pub(crate) async fn tokens(&mut self, scopes: &str, details: Option<Value>) -> Answer {
        let code = self.code(scopes, details.as_ref()).await;
        self.world.exchange_code(&code).await
    }
}

/// The code in the redirection to the client, with the state and the issuer beside it.
pub(crate) fn code_of(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    let location = url::Url::parse(answer.header("location")).unwrap();
    let find = |name: &str| {
        let mut pairs = location.query_pairs();
        pairs
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.into_owned())
    };
    assert_eq!(find("iss").as_deref(), Some(ISSUER));
    assert_eq!(find("state").as_deref(), Some("Yk3v9QmT2xLr"));
    find("code").unwrap_or_else(|| panic!("no code: {location}"))
}

pub(crate) fn hidden(page: &Answer, name: &str) -> String {
    attribute(&page.text, &format!("name=\"{name}\" value=\""))
}

fn attribute(text: &str, before: &str) -> String {
    let rest = text.split(before).nth(1);
    let rest = rest.unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split('"').next().unwrap().to_owned()
}

fn form_of<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields).finish()
}

impl World {
    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form_of(fields.iter().copied())));
        self.send(request.unwrap()).await
    }

    /// Sends a form as `example-wallet`.
    pub(crate) async fn as_client(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![
            ("client_id", "example-wallet"),
            ("client_secret", "sandbox-secret-of-example-wallet"),
        ];
        all.extend(fields);
        self.form(path, &all).await
    }

    pub(crate) async fn exchange_code(&self, code: &str) -> Answer {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.as_client("/oauth/token", &fields).await
    }
}

/// A client with a token.
pub(crate) struct Wallet<'a> {
    pub(crate) world: &'a World,
    pub(crate) token: String,
    pub(crate) tokens: Value,
    pub(crate) browser: Browser<'a>,
}

impl Wallet<'_> {
    pub(crate) fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Request<Body> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        match body {
            None => request.body(Body::empty()),
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.to_string())),
        }
        .unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.world.send(self.request(Method::GET, path, None)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.world
            .send(self.request(Method::POST, path, Some(body)))
            .await
    }

    pub(crate) async fn act(&self, path: &str) -> Answer {
        self.world
            .send(self.request(Method::POST, path, None))
            .await
    }

    pub(crate) async fn submit(&self, key: &str, body: &Value) -> Answer {
        let mut request = self.request(Method::POST, "/withdrawals", Some(body));
        request
            .headers_mut()
            .insert("idempotency-key", key.parse().unwrap());
        self.world.send(request).await
    }

    /// What is available and what is reserved of ether, as the owner sees it.
    pub(crate) async fn balance(&mut self, asset: &str) -> (String, String) {
        let page = self.browser.get("/").await;
        let row = page
            .text
            .split(&format!("<td>{asset}</td><td>"))
            .nth(1)
            .unwrap();
        let mut cells = row.split("</td><td>");
        let available = cells.next().unwrap().to_owned();
        let reserved = cells
            .next()
            .unwrap()
            .split("</td>")
            .next()
            .unwrap()
            .to_owned();
        (available, reserved)
    }

    /// Meets a challenge by the app.
    pub(crate) async fn prove(&self, asked: &Answer) -> String {
        let id = asked.json()["challengeId"].as_str().unwrap().to_owned();
        let code = self.world.totp();
        let path = format!("/challenges/{id}/verify");
        let met = self
            .post(&path, &json!({"method": "totp", "code": code}))
            .await;
        assert_eq!(met.status, StatusCode::OK, "{}", met.text);
        // The next code is one of another step.
        self.world.clock.turn_seconds(30);
        met.json()["challengeProof"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn ether(amount: &str) -> Value {
    json!({"asset": "ETH", "network": "ethereum", "amount": amount, "address": ADDRESS})
}

pub(crate) fn with_proof(body: &Value, proof: &str) -> Value {
    let mut body = body.clone();
    body["challengeProof"] = proof.into();
    body
}

/// Another body, with a member changed.
pub(crate) fn with(body: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut body = body.clone();
    body[name] = value.into();
    body
}
