//! The test keys of the text, so that they can be refused.

use crate::Protocol;
use proc_macro2::TokenStream;
use quote::quote;

/// A list of the keys; nothing if the protocol publishes none.
pub(super) fn keys(protocol: &Protocol) -> TokenStream {
    let keys = &protocol.manifest.keys;
    if keys.is_empty() {
        return TokenStream::new();
    }
    let (names, keys): (Vec<_>, Vec<_>) = keys.iter().map(|key| (&key.name, &key.x)).unzip();
    let count = keys.len();
    quote! {
        /// The Ed25519 test keys whose secrets the text publishes: a name, and the unpadded base64url of the public key.
        pub const PUBLISHED_KEYS: [(&str, &str); #count] = [#((#names, #keys)),*];
    }
}
