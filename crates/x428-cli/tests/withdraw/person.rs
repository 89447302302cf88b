//! Ana, with a browser and an authenticator app.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::{
    Certificate, Client, RequestBuilder, Response, StatusCode, header, redirect::Policy,
};
use tokio::runtime::Runtime;
use totp_rs::{Builder, Secret};

use super::place::Place;

/// The seconds for which a code of an authenticator app is the newest.
const STEP: u64 = 30;
pub(crate) const PASSWORD: &str = "correct horse battery staple";

pub(crate) struct Ana {
    issuer: String,
    runtime: Runtime,
    http: Client,
    cookie: String,
}

impl Ana {
    /// She has a browser, and has not logged in.
    pub(crate) fn outside(place: &Place) -> Self {
        let trusted = Certificate::from_pem(&place.certificate()).unwrap();
        let http = Client::builder()
            .tls_certs_only([trusted])
            .redirect(Policy::none())
            .no_proxy()
            // A connection that was kept may be closed at the moment in which it is used again.
            .pool_max_idle_per_host(0)
            .timeout(Duration::from_mins(5))
            .build()
            .unwrap();
        Self {
            issuer: place.issuer.clone(),
            runtime: Runtime::new().unwrap(),
            http,
            cookie: String::new(),
        }
    }

    /// She logs in with her password and the current code of her app.
    pub(crate) fn at(place: &Place) -> Self {
        let mut ana = Self::outside(place);
        let (_, page) = ana.visit("/login");
        let fields = [
            ("login", "ana"),
            ("password", PASSWORD),
            ("next", "/outbox"),
        ];
        ana.post(&page, "/login", &fields);
        let (_, page) = ana.visit("/login/factor");
        let code = code(0);
        ana.post(&page, "/login/factor", &[("code", &code)]);
        ana
    }

    /// The same, and the command has her consent.
    pub(crate) fn logged_in(place: &Place) -> Self {
        let mut ana = Self::at(place);
        let mut login = place.login();
        let back = ana.allow(&login.line("https://"));
        ana.open(&back);
        assert_eq!(login.end("").code, 0);
        ana
    }

    /// A page, after redirections within the exchange, and its path.
    fn visit(&mut self, path: &str) -> (String, String) {
        let mut path = path.to_owned();
        for _ in 0..5 {
            let request = self
                .http
                .get(format!("{}{path}", self.issuer))
                .header(header::COOKIE, &self.cookie);
            let response = self.sent(request);
            self.remember(&response);
            match location(&response) {
                Some(next) if next.starts_with('/') => path = next,
                _ => return (path, self.runtime.block_on(response.text()).unwrap()),
            }
        }
        panic!("{path} leads in a circle");
    }

    /// Sends a form of a page, and gives where that leads.
    fn post(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> String {
        let token = after(page, "name=\"token\" value=\"");
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("token", &token).extend_pairs(fields);
        let request = self
            .http
            .post(format!("{}{path}", self.issuer))
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.finish());
        let response = self.sent(request);
        self.remember(&response);
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{path}");
        location(&response).unwrap()
    }

    fn sent(&self, request: RequestBuilder) -> Response {
        // The timer is one of the runtime.
        let answered = async { request.send().await.unwrap() };
        self.runtime.block_on(answered)
    }

    fn remember(&mut self, response: &Response) {
        if let Some(cookie) = response.headers().get(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            cookie
                .split(';')
                .next()
                .unwrap()
                .clone_into(&mut self.cookie);
        }
    }

    /// She allows what the page asks for, and gives where her browser is sent.
    pub(crate) fn allow(&mut self, url: &str) -> String {
        let path = url.strip_prefix(&self.issuer).unwrap();
        let (_, page) = self.visit(path);
        let action = after(&page, "action=\"/consent/");
        let mut fields = vec![
            ("decision".to_owned(), "allow".to_owned()),
            ("balances".to_owned(), "yes".to_owned()),
        ];
        for part in page.split("name=\"limit-").skip(1) {
            let name = format!("limit-{}", part.split('"').next().unwrap());
            fields.push((name, after(part, "value=\"")));
        }
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        self.post(&page, &format!("/consent/{action}"), &fields)
    }

    /// She approves at the page of a challenge, with the next code of her app.
    pub(crate) fn approve(&mut self, url: &str) {
        let path = url.strip_prefix(&self.issuer).unwrap();
        let (path, page) = self.visit(path);
        let code = next_code();
        let fields = [("method", "totp"), ("code", &code), ("decision", "approve")];
        self.post(&page, &path, &fields);
    }

    /// She changes her password.
    pub(crate) fn change_password(&mut self) {
        let (path, page) = self.visit("/security");
        let new = "another horse battery staple";
        let fields = [("change", "password"), ("current", PASSWORD), ("new", new)];
        self.post(&page, &path, &fields);
    }

    /// The cookie of her session.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    /// Somebody asks for something with a header; gives the status and the answer.
    pub(crate) fn asks(&self, url: &str, (name, value): (&str, &str)) -> (u16, String) {
        let asked = async {
            let request = self.http.get(url).header(name, value);
            let response = request.send().await.unwrap();
            (response.status().as_u16(), response.text().await.unwrap())
        };
        self.runtime.block_on(asked)
    }

    /// Her browser opens an address of this machine; gives the status and what it shows.
    pub(crate) fn open(&self, url: &str) -> (u16, String) {
        let opened = async {
            let response = self.http.get(url).send().await.unwrap();
            (response.status().as_u16(), response.text().await.unwrap())
        };
        self.runtime.block_on(opened)
    }
}

/// The code of her app after the one with which she has logged in. The exchange takes it a step
/// early.
pub(crate) fn next_code() -> String {
    code(1)
}

fn code(steps: u64) -> String {
    let secret = Secret::new(Box::from(*b"x428-sandbox-of-ana!"));
    let totp = Builder::new().with_secret(secret).build().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    totp.generate(now.as_secs() + steps * STEP).to_string()
}

fn location(response: &Response) -> Option<String> {
    let location = response.headers().get(header::LOCATION)?;
    Some(location.to_str().unwrap().to_owned())
}

fn after(text: &str, before: &str) -> String {
    let rest = text.split(before).nth(1);
    let rest = rest.unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split('"').next().unwrap().to_owned()
}
