//! An owner in a browser, and the wallet that acts for the owner.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;
use url::form_urlencoded::Serializer;
use x428::encoding::base64url;

use crate::line::{Ask, Line, Reply};

pub(crate) const PASSWORD: &str = "correct horse battery staple";
pub(crate) const CLIENT: &str = "example-wallet";
pub(crate) const SECRET: &str = "sandbox-secret-of-example-wallet";
pub(crate) const CALLBACK: &str = "https://wallet.example/callback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const SCOPES: &str = "assets:read withdrawals:create withdrawals:read withdrawals:cancel \
    webhooks:manage offline_access";
const FORM: &str = "application/x-www-form-urlencoded";

/// What the exchange has given.
#[derive(Default)]
struct Tokens {
    /// The access token, behind its scheme.
    authorization: String,
    refresh: String,
}

/// A wallet with the tokens of an owner.
pub(crate) struct Wallet {
    pub(crate) line: Arc<Line>,
    pub(crate) login: String,
    tokens: Mutex<Tokens>,
    cookie: String,
}

impl Wallet {
    /// The owner logs in, and allows the wallet everything.
    pub(crate) async fn of(line: Arc<Line>, login: &str) -> Self {
        let mut wallet = Self {
            line,
            login: login.to_owned(),
            tokens: Mutex::default(),
            cookie: String::new(),
        };
        let page = wallet.visit("/login").await;
        let fields = [
            ("login", login),
            ("password", PASSWORD),
            ("next", "/outbox"),
        ];
        let answer = wallet.submit_form("/login", &page, &fields).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let page = wallet.page("/login/factor").await;
        let code = wallet.newest_code().await;
        let fields = [("code", code.as_str())];
        let answer = wallet.submit_form("/login/factor", &page, &fields).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        wallet.authorize().await;
        wallet
    }

    async fn authorize(&mut self) {
        let query = Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", CLIENT)
            .append_pair("redirect_uri", CALLBACK)
            .append_pair("scope", SCOPES)
            .append_pair("state", "Yk3v9QmT2xLr")
            .append_pair("code_challenge", &base64url(Sha256::digest(VERIFIER)))
            .append_pair("code_challenge_method", "S256")
            .finish();
        let page = self.visit(&format!("/oauth/authorize?{query}")).await;
        let action = format!("/consent/{}", attribute(&page.text, "action=\"/consent/"));
        let mut fields = vec![
            ("decision".to_owned(), "allow".to_owned()),
            ("balances".to_owned(), "yes".to_owned()),
        ];
        for part in page.text.split("name=\"limit-").skip(1) {
            let name = part.split('"').next().unwrap();
            fields.push((format!("limit-{name}"), attribute(part, "value=\"")));
        }
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let answer = self.submit_form(&action, &page, &fields).await;
        let location = url::Url::parse(&answer.location);
        let location = location.unwrap_or_else(|_| panic!("no redirection: {answer:?}"));
        let code = location.query_pairs().find(|(name, _)| name == "code");
        let (_, code) = code.unwrap_or_else(|| panic!("no code: {location}"));
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        let tokens = self.granted(&fields).await;
        *self.tokens.lock().await = tokens;
    }

    /// What the exchange gives the wallet for something else.
    async fn granted(&self, fields: &[(&str, &str)]) -> Tokens {
        let client = [("client_id", CLIENT), ("client_secret", SECRET)];
        let body = Serializer::new(String::new())
            .extend_pairs(client)
            .extend_pairs(fields)
            .finish();
        let ask = Ask {
            method: Method::POST,
            path: "/oauth/token",
            authorization: None,
            headers: vec![("content-type", FORM)],
            body,
        };
        let given = self.line.ask(&ask).await.json();
        let text = |name: &str| {
            let text = given[name].as_str();
            text.unwrap_or_else(|| panic!("no {name}: {given}"))
                .to_owned()
        };
        Tokens {
            authorization: format!("Bearer {}", text("access_token")),
            refresh: text("refresh_token"),
        }
    }

    /// Gets other tokens, unless somebody has got them meanwhile. An answer that is lost is given
    /// again to the same refresh token.
    pub(crate) async fn refresh(&self, refused: &str) {
        let mut tokens = self.tokens.lock().await;
        if tokens.authorization == refused {
            let fields = [
                ("grant_type", "refresh_token"),
                ("refresh_token", tokens.refresh.as_str()),
            ];
            *tokens = self.granted(&fields).await;
        }
    }

    /// Asks until there is an answer, with another token when the one that there was has ended:
    /// nothing is done for a token that is refused.
    pub(crate) async fn ask(&self, ask: &Ask<'_>) -> Reply {
        let authorization = self.authorization().await;
        let reply = self.line.ask(&ask.with(&authorization)).await;
        if reply.status != 401 {
            return reply;
        }
        self.refresh(&authorization).await;
        let authorization = self.authorization().await;
        self.line.ask(&ask.with(&authorization)).await
    }

    /// Asks once.
    pub(crate) async fn ask_once(&self, ask: &Ask<'_>) -> Option<Reply> {
        let authorization = self.authorization().await;
        let reply = self.line.ask_once(&ask.with(&authorization)).await?;
        if reply.status == 401 {
            self.refresh(&authorization).await;
            return None;
        }
        Some(reply)
    }

    /// The access token, behind its scheme.
    pub(crate) async fn authorization(&self) -> String {
        self.tokens.lock().await.authorization.clone()
    }

    async fn page(&mut self, path: &str) -> Reply {
        let reply = self.line.ask(&self.of_browser(Method::GET, path, "")).await;
        self.keep(&reply);
        reply
    }

    /// Follows redirections within the exchange.
    async fn visit(&mut self, path: &str) -> Reply {
        let mut reply = self.page(path).await;
        while reply.status == 303 && reply.location.starts_with('/') {
            let location = reply.location.clone();
            reply = self.page(&location).await;
        }
        reply
    }

    async fn submit_form(&mut self, path: &str, page: &Reply, fields: &[(&str, &str)]) -> Reply {
        let token = attribute(&page.text, "name=\"token\" value=\"");
        let fields = [&[("token", token.as_str())], fields].concat();
        self.form(path, &fields).await
    }

    async fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        let reply = self
            .line
            .ask(&self.of_browser(Method::POST, path, &body))
            .await;
        self.keep(&reply);
        reply
    }

    fn of_browser<'a>(&'a self, method: Method, path: &'a str, body: &str) -> Ask<'a> {
        Ask {
            method,
            path,
            authorization: None,
            headers: vec![("cookie", self.cookie.as_str()), ("content-type", FORM)],
            body: body.to_owned(),
        }
    }

    fn keep(&mut self, reply: &Reply) {
        if let Some(cookie) = &reply.cookie {
            self.cookie.clone_from(cookie);
        }
    }

    /// The first number of six digits in the outbox: the newest code.
    pub(crate) async fn newest_code(&self) -> String {
        let ask = self.of_browser(Method::GET, "/outbox", "");
        let page = self.line.ask(&ask).await;
        let mut words = page.text.split(|c: char| !c.is_ascii_alphanumeric());
        let code = words.find(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit()));
        code.unwrap_or_else(|| panic!("no code: {page:?}"))
            .to_owned()
    }

    /// A request of a wallet.
    pub(crate) fn api<'a>(
        method: Method,
        path: &'a str,
        key: Option<&'a str>,
        body: &Value,
    ) -> Ask<'a> {
        let mut headers = Vec::new();
        let mut text = String::new();
        if !body.is_null() {
            headers.push(("content-type", "application/json"));
            text = body.to_string();
        }
        if let Some(key) = key {
            headers.push(("idempotency-key", key));
        }
        Ask {
            method,
            path,
            authorization: None,
            headers,
            body: text,
        }
    }

    pub(crate) fn submission<'a>(key: &'a str, body: &Value) -> Ask<'a> {
        Self::api(Method::POST, "/withdrawals", Some(key), body)
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        let ask = Self::api(Method::GET, path, None, &Value::Null);
        self.ask(&ask).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        let ask = Self::api(Method::POST, path, None, body);
        self.ask(&ask).await
    }

    /// Meets a challenge with the code of an e-mail, however often the connection breaks.
    pub(crate) async fn prove(&self, challenge: &str) -> Option<String> {
        let path = format!("/challenges/{challenge}");
        let started = self
            .post(&format!("{path}/start"), &json!({"method": "email"}))
            .await;
        // One whose answer was lost has been sent.
        let is_sent = started.status == 200 || started.code() == "resend_too_soon";
        assert!(is_sent, "{started:?}");
        let code = self.newest_code().await;
        let body = json!({"method": "email", "code": code});
        let met = self.post(&format!("{path}/verify"), &body).await;
        let proof = |reply: &Reply| Some(reply.json()["challengeProof"].as_str()?.to_owned());
        if met.status == 200 {
            return proof(&met);
        }
        // The answer was lost, and not what it said.
        proof(&self.get(&path).await)
    }
}

fn attribute(text: &str, before: &str) -> String {
    let rest = text.split(before).nth(1);
    let rest = rest.unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split('"').next().unwrap().to_owned()
}
