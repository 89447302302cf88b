//! The whole way: consent, price, approval, and the end.

use insta::assert_snapshot;

use crate::run::Here;

use super::{
    person::{Ana, next_code},
    place::{ADDRESS, Place},
};

// r[verify withdrawal.authorize.browser]
// r[verify withdrawal.authorize.state]
// r[verify withdrawal.security.client-storage]
#[test]
fn a_withdrawal_from_a_terminal() {
    let place = Place::with_pace("0.1");
    let mut ana = Ana::at(&place);
    let mut login = place.login();
    let url = login.line("https://");
    let back = ana.allow(&url);
    // Somebody else knocks, and is sent away.
    let forged = back.replace("state=", "state=x");
    let (status, page) = ana.open(&forged);
    assert_eq!(status, 400, "{page}");
    let (status, page) = ana.open(&back);
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("x428 is logged in."), "{page}");
    assert!(page.contains("You can close this window."), "{page}");
    let logged_in = login.end("");
    assert_eq!(logged_in.code, 0, "{}", logged_in.shown());
    assert_snapshot!(place.shown(&logged_in));

    assert_snapshot!(place.shown(&place.withdraw("assets")));
    assert_snapshot!(place.shown(&place.withdraw("quote 0.2 ETH --network ethereum")));
    let command = format!("send 0.2 ETH {ADDRESS} --network ethereum --yes --approve totp");
    let mut sending = place.begin(&command);
    let said = sending.asks("[code / again / other / no] ");
    // A code is good for a minute, and no longer.
    let sent = sending.end(&format!("{}\n", next_code()));
    assert_eq!(sent.code, 0, "{}", sent.shown());
    assert!(
        sent.out.contains("  completed  0.2 ETH"),
        "{}",
        sent.shown()
    );
    assert!(said.contains("debited   0.2008 ETH"), "{said}");
    assert!(sent.err.contains("  pending  0.2 ETH"), "{}", sent.shown());

    let ids = place.ids();
    assert_eq!(ids.len(), 1);
    let status = place.withdraw(&format!("status {} --json", ids[0])).json();
    assert_eq!(status["status"], "completed");
    let late = place.withdraw(&format!("cancel {}", ids[0]));
    assert_eq!(late.code, 1);
    assert!(late.err.contains("not_cancelable"), "{}", late.shown());

    let kept = std::fs::read_to_string(place.here.path("kept/kept.json")).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept["submissions"], serde_json::json!([]));
    let token = kept["tokens"]["access"].as_str().unwrap();
    for ran in [&logged_in, &sent, &late] {
        assert!(!ran.shown().contains(token), "{}", ran.shown());
    }
    #[cfg(unix)]
    for entry in std::fs::read_dir(place.here.path("kept")).unwrap() {
        use std::os::unix::fs::PermissionsExt as _;
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.path());
    }

    assert_snapshot!(place.shown(&place.withdraw("logout")));
    assert_eq!(place.withdraw("assets").code, 2);
    let kept = std::fs::read_to_string(place.here.path("kept/kept.json")).unwrap();
    assert!(!kept.contains("access"), "{kept}");
}

// r[verify withdrawal.dpop.bound]
#[test]
fn a_client_of_the_high_profile() {
    let here = Here::new();
    assert_eq!(here.x428("key new wallet.pem").code, 0);
    let mut key = here.x428("key export wallet.pem --jwk").json();
    key["kid"] = "wallet-1".into();
    let client = serde_json::json!({
        "client_id": "my-wallet", "client_name": "My Wallet",
        "redirect_uris": ["http://127.0.0.1/callback"],
        "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [key]},
    });
    here.write("client.json", &client.to_string());
    let place = Place::with(here, "0.1", "--high --client client.json");
    let mut ana = Ana::at(&place);
    let mut login = place.login_as("--client-id my-wallet --key wallet.pem --key-id wallet-1");
    let pushed = login.line("https://");
    assert!(pushed.contains("request_uri="), "{pushed}");
    let back = ana.allow(&pushed);
    ana.open(&back);
    let logged_in = login.end("");
    assert_eq!(logged_in.code, 0, "{}", logged_in.shown());
    let small = place.withdraw(&format!("send 0.02 ETH {ADDRESS} --network ethereum --yes"));
    assert_eq!(small.code, 0, "{}", small.shown());
    std::fs::remove_file(place.here.path("kept/device.pem")).unwrap();
    let stolen = place.withdraw("list");
    assert_eq!(stolen.code, 2, "{}", stolen.shown());
}
