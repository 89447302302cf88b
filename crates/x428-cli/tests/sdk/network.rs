//! The demo, a client and a conformance run, over a loopback address.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

use insta::assert_snapshot;

use super::run::{Here, Limit};

/// A sandbox that ends with the test.
struct Sandbox {
    child: Child,
    base: String,
    _limit: Limit,
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
        let limit = Limit::of(&child);
        let mut base = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut base).unwrap();
        assert!(!base.is_empty(), "the sandbox has ended");
        Self {
            child,
            base: base.trim().to_owned(),
            _limit: limit,
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
    // Nobody listens there, and nobody else can.
    let held = tokio::net::TcpSocket::new_v4().unwrap();
    held.bind((std::net::Ipv4Addr::LOCALHOST, 0).into())
        .unwrap();
    let free = held.local_addr().unwrap();
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

/// Requests the account as clients without a library do, and returns the response.
fn account(base: &str, payload: &str) -> String {
    let host = base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let payload = match payload {
        "" => String::new(),
        payload => format!("X-428-Attestation: {payload}\r\n"),
    };
    let request =
        format!("GET /account HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{payload}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

// r[verify attestation.issue.nonce-instances]
#[test]
fn two_instances_are_one_server() {
    let here = Here::with_key();
    assert_eq!(here.x428("key new --server keys.toml").code, 0);
    let base = "http://127.0.0.1:1";
    let shared = format!("--store shared.db --keys keys.toml --base {base}");
    let (one, other) = (
        Sandbox::start(&here, &shared),
        Sandbox::start(&here, &shared),
    );

    let challenged = account(&one.base, "");
    here.write(
        "challenge.json",
        challenged.split_once("\r\n\r\n").unwrap().1,
    );
    let attest =
        format!("attest challenge.json --requested {base}/account --yes-to identity --header");
    let payload = here.x428(&attest).out;
    let accepted = account(&other.base, payload.trim());
    assert!(accepted.starts_with("HTTP/1.1 200"), "{accepted}");
    let replayed = account(&one.base, payload.trim());
    assert!(replayed.contains("nonce_replayed"), "{replayed}");

    let token = accepted
        .lines()
        .find_map(|line| line.strip_prefix("x-428-token: "))
        .unwrap();
    let inspected = here
        .x428(&format!("token inspect {token} --keys keys.toml --json"))
        .json();
    assert_eq!(inspected["scope"], format!("{base}/account"));
    assert!(
        inspected["sealed"]["operator"]
            .as_str()
            .unwrap()
            .starts_with("did:key:")
    );
}

/// Ends the sandbox as services are ended, and changes one byte of its log.
#[cfg(unix)]
#[test]
fn a_changed_record_is_named() {
    let here = Here::with_key();
    let mut sandbox = Sandbox::start(&here, "--store log.db");
    let get = format!("get {}/account --yes-to identity", sandbox.base);
    for _ in 0..2 {
        assert_eq!(here.x428(&get).code, 0);
    }
    super::run::signal(sandbox.child.id(), "TERM");
    assert!(sandbox.child.wait().unwrap().success(), "it ends by itself");

    let intact = here.x428("audit verify log.db --json").json();
    assert_eq!(intact["records"], 2);
    let head = intact["head"]["digest"].as_str().unwrap();
    let deposited = here.x428(&format!("audit verify log.db --deposited 1={head}"));
    assert_eq!(deposited.code, 0, "{}", deposited.shown());
    let later = here.x428(&format!("audit verify log.db --deposited 7={head}"));
    assert_snapshot!(later.shown());

    let mut bytes = std::fs::read(here.path("log.db")).unwrap();
    let (from, to) = (b"\"kind\":\"accepted\"", b"\"kind\":\"accepTed\"");
    let found: Vec<usize> = (0..bytes.len() - from.len())
        .filter(|at| bytes[*at..].starts_with(from))
        .collect();
    for at in found {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    std::fs::write(here.path("log.db"), bytes).unwrap();
    assert_snapshot!(here.x428("audit verify log.db").shown());
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
