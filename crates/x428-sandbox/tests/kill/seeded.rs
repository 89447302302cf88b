//! A fresh exchange with owners who have something to withdraw.

use x428::wire::withdrawal::{ChallengePolicy, StepUpMethod};
use x428::withdrawal::decimal::Decimal;
use x428_sandbox::exchange::{Exchange, StepUpRule, seed};

use crate::process;
use crate::wallet::{CALLBACK, CLIENT, PASSWORD, SECRET};

/// Fills a database. The owners approve by e-mail what is worth 250 US dollars or more.
pub(crate) async fn fill(database: &str, owners: &[&str], balances: &[(String, Decimal)]) {
    let store = process::open(database).await;
    let settings = process::settings(std::time::Duration::ZERO);
    let exchange = Exchange::new(store.clone(), settings).await.unwrap();
    let assets = seed::demo_assets().unwrap();
    seed::assets(&exchange, assets).await.unwrap();
    let secret = seed::NewClient::Secret(SECRET.to_owned());
    seed::client(&exchange, CLIENT, "Example Wallet", &[CALLBACK], secret)
        .await
        .unwrap();
    for login in owners {
        let mut owner = seed::NewOwner::new(login, PASSWORD);
        owner.step_up = StepUpRule {
            from: Decimal::from(250),
            policy: ChallengePolicy::Any,
            methods: vec![StepUpMethod::Email],
        };
        owner.balances = balances.to_vec();
        seed::owner(&exchange, owner).await.unwrap();
    }
    store.close().await;
}
