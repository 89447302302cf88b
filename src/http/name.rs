//! Header names as the crate `http` wants them, made of those of the text when this is compiled.

/// The name in lowercase.
pub(crate) const fn lowercase<const N: usize>(name: &str) -> [u8; N] {
    let mut bytes = list::<N>(&[name]);
    bytes.make_ascii_lowercase();
    bytes
}

/// The length of what [`list`] makes.
#[cfg(feature = "tower")]
pub(crate) const fn list_length(names: &[&str]) -> usize {
    let mut length = 0;
    let mut at = 0;
    while at < names.len() {
        length += names[at].len() + if at > 0 { SEPARATOR.len() } else { 0 };
        at += 1;
    }
    length
}

const SEPARATOR: &[u8] = b", ";

/// The names with commas between them.
pub(crate) const fn list<const N: usize>(names: &[&str]) -> [u8; N] {
    let mut bytes = [0; N];
    let mut filled = 0;
    let mut at = 0;
    while at < names.len() {
        if at > 0 {
            filled = put(&mut bytes, filled, SEPARATOR);
        }
        filled = put(&mut bytes, filled, names[at].as_bytes());
        at += 1;
    }
    bytes
}

const fn put(bytes: &mut [u8], from: usize, what: &[u8]) -> usize {
    let mut at = 0;
    while at < what.len() {
        bytes[from + at] = what[at];
        at += 1;
    }
    from + what.len()
}

/// The text of bytes that are names; what is none does not compile.
pub(crate) const fn text(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("a name of a header is ASCII"),
    }
}

/// A `HeaderName` of a name of the text.
macro_rules! header_name {
    ($name:expr) => {{
        const BYTES: &[u8] = &$crate::http::name::lowercase::<{ $name.len() }>($name);
        ::http::HeaderName::from_static($crate::http::name::text(BYTES))
    }};
}

/// A `HeaderValue` that lists names of the text.
#[cfg(feature = "tower")]
macro_rules! header_names {
    ($($name:expr),+) => {{
        const NAMES: &[&str] = &[$($name),+];
        const BYTES: &[u8] = &$crate::http::name::list::<{ $crate::http::name::list_length(NAMES) }>(NAMES);
        ::http::HeaderValue::from_static($crate::http::name::text(BYTES))
    }};
}

pub(crate) use header_name;
#[cfg(feature = "tower")]
pub(crate) use header_names;

#[cfg(all(test, feature = "tower"))]
mod tests {
    use ::http::{HeaderName, HeaderValue};

    #[test]
    fn names_are_put_together_when_this_is_compiled() {
        const ONE: HeaderName = header_name!("X-Some-Name");
        const ALONE: HeaderValue = header_names!("X-A");
        const THREE: HeaderValue = header_names!("X-A", "B", "X-C");
        assert_eq!(ONE, "x-some-name");
        assert_eq!(ALONE, "X-A");
        assert_eq!(THREE, "X-A, B, X-C");
    }
}
