use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use x428::encoding::base64url;

use super::{Answer, CALLBACK, ISSUER, PASSWORD, VERIFIER, Wallet, World};

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
        let request = self.request(path);
        self.take(request).await
    }

    /// The request for a page.
    pub(crate) fn request(&self, path: &str) -> Request<Body> {
        let request = Request::get(path).header(header::COOKIE, &self.cookie);
        request.body(Body::empty()).unwrap()
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
        let request = self.form_request(page, path, fields);
        self.take(request).await
    }

    /// The request that sends a form of the page that was shown.
    pub(crate) fn form_request(
        &self,
        page: &Answer,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Request<Body> {
        let token = hidden(page, "token");
        let fields = [("token", token.as_str())]
            .into_iter()
            .chain(fields.iter().copied());
        let request = Request::post(path)
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form_of(fields)));
        request.unwrap()
    }

    async fn take(&mut self, request: Request<Body>) -> Answer {
        let answer = self.world.send(request).await;
        self.take_cookie(&answer);
        answer
    }

    /// Keeps the cookie of an answer, if it has one.
    pub(crate) fn take_cookie(&mut self, answer: &Answer) {
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

    /// The client that got these tokens from whoever is logged in here.
    pub(crate) fn into_wallet(self, tokens: Value) -> Wallet<'a> {
        Wallet {
            world: self.world,
            token: tokens["access_token"].as_str().unwrap().to_owned(),
            tokens,
            browser: self,
        }
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

pub(super) fn form_of<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields).finish()
}
