use proptest::prelude::*;

use super::*;
use crate::sign::seal::SealKey;
use crate::wire::withdrawal::{ClientId, HttpsUri, Subject};

fn parties(issuer: &str, client: &str, subject: &str) -> Parties {
    Parties {
        issuer: HttpsUri::parse(issuer).unwrap(),
        client_id: ClientId::parse(client).unwrap(),
        subject: Subject::parse(subject).unwrap(),
    }
}

fn example() -> Parties {
    parties("https://exchange.example", "example-wallet", "acct-1")
}

fn cursors(byte: u8) -> Cursors {
    Cursors::new(SealRing::new(SealKey::new(1, [byte; 32])))
}

fn sealed(query: &str) -> Cursor {
    let page = Page::from_query(query).unwrap();
    let position = Position::new("here").unwrap();
    cursors(7)
        .seal(&example(), &page.filters, &position)
        .unwrap()
}

fn opened(parties: &Parties, query: &str, cursor: &Cursor) -> Result<String, Code> {
    let query = format!("{query}&cursor={cursor}");
    let page = Page::from_query(query.trim_start_matches('&')).unwrap();
    let opened = cursors(7)
        .open(parties, &page)
        .map_err(|refused| refused.code());
    opened.map(|position| position.unwrap().to_string())
}

const QUERY: &str = "status=broadcast&asset=ETH&from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z";

// r[verify withdrawal.page.bound]
#[test]
fn a_cursor_is_of_one_list() {
    let cursor = sealed(QUERY);
    assert_eq!(opened(&example(), QUERY, &cursor), Ok("here".into()));
    for other in [
        "",
        "status=broadcast&asset=ETH&from=2026-11-01T00:00:00Z",
        "asset=ETH&from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z",
        "status=broadcast&asset=ETH&to=2026-11-01T00:00:00Z&from=2026-12-01T00:00:00Z",
        "status=completed&asset=ETH&from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z",
        "status=broadcast&asset=ETH2&from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z",
    ] {
        assert_eq!(
            opened(&example(), other, &cursor),
            Err(Code::InvalidCursor),
            "{other}"
        );
    }
}

// r[verify withdrawal.page.bound]
#[test]
fn a_cursor_is_of_one_client_and_owner() {
    let cursor = sealed(QUERY);
    for other in [
        parties("https://other.example", "example-wallet", "acct-1"),
        parties("https://exchange.example", "other-wallet", "acct-1"),
        parties("https://exchange.example", "example-wallet", "acct-2"),
        parties("https://exchange.example", "example-walleta", "cct-1"),
    ] {
        assert_eq!(opened(&other, QUERY, &cursor), Err(Code::InvalidCursor));
    }
    let page = Page::from_query(&format!("{QUERY}&cursor={cursor}")).unwrap();
    assert!(cursors(8).open(&example(), &page).is_err());
}

// r[verify withdrawal.page.filters]
#[test]
fn the_limit_and_the_order_of_filters_may_change() {
    let cursor = sealed(QUERY);
    let other = "limit=7&to=2026-12-01T00%3A00%3A00Z&from=2026-11-01T00:00:00.000Z&asset=ETH&status=broadcast";
    assert_eq!(opened(&example(), other, &cursor), Ok("here".into()));
}

// r[verify withdrawal.page.unknown-filter]
#[test]
fn what_is_no_filter_is_refused() {
    for (query, code) in [
        ("color=red", ErrorDetailCode::Unknown),
        ("Asset=ETH", ErrorDetailCode::Unknown),
        ("=", ErrorDetailCode::Unknown),
        ("asset=ETH&asset=ETH", ErrorDetailCode::Duplicate),
        ("status=sent", ErrorDetailCode::Value),
        ("asset=eth", ErrorDetailCode::Value),
        ("from=yesterday", ErrorDetailCode::Value),
        ("to=2026-02-30T00:00:00Z", ErrorDetailCode::Value),
        ("limit=0", ErrorDetailCode::Value),
        ("limit=101", ErrorDetailCode::Value),
        ("limit=+5", ErrorDetailCode::Value),
        ("limit=05", ErrorDetailCode::Value),
        ("limit=", ErrorDetailCode::Value),
    ] {
        let refused = Page::from_query(query).unwrap_err();
        assert_eq!(refused.code(), Code::InvalidRequest, "{query}");
        assert_eq!(refused.details()[0].code, code, "{query}");
    }
    let refused = Page::from_query("cursor=%2F").unwrap_err();
    assert_eq!(refused.code(), Code::InvalidCursor);
}

// r[verify withdrawal.page.form]
#[test]
fn a_page_has_twenty_five_entries_unless_the_client_says_otherwise() {
    let page = Page::from_query("").unwrap();
    assert_eq!((page.limit, page.cursor.clone()), (PAGE_DEFAULT, None));
    assert_eq!(cursors(7).open(&example(), &page).unwrap(), None);
    assert_eq!(Page::from_query("limit=100").unwrap().limit, PAGE_MAX);
}

#[test]
fn the_longest_position_fits_a_cursor() {
    let filters = Filters::default();
    let longest = Position::new("x".repeat(POSITION_MAX)).unwrap();
    assert!(cursors(7).seal(&example(), &filters, &longest).is_ok());
    assert!(Position::new("x".repeat(POSITION_MAX + 1)).is_err());
    assert!(Position::new("").is_err());
}

proptest! {
    #![proptest_config(crate::fixed_seed())]

    #[test]
    fn any_query_is_read_or_refused(query in "\\PC{0,60}|[a-z=&%0-9]{0,60}") {
        let _ = Page::from_query(&query);
    }

    #[test]
    fn no_text_is_a_cursor_by_chance(text in "[A-Za-z0-9_-]{1,512}") {
        let page = Page::from_query(&format!("cursor={text}")).unwrap();
        prop_assert!(cursors(7).open(&example(), &page).is_err());
    }

    #[test]
    fn a_cursor_shows_no_position(position in "[a-z0-9]{24,40}") {
        let cursor = cursors(7).seal(&example(), &Filters::default(), &Position::new(position.as_str()).unwrap()).unwrap();
        let bytes = crate::encoding::parse_base64url(cursor.as_str()).unwrap();
        prop_assert!(!bytes.windows(8).any(|window| position.as_bytes().windows(8).any(|part| part == window)));
    }
}
