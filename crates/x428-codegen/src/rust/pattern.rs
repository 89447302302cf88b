//! Patterns as code.

use proc_macro2::TokenStream;
use quote::quote;

/// An expression of type `bool`: whether `text` matches the pattern.
pub(super) fn matches(pattern: &str) -> TokenStream {
    quote! {{
        static PATTERN: std::sync::LazyLock<Option<regress::Regex>> =
            std::sync::LazyLock::new(|| regress::Regex::new(#pattern).ok());
        PATTERN.as_ref().is_some_and(|pattern| pattern.find(text).is_some())
    }}
}
