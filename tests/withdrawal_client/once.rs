//! Never twice: keys, restarts, answers that are lost, and what is known after each.

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::SignedDuration;
use serde_json::{Value, json};
use x428::wire::withdrawal::{ChallengeStatus, StepUpMethod, WithdrawalErrorCode, WithdrawalId};
use x428::withdrawal::client::{Choice, ClientError, MemoryKeeper, Patience, Pending, Reported};
use x428::withdrawal::cursor::Filters;

use crate::owner::{Owner, request};
use crate::server::{Exchange, Hand, Step, error};
use crate::text::example;

const NOON: &str = "2026-11-20T12:00:00Z";

fn created() -> Value {
    example("withdrawal-pending")
}

fn challenge() -> Value {
    example("challenge-required")
}

// r[verify withdrawal.idempotency.fresh]
#[tokio::test]
async fn every_withdrawal_has_a_key_of_its_own() {
    let exchange = Exchange::start([Step::Say(201, created()), Step::Say(201, created())]).await;
    let client = exchange.client(&Hand::at(NOON)).await;
    for _ in 0..2 {
        client
            .withdraw(&request(), &Owner::default())
            .await
            .unwrap();
    }
    let seen = exchange.seen();
    let keys: Vec<_> = seen
        .iter()
        .map(|seen| seen.header("idempotency-key"))
        .collect();
    assert!(
        keys.iter()
            .all(|key| key.is_some_and(|key| key.len() == 32))
    );
    assert_ne!(keys[0], keys[1]);
}

// r[verify withdrawal.idempotency.retry]
// r[verify withdrawal.error.retry]
#[tokio::test]
async fn a_restart_goes_on_under_the_same_key() {
    let keeper = Arc::new(MemoryKeeper::default());
    let hand = Hand::at(NOON);
    let exchange =
        Exchange::start([Step::Lose, Step::Say(500, error("internal_error", true))]).await;
    let patience = Patience::default().with_attempts(2);
    let builder = || {
        exchange
            .builder(&hand)
            .keeper(Arc::clone(&keeper))
            .patience(patience)
    };
    let client = builder().discover().await.unwrap();
    let unknown = client
        .withdraw(&request(), &Owner::default())
        .await
        .unwrap_err();
    let ClientError::OutcomeUnknown { key, .. } = unknown else {
        panic!("{unknown}");
    };
    assert!(matches!(
        client.forget(&key).await,
        Err(ClientError::Misuse(_))
    ));
    drop(client);

    exchange.then(Step::Say(429, error("rate_limited", true)));
    exchange.then(Step::Say(201, created()));
    let client = builder().discover().await.unwrap();
    let kept = client.pending().await.unwrap();
    assert_eq!(kept.len(), 1);
    assert!(kept[0].is_unanswered());
    client
        .resume(kept[0].key(), &Owner::default())
        .await
        .unwrap();
    assert!(client.pending().await.unwrap().is_empty());

    let seen = exchange.seen();
    assert_eq!(seen.len(), 4);
    for request in &seen {
        assert_eq!(request.header("idempotency-key"), Some(key.as_str()));
        assert_eq!(request.body, seen[0].body);
    }
    exchange.assert_done();
}

#[tokio::test]
async fn what_is_kept_survives_as_text() {
    let pending = Pending::new(&request()).unwrap();
    let text = serde_json::to_string(&pending).unwrap();
    let again: Pending = serde_json::from_str(&text).unwrap();
    assert_eq!(again, pending);
    assert_eq!(again.request().unwrap(), request());
    assert!(!format!("{pending:?}").contains("0x5aAeb"));
}

/// The exchange keeps a key for a day after the last request. A day later, the same request could
/// be another withdrawal.
#[tokio::test]
async fn a_key_that_may_be_forgotten_is_not_used() {
    let hand = Hand::at(NOON);
    let exchange = Exchange::start([Step::Lose]).await;
    let client = exchange.builder(&hand).patience(Patience::none());
    let client = client.discover().await.unwrap();
    let unknown = client
        .withdraw(&request(), &Owner::default())
        .await
        .unwrap_err();
    let ClientError::OutcomeUnknown { key, .. } = unknown else {
        panic!("{unknown}");
    };
    hand.turn(SignedDuration::from_hours(24));
    let too_old = client.resume(&key, &Owner::default()).await.unwrap_err();
    assert!(
        matches!(too_old, ClientError::KeyTooOld { .. }),
        "{too_old}"
    );
    assert_eq!(exchange.seen().len(), 1);
    assert_eq!(client.pending().await.unwrap().len(), 1);
}

/// What a refusal tells depends on whether the exchange had looked at the key before.
#[tokio::test]
async fn a_refusal_after_a_lost_answer() {
    for (status, code, is_known) in [
        (422, "insufficient_balance", true),
        (403, "account_restricted", true),
        (410, "quote_expired", true),
        (403, "insufficient_scope", false),
        (400, "invalid_request", false),
        (401, "insufficient_user_authentication", false),
        (422, "a_code_of_tomorrow", false),
    ] {
        let exchange = Exchange::start([Step::Lose, Step::Say(status, error(code, false))]).await;
        let client = exchange.client(&Hand::at(NOON)).await;
        let refused = client
            .withdraw(&request(), &Owner::default())
            .await
            .unwrap_err();
        let is_unknown = matches!(refused, ClientError::OutcomeUnknown { .. });
        assert_eq!(is_unknown, !is_known, "{code}: {refused}");
        let kept = client.pending().await.unwrap().len();
        assert_eq!(kept, usize::from(!is_known), "{code}");
    }
}

// r[verify withdrawal.error.retry]
// r[verify withdrawal.error.unknown]
#[tokio::test]
async fn only_what_can_be_retried_is_retried() {
    for (status, code, retryable, attempts) in [
        (422, "invalid_address", false, 1),
        // The table decides, and not what stands beside the code.
        (422, "invalid_address", true, 1),
        (503, "network_suspended", false, 3),
        (409, "idempotency_in_progress", true, 3),
        (503, "a_code_of_tomorrow", true, 3),
        (503, "a_code_of_tomorrow", false, 1),
        (422, "a_code_of_tomorrow", true, 1),
    ] {
        let steps = vec![Step::Say(status, error(code, retryable)); attempts];
        let exchange = Exchange::start(steps).await;
        let client = exchange.client(&Hand::at(NOON)).await;
        client
            .withdraw(&request(), &Owner::default())
            .await
            .unwrap_err();
        assert_eq!(exchange.seen().len(), attempts, "{code} {retryable}");
        exchange.assert_done();
    }
}

/// Nobody's mistake is an answer: a gateway's page decides nothing.
#[tokio::test]
async fn an_outage_is_no_answer() {
    let page = vec![
        ("content-type", "text/html".to_owned()),
        ("retry-after", "7".to_owned()),
    ];
    let gateway = Step::SayText(502, page, "<h1>Bad Gateway</h1>".to_owned());
    let exchange = Exchange::start([gateway.clone(), gateway.clone(), gateway]).await;
    let hand = Hand::at(NOON);
    let client = exchange.client(&hand).await;
    let unknown = client
        .withdraw(&request(), &Owner::default())
        .await
        .unwrap_err();
    assert!(
        matches!(unknown, ClientError::OutcomeUnknown { .. }),
        "{unknown}"
    );
    assert!(unknown.is_outage());
    assert!(hand.waits().iter().all(|wait| wait.as_secs() >= 7));
    assert_eq!(hand.waits().len(), 2);
}

#[tokio::test]
async fn what_the_owner_does_not_approve_can_be_submitted_again() {
    let canceled = example("challenge-canceled");
    let steps = [
        Step::Say(428, challenge()),
        Step::Say(200, canceled),
        Step::Say(201, created()),
    ];
    let exchange = Exchange::start(steps).await;
    let client = exchange.client(&Hand::at(NOON)).await;
    let owner = Owner::choosing([Choice::GiveUp]);
    let given_up = client.withdraw(&request(), &owner).await.unwrap_err();
    assert!(matches!(given_up, ClientError::GivenUp), "{given_up}");
    let kept = client.pending().await.unwrap();
    assert!(!kept[0].is_unanswered());
    client.resume(kept[0].key(), &owner).await.unwrap();
    let seen = exchange.seen();
    assert_eq!(
        seen[0].header("idempotency-key"),
        seen[2].header("idempotency-key")
    );
    assert!(seen[1].target.ends_with("/cancel"));
}

/// The answer to a code is lost: the challenge tells whether it was taken.
#[tokio::test]
async fn a_code_is_not_sent_twice() {
    let verified = example("challenge-verified");
    let steps = [
        Step::Say(428, challenge()),
        Step::Lose,
        Step::Say(200, verified),
        Step::Say(201, created()),
    ];
    let exchange = Exchange::start(steps).await;
    let client = exchange.client(&Hand::at(NOON)).await;
    let owner = Owner::choosing([Choice::Method(StepUpMethod::Totp)]).entering([Some("492039")]);
    client.withdraw(&request(), &owner).await.unwrap();
    let seen = exchange.seen();
    let verifications = seen.iter().filter(|seen| seen.target.ends_with("/verify"));
    assert_eq!(verifications.count(), 1);
    exchange.assert_done();
}

// r[verify withdrawal.proof.opaque]
#[tokio::test]
async fn a_passkey_of_the_application_is_asked() {
    let mut challenge = example("challenge-webauthn");
    let mut verified = challenge.clone();
    challenge["error"] = error("challenge_required", false)["error"].clone();
    verified["status"] = json!("verified");
    // A proof is passed on, whatever is in it.
    verified["challengeProof"] = json!("no.JSON.here");
    let steps = [
        Step::Say(428, challenge),
        Step::Say(200, verified),
        Step::Say(201, created()),
    ];
    let exchange = Exchange::start(steps).await;
    let client = exchange.client(&Hand::at(NOON)).await;
    let body = example("verify-webauthn");
    let credential = serde_json::from_value(body["credential"].clone()).unwrap();
    let owner =
        Owner::choosing([Choice::Method(StepUpMethod::Webauthn)]).with_credential(credential);
    client.withdraw(&request(), &owner).await.unwrap();
    let seen = exchange.seen();
    assert_eq!(seen[1].json(), body);
    assert_eq!(seen[2].json()["challengeProof"], "no.JSON.here");
    exchange.assert_done();
}

// r[verify withdrawal.poll.end]
#[tokio::test]
async fn polling_ends_with_the_challenge() {
    let mut pending = challenge();
    pending["expiresAt"] = json!("2026-11-20T12:00:17Z");
    let mut polled = pending.clone();
    polled.as_object_mut().unwrap().remove("error");
    let polls = vec![Step::Say(200, polled); 3];
    let exchange = Exchange::start([vec![Step::Say(428, pending)], polls].concat()).await;
    let hand = Hand::at(NOON);
    let client = exchange.client(&hand).await;
    let owner = Owner::choosing([Choice::HostedPage]);
    let ended = client.withdraw(&request(), &owner).await.unwrap_err();
    assert!(matches!(ended, ClientError::ChallengeEnded(_)), "{ended}");
    assert_eq!(exchange.seen().len(), 4);
    exchange.assert_done();
}

/// Somebody has used the proof, and the answers under the key do not say what it made.
// r[verify withdrawal.idempotency.fresh]
#[tokio::test]
async fn a_challenge_that_is_consumed_elsewhere_leaves_the_outcome_open() {
    let mut consumed = challenge();
    consumed.as_object_mut().unwrap().remove("error");
    consumed["status"] = json!("consumed");
    let turn = [Step::Say(428, challenge()), Step::Say(200, consumed)];
    let exchange = Exchange::start([turn.clone(), turn].concat()).await;
    let client = exchange.client(&Hand::at(NOON)).await;
    let owner = Owner::choosing([Choice::HostedPage, Choice::HostedPage]);
    let ended = client.withdraw(&request(), &owner).await.unwrap_err();
    let is_consumed =
        matches!(ended, ClientError::ChallengeEnded(status) if status == ChallengeStatus::Consumed);
    assert!(is_consumed, "{ended:?}");
    let seen = exchange.seen();
    let keys: Vec<_> = [&seen[0], &seen[2]]
        .map(|seen| seen.header("idempotency-key"))
        .into();
    assert_eq!(keys[0], keys[1]);
    let kept = client.pending().await.unwrap();
    assert!(kept[0].is_unanswered());
    let refused = client.forget(kept[0].key()).await.unwrap_err();
    assert!(matches!(refused, ClientError::Misuse(_)), "{refused}");
    exchange.assert_done();
}

// r[verify withdrawal.json.unknown-value]
// r[verify withdrawal.json.unknown-response]
#[tokio::test]
async fn a_status_of_tomorrow_is_not_the_end() {
    let mut newer = created();
    newer["status"] = json!("thinking");
    newer["mood"] = json!("new");
    let completed = example("withdrawal-completed");
    let id = WithdrawalId::parse(completed["id"].as_str().unwrap()).unwrap();
    newer["id"] = json!(id.as_str());
    let outage = Step::Say(500, error("internal_error", true));
    let steps = [Step::Say(200, newer), outage, Step::Say(200, completed)];
    let exchange = Exchange::start(steps).await;
    let client = exchange.builder(&Hand::at(NOON)).patience(Patience::none());
    let client = client.discover().await.unwrap();
    let states: Vec<_> = client.watch(&id, None).collect().await;
    assert_eq!(states.len(), 3);
    let first = states[0].as_ref().unwrap();
    assert!(matches!(first, Reported::Unknown { status, .. } if status == "thinking"));
    assert!(!first.is_terminal());
    assert!(states[1].as_ref().unwrap_err().is_outage());
    assert!(states[2].as_ref().unwrap().is_terminal());
}

// r[verify withdrawal.page.filters]
#[tokio::test]
async fn a_list_is_walked_page_by_page() {
    let first = example("withdrawals");
    let mut end = first.clone();
    end["pagination"] = json!({"hasMore": false});
    let exchange = Exchange::start([Step::Say(200, first.clone()), Step::Say(200, end)]).await;
    let client = exchange.client(&Hand::at(NOON)).await;
    let list = client.list(Filters::default(), Some(1));
    assert_eq!(list.try_collect::<Vec<_>>().await.unwrap().len(), 2);
    let seen = exchange.seen();
    assert_eq!(
        seen[1].target,
        "/withdrawals?limit=1&cursor=Y3Vyc29yLTAwMDE"
    );

    // A list that leads back to itself would never end.
    exchange.then(Step::Say(200, first.clone()));
    exchange.then(Step::Say(200, first));
    let list: Vec<_> = client.list(Filters::default(), Some(1)).collect().await;
    assert_eq!(list.len(), 2);
    assert!(matches!(list[1], Err(ClientError::Malformed(_))));
}

#[tokio::test]
async fn a_proof_that_is_refused_again_and_again_ends() {
    let verified = || {
        let mut verified = example("challenge-verified");
        verified["error"] = error("challenge_required", false)["error"].clone();
        Step::Say(428, verified)
    };
    let refused = || Step::Say(400, error("challenge_proof_invalid", false));
    let steps = [
        verified(),
        refused(),
        verified(),
        refused(),
        verified(),
        refused(),
    ];
    let exchange = Exchange::start(steps).await;
    let client = exchange.client(&Hand::at(NOON)).await;
    let ended = client
        .withdraw(&request(), &Owner::default())
        .await
        .unwrap_err();
    assert_eq!(
        ended.code(),
        Some(WithdrawalErrorCode::ChallengeProofInvalid)
    );
    exchange.assert_done();
}
