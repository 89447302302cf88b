//! The client of the SDK in the High profile, against an exchange that takes no other.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use serde_json::json;
use x428::encoding::base64url;
use x428::sign::SigningKey;
use x428::wire::withdrawal::{ClientId, WithdrawalStatus};
use x428::withdrawal::client::{
    ClientAuthentication, ClientError, HighKeys, Keeper as _, MemoryKeeper,
};
use x428_sandbox::exchange::seed::{self, NewClient};

use super::line::{self, Line};
use super::owner::Owner;
use super::{TOTP, beside, request, statuses};
use crate::harness::{CALLBACK, World, ether};

const CLIENT: &str = "high-wallet";

async fn world() -> World {
    let world = World::with(|settings| settings.require_high = true).await;
    let own = SigningKey::from_seed(&[7; 32]);
    let x = base64url(own.verifying_key().public_key().0);
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "wallet-2026"});
    let redirect_uris = ["http://127.0.0.1/callback", CALLBACK];
    let keys = NewClient::High(vec![jwk]);
    let added = seed::client(&world.exchange, CLIENT, "High Wallet", &redirect_uris, keys);
    added.await.unwrap();
    world
}

fn who(possession: u8) -> (ClientId, ClientAuthentication) {
    let keys = HighKeys::new(
        SigningKey::from_seed(&[7; 32]),
        "wallet-2026",
        SigningKey::from_seed(&[possession; 32]),
    );
    let id = ClientId::parse(CLIENT).unwrap();
    (id, ClientAuthentication::High(keys.unwrap()))
}

// r[verify withdrawal.par.required]
// r[verify withdrawal.dpop.bound]
// r[verify withdrawal.dpop.nonce]
#[tokio::test]
async fn a_wallet_of_the_high_profile_walks_the_whole_way() {
    let world = world().await;
    let line = Line::to(&world).await;
    let client = line.builder_as(&world, who(8)).discover().await.unwrap();
    let tokens = line::consent(&world, &client, "ana").await;
    let body = request(&ether("0.2"));
    let ana = Owner::new(&world, [TOTP]);
    let created = client.withdraw(&body, &ana).await.unwrap();
    let seen: Vec<_> = client
        .watch(created.id(), None)
        .try_collect()
        .await
        .unwrap();
    let all = ["pending", "processing", "broadcast", "completed"];
    assert_eq!(statuses(&seen), all);

    // A day later the nonces and the access token are old, and the refresh token is the same.
    world.clock.turn_seconds(60 * 60 * 24);
    let again = client.withdrawal(created.id()).await.unwrap();
    assert_eq!(again.status(), Some(WithdrawalStatus::Completed));
    let wallet = beside(&world, tokens.access()).await;
    wallet.get("/assets").await.is(401, "invalid_token");
    client.revoke().await.unwrap();
    let after = client.assets().await.unwrap_err();
    assert!(matches!(after, ClientError::ConsentNeeded), "{after}");
}

// r[verify withdrawal.dpop.check]
// r[verify withdrawal.idempotency.retry]
#[tokio::test]
async fn what_was_kept_is_of_use_with_the_key_alone() {
    let world = world().await;
    let line = Line::to(&world).await;
    let keeper = Arc::new(MemoryKeeper::default());
    let builder = |possession| {
        line.builder_as(&world, who(possession))
            .keeper(Arc::clone(&keeper))
    };
    let client = builder(8).discover().await.unwrap();
    let tokens = line::consent(&world, &client, "ana").await;
    line.lose("/withdrawals");
    let small = request(&ether("0.02"));
    let created = client.withdraw(&small, &Owner::new(&world, [])).await;
    let created = created.unwrap();
    assert!(line.has_lost());
    assert!(keeper.all().await.unwrap().is_empty());
    drop(client);

    let thief = builder(9).tokens(tokens.clone()).discover().await.unwrap();
    let refused = thief.assets().await.unwrap_err();
    assert!(matches!(refused, ClientError::ConsentNeeded), "{refused}");
    let client = builder(8).tokens(tokens).discover().await.unwrap();
    let there = client.withdrawal(created.id()).await.unwrap();
    assert_eq!(there.id(), created.id());
}

#[tokio::test]
async fn a_client_without_keys_is_told_so_before_anything_is_asked() {
    let world = world().await;
    let line = Line::to(&world).await;
    let refused = line.builder(&world).discover().await.unwrap_err();
    assert!(matches!(refused, ClientError::Unsupported(_)), "{refused}");
}
