//! `--log`: what an operator reads of requests, and what nobody may read.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::{
    person::{Ana, PASSWORD, next_code},
    place::{ADDRESS, Place},
};
use crate::run::Here;

/// The lines that are log: the others are for the person who started the exchange.
fn of_log(said: &[String]) -> Vec<Value> {
    let lines = said.iter().filter(|line| line.starts_with('{'));
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

fn value_of<'a>(url: &'a url::Url, name: &str) -> std::borrow::Cow<'a, str> {
    let mut pairs = url.query_pairs();
    pairs.find(|(other, _)| other == name).unwrap().1
}

// r[verify withdrawal.privacy.logs]
#[test]
fn requests_are_logged_without_secrets() {
    let place = Place::with(Here::new(), "0.1", "--log");
    let mut ana = Ana::at(&place);
    let mut login = place.login();
    let asked = login.line("https://");
    let back = ana.allow(&asked);
    ana.open(&back);
    assert_eq!(login.end("").code, 0);
    let send = format!("send 0.2 ETH {ADDRESS} --network ethereum --yes --approve totp");
    let mut sending = place.begin(&send);
    sending.asks("[code / again / other / no] ");
    let code = next_code();
    let ran = sending.end(&format!("{code}\n"));
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let kept = place.kept();
    assert_eq!(place.withdraw("logout").code, 0);

    let (asked, back) = (
        url::Url::parse(&asked).unwrap(),
        url::Url::parse(&back).unwrap(),
    );
    let (_, cookie) = ana.cookie().split_once('=').unwrap();
    let mut secrets = vec![
        PASSWORD.to_owned(),
        PASSWORD.replace(' ', "+"),
        cookie.to_owned(),
        value_of(&back, "code").into_owned(),
        value_of(&asked, "state").into_owned(),
        value_of(&asked, "code_challenge").into_owned(),
    ];
    for name in ["access", "refresh"] {
        secrets.push(kept["tokens"][name].as_str().unwrap().to_owned());
    }
    let said = place.end();
    let lines = of_log(&said);
    for line in &lines {
        assert!(line["timestamp"].is_string(), "{line}");
        assert!(line["level"].is_string(), "{line}");
        assert!(line["fields"]["message"].is_string(), "{line}");
        let text = line.to_string();
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{secret} is in {text}");
        }
        assert!(!text.contains(ADDRESS), "{text}");
        // A proof is a JWT, and a code stands alone.
        assert!(!text.contains("eyJ"), "{text}");
        let words: BTreeSet<_> = text.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        assert!(!words.contains(code.as_str()), "{text}");
    }
    let answered: BTreeSet<_> = lines
        .iter()
        .filter(|line| line["fields"]["message"] == "answered")
        .map(|line| {
            let fields = &line["fields"];
            let text = |name: &str| fields[name].as_str().unwrap();
            let path = text("path").split('/').take(3).collect::<Vec<_>>();
            let status = fields["status"].as_u64().unwrap();
            format!("{} {} {status}", text("method"), path.join("/"))
        })
        .collect();
    for request in [
        "POST /login 303",
        "POST /login/factor 303",
        "GET /oauth/authorize 303",
        "POST /oauth/token 200",
        "POST /withdrawals 428",
        "POST /withdrawals 201",
        "POST /oauth/revoke 200",
    ] {
        assert!(answered.contains(request), "{request}: {answered:#?}");
    }
    let is_named = |line: &&Value| line["fields"]["request"].is_string();
    assert!(lines.iter().any(|line| is_named(&line)));
}

#[test]
fn nothing_is_logged_unasked() {
    let place = Place::with_pace("1");
    Ana::at(&place);
    let said = place.end();
    assert!(of_log(&said).is_empty(), "{said:?}");
}
