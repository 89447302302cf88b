//! `x428 withdraw`, as somebody at a terminal uses it, against the exchange of the sandbox; and the
//! flags of that exchange.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[expect(dead_code, reason = "a part of it is for other commands")]
#[path = "sdk/run.rs"]
pub(crate) mod run;

#[expect(dead_code, reason = "the exchange's own tests do more with it")]
#[path = "../../x428-sandbox/tests/exchange/mail/server.rs"]
pub(crate) mod mail_server;

mod withdraw {
    mod errors;
    mod exchange;
    mod interrupted;
    mod person;
    mod place;
    mod travel_rule;
    mod whole;
}
