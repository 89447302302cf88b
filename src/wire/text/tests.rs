use super::{groups, has_length, is_uri, point_in_time, run};
use proptest::prelude::*;

proptest! {
    #![proptest_config(crate::fixed_seed())]

    #[test]
    fn length_counts_characters(text in "\\PC{0,12}|[a-zäß😀]{0,12}", min in 0usize..14, more in 0usize..8) {
        let expected = (min..=min + more).contains(&text.chars().count());
        prop_assert_eq!(has_length(&text, min, min + more), expected);
    }

    #[test]
    fn any_text_is_a_time_or_not(text in "\\PC*|[0-9TZ:.+-]{0,30}") {
        point_in_time(&text);
        is_uri(&text);
    }
}

#[test]
fn a_time_is_a_day_and_time_that_there_is() {
    let seconds = |text: &str| point_in_time(text).map(jiff::Timestamp::as_second);
    assert_eq!(seconds("1970-01-01T00:00:01Z"), Some(1));
    assert_eq!(
        seconds("2016-12-31T23:59:60Z"),
        seconds("2016-12-31T23:59:59Z")
    );
    assert_eq!(seconds("2016-12-31T12:00:60Z"), None);
    assert_eq!(seconds("2026-02-29T00:00:00Z"), None);
    assert_eq!(seconds("2026-01-01T00:00:00"), None);
    assert_eq!(
        point_in_time("9999-12-31T23:59:59Z"),
        Some(jiff::Timestamp::MAX)
    );
}

#[test]
fn a_run_takes_as_many_as_it_may() {
    let digit = |byte: &u8| byte.is_ascii_digit();
    assert_eq!(run(b"123a", digit, 1, 2), Some(&b"3a"[..]));
    assert_eq!(run(b"123a", digit, 1, 9), Some(&b"a"[..]));
    assert_eq!(run(b"123a", digit, 4, 9), None);
    assert_eq!(run(b"", digit, 0, 1), Some(&b""[..]));
}

#[test]
fn a_group_that_begins_has_to_end() {
    fn group(rest: &[u8]) -> Option<&[u8]> {
        rest.strip_prefix(b"-a")
    }
    let dash = |byte: &u8| *byte == b'-';
    assert_eq!(groups(b"-a-ab", dash, group, 0, 9), Some(&b"b"[..]));
    assert_eq!(groups(b"-a-a", dash, group, 0, 1), Some(&b"-a"[..]));
    assert_eq!(groups(b"-a-b", dash, group, 0, 9), None);
    assert_eq!(groups(b"b", dash, group, 1, 9), None);
}
