use super::{Pattern, Piece};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngSeed},
};

/// Reads like the generated code does.
fn read<'a>(pieces: &[Piece], mut rest: &'a [u8]) -> Option<&'a [u8]> {
    for piece in pieces {
        let mut count = 0;
        while piece.max().is_none_or(|max| count < max)
            && rest
                .first()
                .is_some_and(|byte| piece.first().contains(*byte))
        {
            rest = match piece {
                Piece::Run { .. } => &rest[1..],
                Piece::Group { pieces, .. } => read(pieces, rest)?,
            };
            count += 1;
        }
        if count < piece.min() {
            return None;
        }
    }
    Some(rest)
}

fn accepts(pattern: &Pattern, text: &str) -> bool {
    read(&pattern.pieces, text.as_bytes())
        .is_some_and(|rest| !pattern.to_the_end || rest.is_empty())
}

const DIRECT: &[&str] = &[
    "^[0-9a-f]{2,5}$",
    "^a{3}$",
    "^ab?c$",
    "^ab*$",
    "^x[a-c]+-[a-c]{2,}$",
    "^https?://",
    "^a(?:b[0-9]+)*c$",
    "^a(?:-b{1,2}){1,2}$",
    "^[0-9]{2}(?:\\.[0-9]{1,3})?Z$",
    "^[\\x21-\\x7e]+$",
    "^a\\.b$",
    "^\\d+-$",
    "^[.a-]{2}$",
    "^did:[a-c0-9]+:[a-c.-]+(?::[a-c.-]+)*$",
];

const NOT_DIRECT: &[&str] = &[
    "a$",
    "^a|b$",
    "^(a)$",
    "^(?!a)b$",
    "^[^a]$",
    "^.a$",
    "^\\s$",
    "^ä$",
    "^a+a$",
    "^a?[a-b]$",
    "^(?:ab?)*b$",
    "^(?:a?)*$",
    "^a+?b$",
    "^a{1,2}?b$",
    "^a{,2}$",
    "^a)$",
    "^(?:a$",
    "^[]$",
    "^[b-a]$",
    "^a^b$",
    "^a$b$",
    "^\\xff$",
    "^(?:a(?:ab)?)+$",
];

#[test]
fn decided_patterns_are_direct_and_others_are_not() {
    for source in DIRECT {
        assert!(Pattern::parse(source).is_some(), "{source}");
    }
    for source in NOT_DIRECT {
        assert_eq!(Pattern::parse(source), None, "{source}");
    }
}

proptest! {
    #![proptest_config(Config { cases: 4000, rng_seed: RngSeed::Fixed(428), failure_persistence: None, ..Config::default() })]

    #[test]
    fn direct_patterns_match_what_regress_matches(index in 0..DIRECT.len(), text in "[abcxz0-2.:/Z-]{0,12}|(http|https)://a?|did:[abc]+:[abc:]*|a(b[0-9]){0,3}c|[0-9]{2}\\.[0-9]{0,4}Z|[ -~é]{0,6}") {
        let pattern = Pattern::parse(DIRECT[index]).expect("the pattern is direct");
        let regress = regress::Regex::new(DIRECT[index]).expect("the pattern is one");
        prop_assert_eq!(accepts(&pattern, &text), regress.find(&text).is_some(), "{} {:?}", DIRECT[index], text);
    }

    #[test]
    fn generated_texts_match_as_well(index in 0..DIRECT.len(), seed in any::<u64>()) {
        let source = DIRECT[index].trim_start_matches('^').trim_end_matches('$');
        let mut runner = proptest::test_runner::TestRunner::new(Config { rng_seed: RngSeed::Fixed(seed), ..Config::default() });
        let text = proptest::string::string_regex(source).expect("the pattern is one").new_tree(&mut runner).expect("a text").current();
        let pattern = Pattern::parse(DIRECT[index]).expect("the pattern is direct");
        // Not every generated text matches: `\\d` has more digits for the generator than for ECMA-262.
        let regress = regress::Regex::new(DIRECT[index]).expect("the pattern is one");
        prop_assert_eq!(accepts(&pattern, &text), regress.find(&text).is_some(), "{} {:?}", DIRECT[index], text);
    }
}
