//! The example of a wallet, against the exchange.

use x428::wire::withdrawal::WithdrawalStatus;
use x428::withdrawal::client::Choice;

use super::TOTP;
use super::line::{self, Line};
use super::owner::Owner;
use crate::harness::{ADDRESS, Browser, World};

#[expect(
    dead_code,
    reason = "a test is no terminal, and calls what `main` calls"
)]
#[path = "../../../../../examples/wallet.rs"]
mod wallet;

#[tokio::test]
async fn the_wallet_asks_and_withdraws() {
    let world = World::new().await;
    let line = Line::to(&world).await;
    let builder = line.builder_as(&world, line::secret(line::Way::Public));
    let client = builder.discover().await.unwrap();

    let (sender, opened) = tokio::sync::oneshot::channel();
    let browsing = async {
        let mut browser = Browser::new(&world);
        browser.log_in("ana").await;
        let url: url::Url = opened.await.unwrap();
        let back = line::allow(&mut browser, &url).await;
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let bare = back.join("/favicon.ico").unwrap();
        // The wallet has nothing at another address, and goes on waiting.
        assert!(http.get(bare).send().await.is_err());
        let shown = http.get(back).send().await.unwrap();
        assert_eq!(
            shown.text().await.unwrap(),
            "The wallet goes on. Close this."
        );
    };
    let open = |url: &url::Url| sender.send(url.clone()).unwrap();
    let (logged_in, ()) = tokio::join!(wallet::log_in(&client, open), browsing);
    logged_in.unwrap();

    world.clock.turn_seconds(60);
    let ana = Owner::new(&world, [TOTP]);
    let done = wallet::withdraw(&client, "0.2", ADDRESS, &ana).await;
    let done = done.unwrap();
    assert_eq!(done.status(), Some(WithdrawalStatus::Completed));
    assert_eq!(ana.asked(), ["totp left 5"]);
    let txid = done.known().unwrap().txid.as_ref().unwrap().as_str();
    assert_eq!(
        wallet::in_words(&done),
        format!("{} is completed, {txid}.", done.id().as_str())
    );

    let nobody = Owner::new(&world, [Choice::GiveUp]);
    let given_up = wallet::withdraw(&client, "0.2", ADDRESS, &nobody).await;
    assert_eq!(
        given_up.unwrap_err().to_string(),
        "the challenge was given up"
    );
}
