//! What has to be unpredictable.

use x428::encoding::base64url;
use x428::wire::withdrawal::ID_ENTROPY_MIN;

use super::store::Fault;

/// Random bytes of the system.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(Fault::because)?;
    Ok(bytes)
}

/// A name that nobody guesses, after a prefix that tells a person what it names.
// r[impl withdrawal.id.entropy]
// r[impl withdrawal.security.random]
pub(crate) fn id(prefix: &str) -> Result<String, Fault> {
    let bytes: [u8; ID_ENTROPY_MIN / 8] = bytes()?;
    Ok(format!("{prefix}_{}", base64url(bytes)))
}

/// A token: twice as long as a name.
// r[impl withdrawal.token.unguessable]
pub(crate) fn token(prefix: &str) -> Result<String, Fault> {
    let bytes: [u8; 32] = bytes()?;
    Ok(format!("{prefix}_{}", base64url(bytes)))
}

/// So many random digits, each as likely as the others.
pub(crate) fn digits(count: usize) -> Result<String, Fault> {
    let mut digits = String::with_capacity(count);
    while digits.len() < count {
        // 250 is the greatest multiple of ten that a byte holds: what lies above would make some
        // digits likelier.
        let [byte] = bytes()?;
        if byte < 250 {
            digits.push(char::from(b'0' + byte % 10));
        }
    }
    Ok(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_digits() {
        let digits = digits(200).unwrap();
        assert_eq!(digits.len(), 200);
        assert!(digits.bytes().all(|byte| byte.is_ascii_digit()));
    }

    // r[verify withdrawal.id.entropy]
    #[test]
    fn a_name_has_its_entropy_and_its_form() {
        let first = id("wd").unwrap();
        assert_ne!(first, id("wd").unwrap());
        assert_eq!(first.len(), "wd_".len() + 22);
        assert!(x428::wire::withdrawal::WithdrawalId::parse(first).is_ok());
    }
}
