//! The example runs, from the challenge to the token.

#[expect(dead_code, reason = "the example's own `main` is not called")]
#[path = "../../examples/guarded_axum.rs"]
mod guarded_axum;

#[tokio::test]
async fn the_guarded_service_attests_to_itself() {
    let visited = guarded_axum::self_test().await.unwrap();
    let expected = "200 OK with a payload, 200 OK with its token: Revenue: 1200. For did:key:z6Mk";
    assert!(visited.starts_with(expected), "{visited}");
}
