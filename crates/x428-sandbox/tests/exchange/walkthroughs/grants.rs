//! The exchanges of chapter 3: consent, token, proof of possession.

use serde_json::{Value, json};
use x428::encoding::{base64url, parse_base64url, parse_base64url_array};
use x428::sign::SigningKey;

use super::replay::Replay;
use super::text::TEXT;
use super::world::{Foreseen, Setting, access_token, of_text};
use crate::harness::{Browser, World};
use crate::high::{High, jwt};

/// The client before it has a token.
async fn asking<'a>(world: &'a World, foreseen: &Foreseen, id: &str) -> Replay<'a> {
    let mut browser = Browser::new(world);
    browser.log_in("ana").await;
    let wallet = browser.into_wallet(json!({"access_token": ""}));
    Replay::of(wallet, foreseen.clone(), id)
}

/// The owner consents: what the text shows as one answer is that to the owner's last click.
async fn consented(replay: &mut Replay<'_>) {
    let (asked, expected) = replay.pair();
    let location = url::Url::parse(&expected.headers["location"]).unwrap();
    let mut pairs = location.query_pairs();
    let code = pairs.find(|(name, _)| name == "code").unwrap().1;
    replay.foreseen.next("ac", &code);
    let page = replay.wallet.browser.visit(asked.word()).await;
    let answer = replay.wallet.browser.allow(&page, &[]).await;
    replay.compare(&expected, &answer).unwrap();
}

pub(super) async fn authorize() {
    let (world, foreseen) = of_text(Setting::default()).await;
    let mut replay = asking(&world, &foreseen, "authorize").await;
    consented(&mut replay).await;
    replay.end();
}

pub(super) async fn token() {
    let (world, foreseen) = of_text(Setting::default()).await;
    let mut replay = asking(&world, &foreseen, "authorize").await;
    consented(&mut replay).await;
    replay.then("token");
    replay.foreseen.next("at", &access_token());
    replay.step("11:58:30").await;
    replay.end();
}

fn test_key(id: &str) -> SigningKey {
    SigningKey::from_seed(&parse_base64url_array(&TEXT.seed(id)).unwrap())
}

pub(super) async fn dpop() {
    let (world, foreseen) = of_text(Setting::default()).await;
    let (own, possession) = (test_key("wallet-auth"), test_key("wallet-dpop"));
    let mut high = High::with_keys(&world, own, possession).await;
    foreseen.next("at", &access_token());
    let token = high.token_with(&[("balances", "no")]).await;
    assert_eq!(token["access_token"], access_token());
    let mut replay = asking(&world, &foreseen, "dpop").await;
    replay.step("12:00:05").await;
    // The second proof is over the nonce of this exchange.
    let (mut asked, expected) = replay.pair();
    let proof = asked.headers["dpop"].clone();
    let part = |place: usize| -> Value {
        let part = proof.split('.').nth(place).unwrap();
        serde_json::from_slice(&parse_base64url(part).unwrap()).unwrap()
    };
    let (header, mut claims) = (part(0), part(1));
    let key = test_key("wallet-dpop");
    assert_eq!(jwt(&header, &claims, &key), proof);
    assert_eq!(
        header["jwk"]["x"],
        base64url(key.verifying_key().public_key().0)
    );
    claims["nonce"] = json!(replay.stand_in(claims["nonce"].as_str().unwrap()));
    asked
        .headers
        .insert("dpop".to_owned(), jwt(&header, &claims, &key));
    replay.exchange("12:00:06", &asked, &expected).await;
    replay.end();
}
