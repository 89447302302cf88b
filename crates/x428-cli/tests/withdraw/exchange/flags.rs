//! The flags that change what the exchange lets through.

use std::fmt::Write as _;

use insta::assert_snapshot;

use super::super::{
    person::Ana,
    place::{ADDRESS, Place},
};
use crate::run::Here;

/// More requests than an origin or a client has in a minute here, also if one minute ends meanwhile.
const MANY: usize = 40;

/// The statuses of so many requests, each of which says that it comes from elsewhere.
fn from_everywhere(place: &Place) -> Vec<u16> {
    let visitor = Ana::outside(place);
    let url = place.at("/oauth/jwks");
    let ask = |number| {
        let origin = format!("203.0.113.{number}");
        visitor.asks(&url, ("x-forwarded-for", &origin)).0
    };
    (0..MANY).map(ask).collect()
}

// r[verify withdrawal.rate.scope]
#[test]
fn a_peer_that_is_not_trusted_does_not_say_where_a_request_comes_from() {
    for (flags, is_believed) in [
        ("", false),
        (" --trusted-proxy 192.0.2.1 --trusted-proxy ::1", false),
        (" --trusted-proxy 192.0.2.1 --trusted-proxy 127.0.0.1", true),
    ] {
        let flags = format!("--requests-per-origin 5{flags}");
        let place = Place::with(Here::new(), "1", &flags);
        let statuses = from_everywhere(&place);
        assert!(statuses.iter().all(|status| [200, 429].contains(status)));
        let is_limited = statuses.contains(&429);
        assert_eq!(is_limited, !is_believed, "{flags}: {statuses:?}");
        // One origin behind a proxy is limited too.
        let visitor = Ana::outside(&place);
        let url = place.at("/oauth/jwks");
        let same = ("x-forwarded-for", "203.0.113.99, 198.51.100.7");
        let is_limited = (0..MANY).any(|_| visitor.asks(&url, same).0 == 429);
        assert!(is_limited, "{flags}");
    }
}

// r[verify withdrawal.rate.answer]
#[test]
fn a_client_has_so_many_requests_in_a_minute() {
    let place = Place::with(Here::new(), "1", "--requests-per-minute 7");
    let ana = Ana::logged_in(&place);
    let (status, told) = ana.asks(&place.at("/.well-known/x428-exchange"), ("accept", "*/*"));
    assert_eq!(status, 200);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["limits"]["requestsPerMinute"], 7);
    let kept = place.kept();
    let token = kept["tokens"]["access"].as_str().unwrap();
    let bearer = format!("Bearer {token}");
    let answers = || ana.asks(&place.at("/assets"), ("authorization", &bearer));
    let refused = (0..MANY)
        .map(|_| answers())
        .find(|(status, _)| *status != 200);
    let (status, why) = refused.unwrap();
    assert_eq!(status, 429, "{why}");
    assert!(why.contains("rate_limited"), "{why}");
}

// r[verify withdrawal.submit.holds]
#[test]
fn withdrawals_are_held_after_a_change_only_for_as_long_as_it_is_said() {
    for (flags, is_held) in [("", false), ("--hold 3600", true)] {
        let place = Place::with(Here::new(), "0.1", flags);
        let mut ana = Ana::logged_in(&place);
        let send = format!("send 0.02 ETH {ADDRESS} --network ethereum --yes");
        let before = place.withdraw(&send);
        assert_eq!(before.code, 0, "{}", before.shown());
        ana.change_password();
        let after = place.withdraw(&send);
        assert_eq!(after.code != 0, is_held, "{}", after.shown());
        let is_told = after.err.contains("security_hold");
        assert_eq!(is_told, is_held, "{}", after.shown());
    }
}

// r[verify withdrawal.assets.suspended]
#[test]
fn a_network_is_suspended_and_the_others_are_not() {
    let place = Place::with(Here::new(), "0.1", "--suspend base --suspend xrpl");
    Ana::logged_in(&place);
    let send = |network: &str| {
        place.withdraw(&format!(
            "send 0.02 ETH {ADDRESS} --network {network} --yes"
        ))
    };
    let refused = send("base");
    assert_ne!(refused.code, 0, "{}", refused.shown());
    assert!(refused.err.contains("suspended"), "{}", refused.shown());
    let taken = send("ethereum");
    assert_eq!(taken.code, 0, "{}", taken.shown());
    let assets = place.withdraw("assets --json").json();
    let networks = assets.as_array().unwrap().iter().flat_map(|asset| {
        let networks = asset["networks"].as_array().unwrap().iter();
        networks.map(|network| {
            (
                network["network"].clone(),
                network["withdrawalEnabled"].clone(),
            )
        })
    });
    for (network, enabled) in networks {
        assert_eq!(enabled, network == "ethereum", "{network}");
    }
}

#[test]
fn values_that_cannot_be_meant_are_refused() {
    let here = Here::new();
    let start = |flags: &str| here.x428(&format!("sandbox exchange --port 0 {flags}"));
    let mut shown = String::new();
    for flags in [
        "--trusted-proxy localhost",
        "--trusted-proxy 10.0.0.0/8",
        "--hold -1",
        "--hold 1d",
        "--hold 99999999999",
        "--pace -1",
        "--pace 1e12",
        "--requests-per-minute many",
        "--requests-per-minute 0",
        "--requests-per-minute 1000001",
        "--requests-per-origin -5",
        "--suspend nowhere --seed",
    ] {
        let ran = start(flags);
        assert_eq!(ran.code, 2, "{flags}: {}", ran.shown());
        writeln!(shown, "## {flags}\n{}", ran.shown()).unwrap();
    }
    assert_snapshot!(shown);
}
