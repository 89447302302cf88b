//! E-mails by a mail server on this machine: the code of a step-up, outages, TLS.

pub(crate) mod server;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use x428_sandbox::exchange::{MailServer, Settings};

use self::server::{Inbox, Kind, Letter};
use crate::harness::{
    ADDRESS, Answer, Browser, OTHER_ADDRESS, PASSWORD, Wallet, World, ether, execute, with,
    with_proof,
};

const KEY: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
/// "\0postman\0a secret of the post" in base64 (RFC 4616).
const LOGIN: &str = "AHBvc3RtYW4AYSBzZWNyZXQgb2YgdGhlIHBvc3Q=";
const FROM: &str = "Example Exchange <no-reply@exchange.example>";

pub(crate) fn by_mail(inbox: &Inbox) -> impl FnOnce(&mut Settings) + use<> {
    let server = MailServer::new(&inbox.url(), FROM).unwrap();
    let server = match inbox.certificate() {
        Some(pem) => server.with_roots(pem.into_bytes()).unwrap(),
        None => server,
    };
    move |settings| settings.mail_server = Some(server)
}

async fn asked(wallet: &Wallet<'_>, key: &str, body: &Value) -> String {
    let asked = wallet.submit(key, body).await;
    asked.is(428, "challenge_required");
    asked.json()["challengeId"].as_str().unwrap().to_owned()
}

fn status(challenge: &Value) -> String {
    let mut methods = challenge["methods"].as_array().unwrap().iter();
    let email = methods.find(|method| method["method"] == "email").unwrap();
    email["status"].as_str().unwrap().to_owned()
}

async fn start(wallet: &Wallet<'_>, id: &str) -> Answer {
    let path = format!("/challenges/{id}/start");
    wallet.post(&path, &json!({"method": "email"})).await
}

pub(crate) fn with_subject(letters: &[Letter], subject: &str) -> Vec<Letter> {
    let has = |letter: &&Letter| letter.header("Subject") == subject;
    letters.iter().filter(has).cloned().collect()
}

// r[verify withdrawal.start.message]
// r[verify withdrawal.challenge.display]
// r[verify withdrawal.verify.code-form]
// r[verify withdrawal.security.notify]
#[tokio::test]
async fn a_code_by_mail_approves_a_withdrawal() {
    let inbox = Inbox::open(Kind::Plain).await;
    let world = World::with(by_mail(&inbox)).await;
    let mut wallet = world.wallet().await;
    let body = json!({
        "asset": "XRP", "network": "xrpl", "amount": "800", "memo": "90417",
        "address": "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
    });
    let id = asked(&wallet, KEY, &body).await;
    let sent = start(&wallet, &id).await;
    sent.is(200, "");
    assert_eq!(status(&sent.json()), "sent");
    let letters = inbox.letters();
    let letter = with_subject(&letters, "Approve a withdrawal")
        .pop()
        .unwrap();
    assert_eq!(letter.to, ["<ana@owners.example>"]);
    assert_eq!(letter.header("To"), "ana@owners.example");
    assert!(letter.header("From").contains("no-reply@exchange.example"));
    for shown in [
        "Example Exchange",
        "Example Wallet",
        "800 XRP",
        "on xrpl",
        "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
        "90417",
        "no person",
    ] {
        assert!(letter.text.contains(shown), "{shown}: {}", letter.text);
    }
    // The code is in no page: it is a factor of its own.
    let code = letter.code();
    assert!(!wallet.browser.get("/outbox").await.text.contains(&code));

    let verify = format!("/challenges/{id}/verify");
    let right = json!({"method": "email", "code": code});
    let met = wallet.post(&verify, &right).await;
    met.is(200, "");
    let proof = met.json()["challengeProof"].as_str().unwrap().to_owned();
    let created = wallet.submit(KEY, &with_proof(&body, &proof)).await;
    created.is(201, "");
    world.exchange.work().await.unwrap();
    let told = with_subject(&inbox.letters(), "A withdrawal")
        .pop()
        .unwrap();
    assert!(told.text.contains("800 XRP"), "{}", told.text);
    // Once is enough.
    let count = inbox.letters().len();
    world.settle(3).await;
    assert_eq!(inbox.letters().len(), count);
}

#[tokio::test]
async fn an_outage_is_no_sent_code() {
    let inbox = Inbox::open(Kind::Plain).await;
    let change = by_mail(&inbox);
    let world = World::with(|settings| {
        change(settings);
        settings.sends = (1, 1);
    })
    .await;
    let wallet = world.wallet().await;
    let id = asked(&wallet, KEY, &ether("0.3")).await;
    inbox.refuse(true);
    for _ in 0..3 {
        let refused = start(&wallet, &id).await;
        refused.is(503, "provider_unavailable");
        assert_eq!(refused.header("retry-after"), "30");
        let read = wallet.submit(KEY, &ether("0.3")).await;
        assert_eq!(status(&read.json()), "available");
    }
    let early = json!({"method": "email", "code": "123456"});
    wallet
        .post(&format!("/challenges/{id}/verify"), &early)
        .await
        .is(409, "method_not_started");
    // What was not sent counts for nothing.
    inbox.refuse(false);
    start(&wallet, &id).await.is(200, "");
    let other = asked(&wallet, "another-key-of-the-test", &ether("0.3")).await;
    start(&wallet, &other).await.is(429, "resend_too_soon");
}

#[tokio::test]
async fn a_notice_is_sent_until_it_is_taken() {
    let inbox = Inbox::open(Kind::Plain).await;
    let world = World::with(by_mail(&inbox)).await;
    let wallet = world.wallet().await;
    world.exchange.work().await.unwrap();
    inbox.refuse(true);
    wallet.submit(KEY, &ether("0.02")).await.is(201, "");
    for _ in 0..4 {
        world.exchange.work().await.unwrap();
        world.clock.turn_seconds(600);
    }
    assert!(with_subject(&inbox.letters(), "A withdrawal").is_empty());
    assert!(inbox.refused() >= 3, "it was tried: {}", inbox.refused());
    inbox.refuse(false);
    world.clock.turn_seconds(3600);
    world.settle(3).await;
    assert_eq!(with_subject(&inbox.letters(), "A withdrawal").len(), 1);
}

#[tokio::test]
async fn a_notice_that_was_claimed_by_an_instance_that_ended_is_sent() {
    let inbox = Inbox::open(Kind::Plain).await;
    let world = World::with(by_mail(&inbox)).await;
    let wallet = world.wallet().await;
    world.exchange.work().await.unwrap();
    let before = with_subject(&inbox.letters(), "A withdrawal").len();
    wallet.submit(KEY, &ether("0.02")).await.is(201, "");
    let claim = "UPDATE message SET due_at = due_at + 60000 WHERE channel = 'email'
        AND due_at <= 4102444800000";
    execute(&world.database().unwrap(), claim, &[]).await;
    world.clock.turn_seconds(61);
    world.settle(3).await;
    assert!(with_subject(&inbox.letters(), "A withdrawal").len() > before);
}

#[tokio::test]
async fn an_owner_without_an_app_logs_in_by_mail() {
    let inbox = Inbox::open(Kind::Plain).await;
    let world = World::with(by_mail(&inbox)).await;
    let mut browser = Browser::new(&world);
    let page = browser.visit("/login").await;
    let fields = [("login", "ben"), ("password", PASSWORD), ("next", "/")];
    browser.post(&page, "/login", &fields).await;
    inbox.refuse(true);
    let page = browser.get("/login/factor").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    inbox.refuse(false);
    let page = browser.get("/login/factor").await;
    assert_eq!(page.status, StatusCode::OK);
    let code = inbox.letters().pop().unwrap().code();
    let answer = browser
        .post(&page, "/login/factor", &[("code", &code)])
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_code_is_sent_however_often_a_page_is_loaded() {
    let inbox = Inbox::open(Kind::Plain).await;
    let world = World::with(by_mail(&inbox)).await;
    one_code(&inbox, &[&world]).await;
}

/// A browser asks every instance for the page of the second factor, many times at once, and sends
/// the code as often.
pub(crate) async fn one_code(inbox: &Inbox, worlds: &[&World]) {
    let mut browser = Browser::new(worlds[0]);
    let page = browser.visit("/login").await;
    let fields = [("login", "ben"), ("password", PASSWORD), ("next", "/")];
    browser.post(&page, "/login", &fields).await;
    let apps = || worlds.iter().cycle().take(40).map(|world| &world.app);
    let mut pages = at_once(apps(), || browser.request("/login/factor")).await;
    assert!(pages.iter().all(|page| page.status == StatusCode::OK));
    let letters = with_subject(&inbox.letters(), "Log in");
    assert_eq!(letters.len(), 1);

    let (page, code) = (pages.pop().unwrap(), letters[0].code());
    let fields = [("code", code.as_str())];
    let form = || browser.form_request(&page, "/login/factor", &fields);
    let sent = at_once(apps().take(10), form).await;
    let ways_in: Vec<_> = sent.iter().filter(|one| one.status == 303).collect();
    let is_new = |one: &&&Answer| !one.header("set-cookie").is_empty();
    assert_eq!(ways_in.iter().filter(is_new).count(), 1);
    browser.take_cookie(ways_in.into_iter().find(|one| is_new(&one)).unwrap());
    // Who is in is asked for nothing more.
    let page = browser.get("/login/factor?next=/outbox").await;
    assert_eq!(
        (page.status, page.header("location")),
        (StatusCode::SEE_OTHER, "/outbox")
    );
    assert_eq!(with_subject(&inbox.letters(), "Log in").len(), 1);
}

/// The answers to requests that are sent at the same time.
async fn at_once<'a>(
    apps: impl Iterator<Item = &'a Router>,
    request: impl Fn() -> Request<Body>,
) -> Vec<Answer> {
    let sent: Vec<_> = apps
        .map(|app| tokio::spawn(Answer::of(app.clone(), request())))
        .collect();
    let mut answers = Vec::new();
    for answer in sent {
        answers.push(answer.await.unwrap());
    }
    answers
}

#[tokio::test]
async fn what_goes_to_a_server_is_secured_and_its_name_proved() {
    for kind in [Kind::Tls, Kind::StartTls] {
        let inbox = Inbox::open(kind).await;
        let world = World::with(by_mail(&inbox)).await;
        let wallet = world.wallet().await;
        let body = with(&ether("0.3"), "address", OTHER_ADDRESS);
        let id = asked(&wallet, KEY, &body).await;
        start(&wallet, &id).await.is(200, "");
        let letters = inbox.letters();
        assert!(letters.iter().all(|letter| letter.secured), "{kind:?}");
        assert!(
            letters
                .iter()
                .any(|letter| letter.text.contains(OTHER_ADDRESS))
        );

        // A server that somebody else runs at the same place gets nothing.
        let world = World::with(|settings| {
            let server = MailServer::new(&inbox.url(), FROM).unwrap();
            let other = server::certificate().0;
            settings.mail_server = Some(server.with_roots(other.into_bytes()).unwrap());
        })
        .await;
        let wallet = world.wallet().await;
        let id = asked(&wallet, KEY, &body).await;
        start(&wallet, &id).await.is(503, "provider_unavailable");
        assert_eq!(inbox.letters().len(), letters.len(), "{kind:?}");
    }
}

#[tokio::test]
async fn a_server_without_starttls_gets_nothing_and_a_user_gives_the_password() {
    let inbox = Inbox::open(Kind::Plain).await;
    let world = World::with(|settings| {
        let url = inbox.url().replace("smtp+plain", "smtp");
        settings.mail_server = Some(MailServer::new(&url, FROM).unwrap());
    })
    .await;
    let wallet = world.wallet().await;
    let id = asked(&wallet, KEY, &ether("0.3")).await;
    start(&wallet, &id).await.is(503, "provider_unavailable");
    assert!(!inbox.heard().contains("MAIL") && !inbox.heard().contains(ADDRESS));

    let inbox = Inbox::open(Kind::Plain).await;
    let world = World::with(|settings| {
        let url = inbox.url().replace("://", "://postman@");
        let server = MailServer::new(&url, FROM).unwrap();
        let server = server.with_password("a secret of the post".to_owned());
        settings.mail_server = Some(server.unwrap());
    })
    .await;
    let wallet = world.wallet().await;
    let id = asked(&wallet, KEY, &ether("0.3")).await;
    start(&wallet, &id).await.is(200, "");
    assert!(inbox.heard().contains(LOGIN));
}

/// What keeps a server from being used is told before the first e-mail.
#[tokio::test]
async fn a_server_that_cannot_be_used_says_why() {
    async fn reached(change: impl FnOnce(&mut Settings)) -> String {
        let world = World::with(change).await;
        let reached = world.exchange.reach_mail_server().await;
        let why = |outage| std::error::Error::source(&outage).unwrap().to_string();
        reached.map_or_else(why, |()| "works".to_owned())
    }
    assert_eq!(reached(|_| {}).await, "works", "there is none");
    let plain = Inbox::open(Kind::Plain).await;
    let encrypted = Inbox::open(Kind::Tls).await;
    for inbox in [&plain, &encrypted] {
        assert_eq!(reached(by_mail(inbox)).await, "works");
        assert!(inbox.letters().is_empty());
    }
    let with = |url: String, roots: Option<String>, password: Option<&str>| {
        let mut server = MailServer::new(&url, FROM).unwrap();
        if let Some(pem) = roots {
            server = server.with_roots(pem.into_bytes()).unwrap();
        }
        if let Some(password) = password {
            server = server.with_password(password.to_owned()).unwrap();
        }
        move |settings: &mut Settings| settings.mail_server = Some(server)
    };
    let other = Some(server::certificate().0);
    let why = reached(with(encrypted.url(), other, None)).await;
    assert_eq!(why, "the mail server does not prove its name");
    let bare = plain.url().replace("smtp+plain", "smtp");
    let why = reached(with(bare, None, None)).await;
    assert_eq!(
        why,
        "the mail server offers no STARTTLS, or no way to log in"
    );
    plain.admit(LOGIN);
    let user = plain.url().replace("://", "://postman@");
    let right = with(user.clone(), None, Some("a secret of the post"));
    assert_eq!(reached(right).await, "works");
    let why = reached(with(user, None, Some("a guess"))).await;
    assert_eq!(why, "the mail server refuses the login with 535");
    let gone = plain.url();
    drop(plain);
    // Its port is closed when its task has ended.
    let silent = "the mail server does not answer";
    while reached(with(gone.clone(), None, None)).await != silent {
        tokio::task::yield_now().await;
    }
}
