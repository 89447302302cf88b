//! The client of the SDK against the exchange, over a connection: the two have only the text in
//! common.

mod example;
mod high;
mod line;
mod owner;

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use x428::wire::withdrawal::{
    AssetCode, ChallengeStatus, QuoteRequest, StepUpMethod, WithdrawalErrorCode, WithdrawalRequest,
    WithdrawalStatus,
};
use x428::withdrawal::client::{Choice, ClientError, MemoryKeeper, Patience, Reported};
use x428::withdrawal::cursor::Filters;

use crate::harness::{Wallet, World, ether, with};

use line::Line;
use owner::{Owner, Says};

const TOTP: Choice = Choice::Method(StepUpMethod::Totp);

fn request(body: &Value) -> WithdrawalRequest {
    serde_json::from_value(body.clone()).unwrap()
}

/// What ana sees in her browser, and what somebody sees who holds a token.
async fn beside<'a>(world: &'a World, token: &str) -> Wallet<'a> {
    let mut browser = crate::harness::Browser::new(world);
    world.clock.turn_seconds(60);
    browser.log_in("ana").await;
    world.clock.turn_seconds(60);
    browser.into_wallet(json!({"access_token": token}))
}

fn statuses(seen: &[Reported]) -> Vec<&'static str> {
    let mut statuses: Vec<_> = seen
        .iter()
        .filter_map(Reported::status)
        .map(WithdrawalStatus::as_str)
        .collect();
    statuses.dedup();
    statuses
}

#[tokio::test]
async fn the_client_walks_the_whole_way() {
    let world = World::new().await;
    let line = Line::to(&world).await;
    let client = line.builder(&world).discover().await.unwrap();
    assert_eq!(
        client.discovered().exchange.name.as_str(),
        "Example Exchange"
    );
    let tokens = line::consent(&world, &client, "ana").await;
    let mut wallet = beside(&world, tokens.access()).await;

    let assets = client.assets().await.unwrap();
    assert_eq!(assets.len(), 3);
    let asset = client.asset(&assets[0].asset).await.unwrap();
    assert_eq!(asset, assets[0]);
    let missing = client.asset(&AssetCode::parse("DOGE").unwrap()).await;
    let missing = missing.unwrap_err();
    assert_eq!(missing.code(), Some(WithdrawalErrorCode::AssetNotFound));

    let body = json!({"asset": "ETH", "network": "ethereum", "amount": "0.2"});
    let quote: QuoteRequest = serde_json::from_value(body).unwrap();
    let quote = client.quote(&quote).await.unwrap();
    assert_eq!(quote.total_debit.as_str(), "0.2008");
    assert!(quote.step_up_likely);

    let body = with(&ether("0.2"), "quoteId", quote.quote_id.as_str());
    let ana = Owner::new(&world, [TOTP]).saying([Says::Wrong]);
    let created = client.withdraw(&request(&body), &ana).await.unwrap();
    assert_eq!(created.status(), Some(WithdrawalStatus::Pending));
    assert_eq!(ana.asked(), ["totp left 5", "totp wrong left 4"]);
    assert!(client.pending().await.unwrap().is_empty());
    assert_eq!(
        wallet.balance("ETH").await,
        ("4.0492".into(), "0.2008".into())
    );

    let seen: Vec<_> = client
        .watch(created.id(), None)
        .try_collect()
        .await
        .unwrap();
    let all = ["pending", "processing", "broadcast", "completed"];
    assert_eq!(statuses(&seen), all);
    let done = seen.last().and_then(Reported::known).unwrap();
    assert!(done.txid.is_some() && done.completed_at.is_some());
    assert_eq!(wallet.balance("ETH").await, ("4.0492".into(), "0".into()));

    let small = request(&with(&ether("0.02"), "clientReference", "order.2"));
    let other = client
        .withdraw(&small, &Owner::new(&world, []))
        .await
        .unwrap();
    let canceled = client.cancel(other.id()).await.unwrap();
    assert_eq!(canceled.status(), Some(WithdrawalStatus::Canceled));
    let late = client.cancel(created.id()).await.unwrap_err();
    assert_eq!(late.code(), Some(WithdrawalErrorCode::NotCancelable));
    assert_eq!(wallet.balance("ETH").await, ("4.0492".into(), "0".into()));

    let list = client.list(Filters::default(), Some(1));
    let list: Vec<_> = list.try_collect().await.unwrap();
    let ids: Vec<_> = list.iter().map(Reported::id).collect();
    assert_eq!(ids, [other.id(), created.id()]);
    let mut filters = Filters::default();
    filters.status = Some(WithdrawalStatus::Completed);
    let page = client.page(&filters, None, None).await.unwrap();
    assert_eq!(
        page.withdrawals,
        [client.withdrawal(created.id()).await.unwrap()]
    );
    assert_eq!(page.next, None);

    client.revoke().await.unwrap();
    let after = client.assets().await.unwrap_err();
    assert!(matches!(after, ClientError::ConsentNeeded), "{after}");
    wallet.get("/assets").await.is(401, "invalid_token");
    assert!(world.exchange.records_are_whole().await.unwrap());
}

// r[verify withdrawal.idempotency.retry]
#[tokio::test]
async fn a_lost_answer_makes_no_second_withdrawal() {
    let world = World::new().await;
    let line = Line::to(&world).await;
    let keeper = Arc::new(MemoryKeeper::default());
    let builder = || line.builder(&world).keeper(Arc::clone(&keeper));
    let client = builder()
        .patience(Patience::none())
        .discover()
        .await
        .unwrap();
    let tokens = line::consent(&world, &client, "ana").await;
    let mut wallet = beside(&world, tokens.access()).await;

    line.lose("/withdrawals");
    let ana = Owner::new(&world, [TOTP]);
    let unknown = client.withdraw(&request(&ether("0.2")), &ana).await;
    let Err(ClientError::OutcomeUnknown { key, .. }) = unknown else {
        panic!("{unknown:?}");
    };
    assert!(line.has_lost());
    drop(client);

    // The application starts again, with what it has kept.
    let client = builder().tokens(tokens).discover().await.unwrap();
    let kept = client.pending().await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].key(), &key);
    let resumed = client.resume(&key, &Owner::new(&world, [])).await.unwrap();
    assert!(client.pending().await.unwrap().is_empty());

    // A proof that is taken while its answer is lost, and a code.
    for path in ["/withdrawals", "/verify"] {
        world.clock.turn_seconds(60);
        line.lose(path);
        let ana = Owner::new(&world, [TOTP]);
        let made = client.withdraw(&request(&ether("0.13")), &ana).await;
        assert_eq!(made.unwrap().status(), Some(WithdrawalStatus::Pending));
        assert_eq!(ana.asked(), ["totp left 5"]);
        assert!(line.has_lost(), "{path}");
    }

    let list: Vec<_> = client
        .list(Filters::default(), None)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(list.len(), 3);
    assert_eq!(list[2].id(), resumed.id());
    assert_eq!(
        wallet.balance("ETH").await,
        ("3.7876".into(), "0.4624".into())
    );
}

// r[verify withdrawal.refresh.window]
#[tokio::test]
async fn tokens_are_refreshed_though_an_answer_is_lost() {
    let world = World::new().await;
    let line = Line::to(&world).await;
    let builder = line.builder_as(&world, line::secret(line::Way::Basic));
    let client = builder.discover().await.unwrap();
    let tokens = line::consent(&world, &client, "ana").await;
    let wallet = beside(&world, tokens.access()).await;
    for lost in [true, false, true] {
        world.clock.turn_seconds(60 * 60);
        if lost {
            line.lose("/oauth/token");
        }
        assert_eq!(client.assets().await.unwrap().len(), 3);
        assert_eq!(line.has_lost(), lost);
    }
    wallet.get("/assets").await.is(401, "invalid_token");
}

#[tokio::test]
async fn every_method_of_a_policy_is_met() {
    let world = World::new().await;
    let line = Line::to(&world).await;
    let client = line.builder(&world).discover().await.unwrap();
    line::consent(&world, &client, "ben").await;
    let methods = [StepUpMethod::Email, StepUpMethod::Push];
    let ben = Owner::new(&world, methods.map(Choice::Method));
    ben.log_in("ben").await;
    let body = request(&ether("0.2"));
    let created = client.withdraw(&body, &ben).await.unwrap();
    assert_eq!(ben.asked(), ["email left 5", "app"]);

    // Not without ben.
    let ben = Owner::new(&world, [Choice::GiveUp]);
    let refused = client.withdraw(&body, &ben).await.unwrap_err();
    assert!(matches!(refused, ClientError::GivenUp), "{refused}");
    let kept = client.pending().await.unwrap();
    client.forget(kept[0].key()).await.unwrap();
    let page = client.page(&Filters::default(), None, None).await.unwrap();
    assert_eq!(page.withdrawals.len(), 1);
    assert_eq!(page.withdrawals[0].id(), created.id());
}

// r[verify withdrawal.poll.end]
#[tokio::test]
async fn an_owner_approves_anywhere_or_not() {
    use ChallengeStatus::{Denied, Expired, Locked};
    let world = World::with(|settings| settings.default_limit = 10_000.into()).await;
    let line = Line::to(&world).await;
    let client = line.builder(&world).discover().await.unwrap();
    line::consent(&world, &client, "ana").await;
    let by = |choice| Owner::new(&world, [choice]);
    let [email, push, face] =
        [StepUpMethod::Email, StepUpMethod::Push, StepUpMethod::Face].map(Choice::Method);

    let page = by(Choice::HostedPage);
    page.log_in("ana").await;
    let app = by(face);
    app.log_in("ana").await;
    let mail = by(email).saying([Says::Again, Says::Again]);
    mail.log_in("ana").await;
    for ana in [&page, &app, &mail] {
        world.clock.turn_seconds(60);
        let made = client.withdraw(&request(&ether("0.13")), ana).await;
        assert_eq!(made.unwrap().status(), Some(WithdrawalStatus::Pending));
    }
    assert!(page.asked()[0].starts_with("https://exchange.example/step-up/"));
    assert_eq!(app.asked(), ["app"]);
    assert_eq!(
        mail.asked(),
        ["email left 5", "email early left 5", "email left 5"]
    );

    let mistaken = by(TOTP).saying([Says::Wrong; 5]);
    let silent = by(push).deciding(None);
    let afraid = by(push).deciding(Some("deny"));
    world.clock.turn_seconds(60);
    afraid.log_in("ana").await;
    for (ana, ends) in [(&mistaken, Locked), (&silent, Expired), (&afraid, Denied)] {
        let ended = client.withdraw(&request(&ether("0.13")), ana).await;
        let Err(ClientError::ChallengeEnded(status)) = ended else {
            panic!("{ended:?}, not {ends}");
        };
        assert_eq!(status, ends);
    }
    let page = client.page(&Filters::default(), None, None).await.unwrap();
    assert_eq!(page.withdrawals.len(), 3);
}

#[tokio::test]
async fn the_certificate_of_the_exchange_is_trusted_when_it_is_told_to() {
    let (world, line, pem) = Line::with_tls().await;
    let trusted = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
    let http = reqwest::Client::builder().tls_certs_only([trusted]);
    let app = || line.direct(&world, line::secret(line::Way::Public));
    let stranger = app().discover().await.unwrap_err();
    assert!(
        matches!(stranger, ClientError::Unavailable(_)),
        "{stranger}"
    );

    let client = app().http(http).discover().await.unwrap();
    line::consent(&world, &client, "ana").await;
    let small = request(&ether("0.02"));
    let created = client
        .withdraw(&small, &Owner::new(&world, []))
        .await
        .unwrap();
    let mut watching = std::pin::pin!(client.watch(created.id(), None));
    let first = watching.next().await.unwrap().unwrap();
    assert_eq!(first, created);
}
