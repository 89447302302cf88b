//! Challenges: which one a request finds, who chooses its methods, and how attempts are counted.

use axum::http::Method;
use serde_json::json;
use x428::wire::withdrawal::CHALLENGE_KEPT_MIN;

use crate::harness::{World, with, with_proof};
use crate::rules::{challenged, id_of, key, large};

// r[verify withdrawal.idempotency.pending-challenge]
// r[verify withdrawal.idempotency.not-final]
// r[verify withdrawal.challenge.no-effect]
// r[verify withdrawal.verify.idempotent]
#[tokio::test]
async fn a_repetition_finds_the_same_challenge() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let balance = wallet.balance("ETH").await;
    let told = async |world: &World| {
        let kept = world.snapshot().await;
        kept.iter().filter(|row| row.starts_with("ms_")).count()
    };
    let messages = told(&world).await;
    let first = challenged(&wallet, 1).await;
    assert_eq!(wallet.balance("ETH").await, balance, "nothing is reserved");
    assert_eq!(told(&world).await, messages, "nothing is sent");

    let path = format!("/challenges/{}", id_of(&first));
    let wrong = json!({"method": "totp", "code": "000000"});
    let verify = format!("{path}/verify");
    wallet
        .post(&verify, &wrong)
        .await
        .is(400, "challenge_code_invalid");
    wallet
        .post(&format!("{path}/start"), &json!({"method": "sms"}))
        .await
        .is(200, "");
    let again = challenged(&wallet, 1).await;
    assert_eq!(id_of(&again), id_of(&first));
    assert_eq!(again["attemptsRemaining"], 4, "no counter is reset");
    assert_eq!(told(&world).await, messages + 1, "no code is sent again");

    let forged = with_proof(&large(), "a.b.c");
    wallet
        .submit(&key(1), &forged)
        .await
        .is(400, "challenge_proof_invalid");
    let asked = wallet.submit(&key(1), &large()).await;
    let proof = wallet.prove(&asked).await;
    let after = wallet.post(&verify, &wrong).await;
    after.is(200, "");
    assert_eq!(
        after.json()["status"],
        "verified",
        "without looking at the code"
    );
    assert_eq!(after.json()["challengeProof"], proof.as_str());
    let verified = challenged(&wallet, 1).await;
    assert_eq!(
        (id_of(&verified), &verified["status"]),
        (id_of(&first), &json!("verified"))
    );
    wallet
        .submit(&key(1), &with_proof(&large(), &proof))
        .await
        .is(201, "");
}

// r[verify withdrawal.method.server-chooses]
#[tokio::test]
async fn a_client_chooses_no_method_and_no_policy() {
    let world = World::new().await;
    world
        .change("owner", "$.step_up.methods", json!(["sms"]))
        .await;
    let wallet = world.wallet().await;
    for (name, value) in [("policy", json!("any")), ("methods", json!(["totp"]))] {
        let asked = wallet.submit(&key(1), &with(&large(), name, value)).await;
        asked.is(400, "invalid_request");
    }
    let challenge = challenged(&wallet, 1).await;
    assert_eq!(challenge["methods"].as_array().unwrap().len(), 1);
    let path = format!("/challenges/{}", id_of(&challenge));
    let (start, email) = (format!("{path}/start"), json!({"method": "email"}));
    wallet.post(&start, &email).await.is(400, "invalid_request");
    // A factor that the owner has, but that was not asked for.
    let code = json!({"method": "totp", "code": world.totp()});
    let verify = format!("{path}/verify");
    wallet.post(&verify, &code).await.is(400, "invalid_request");
    let now = wallet.get(&path).await.json();
    assert_eq!(
        (&now["status"], &now["methods"]),
        (&challenge["status"], &challenge["methods"])
    );
}

// r[verify withdrawal.attempts.before]
// r[verify withdrawal.attempts.challenge]
#[tokio::test]
async fn attempts_at_once_are_counted_one_after_the_other() {
    let world = World::new().await;
    let wallet = world.wallet().await;
    let challenge = challenged(&wallet, 1).await;
    let path = format!("/challenges/{}/verify", id_of(&challenge));
    let guesses = (0..30).map(|guess| {
        let body = json!({"method": "totp", "code": format!("{guess:06}")});
        let request = wallet.request(Method::POST, &path, Some(&body));
        world.send(request)
    });
    let answers = futures_util::future::join_all(guesses).await;
    let count = |code: &str| {
        answers
            .iter()
            .filter(|answer| answer.outcome().1 == code)
            .count()
    };
    // Some of the five may find the challenge locked before their code is looked at.
    let compared = count("challenge_code_invalid");
    assert!((1..=5).contains(&compared), "{compared}");
    assert_eq!(count("challenge_locked"), 30 - compared);
}

// r[verify withdrawal.start.same-code]
#[tokio::test]
async fn a_code_that_is_sent_again_takes_the_place_of_the_first() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let challenge = challenged(&wallet, 1).await;
    let path = format!("/challenges/{}", id_of(&challenge));
    let mut codes = Vec::new();
    for _ in 0..2 {
        let started = wallet
            .post(&format!("{path}/start"), &json!({"method": "sms"}))
            .await;
        started.is(200, "");
        assert_eq!(started.json()["attemptsRemaining"], 5);
        codes.push(wallet.browser.newest_code("/phone").await);
        world.clock.turn_seconds(30);
    }
    let verify = async |code: &str| {
        let body = json!({"method": "sms", "code": code});
        wallet.post(&format!("{path}/verify"), &body).await
    };
    if codes[0] != codes[1] {
        verify(&codes[0]).await.is(400, "challenge_code_invalid");
    }
    verify(&codes[1]).await.is(200, "");
}

// r[verify withdrawal.poll.gone]
#[tokio::test]
async fn a_challenge_that_has_ended_is_still_there_to_be_read() {
    let world = World::new().await;
    let mut wallet = world.wallet().await;
    let canceled = id_of(&challenged(&wallet, 1).await);
    wallet
        .act(&format!("/challenges/{canceled}/cancel"))
        .await
        .is(200, "");
    let expired = id_of(&challenged(&wallet, 2).await);
    let path = format!("/challenges/{expired}/start");
    wallet
        .post(&path, &json!({"method": "push"}))
        .await
        .is(200, "");
    assert!(wallet.browser.get("/phone").await.text.contains(&expired));
    world.clock.turn_seconds(600);
    // The phone does not ask for what cannot be approved any more.
    assert!(!wallet.browser.get("/phone").await.text.contains(&expired));
    world.clock.turn(CHALLENGE_KEPT_MIN);
    world.exchange.work().await.unwrap();
    let wallet = world.wallet().await;
    for (id, status) in [(canceled, "canceled"), (expired, "expired")] {
        let read = wallet.get(&format!("/challenges/{id}")).await;
        read.is(200, "");
        assert_eq!(read.json()["status"], status);
    }
}
