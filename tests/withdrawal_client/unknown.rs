//! An outcome that is not known is not forgotten, whatever is said beside it.

use jiff::SignedDuration;
use x428::withdrawal::client::{ClientError, Patience};

use crate::owner::{Owner, request};
use crate::server::{Exchange, Hand, Step, error};
use crate::text::example;

const NOON: &str = "2026-11-20T12:00:00Z";

fn in_progress() -> Step {
    Step::Say(409, error("idempotency_in_progress", true))
}

// r[verify withdrawal.idempotency.fresh]
#[tokio::test]
async fn a_request_that_is_under_way_may_become_a_withdrawal() {
    for last in [in_progress(), Step::Say(429, error("rate_limited", true))] {
        let exchange = Exchange::start([in_progress(), in_progress(), last]).await;
        let client = exchange.client(&Hand::at(NOON)).await;
        let unknown = client.withdraw(&request(), &Owner::default()).await;
        let Err(ClientError::OutcomeUnknown { key, .. }) = unknown else {
            panic!("{unknown:?}");
        };
        assert!(client.pending().await.unwrap()[0].is_unanswered());
        let refused = client.forget(&key).await.unwrap_err();
        assert!(matches!(refused, ClientError::Misuse(_)), "{refused}");
        exchange.assert_done();

        // Somebody has looked at the list of withdrawals.
        client.danger_forget(&key).await.unwrap();
        assert_eq!(client.pending().await.unwrap(), []);
    }
}

/// Of all refusals, only those behind the key say that nothing was created under it.
// r[verify withdrawal.idempotency.retry]
#[tokio::test]
async fn a_refusal_that_says_nothing_is_no_outcome() {
    for (status, code, is_unknown, is_kept) in [
        (422, "idempotency_mismatch", true, true),
        (409, "challenge_already_used", true, true),
        (500, "internal_error", true, true),
        (404, "not_found", false, true),
        (409, "not_cancelable", false, true),
        (401, "insufficient_user_authentication", false, true),
        (400, "invalid_request", false, false),
        (422, "insufficient_balance", false, false),
        (403, "challenge_denied", false, false),
    ] {
        let exchange = Exchange::start([Step::Say(status, error(code, false))]).await;
        let builder = exchange.builder(&Hand::at(NOON));
        let client = builder.patience(Patience::none()).discover().await.unwrap();
        let refused = client.withdraw(&request(), &Owner::default()).await;
        let refused = refused.unwrap_err();
        assert_eq!(
            matches!(refused, ClientError::OutcomeUnknown { .. }),
            is_unknown,
            "{code}: {refused}"
        );
        let kept = client.pending().await.unwrap();
        assert_eq!(!kept.is_empty(), is_kept, "{code}");
        assert!(
            kept.iter().all(|kept| kept.is_unanswered() == is_unknown),
            "{code}"
        );
    }
}

/// A proof is answered with a withdrawal or a refusal. What answers otherwise may have done both.
// r[verify withdrawal.proof.invalid]
#[tokio::test]
async fn a_challenge_in_answer_to_a_proof_leaves_open_what_became_of_it() {
    let mut verified = example("challenge-verified");
    verified["error"] = error("challenge_required", false)["error"].clone();
    let challenge = example("challenge-required");
    let exchange = Exchange::start([Step::Say(428, verified), Step::Say(428, challenge)]).await;
    let client = exchange.client(&Hand::at(NOON)).await;
    let unknown = client.withdraw(&request(), &Owner::default()).await;
    let Err(ClientError::OutcomeUnknown { source, .. }) = unknown else {
        panic!("{unknown:?}");
    };
    assert!(matches!(*source, ClientError::Untrusted(_)), "{source}");
    assert!(client.pending().await.unwrap()[0].is_unanswered());
}

/// What is sent in vain makes a key no younger: the exchange has not seen it.
// r[verify withdrawal.idempotency.retry]
#[tokio::test]
async fn a_key_ages_from_the_first_request_that_may_have_arrived() {
    let hand = Hand::at(NOON);
    let exchange = Exchange::start([Step::Lose, Step::Lose]).await;
    let builder = exchange.builder(&hand).patience(Patience::none());
    let client = builder.discover().await.unwrap();
    let unknown = client.withdraw(&request(), &Owner::default()).await;
    let Err(ClientError::OutcomeUnknown { key, .. }) = unknown else {
        panic!("{unknown:?}");
    };
    // The token of the test is valid for a quarter of an hour.
    hand.turn(SignedDuration::from_mins(10));
    let again = client.resume(&key, &Owner::default()).await;
    assert!(matches!(again, Err(ClientError::OutcomeUnknown { .. })));
    hand.turn(SignedDuration::from_hours(24) - SignedDuration::from_mins(15));
    let too_old = client.resume(&key, &Owner::default()).await;
    assert!(
        matches!(too_old, Err(ClientError::KeyTooOld { .. })),
        "{too_old:?}"
    );
    assert_eq!(exchange.seen().len(), 2);
}
