//! Travel Rule data, with a withdrawal and for one that waits.

use insta::assert_snapshot;
use serde_json::json;

use super::{
    person::Ana,
    place::{ADDRESS, Place},
};

// r[verify withdrawal.travel.put]
#[test]
fn data_are_sent_along_or_supplied_later() {
    let place = Place::with_pace("0.1");
    Ana::logged_in(&place);
    let whole = json!({
        "walletType": "custodial", "isSelf": true, "beneficiaryVasp": {"name": "Other"},
    });
    place.here.write("whole.json", &whole.to_string());
    place.here.write(
        "half.json",
        r#"{"walletType": "custodial", "isSelf": true}"#,
    );
    place
        .here
        .write("none.json", r#"{"walletType": "Ana Example"}"#);
    let send = format!("send 0.02 ETH {ADDRESS} --network ethereum --yes");

    let none = place.withdraw(&format!("{send} --travel-rule none.json"));
    assert_eq!(none.code, 2, "{}", none.shown());
    assert!(
        none.err.contains("`walletType` is not of its form"),
        "{}",
        none.shown()
    );
    assert!(!none.err.contains("Ana Example"), "{}", none.shown());
    let half = place.withdraw(&format!("{send} --travel-rule half.json"));
    assert_eq!(half.code, 1, "{}", half.shown());
    assert!(
        half.err.contains("missing at /travelRule/beneficiaryVasp"),
        "{}",
        half.shown()
    );
    assert!(half.err.contains("--travel-rule FILE"), "{}", half.shown());
    assert_eq!(place.ids(), Vec::<String>::new());
    let along = place.withdraw(&format!("{send} --travel-rule whole.json"));
    assert_eq!(along.code, 0, "{}", along.shown());

    let asked = place.withdraw(&format!("{send} --reference sim:inform"));
    assert_eq!(asked.code, 3, "{}", asked.shown());
    assert_snapshot!(place.shown(&asked));
    let id = &place.ids()[0];
    let refused = place.withdraw(&format!("supply {id} half.json"));
    assert_eq!(refused.code, 1, "{}", refused.shown());
    let supplied = place.withdraw(&format!("supply {id} whole.json"));
    assert_eq!(supplied.code, 0, "{}", supplied.shown());
    let ended = place.withdraw(&format!("status --follow {id}"));
    assert_eq!(ended.code, 0, "{}", ended.shown());
    assert!(ended.out.contains("  completed  "), "{}", ended.shown());
}
