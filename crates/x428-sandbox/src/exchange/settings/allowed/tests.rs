use super::*;

type Change = fn(&mut Settings, Duration);

/// Each lifetime, with the least and the most that the text allows.
const LIFETIMES: [(&str, Change, Duration, Option<Duration>); 8] = [
    (
        "access_token_lifetime",
        |settings, time| settings.access_token_lifetime = time,
        LEAST,
        Some(ACCESS_TOKEN_LIFETIME_MAX),
    ),
    (
        "code_lifetime",
        |settings, time| settings.code_lifetime = time,
        LEAST,
        Some(AUTHORIZATION_CODE_LIFETIME_MAX),
    ),
    (
        "request_lifetime",
        |settings, time| settings.request_lifetime = time,
        LEAST,
        Some(PAR_LIFETIME_MAX),
    ),
    (
        "quote_lifetime",
        |settings, time| settings.quote_lifetime = time,
        LEAST,
        Some(QUOTE_LIFETIME_MAX),
    ),
    (
        "challenge_lifetime",
        |settings, time| settings.challenge_lifetime = time,
        LEAST,
        Some(CHALLENGE_LIFETIME_MAX),
    ),
    (
        "challenge_kept",
        |settings, time| settings.challenge_kept = time,
        CHALLENGE_KEPT_MIN,
        None,
    ),
    (
        "proof_lifetime",
        |settings, time| settings.proof_lifetime = time,
        LEAST,
        Some(PROOF_LIFETIME_MAX),
    ),
    (
        "idempotency_retention",
        |settings, time| settings.idempotency_retention = time,
        IDEMPOTENCY_RETENTION_MIN,
        Some(Duration::from_hours(365 * 24)),
    ),
];

fn outcome(change: impl FnOnce(&mut Settings)) -> Option<&'static str> {
    let mut settings = Settings::new("https://exchange.example");
    change(&mut settings);
    settings.check().err().map(|refused| refused.setting())
}

// r[verify withdrawal.token.lifetime]
// r[verify withdrawal.challenge.lifetime]
// r[verify withdrawal.proof.lifetime]
// r[verify withdrawal.idempotency.retention]
#[test]
fn a_lifetime_is_what_the_text_allows() {
    const STEP: Duration = Duration::from_millis(1);
    assert_eq!(outcome(|_| {}), None);
    for (name, change, least, most) in LIFETIMES {
        assert_eq!(outcome(|settings| change(settings, least)), None, "{name}");
        let less = outcome(|settings| change(settings, least.saturating_sub(STEP)));
        assert_eq!(less, Some(name));
        let Some(most) = most else { continue };
        assert_eq!(outcome(|settings| change(settings, most)), None, "{name}");
        let more = outcome(|settings| change(settings, most + STEP));
        assert_eq!(more, Some(name));
    }
}

#[test]
fn what_the_metadata_tell_is_of_their_form() {
    for (number, is_allowed) in [(0, false), (1, true), (1_000_000, true), (1_000_001, false)] {
        let requests = outcome(|settings| settings.requests_per_minute = number);
        assert_eq!(requests.is_none(), is_allowed, "{number}");
        let withdrawals = outcome(|settings| settings.withdrawals_per_day = number);
        assert_eq!(withdrawals.is_none(), is_allowed, "{number}");
    }
    assert_eq!(outcome(|settings| settings.name.clear()), Some("name"));
    let long = "x".repeat(129);
    assert_eq!(outcome(|settings| settings.name = long), Some("name"));
}

#[test]
fn a_refusal_tells_what_is_allowed() {
    let mut settings = Settings::new("https://exchange.example");
    settings.access_token_lifetime = Duration::from_hours(6);
    let refused = settings.check().unwrap_err().to_string();
    let said = "access_token_lifetime is 21600s, and the specification allows 1s to 900s";
    assert_eq!(refused, said);
    settings = Settings::new("https://exchange.example");
    settings.challenge_kept = Duration::ZERO;
    let refused = settings.check().unwrap_err().to_string();
    let said = "challenge_kept is 0ns, and the specification allows 3600s and more";
    assert_eq!(refused, said);
}
