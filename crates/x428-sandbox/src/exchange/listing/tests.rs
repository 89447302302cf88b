use super::*;
use crate::exchange::seed;

// r[verify withdrawal.assets.regex]
#[test]
fn an_expression_is_read_alike_everywhere() {
    for expression in [
        "^0x[0-9a-fA-F]{40}$",
        "^(0|[1-9][0-9]{0,9})$",
        "^r[1-9A-HJ-NP-Za-km-z]{24,34}$",
        r"^[^|\]]{1,4}\.(a|b)+$",
    ] {
        assert!(is_portable(expression), "{expression}");
    }
    for expression in [
        "0x[0-9]{40}$",
        "^0x[0-9]{40}",
        r"^0x\$",
        "^a|b$",
        "^(a|b)|c$",
        "^(?:a)$",
        "^(?<name>a)$",
        r"^\d+$",
        r"^(a)\1$",
        "^.{1,64}$",
        "^[[:alpha:]]$",
        "^[]a]$",
        "^[^]$",
        "^a$|^b$",
        "^(a$",
        "^a)$",
        "^[a$",
        "^a{2,1}$",
        "",
        "^",
    ] {
        assert!(!is_portable(expression), "{expression}");
    }
}

// r[verify withdrawal.assets.memo-rule]
#[test]
fn an_asset_that_says_too_little_is_not_listed() {
    let assets = seed::demo_assets().unwrap();
    assert!(assets.iter().all(|asset| check(asset).is_ok()));
    let ledger = assets.into_iter().find(|asset| asset.id == "XRP").unwrap();
    let changes: [fn(&mut Network); 4] = [
        |network| network.memo.kind = None,
        |network| network.memo.regex = None,
        |network| network.memo.regex = Some("[0-9]+".parse().unwrap()),
        |network| network.address_regex = "^r.*$".parse().unwrap(),
    ];
    for change in changes {
        let mut asset = ledger.clone();
        change(&mut asset.networks[0].network);
        let refused = check(&asset).unwrap_err().to_string();
        assert!(refused.contains("XRP on xrpl"), "{refused}");
    }
    // Where there is no memo, nothing is said of it.
    let mut asset = ledger;
    asset.networks[0].network.memo = MemoRule::new(MemoSupport::None);
    assert!(check(&asset).is_ok());
}
