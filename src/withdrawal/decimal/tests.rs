use num_bigint::BigUint;
use proptest::prelude::*;

use super::*;

/// Thirty digits, before and after the point.
const NINES: &str = "999999999999999999999999999999";

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

/// A decimal as the text has it, without a word of the code that is tested: a whole number of
/// 10^-30.
fn model(text: &str) -> BigUint {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<30}").parse().unwrap()
}

fn limit() -> BigUint {
    BigUint::from(10u8).pow(60)
}

/// The normal form, by what the text of section 2.3 says about it.
fn normal(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

fn shown(units: &BigUint) -> String {
    let digits = format!("{units:0>31}");
    let (whole, fraction) = digits.split_at(digits.len() - 30);
    normal(&format!("{whole}.{fraction}")).to_owned()
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "(0|[1-9][0-9]{0,29})(\\.[0-9]{1,30})?",
        "(0|[1-9][0-9]{0,3})(\\.0{0,6}[0-9]{1,6}0{0,6})?",
        Just(NINES.to_owned()),
        Just(format!("{NINES}.{NINES}")),
        Just("0.000000000000000000000000000001".to_owned()),
    ]
}

// r[verify withdrawal.decimal.form]
#[test]
fn what_is_no_decimal_is_refused() {
    let long = format!("{NINES}9");
    let longer = format!("0.{NINES}9");
    let refused = [
        "",
        ".",
        "1.",
        ".5",
        "01",
        "00",
        "01.5",
        "+1",
        "-1",
        "1e3",
        "1E3",
        "1,5",
        " 1",
        "1 ",
        "1.5.2",
        "0x1",
        "١",
        "1_000",
        "NaN",
        "Infinity",
        "1.-5",
        "\u{0}",
        long.as_str(),
        longer.as_str(),
    ];
    for text in refused {
        assert!(Decimal::parse(text).is_err(), "{text:?}");
        assert!(wire::Decimal::parse(text).is_err(), "{text:?}");
    }
}

// r[verify withdrawal.decimal.normal]
#[test]
fn the_normal_form_is_that_of_the_text() {
    for (text, expected) in [
        ("1.50", "1.5"),
        ("2.0", "2"),
        ("0.0", "0"),
        ("0", "0"),
        ("100", "100"),
        ("0.000000000000000001", "0.000000000000000001"),
        ("10.0100", "10.01"),
    ] {
        assert_eq!(decimal(text).to_string(), expected);
        assert_eq!(decimal(text), decimal(expected));
    }
}

// r[verify withdrawal.decimal.positive]
#[test]
fn zero_is_no_amount() {
    for zero in ["0", "0.0", "0.000000000000000000000000000000"] {
        assert!(!decimal(zero).is_positive());
        assert!(wire::PositiveDecimal::parse(zero).is_err());
    }
    assert!(wire::PositiveDecimal::try_from(Decimal::ZERO).is_err());
    assert!(decimal("0.000000000000000000000000000001").is_positive());
}

#[test]
fn a_json_number_is_no_decimal() {
    assert!(serde_json::from_str::<Decimal>("1").is_err());
    assert!(serde_json::from_str::<Decimal>("1.5").is_err());
    assert!(serde_json::from_str::<Decimal>("null").is_err());
    let read: Decimal = serde_json::from_str("\"1.50\"").unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), "\"1.5\"");
}

#[test]
fn nothing_is_a_multiple_of_a_step_of_zero() {
    assert!(!Decimal::ZERO.is_multiple_of(Decimal::ZERO));
    assert!(!decimal("1").is_multiple_of(Decimal::ZERO));
    assert!(decimal("1.5").is_multiple_of(decimal("0.5")));
    assert!(!decimal("1.5").is_multiple_of(decimal("0.4")));
}

#[test]
fn what_has_no_place_is_rounded_as_asked() {
    let number = decimal("1.2345");
    assert_eq!(number.rescale(2, Rounding::Exact), None);
    assert_eq!(number.rescale(2, Rounding::Down), Some(decimal("1.23")));
    assert_eq!(number.rescale(2, Rounding::Up), Some(decimal("1.24")));
    assert_eq!(number.rescale(0, Rounding::Up), Some(decimal("2")));
    assert_eq!(number.rescale(4, Rounding::Exact), Some(number));
    assert_eq!(number.rescale(1000, Rounding::Exact), Some(number));
    let most = decimal(&format!("{NINES}.{NINES}"));
    assert_eq!(most.rescale(0, Rounding::Up), None);
    assert_eq!(most.rescale(0, Rounding::Down), Some(decimal(NINES)));
}

proptest! {
    #![proptest_config(crate::fixed_seed())]

    #[test]
    fn any_text_is_read_as_the_wire_reads_it(text in "\\PC{0,70}|[0-9.]{0,70}|[0-9]{28,32}\\.[0-9]{28,32}") {
        prop_assert_eq!(Decimal::parse(&text).is_ok(), wire::Decimal::parse(text.as_str()).is_ok());
    }

    // r[verify withdrawal.decimal.normal]
    #[test]
    fn the_normal_form_is_read_again_and_is_normal(text in texts()) {
        let read = decimal(&text);
        let written = read.to_string();
        prop_assert_eq!(&written, normal(&text));
        prop_assert_eq!(decimal(&written), read);
        prop_assert_eq!(decimal(&written).to_string(), written.clone());
        let wire = wire::Decimal::try_from(read).unwrap();
        prop_assert_eq!(wire.as_str(), written.as_str());
        prop_assert_eq!(read.places(), written.split_once('.').map_or(0, |(_, fraction)| fraction.len()));
    }

    #[test]
    fn order_is_that_of_the_numbers(a in texts(), b in texts()) {
        prop_assert_eq!(decimal(&a).cmp(&decimal(&b)), model(&a).cmp(&model(&b)));
    }

    // r[verify withdrawal.decimal.exact]
    #[test]
    fn sums_and_differences_are_those_of_integers(a in texts(), b in texts()) {
        let (left, right) = (model(&a), model(&b));
        let sum = Some(&left + &right).filter(|sum| *sum < limit()).map(|sum| shown(&sum));
        prop_assert_eq!(decimal(&a).checked_add(decimal(&b)).map(|sum| sum.to_string()), sum);
        let difference = (left >= right).then(|| shown(&(&left - &right)));
        prop_assert_eq!(decimal(&a).checked_sub(decimal(&b)).map(|rest| rest.to_string()), difference);
    }

    // r[verify withdrawal.decimal.exact]
    #[test]
    fn products_are_those_of_integers(a in texts(), b in texts(), places in 0usize..32) {
        let product = model(&a) * model(&b);
        let kept = u32::try_from(places.min(30)).unwrap();
        let unit = BigUint::from(10u8).pow(60 - kept);
        let scale = BigUint::from(10u8).pow(30 - kept);
        let (down, exact) = (&product / &unit, (&product % &unit) == BigUint::ZERO);
        let up = if exact { down.clone() } else { &down + 1u8 };
        let expect = |count: &BigUint| Some(count * &scale).filter(|units| *units < limit()).map(|units| shown(&units));
        let result = |rounding| decimal(&a).mul_rounded(decimal(&b), places, rounding).map(|product| product.to_string());
        prop_assert_eq!(result(Rounding::Down), expect(&down));
        prop_assert_eq!(result(Rounding::Up), expect(&up));
        prop_assert_eq!(result(Rounding::Exact), exact.then(|| expect(&down)).flatten());
    }

    #[test]
    fn multiples_are_those_of_integers(a in texts(), step in texts()) {
        let expected = model(&step) != BigUint::ZERO && (model(&a) % model(&step)) == BigUint::ZERO;
        prop_assert_eq!(decimal(&a).is_multiple_of(decimal(&step)), expected);
    }

    #[test]
    fn a_number_of_steps_is_a_multiple(step in "0\\.0{0,7}[1-9]", count in 0u64..1_000_000) {
        let amount = decimal(&step).checked_mul(count.into()).unwrap();
        prop_assert!(amount.is_multiple_of(decimal(&step)));
    }
}
