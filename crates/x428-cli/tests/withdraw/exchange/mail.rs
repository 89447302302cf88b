//! E-mails by a mail server: `--smtp` and what belongs to it.

use std::fmt::Write as _;

use insta::assert_snapshot;
use tokio::runtime::Runtime;

use super::super::{
    person::Ana,
    place::{ADDRESS, Place},
};
use crate::mail_server::{Inbox, Kind, certificate};
use crate::run::{Here, set_mode};

const FROM: &str = "no-reply@exchange.example";
/// "\0postman\0a secret of the post" in base64 (RFC 4616).
const LOGIN: &str = "AHBvc3RtYW4AYSBzZWNyZXQgb2YgdGhlIHBvc3Q=";
const PASSWORD: &str = "a secret of the post";

/// A mail server over TLS that lets in the postman alone.
struct Post {
    /// Serves, until it is dropped.
    _runtime: Runtime,
    inbox: Inbox,
}

impl Post {
    fn open() -> Self {
        let runtime = Runtime::new().unwrap();
        let inbox = runtime.block_on(Inbox::open(Kind::Tls));
        inbox.admit(LOGIN);
        Self {
            _runtime: runtime,
            inbox,
        }
    }

    /// A directory with its certificate.
    fn here(&self) -> Here {
        let here = Here::new();
        here.write("post.pem", &self.inbox.certificate().unwrap());
        here
    }

    /// The flags for it.
    fn flags(&self) -> String {
        let url = self.inbox.url().replace("://", "://postman@");
        format!("--smtp {url} --smtp-from {FROM} --smtp-roots post.pem")
    }
}

/// Ana withdraws with a code that comes by e-mail.
fn approve_by_mail(place: &Place, inbox: &Inbox) {
    Ana::logged_in(place);
    let send = format!("send 0.2 ETH {ADDRESS} --network ethereum --yes --approve email");
    let mut asking = place.begin(&send);
    asking.asks("[code / again / other / no] ");
    // Notices come at a time of their own.
    let mut letters = inbox.letters().into_iter();
    let letter = letters.find(|letter| letter.header("Subject") == "Approve a withdrawal");
    let letter = letter.unwrap();
    assert!(letter.secured);
    assert_eq!(letter.header("From"), FROM);
    let ended = asking.end(&format!("{}\n", letter.code()));
    assert_eq!(ended.code, 0, "{}", ended.shown());
    assert!(inbox.heard().contains(LOGIN));
}

#[test]
fn a_code_comes_by_the_mail_server() {
    let post = Post::open();
    let here = post.here();
    let flags = post.flags() + " --smtp-password-file password";
    here.secret("password", &format!("{PASSWORD}\n"));
    let place = Place::with(here, "0.1", &flags);
    approve_by_mail(&place, &post.inbox);
    let said = place.end().join("\n");
    assert!(!said.contains("warning"), "{said}");
}

#[test]
fn the_password_of_the_mail_server_is_taken_from_a_variable() {
    let post = Post::open();
    let flags = post.flags();
    let variables = [("X428_SMTP_PASSWORD", PASSWORD)];
    let place = Place::with_variables(post.here(), "0.1", &flags, &variables);
    approve_by_mail(&place, &post.inbox);
}

/// What is wrong is said at once, the exchange goes on, and nothing is sent.
#[test]
fn a_mail_server_that_cannot_be_used_is_told_of() {
    let post = Post::open();
    for (roots, password, why) in [
        (certificate().0, PASSWORD, "does not prove its name"),
        (
            post.inbox.certificate().unwrap(),
            "a guess",
            "refuses the login with 535",
        ),
    ] {
        let here = Here::new();
        here.write("post.pem", &roots);
        here.secret("password", password);
        let flags = post.flags() + " --smtp-password-file password";
        let place = Place::with(here, "1", &flags);
        let warning = "warning: the mail server is unavailable";
        let said = format!("{warning}: the mail server {why}; e-mails wait until it works");
        assert_eq!(place.hears(warning), said);
        let (status, _) = Ana::outside(&place).asks(&place.at("/login"), ("accept", "*/*"));
        assert_eq!(status, 303);
    }
    assert!(post.inbox.letters().is_empty());
}

#[test]
fn flags_of_the_mail_server_are_checked_before_anything_is_opened() {
    let here = Here::new();
    here.secret("password", PASSWORD);
    here.secret("open", PASSWORD);
    set_mode(&here.path("open"), 0o644);
    here.write("no.pem", "not a certificate");
    let start = |flags: &str| here.x428(&format!("sandbox exchange --port 0 {flags}"));
    let mut shown = String::new();
    for flags in [
        "--smtp smtp://post.example",
        "--smtp-from a@exchange.example",
        "--smtp-password-file password",
        "--smtp post.example:25 --smtp-from a@exchange.example",
        "--smtp smtp+plain://post.example --smtp-from a@exchange.example",
        "--smtp smtp://postman:secret@post.example --smtp-from a@exchange.example",
        "--smtp smtp://post.example --smtp-from nobody",
        "--smtp smtp://post.example --smtp-from a@exchange.example --smtp-password-file password",
        "--smtp smtp://p@post.example --smtp-from a@exchange.example --smtp-password-file none",
        #[cfg(unix)]
        "--smtp smtp://p@post.example --smtp-from a@exchange.example --smtp-password-file open",
        "--smtp smtp://post.example --smtp-from a@exchange.example --smtp-roots none.pem",
        "--smtp smtp://post.example --smtp-from a@exchange.example --smtp-roots no.pem",
    ] {
        let ran = start(flags);
        assert_eq!(ran.code, 2, "{}", ran.shown());
        assert!(!ran.shown().contains("secret@"), "{}", ran.shown());
        writeln!(shown, "## {flags}\n{}", ran.shown()).unwrap();
    }
    assert_snapshot!(shown);
    assert!(!here.path("x428-exchange.db").exists());
}
