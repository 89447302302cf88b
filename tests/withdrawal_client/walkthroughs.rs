//! The walk-throughs of appendix A: the client sends what stands there, to the byte of the JSON.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use serde::de::DeserializeOwned;
use x428::wire::withdrawal::{
    AssetCode, Cursor, IdempotencyKey, StepUpMethod, WithdrawalErrorCode, WithdrawalId,
    WithdrawalStatus,
};
use x428::withdrawal::client::{Choice, ClientError, Pending};
use x428::withdrawal::cursor::Filters;

use crate::owner::{Owner, key, request};
use crate::server::{Exchange, Hand, Step};
use crate::text::{Message, exchange};

const NOON: &str = "2026-11-20T12:00:00Z";

fn body<T: DeserializeOwned>(message: &Message) -> T {
    serde_json::from_str(&message.body).unwrap()
}

// r[verify withdrawal.idempotency.retry]
// r[verify withdrawal.token.header]
#[tokio::test]
async fn a1_without_a_second_factor() {
    let text = exchange("simple");
    let exchange = Exchange::of(&text).await;
    let hand = Hand::at(NOON);
    let client = exchange.client(&hand).await;

    let assets = client.assets().await.unwrap();
    assert_eq!(assets[0].asset.as_str(), "ETH");
    let quote = client.quote(&body(&text[2])).await.unwrap();
    assert!(!quote.step_up_likely);

    let key = IdempotencyKey::parse(text[4].header("idempotency-key").unwrap()).unwrap();
    let pending = Pending::with_key(&body(&text[4]), key).unwrap();
    let created = client.submit(pending, &Owner::default()).await.unwrap();
    assert_eq!(created.status(), Some(WithdrawalStatus::Pending));
    assert!(client.pending().await.unwrap().is_empty());

    let states: Vec<_> = client
        .watch(created.id(), None)
        .map_ok(|reported| reported.status().unwrap())
        .try_collect()
        .await
        .unwrap();
    assert_eq!(
        states,
        [WithdrawalStatus::Broadcast, WithdrawalStatus::Completed]
    );
    assert_eq!(hand.waits(), [Duration::from_secs(5)]);
    exchange.assert_done();
}

// r[verify withdrawal.challenge.client-display]
#[tokio::test]
async fn a2_one_method_of_several() {
    let exchange = Exchange::of(&exchange("any")).await;
    let client = exchange.client(&Hand::at(NOON)).await;
    let owner = Owner::choosing([Choice::Method(StepUpMethod::Totp)])
        .entering([Some("113355"), Some("492039")]);

    let pending = Pending::with_key(&request(), key()).unwrap();
    let created = client.submit(pending, &owner).await.unwrap();
    assert_eq!(created.status(), Some(WithdrawalStatus::Pending));
    assert_eq!(
        owner.asked(),
        [
            "choose: totp available, sms available",
            "code: totp hint \"\" wrong false left 5 again None",
            "code: totp hint \"\" wrong true left 4 again None",
        ]
    );
    exchange.assert_done();
}

// r[verify withdrawal.poll.interval]
// r[verify withdrawal.poll.slow-down]
#[tokio::test]
async fn a3_two_methods_both_needed() {
    let exchange = Exchange::of(&exchange("all")).await;
    let hand = Hand::at(NOON);
    let client = exchange.client(&hand).await;
    let owner = Owner::choosing([
        Choice::Method(StepUpMethod::Sms),
        Choice::Method(StepUpMethod::Push),
    ])
    .entering([None, Some("811204")]);

    let pending = Pending::with_key(&request(), key()).unwrap();
    client.submit(pending, &owner).await.unwrap();
    assert_eq!(
        owner.asked(),
        [
            "choose: sms available, push available",
            "code: sms hint \"•••• 42\" wrong false left 5 again None",
            "code: sms hint \"•••• 42\" wrong false left 5 again Some(\"2026-11-20T12:00:25Z\")",
            "choose: sms verified, push available",
            "enter 47",
        ]
    );
    let seconds: Vec<_> = hand.waits().iter().map(Duration::as_secs).collect();
    assert_eq!(seconds, [5, 5, 10]);
    exchange.assert_done();
}

// r[verify withdrawal.hosted.browser]
#[tokio::test]
async fn a4_a_proof_that_has_expired() {
    let mut text = exchange("any");
    text.truncate(6);
    text.extend(exchange("expired-proof"));
    let exchange = Exchange::of(&text).await;
    let client = exchange.client(&Hand::at(NOON)).await;
    let owner = Owner::choosing([Choice::Method(StepUpMethod::Totp), Choice::HostedPage])
        .entering([Some("113355"), Some("492039")]);

    let pending = Pending::with_key(&request(), key()).unwrap();
    client.submit(pending, &owner).await.unwrap();
    let page = "open https://exchange.example/step-up/ch_4Ru8eJyXo6LsI0fWdGvKc2";
    assert_eq!(owner.asked().last().map(String::as_str), Some(page));
    exchange.assert_done();
}

// r[verify withdrawal.idempotency.retry]
#[tokio::test]
async fn a5_a_retry() {
    let mut text = exchange("any");
    text.truncate(6);
    let retry = exchange("retry");
    let exchange = Exchange::of(&text).await;
    exchange.then(Step::Lose);
    exchange.then(Step::Follow(
        Box::new(retry[0].clone()),
        Box::new(retry[1].clone()),
    ));
    let client = exchange.client(&Hand::at(NOON)).await;
    let owner = Owner::choosing([Choice::Method(StepUpMethod::Totp)])
        .entering([Some("113355"), Some("492039")]);

    let pending = Pending::with_key(&request(), key()).unwrap();
    let created = client.submit(pending, &owner).await.unwrap();
    assert_eq!(created.status(), Some(WithdrawalStatus::Broadcast));
    exchange.assert_done();
    let seen = exchange.seen();
    let [.., lost, again] = seen.as_slice() else {
        panic!("too little was sent");
    };
    assert_eq!(lost.body, again.body);

    // The same key with another amount.
    exchange.then(Step::Follow(
        Box::new(retry[2].clone()),
        Box::new(retry[3].clone()),
    ));
    let pending = Pending::with_key(&body(&retry[2]), key()).unwrap();
    let refused = client.submit(pending, &owner).await.unwrap_err();
    assert_eq!(
        refused.code(),
        Some(WithdrawalErrorCode::IdempotencyMismatch)
    );
    exchange.assert_done();
}

#[tokio::test]
async fn a6_a_hold_by_the_travel_rule() {
    let text = exchange("travel-rule");
    let exchange = Exchange::of(&text).await;
    let client = exchange.client(&Hand::at(NOON)).await;

    let key = IdempotencyKey::parse(text[0].header("idempotency-key").unwrap()).unwrap();
    let pending = Pending::with_key(&body(&text[0]), key).unwrap();
    let held = client.submit(pending, &Owner::default()).await.unwrap();
    let refused = client.supply(held.id(), &body(&text[2])).await.unwrap_err();
    assert_eq!(refused.code(), Some(WithdrawalErrorCode::TravelRuleInvalid));
    let supplied = client.supply(held.id(), &body(&text[4])).await.unwrap();
    assert!(!supplied.is_terminal());
    exchange.assert_done();
}

// r[verify withdrawal.cancel.best-effort]
#[tokio::test]
async fn a7_a_cancellation() {
    let exchange = Exchange::of(&exchange("cancel")).await;
    let client = exchange.client(&Hand::at(NOON)).await;

    let id = WithdrawalId::parse("wd_6Ys4cBvLi2RjF8kHtGpSx0").unwrap();
    let asked = client.cancel(&id).await.unwrap();
    assert_eq!(asked.status(), Some(WithdrawalStatus::Canceling));
    assert!(!asked.is_terminal());
    let canceled = client.withdrawal(&id).await.unwrap();
    assert_eq!(canceled.status(), Some(WithdrawalStatus::Canceled));
    let sent = WithdrawalId::parse("wd_8Jc2mVqXw0ZtN4rYbKfLs7").unwrap();
    let refused = client.cancel(&sent).await.unwrap_err();
    assert_eq!(refused.code(), Some(WithdrawalErrorCode::NotCancelable));
    exchange.assert_done();
}

// r[verify withdrawal.page.filters]
#[tokio::test]
async fn a_list() {
    let exchange = Exchange::of(&exchange("list")).await;
    let client = exchange.client(&Hand::at(NOON)).await;
    let mut filters = Filters::default();
    filters.asset = Some(AssetCode::parse("ETH").unwrap());
    let page = client.page(&filters, Some(1), None).await.unwrap();
    assert_eq!(page.withdrawals.len(), 1);
    assert_eq!(
        page.next.as_ref().map(Cursor::as_str),
        Some("Y3Vyc29yLTAwMDE")
    );

    filters.asset = Some(AssetCode::parse("XRP").unwrap());
    let refused = client
        .page(&filters, None, page.next.as_ref())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Some(WithdrawalErrorCode::InvalidCursor));
    assert!(matches!(refused, ClientError::Refused(_)));
    exchange.assert_done();
}
