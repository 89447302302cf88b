//! What has to be unpredictable.

use x428::encoding::base64url;
use x428::wire::withdrawal::ID_ENTROPY_MIN;

use super::store::Fault;

/// Where an exchange takes from what has to be unpredictable. Anything else than
/// [`SystemRandom`] is for tests: whoever foresees the names and codes of an exchange has it.
pub trait Random: Send + Sync + 'static {
    /// Random bytes.
    ///
    /// # Errors
    /// [`Fault`] if there are none.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Fault>;

    /// A name that nobody guesses, after a prefix that tells a person what it names: `wd_` and 128
    /// bits in base64url.
    ///
    /// # Errors
    /// As [`fill`](Self::fill).
    // r[impl withdrawal.id.entropy]
    // r[impl withdrawal.security.random]
    fn id(&self, prefix: &str) -> Result<String, Fault> {
        let mut bytes = [0; ID_ENTROPY_MIN / 8];
        self.fill(&mut bytes)?;
        Ok(format!("{prefix}_{}", base64url(bytes)))
    }

    /// A token: twice as long as a name.
    ///
    /// # Errors
    /// As [`fill`](Self::fill).
    // r[impl withdrawal.token.unguessable]
    fn token(&self, prefix: &str) -> Result<String, Fault> {
        let mut bytes = [0; 32];
        self.fill(&mut bytes)?;
        Ok(format!("{prefix}_{}", base64url(bytes)))
    }

    /// So many digits, each as likely as the others.
    ///
    /// # Errors
    /// As [`fill`](Self::fill).
    fn digits(&self, count: usize) -> Result<String, Fault> {
        let mut digits = String::with_capacity(count);
        while digits.len() < count {
            // 250 is the greatest multiple of ten that a byte holds: what lies above would make
            // some digits likelier.
            let mut byte = [0];
            self.fill(&mut byte)?;
            if byte[0] < 250 {
                digits.push(char::from(b'0' + byte[0] % 10));
            }
        }
        Ok(digits)
    }
}

/// What the system gives.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Fault> {
        getrandom::fill(bytes).map_err(Fault::because)
    }
}

/// Random bytes of the system.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    SystemRandom.fill(&mut bytes)?;
    Ok(bytes)
}

/// A name of the system, for what no client sees.
pub(crate) fn id(prefix: &str) -> Result<String, Fault> {
    SystemRandom.id(prefix)
}

/// A token of the system, for what no client sees.
pub(crate) fn token(prefix: &str) -> Result<String, Fault> {
    SystemRandom.token(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_digits() {
        let digits = SystemRandom.digits(200).unwrap();
        assert_eq!(digits.len(), 200);
        assert!(digits.bytes().all(|byte| byte.is_ascii_digit()));
    }

    // r[verify withdrawal.id.entropy]
    #[test]
    fn a_name_has_its_entropy_and_its_form() {
        let first = SystemRandom.id("wd").unwrap();
        assert_ne!(first, SystemRandom.id("wd").unwrap());
        assert_eq!(first.len(), "wd_".len() + 22);
        assert!(x428::wire::withdrawal::WithdrawalId::parse(first).is_ok());
    }
}
