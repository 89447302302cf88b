//! What does not work, why, and the way out.

use insta::assert_snapshot;

use super::place::{ADDRESS, Place};
use crate::run::Here;

#[test]
fn nobody_is_logged_in() {
    let here = Here::new();
    assert_snapshot!(here.x428("withdraw assets --state kept").shown());
    assert_snapshot!(
        here.x428("withdraw send 0.2 ETH nowhere --state kept")
            .shown()
    );
    assert!(!here.path("kept").exists());
}

#[test]
fn what_is_typed_is_checked_before_anything_is_asked() {
    let here = Here::new();
    let send = |what: &str| here.x428(&format!("withdraw send {what} --yes --state kept"));
    assert_snapshot!(send(&format!("0,2 ETH {ADDRESS}")).shown());
    assert_snapshot!(send(&format!("-1 ETH {ADDRESS}")).shown());
    let login = here.x428("withdraw login http://localhost:8429 --client-id a --state kept");
    assert_snapshot!(login.shown());
    assert_snapshot!(here.x428("withdraw --help").shown());
}

#[test]
fn an_exchange_that_is_not_trusted_gets_nothing() {
    let place = Place::with_pace("1");
    let login = format!("login {} --client-id example-app", place.issuer);
    assert_snapshot!(place.shown(&place.withdraw(&login)));
    assert!(!place.here.path("kept/account.json").exists());
}
