use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::jcs::{Limits, StrictJson};
use crate::sign::seal::{SealKey, SealRing};
use crate::wire::withdrawal::{
    AssetNetworks, AuthorizedLimit, ChallengeDisplayClient, ChallengeId, CoinbaseErrorId,
    CoinbaseNetworkStatus, CoinbaseScope, CoinbaseStatus, IdempotencyKey, LimitPeriod, Person,
    Scope, Sha256Digest, TravelRule, TravelRuleStatus, WithdrawalErrorCode as Code,
    WithdrawalRequest, WithdrawalStatus as Status,
};
use crate::withdrawal::cursor::{Cursors, Page, Position};
use crate::withdrawal::example;
use crate::withdrawal::intent::Parties;
use crate::withdrawal::submission::Submission;

const KEY: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

fn key() -> IdempotencyKey {
    IdempotencyKey::parse(KEY).unwrap()
}

fn adapter() -> Adapter {
    let network = |code: &str, name: &str, confirmations| Network {
        code: NetworkCode::parse(code).unwrap(),
        name: name.to_owned(),
        confirmations,
    };
    Adapter::new(vec![
        network("ethereum", "ethereum", 12),
        network("xrpl", "ripple", 1),
    ])
}

fn submission(body: &Value) -> Submission {
    let body = StrictJson::from_value(body.clone(), Limits::default()).unwrap();
    Submission::of(&body, key()).unwrap()
}

fn request() -> WithdrawalRequest {
    example::read("withdrawal-request")
}

/// A transaction as Coinbase documents it, with members that are not mapped.
fn documented() -> Value {
    json!({
        "id": "57ffb4ae-0c59-5430-bcd3-3f98f797a66c",
        "type": "send",
        "status": "pending",
        "amount": {"amount": "-1.50080000", "currency": "ETH"},
        "native_amount": {"amount": "-4502.40", "currency": "USD"},
        "description": null,
        "created_at": "2026-11-20T05:00:45-07:00",
        "updated_at": "2026-11-20T12:02:00Z",
        "resource": "transaction",
        "resource_path": "/v2/accounts/2bbf394c/transactions/57ffb4ae",
        "network": {
            "status": "confirming",
            "status_description": "Pending",
            "network_name": "ethereum",
            "hash": "0x9e2b1f7c05d84a63b1e0c79f52a8d634e7016b9acd385f20471e6bd98c3af5d1",
            "transaction_fee": {"amount": "0.000800", "currency": "ETH"},
            "confirmations": 3
        },
        "to": {"resource": "ethereum_address", "address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"},
        "idem": KEY,
        "details": {"title": "Sent ETH"}
    })
}

fn transaction(change: impl FnOnce(&mut Value)) -> Transaction {
    let mut value = json!({"data": documented()});
    change(&mut value["data"]);
    let answer: Data<Transaction> = serde_json::from_value(value).unwrap();
    answer.data
}

fn read(transaction: &Transaction) -> Result<crate::wire::withdrawal::Withdrawal, String> {
    let request = request();
    let known = Known {
        request: &request,
        travel_rule: TravelRuleStatus::NotRequired,
    };
    let withdrawal = adapter().withdrawal(transaction, &known);
    withdrawal.map_err(|error| error.detail().to_owned())
}

#[test]
fn scopes_are_those_of_the_table() {
    for &known in Scope::ALL {
        let has_none = matches!(known, Scope::WithdrawalsCancel | Scope::WebhooksManage);
        assert_eq!(scope(known).is_err(), has_none);
        if let Ok(own) = scope(known) {
            assert_eq!(scope_named(own.as_str()), Some(known));
        }
    }
    assert_eq!(
        scope(Scope::WithdrawalsCreate).map(CoinbaseScope::as_str),
        Ok("wallet:transactions:send")
    );
    assert_eq!(scope_named("wallet:user:read"), None);
}

#[test]
fn a_grant_has_one_limit() {
    let limit = |period: &str| -> AuthorizedLimit {
        let limit = json!({"amount": "2.50", "currency": "USD", "period": period});
        serde_json::from_value(limit).unwrap()
    };
    let day = send_limit(&[limit("day")]).unwrap();
    let expected = [
        ("meta[send_limit_amount]", "2.50".to_owned()),
        ("meta[send_limit_currency]", "USD".to_owned()),
        ("meta[send_limit_period]", "day".to_owned()),
    ];
    assert_eq!(meta(&day), expected);
    let rows = example::table("coinbase-limits").iter();
    let names: Vec<_> = rows.map(|row| row["Coinbase"].as_str().unwrap()).collect();
    assert_eq!(meta(&day).map(|(name, _)| name), *names);
    assert_eq!(AuthorizedLimit::try_from(&day), Ok(limit("day")));
    assert!(send_limit(&[limit("transaction")]).is_err());
    assert!(send_limit(&[limit("day"), limit("month")]).is_err());
    assert!(send_limit(&[]).is_err());
    for period in ["week", LimitPeriod::Transaction.as_str()] {
        let other = SendLimit {
            period: period.to_owned(),
            ..day.clone()
        };
        assert!(AuthorizedLimit::try_from(&other).is_err());
    }
}

#[test]
fn a_request_goes_over_and_back() {
    let mut body = example::example("withdrawal-request");
    body["network"] = json!("xrpl");
    body["memo"] = json!("90417");
    body["clientReference"] = json!("order-5512");
    let submission = submission(&body);
    let send = adapter().send(&submission).unwrap();
    assert_eq!(send.network.as_deref(), Some("ripple"));
    assert_eq!(send.destination_tag.as_deref(), Some("90417"));
    let text = serde_json::to_string(&send).unwrap();
    let again: SendMoney = serde_json::from_str(&text).unwrap();
    let (read, read_key) = adapter().request(&again).unwrap();
    assert_eq!(&read, submission.request());
    assert_eq!(&read_key, submission.key());
}

// r[verify withdrawal.coinbase.no-guess]
#[test]
fn what_has_no_counterpart_is_refused() {
    let body = |name: &str, value: Value| {
        let mut body = example::example("withdrawal-request");
        body[name] = value;
        submission(&body)
    };
    let refused = |name: &str, value: Value| {
        let refused = adapter().send(&body(name, value)).unwrap_err();
        (refused.code(), refused.details()[0].field.to_string())
    };
    for (name, value) in [
        ("feeMode", json!("inclusive")),
        ("maxFee", json!("1")),
        ("quoteId", json!("qt_5Hn7tRzPk3WvB9xGdMyCa1")),
    ] {
        assert_eq!(
            refused(name, value),
            (Code::InvalidRequest, format!("/{name}"))
        );
    }
    assert_eq!(
        refused("network", json!("solana")).0,
        Code::NetworkNotSupported
    );
    assert_eq!(
        refused("address", json!("ana@example.com")).0,
        Code::InvalidAddress
    );
    let enforcing = adapter().that_enforces_fees();
    assert!(enforcing.send(&body("maxFee", json!("1"))).is_ok());
    let proof = example::example("travel-rule-proof");
    assert_eq!(
        refused("travelRule", proof),
        (
            Code::InvalidRequest,
            "/travelRule/ownershipProof".to_owned()
        )
    );
}

// r[verify withdrawal.coinbase.no-guess]
#[test]
fn what_this_protocol_cannot_say_is_no_request() {
    let send = adapter()
        .send(&submission(&example::example("withdrawal-request")))
        .unwrap();
    let gap = |send: SendMoney| adapter().request(&send).unwrap_err().what();
    assert_eq!(
        gap(SendMoney {
            kind: "transfer".into(),
            ..send.clone()
        }),
        "type"
    );
    assert_eq!(
        gap(SendMoney {
            to: "ana@example.com".into(),
            ..send.clone()
        }),
        "to"
    );
    assert_eq!(
        gap(SendMoney {
            network: None,
            ..send.clone()
        }),
        "network"
    );
    assert_eq!(
        gap(SendMoney {
            network: Some("solana".into()),
            ..send.clone()
        }),
        "network"
    );
    assert_eq!(
        gap(SendMoney {
            idem: None,
            ..send.clone()
        }),
        "idem"
    );
    assert_eq!(
        gap(SendMoney {
            idem: Some("x".repeat(100)),
            ..send.clone()
        }),
        "idem"
    );
    assert_eq!(
        gap(SendMoney {
            amount: "-1".into(),
            ..send.clone()
        }),
        "amount"
    );
    assert_eq!(
        gap(SendMoney {
            description: Some("for rent".into()),
            ..send
        }),
        "description"
    );
}

// r[verify withdrawal.coinbase.amount]
#[test]
fn a_documented_transaction_is_a_withdrawal() {
    let withdrawal = read(&transaction(|_| ())).unwrap();
    assert_eq!(
        serde_json::to_value(&withdrawal).unwrap(),
        json!({
            "id": "57ffb4ae-0c59-5430-bcd3-3f98f797a66c",
            "status": "broadcast",
            "asset": "ETH",
            "network": "ethereum",
            "amount": "1.5",
            "fee": {"asset": "ETH", "amount": "0.0008", "final": true},
            "receiveAmount": "1.5",
            "totalDebit": "1.5008",
            "address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "txid": "0x9e2b1f7c05d84a63b1e0c79f52a8d634e7016b9acd385f20471e6bd98c3af5d1",
            "confirmations": 3,
            "requiredConfirmations": 12,
            "internal": false,
            "cancelable": false,
            "travelRule": {"status": "not_required"},
            "createdAt": "2026-11-20T12:00:45Z",
            "updatedAt": "2026-11-20T12:02:00Z"
        })
    );
}

#[test]
fn a_withdrawal_goes_over_and_back() {
    let withdrawal = read(&transaction(|_| ())).unwrap();
    let written = adapter().transaction(&withdrawal, &key()).unwrap();
    assert_eq!(written.amount.amount, "-1.5008");
    assert_eq!(read(&written).unwrap(), withdrawal);
    for status in [
        Status::AwaitingInformation,
        Status::Canceling,
        Status::Rejected,
    ] {
        let mut other = withdrawal.clone();
        other.status = status;
        assert_eq!(
            adapter().transaction(&other, &key()).unwrap_err().what(),
            "status"
        );
    }
}

// r[verify withdrawal.coinbase.amount]
#[test]
fn a_fee_in_another_asset_is_debited_there() {
    let fee = json!({"amount": "0.5", "currency": "SOL"});
    let withdrawal = read(&transaction(|value| {
        value["network"]["transaction_fee"] = fee;
    }))
    .unwrap();
    assert_eq!(withdrawal.receive_amount, "1.5008");
    assert_eq!(withdrawal.total_debit, "1.5008");
    assert_eq!(withdrawal.fee.asset, "SOL");
}

#[test]
fn what_is_no_withdrawal_is_refused() {
    let refused = |change: &dyn Fn(&mut Value)| read(&transaction(change)).unwrap_err();
    let changes: [(&str, Value, &str); 5] = [
        ("/type", json!("receive"), "not a send"),
        (
            "/amount/amount",
            json!("1.5"),
            "an amount that is not negative",
        ),
        (
            "/amount/currency",
            json!("BTC"),
            "of another asset than the request",
        ),
        (
            "/network/transaction_fee/amount",
            json!("1.6"),
            "a fee above the amount",
        ),
        (
            "/network/hash",
            json!(null),
            "on the network without a hash",
        ),
    ];
    for (place, value, expected) in changes {
        let why = refused(&|transaction| *transaction.pointer_mut(place).unwrap() = value.clone());
        assert_eq!(why, expected);
    }
    for amount in ["--1", "-", "-1e3", "-1.5008 "] {
        let other = transaction(|value| value["amount"]["amount"] = json!(amount));
        assert!(read(&other).is_err(), "{amount}");
    }
}

#[test]
fn statuses_are_those_of_the_tables() {
    for known in CoinbaseStatus::ALL {
        assert_eq!(status(known.as_str(), None), known.becomes());
    }
    for known in CoinbaseNetworkStatus::ALL {
        assert_eq!(status("pending", Some(known.as_str())), known.becomes());
        assert_eq!(status("completed", Some(known.as_str())), Status::Completed);
    }
}

// r[verify withdrawal.coinbase.unknown-status]
#[test]
fn a_status_that_is_not_known_is_no_end() {
    for (word, network) in [("created", None), ("", None), ("pending", Some("lost"))] {
        assert_eq!(status(word, network), Status::UnderReview);
    }
    assert_eq!(status("COMPLETED", None), Status::UnderReview);
}

#[test]
fn an_end_has_a_time_and_a_reason() {
    for word in ["failed", "expired", "canceled"] {
        let ended = read(&transaction(|value| value["status"] = json!(word))).unwrap();
        assert!(ended.status_reason.is_some());
        assert_eq!(ended.completed_at, Some(ended.updated_at));
    }
    let inside = read(&transaction(|value| {
        value["status"] = json!("completed");
        value["network"] = json!({"status": "off_blockchain"});
    }));
    let inside = inside.unwrap();
    assert!(inside.internal && inside.txid.is_none() && inside.status_reason.is_none());
}

fn error(status: u16, body: &Value) -> ErrorAnswer {
    read_error(status, body.to_string().as_bytes(), None)
}

fn code(answer: ErrorAnswer) -> Option<Code> {
    match answer {
        ErrorAnswer::Refused(refused) => Some(refused.code()),
        ErrorAnswer::SecondFactor => None,
    }
}

// r[verify withdrawal.coinbase.two-factor]
#[test]
fn a_second_factor_is_known_by_its_id() {
    let body = json!({"errors": [{
        "id": "two_factor_required",
        "message": "Two-step verification code required to complete this request"
    }]});
    for status in [400, 402] {
        assert_eq!(error(status, &body), ErrorAnswer::SecondFactor);
    }
    let other = json!({"errors": [{"id": "other", "message": "two_factor_required"}]});
    assert_eq!(code(error(402, &other)), Some(Code::InvalidRequest));
}

// r[verify withdrawal.coinbase.two-factor]
#[test]
fn the_challenge_is_the_one_of_the_text() {
    let expected = example::example("coinbase-challenge");
    let text = |member: &str| expected.pointer(member).unwrap().as_str().unwrap();
    let id = ChallengeId::parse(text("/challengeId")).unwrap();
    let client = ChallengeDisplayClient::parse(text("/display/client")).unwrap();
    let digest = Sha256Digest::parse(text("/intentHash")).unwrap();
    let request = request();
    let asked = Asked {
        id: &id,
        request: &request,
        intent_hash: (&digest).try_into().unwrap(),
        client: &client,
    };
    let now = "2026-11-20T12:00:00Z".parse().unwrap();
    let made = challenge(&asked, now).unwrap();
    assert_eq!(serde_json::to_value(&made).unwrap(), expected);
    assert!(challenge(&asked, jiff::Timestamp::MAX).is_err());
}

#[test]
fn an_account_of_advanced_trade_is_an_asset_with_a_balance() {
    let documented = |change: &dyn Fn(&mut Value)| {
        let mut account = json!({
            "uuid": "8bfc20d7-f7c6-4422-bf07-8243ca4169fe",
            "name": "BTC Wallet",
            "currency": "BTC",
            "available_balance": {"value": "1.2300", "currency": "BTC"},
            "default": false,
            "active": true,
            "type": "ACCOUNT_TYPE_CRYPTO",
            "ready": true,
            "hold": {"value": "1.23", "currency": "BTC"}
        });
        change(&mut account);
        let account: Account = serde_json::from_value(account).unwrap();
        let asset = asset(&account, AssetNetworks::new(Vec::new()).unwrap());
        asset.map_err(|gap| gap.what())
    };
    let read = documented(&|_| ()).unwrap();
    assert_eq!(
        serde_json::to_value(read).unwrap(),
        json!({"asset": "BTC", "name": "BTC Wallet", "balance": "1.23", "networks": []})
    );
    for (place, value, expected) in [
        ("/available_balance/value", "-1", "available_balance"),
        ("/available_balance/currency", "ETH", "available_balance"),
        ("/name", "", "name"),
    ] {
        let read = documented(&|account| *account.pointer_mut(place).unwrap() = json!(value));
        assert_eq!(read.unwrap_err(), expected);
    }
}

// r[verify withdrawal.coinbase.unknown-error]
#[test]
fn errors_are_read_by_id_then_by_status() {
    for known in CoinbaseErrorId::ALL {
        let body = json!({"errors": [{"id": known.as_str(), "message": "", "url": "https://x"}]});
        let expected = Some(known.becomes()).filter(|code| *code != Code::ChallengeRequired);
        assert_eq!(code(error(400, &body)), expected);
    }
    for (status, expected) in [
        (400, Code::InvalidRequest),
        (422, Code::InvalidRequest),
        (429, Code::RateLimited),
        (500, Code::ProviderUnavailable),
        (503, Code::ProviderUnavailable),
        (302, Code::ProviderUnavailable),
    ] {
        for body in [
            json!({"errors": []}),
            json!({"errors": [{"id": "new"}]}),
            json!("x"),
        ] {
            assert_eq!(code(error(status, &body)), Some(expected));
        }
    }
    let secret = json!({"errors": [{"id": "validation_error", "message": "hunter2"}]});
    assert!(!format!("{:?}", error(400, &secret)).contains("hunter2"));
}

#[test]
fn codes_have_an_error_of_coinbase_or_none() {
    assert_eq!(
        written_error(Code::ChallengeRequired),
        Ok(CoinbaseErrorId::TwoFactorRequired)
    );
    assert_eq!(
        written_error(Code::InvalidToken),
        Ok(CoinbaseErrorId::AuthenticationError)
    );
    assert!(written_error(Code::InsufficientBalance).is_err());
}

#[test]
fn pages_follow_each_other() {
    let parties = Parties {
        issuer: crate::wire::withdrawal::HttpsUri::parse("https://exchange.example").unwrap(),
        client_id: crate::wire::withdrawal::ClientId::parse("example-wallet").unwrap(),
        subject: crate::wire::withdrawal::Subject::parse("acct-1").unwrap(),
    };
    let cursors = Cursors::new(SealRing::new(SealKey::new(1, [7; 32])));
    let page: Listed<Value> = serde_json::from_value(json!({
        "pagination": {
            "ending_before": null, "starting_after": null, "limit": 25, "order": "desc",
            "previous_uri": null,
            "next_uri": "/v2/accounts/2bbf394c/transactions?limit=25&starting_after=57ffb4ae-0c59"
        },
        "data": []
    }))
    .unwrap();
    let first = Page::from_query("").unwrap();
    let place = next(&page.pagination).unwrap().unwrap();
    let cursor = cursors.seal(&parties, &first.filters, &place).unwrap();
    let second = Page::from_query(&format!("limit=5&cursor={cursor}")).unwrap();
    let after = cursors.open(&parties, &second).unwrap();
    let query = PageQuery::of(&second, after.as_ref()).to_query();
    assert_eq!(query, "limit=5&starting_after=57ffb4ae-0c59");
    assert_eq!(PageQuery::of(&first, None).to_query(), "limit=25");
    assert_eq!(next(&Pagination::default()), Ok(None));
    for uri in [
        "/v2/accounts",
        "/v2/accounts?limit=5",
        "/v2/accounts?starting_after=",
    ] {
        let lost = Pagination {
            next_uri: Some(uri.to_owned()),
            ..Pagination::default()
        };
        assert!(next(&lost).is_err());
    }
    assert!(Position::new("57ffb4ae").is_ok());
}

#[test]
fn travel_rule_data_are_named_as_coinbase_names_them() {
    let data: TravelRule = example::read("travel-rule-self");
    let written = travel_rule_data(&data, false).unwrap();
    assert_eq!(
        written.beneficiary_wallet_type.as_deref(),
        Some("WALLET_TYPE_SELF_HOSTED")
    );
    assert_eq!(written.is_self.as_deref(), Some("IS_SELF_TRUE"));

    let full: WithdrawalRequest = example::read("withdrawal-request-full");
    let named = travel_rule_data(&full.travel_rule.unwrap(), false).unwrap();
    assert_eq!(named.beneficiary_name.as_deref(), Some("Ana Silva"));
    assert_eq!(travel_rule(&named).unwrap_err().what(), "beneficiary_name");

    let person: Person = example::read("person-natural");
    let located = person
        .natural_person
        .as_ref()
        .unwrap()
        .geographic_address
        .is_some();
    let written = travel_rule_data(
        &TravelRule::new(data.wallet_type, false).with_beneficiary(person),
        false,
    );
    assert_eq!(written.is_err(), located);
}

proptest! {
    #![proptest_config(crate::fixed_seed())]

    #[test]
    fn any_error_is_an_answer(status in any::<u16>(), body in "\\PC{0,80}") {
        let _ = read_error(status, body.as_bytes(), None);
    }

    // r[verify withdrawal.coinbase.amount]
    #[test]
    fn what_arrives_is_the_amount_without_the_fee(arrives in "[1-9][0-9]{0,9}(\\.[0-9]{1,18})?", fee in "[0-9]\\.[0-9]{1,18}") {
        use crate::withdrawal::decimal::Decimal;
        let (arrives, fee) = (Decimal::parse(&arrives).unwrap(), Decimal::parse(&fee).unwrap());
        let total = arrives.checked_add(fee).unwrap();
        let withdrawal = read(&transaction(|value| {
            value["amount"]["amount"] = json!(format!("-{total}"));
            value["network"]["transaction_fee"]["amount"] = json!(fee);
        })).unwrap();
        prop_assert_eq!(Decimal::try_from(&withdrawal.receive_amount).unwrap(), arrives);
        prop_assert_eq!(Decimal::try_from(&withdrawal.total_debit).unwrap(), total);
    }

    #[test]
    fn plain_travel_rule_data_go_over_and_back(custodial in any::<bool>(), own in any::<bool>(), purpose in prop::option::of(prop::sample::select(crate::wire::withdrawal::TransferPurpose::ALL))) {
        use crate::wire::withdrawal::WalletType;
        let wallet = if custodial { WalletType::Custodial } else { WalletType::SelfHosted };
        let mut data = TravelRule::new(wallet, own);
        data.purpose = purpose;
        prop_assert_eq!(travel_rule(&travel_rule_data(&data, false).unwrap()).unwrap(), data);
    }
}
