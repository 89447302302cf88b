use super::*;

fn ring(id: u32, byte: u8) -> SealRing {
    SealRing::new(SealKey::new(id, [byte; 32]))
}

#[test]
fn what_is_sealed_is_opened_by_the_same_key_for_the_same_purpose() {
    let sealed = ring(1, 7).seal("token", b"scope").unwrap();
    assert_eq!(ring(1, 7).open("token", &sealed).unwrap(), b"scope");
    assert_eq!(ring(1, 7).open("receipt", &sealed), None);
    assert_eq!(ring(1, 8).open("token", &sealed), None);
    assert_eq!(ring(2, 7).open("token", &sealed), None);
    assert_ne!(ring(1, 7).seal("token", b"scope").unwrap(), sealed);
}

#[test]
fn keys_rotate() {
    let sealed = ring(1, 7).seal("token", b"scope").unwrap();
    let code = ring(1, 7).authenticate(&[b"a", b"b"]);
    let rotated = ring(2, 8).with_previous(SealKey::new(1, [7; 32]));
    assert_eq!(rotated.open("token", &sealed).unwrap(), b"scope");
    assert!(rotated.is_authentic(&[b"ab"], &code));
    assert!(!ring(2, 8).is_authentic(&[b"ab"], &code));
    assert!(!rotated.is_authentic(&[b"abc"], &code));
}

#[test]
fn no_changed_character_is_opened() {
    let sealed = ring(1, 7).seal("token", b"scope").unwrap();
    for at in 0..sealed.len() {
        let mut changed = sealed.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(ring(1, 7).open("token", &changed), None, "{at}");
        assert_eq!(ring(1, 7).open("token", &sealed[..at]), None, "{at}");
    }
}

/// RFC 4231 §4.2, its key of twenty bytes padded with zeros to the size of ours, as HMAC does.
#[test]
fn the_code_is_hmac_sha_256() {
    let mut secret = [0; 32];
    secret[..20].fill(0x0b);
    let code = SealRing::new(SealKey::new(0, secret)).authenticate(&[b"Hi ", b"There"]);
    assert_eq!(code[..4], [0xb0, 0x34, 0x4c, 0x61]);
    assert_eq!(code[28..], [0x2e, 0x32, 0xcf, 0xf7]);
}

#[test]
fn debug_shows_no_secret() {
    assert_eq!(format!("{:?}", SealKey::new(3, [7; 32])), "SealKey(3)");
}
