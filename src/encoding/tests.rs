use super::*;

#[test]
fn header_padding_is_optional_and_complete() {
    assert_eq!(parse_base64url_header("eDQyOA").unwrap(), b"x428");
    assert_eq!(parse_base64url_header("eDQyOA==").unwrap(), b"x428");
    assert_eq!(parse_base64url_header("").unwrap(), b"");
    for text in [
        "eDQyOA=",
        "eDQyOA===",
        "=",
        "====",
        "eDQ=OA==",
        "eDQy=",
        "eDQyOA==\n",
    ] {
        assert!(parse_base64url_header(text).is_err(), "{text:?}");
    }
}

// r[verify attestation.base64url.write]
#[test]
fn no_padding_is_written() {
    for length in 0..8 {
        let text = base64url(vec![0xff; length]);
        assert!(!text.contains('='), "{text}");
        assert_eq!(parse_base64url(&text).unwrap(), vec![0xff; length]);
    }
}

#[test]
fn nothing_lenient_decodes() {
    for text in [
        "eDQyOA==", // padding
        "eDQyOB",   // trailing bits
        "eDQ yOA",  // whitespace
        "eDQyOA\n", // whitespace
        "-_-/",     // the other alphabet
        "+___",     // the other alphabet
        "A",        // no whole byte
        "ä",
    ] {
        assert!(parse_base64url(text).is_err(), "{text:?}");
    }
    assert_eq!(parse_base64url("-_-_").unwrap(), [0xfb, 0xff, 0xbf]);
}

#[test]
fn arrays_have_their_length() {
    let text = base64url([7u8; 64]);
    assert_eq!(parse_base64url_array::<64>(&text).unwrap(), [7; 64]);
    assert!(parse_base64url_array::<63>(&text).is_err());
    assert!(parse_base64url_array::<65>(&text).is_err());
    assert!(parse_base64url_array::<64>(&text[1..]).is_err());
    assert!(parse_base64url_array::<64>(&format!("{text}A")).is_err());
    let mut trailing = text.clone();
    trailing.replace_range(85.., "x");
    assert!(
        parse_base64url_array::<64>(&trailing).is_err(),
        "trailing bits"
    );
}

#[test]
fn errors_quote_no_input() {
    let error = parse_base64url("secret+secret").unwrap_err().to_string();
    assert!(!error.contains("secret") && !error.contains('+'), "{error}");
}

#[test]
fn multikeys_name_their_kind() {
    let key = [9; 32];
    let text = multikey(ED25519_PUBLIC, &key);
    assert!(text.starts_with("z6Mk"), "{text}");
    assert_eq!(parse_multikey(ED25519_PUBLIC, &text).unwrap(), key);
    assert!(parse_multikey(ED25519_SECRET, &text).is_err());
    assert!(parse_multikey(ED25519_PUBLIC, &multibase([0xed, 0x01, 3])).is_err());
    assert!(parse_multibase(&text[1..]).is_err());
    assert!(parse_base58("0OIl").is_err());
    assert!(parse_base58(&"1".repeat(129)).is_err());
}

#[test]
fn base64_has_one_spelling() {
    assert_eq!(base64([0xfb, 0xff, 0xbf, 0xff]), "+/+//w==");
    assert_eq!(parse_base64("+/+//w==").unwrap(), [0xfb, 0xff, 0xbf, 0xff]);
    assert_eq!(parse_base64("").unwrap(), b"");
    for text in [
        "+/+//w",
        "+/+//w=",
        "-_-__w==",
        "+/+//x==",
        "+/+//w== ",
        "+/+/\n/w==",
    ] {
        assert!(parse_base64(text).is_err(), "{text:?}");
    }
}
