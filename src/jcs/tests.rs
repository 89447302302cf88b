use proptest::prelude::*;
use serde_json::json;

use super::*;

fn parse(text: &str) -> Result<Value, Malformed> {
    StrictJson::parse(text.as_bytes(), Limits::default()).map(StrictJson::into_value)
}

fn refused(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn json_is_read_as_serde_json_reads_it() {
    for text in [
        "null",
        " true\r\n\t",
        "[]",
        "{}",
        "[1, -1, 0, 1.5, 1E30, -0.0, 2e-3, 9007199254740991, -9007199254740991]",
        r#"{"a": {"b": ["\u20ac\n\"\\\/\b\f\r\t", "\ud83d\ude00", "\u0000"]}}"#,
        "333333333.33333329",
        "1e21",
        "0.000000000000000000000000001",
    ] {
        assert_eq!(
            parse(text).unwrap(),
            serde_json::from_str::<Value>(text).unwrap(),
            "{text}"
        );
    }
    assert!(
        parse("-0")
            .unwrap()
            .as_f64()
            .is_some_and(f64::is_sign_negative)
    );
}

#[test]
fn two_members_of_one_name_are_refused() {
    assert_eq!(
        refused(r#"{"a": 1, "\u0061": 2}"#),
        "malformed JSON: a second member of one name at byte 9"
    );
    assert!(parse(r#"[{"x": {"a": 1, "b": 2, "a": 1}}]"#).is_err());
    assert!(parse(r#"{"a": {"a": 1}, "A": 1}"#).is_ok());
}

#[test]
fn numbers_are_those_of_i_json() {
    for text in [
        "9007199254740992",
        "-9007199254740992",
        "18446744073709551616",
        "100000000000000000000000000000000000000",
        "9007199254740992.0",
        "5e16",
        "-9e20",
        "1e400",
        "-1e400",
        "NaN",
        "Infinity",
        "01",
        "-",
        "-01",
        "1.",
        ".5",
        "1e",
        "1e+",
        "+1",
        "0x10",
        "1_000",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn strings_are_unicode() {
    for text in [
        r#""\ud83d""#,
        r#""\ude00""#,
        r#""\ud83d\ud83d""#,
        r#""\ud83dx""#,
        r#""\ud83d\n""#,
        r#""\u12""#,
        r#""\u12g4""#,
        r#""\u+123""#,
        r#""\x""#,
        r#"""#,
        r#""\"#,
        "\"\n\"",
        "\"\u{1f}\"",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
    assert!(StrictJson::parse(b"\"\xff\"", Limits::default()).is_err());
    assert!(StrictJson::parse(b"\"\xed\xa0\xbd\"", Limits::default()).is_err());
    assert!(parse("\u{feff}{}").is_err(), "byte order mark");
}

#[test]
fn other_texts_are_no_json() {
    for text in [
        "",
        " ",
        "{",
        "[",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\" 1}",
        "[1 2]",
        "tru",
        "nulll",
        "1 2",
        "{} {}",
        "// x\n1",
        "'a'",
        "{\"a\":1 \"b\":2}",
        "[1}",
        "\u{a0}1",
        "\u{c}1",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn limits_hold_exactly() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&nested(16)).is_ok());
    assert_eq!(refused(&nested(17)), "malformed JSON: nested too deep");
    assert!(parse(&"{\"a\":".repeat(100_000)[..60_000]).is_err());
    let text = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
    assert!(parse(&text(64 * 1024)).is_ok());
    assert!(parse(&text(64 * 1024 + 1)).is_err());
}

#[test]
fn values_in_memory_are_checked_too() {
    let check = |value| StrictJson::from_value(value, Limits::default());
    assert!(check(json!({"a": [1, -1, 1.5, 1e30, 9_007_199_254_740_991_u64]})).is_ok());
    assert!(check(json!([9_007_199_254_740_992_u64])).is_err());
    assert!(check(json!([u64::MAX])).is_err());
    assert!(check(json!({"a": i64::MIN})).is_err());
    let nested = |depth| (0..depth).fold(json!(1), |value, _| json!([value]));
    assert!(check(nested(16)).is_ok());
    assert!(check(nested(17)).is_err());
}

#[test]
fn the_example_of_rfc_8785_is_written_to_the_byte() {
    let text = r#"{
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
    }"#;
    let canonical = r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#;
    assert_eq!(
        super::canonical(&parse(text).unwrap()),
        canonical.as_bytes()
    );
}

#[test]
fn members_sort_by_utf_16() {
    let value = json!({"\u{fb33}": 1, "\u{1f600}": 2, "€": 3, "1": 4, "ö": 5, "": 6, "\r": 7});
    let text = String::from_utf8(canonical(&value)).unwrap();
    assert_eq!(
        text,
        "{\"\":6,\"\\r\":7,\"1\":4,\"ö\":5,\"€\":3,\"\u{1f600}\":2,\"\u{fb33}\":1}"
    );
}

#[test]
fn only_the_outer_member_is_left_out() {
    let value = json!({"signature": "x", "a": {"signature": "y"}, "z": [{"signature": 1}]});
    let text = String::from_utf8(canonical_without(&value, "signature")).unwrap();
    assert_eq!(text, r#"{"a":{"signature":"y"},"z":[{"signature":1}]}"#);
}

/// Any I-JSON value within the limits.
fn values() -> impl Strategy<Value = Value> {
    let integers = -9_007_199_254_740_991_i64..=9_007_199_254_740_991;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        integers.prop_map(Value::from),
        proptest::num::f64::NORMAL
            .prop_filter("not an integer beyond 2^53 - 1", |double| {
                StrictJson::from_value((*double).into(), Limits::default()).is_ok()
            })
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(crate::fixed_seed())]

    #[test]
    fn canonical_bytes_are_those_of_the_reference(value in values()) {
        prop_assert_eq!(canonical(&value), serde_json_canonicalizer::to_vec(&value).unwrap());
    }

    #[test]
    fn canonicalization_is_idempotent(value in values()) {
        let bytes = canonical(&value);
        let again = StrictJson::parse(&bytes, Limits::default()).unwrap();
        prop_assert_eq!(again.canonical(), bytes);
    }

    #[test]
    fn what_is_written_is_read(value in values()) {
        for text in [value.to_string(), format!("{value:#}")] {
            let read = parse(&text).unwrap();
            prop_assert_eq!(canonical(&read), canonical(&value));
        }
    }

    #[test]
    fn the_order_of_members_does_not_matter(
        (members, shuffled) in prop::collection::btree_map("[a-c\u{e000}-\u{e002}\u{10000}-\u{10002}]{0,3}", 0u32..9, 0..8)
            .prop_flat_map(|members| {
                let members: Vec<_> = members.into_iter().collect();
                (Just(members.clone()), Just(members).prop_shuffle())
            })
    ) {
        let text = |members: &[(String, u32)]| {
            let members: Vec<_> = members.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
            format!("{{{}}}", members.join(","))
        };
        prop_assert_eq!(
            canonical(&parse(&text(&members)).unwrap()),
            canonical(&parse(&text(&shuffled)).unwrap())
        );
    }

    #[test]
    fn no_text_panics_and_none_is_read_that_serde_json_refuses(
        text in r#"[\[\]{}:,"\\u0-9a-f.eE+ \-trnu\x{0}-\x{20}é]{0,40}"#
    ) {
        if let Ok(value) = parse(&text) {
            prop_assert_eq!(&canonical(&value), &canonical(&serde_json::from_str(&text).unwrap()));
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = StrictJson::parse(&bytes, Limits::default());
    }
}
