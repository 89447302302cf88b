//! The demo, a client and a conformance run, over a loopback address.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use insta::assert_snapshot;

use super::run::Here;

/// A sandbox that ends with the test.
struct Sandbox {
    child: Child,
    base: String,
}

impl Sandbox {
    fn start(here: &Here, arguments: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_x428"))
            .args("sandbox attested --port 0".split(' '))
            .args(arguments.split_whitespace())
            .current_dir(here.path("."))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut base = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut base).unwrap();
        Self {
            child,
            base: base.trim().to_owned(),
        }
    }

    fn shown(&self, ran: &super::run::Ran) -> String {
        ran.shown().replace(&self.base, "http://127.0.0.1:8428")
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

// r[verify attestation.client.consent]
#[test]
fn a_resource_is_got_with_consent_and_not_without() {
    let here = Here::with_key();
    let sandbox = Sandbox::start(&here, "");
    let get = |rest: &str| here.x428_with(&format!("get {}{rest}", sandbox.base), "yes\n");
    let refused = get("/films/1");
    assert_snapshot!(sandbox.shown(&refused));
    let half = get("/films/1 --yes-to terms-host=127.0.0.1 --yes-to age=17");
    assert_eq!(half.code, 1, "{}", half.shown());
    let got = get("/films/1 --yes-to terms-host=127.0.0.1 --yes-to age=18 --receipt receipt.json");
    assert_eq!(got.code, 0, "{}", got.shown());
    assert_eq!(got.out, r#"{"number":"1","title":"The Precondition"}"#);
    let kept = std::fs::read_to_string(here.path("receipt.json")).unwrap();
    assert!(kept.contains("challengeDigest"));

    let json = get("/account --yes-to identity --json").json();
    assert_eq!(json["status"], 200);
    assert_eq!(json["attested"], true);
    assert!(json.get("token").is_none());
    let open = get("/");
    assert_eq!(open.code, 0);
    assert!(open.out.contains("<!doctype html>"));
    assert_eq!(get("/nothing").code, 1);
}

// r[verify attestation.token.secret]
#[test]
fn no_token_is_shown() {
    let here = Here::with_key();
    let sandbox = Sandbox::start(&here, "");
    let ran = here.x428(&format!(
        "get {}/account --yes-to identity -v",
        sandbox.base
    ));
    assert!(
        ran.err.contains("x-428-token: (a token)"),
        "{}",
        ran.shown()
    );
    assert!(!ran.err.contains("eyJ0b2tlbi"), "{}", ran.shown());
}

#[test]
fn an_address_without_a_server_is_said() {
    let here = Here::with_key();
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let free = listener.local_addr().unwrap();
    drop(listener);
    let ran = here.x428(&format!("get http://{free}/"));
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("help: the server did not answer"),
        "{}",
        ran.shown()
    );
    assert_snapshot!(here.x428("get api.example.com/reports").shown());
    assert_snapshot!(here.x428("get file:///etc/passwd").shown());
}

#[test]
fn the_sandbox_conforms() {
    let here = Here::with_key();
    let sandbox = Sandbox::start(&here, "");
    let run = format!(
        "conformance server {0}/reports/2026-q3 --other {0}/films/1",
        sandbox.base
    );
    let ran = here.x428(&run);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert_snapshot!(ran.out);
    let json = here.x428(&format!("{run} --json"));
    for line in json.out.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    let unguarded = here.x428(&format!("conformance server {}/", sandbox.base));
    assert_snapshot!(sandbox.shown(&unguarded));
    assert_snapshot!(
        here.x428("conformance server http://api.example.com/")
            .shown()
    );
}

#[test]
fn two_instances_are_one_server() {
    let here = Here::with_key();
    assert_eq!(here.x428("key new --server keys.toml").code, 0);
    let shared = "--store shared.db --keys keys.toml --base http://127.0.0.1:1";
    let one = Sandbox::start(&here, shared);
    let other = Sandbox::start(&here, shared);
    let challenge = |sandbox: &Sandbox| {
        let ran = here.x428(&format!("get {}/account --yes-to identity", sandbox.base));
        // The base is that of neither: what a client of one of them is told is not for its URL.
        assert!(ran.err.contains("must not be answered"), "{}", ran.shown());
    };
    challenge(&one);
    challenge(&other);
}

#[test]
fn terms_of_ones_own_are_required() {
    let here = Here::with_key();
    here.write("house-rules.txt", "Be kind.\n");
    let sandbox = Sandbox::start(&here, "--terms house-rules.txt");
    let ran = here.x428(&format!("get {}/reports/2026-q3", sandbox.base));
    assert!(
        ran.err.contains("/terms/house-rules.txt"),
        "{}",
        ran.shown()
    );
}
