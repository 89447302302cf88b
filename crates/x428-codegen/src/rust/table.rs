//! What comes from the tables of constants.

use super::docs;
use crate::{
    Error, Protocol,
    error::at,
    names::{ident, snake},
    settings::DURATIONS,
};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// The version of the specification.
pub(super) fn about(protocol: &Protocol) -> TokenStream {
    let version = &protocol.manifest.protocol.version;
    quote! {
        use core::time::Duration;

        /// The version of the specification that these types are of.
        pub const SPECIFICATION_VERSION: &str = #version;
    }
}

pub(super) fn constants(protocol: &Protocol) -> Result<TokenStream, Error> {
    let mut items = TokenStream::new();
    for (index, constant) in protocol.manifest.constants.iter().enumerate() {
        let name = snake(&constant.name).to_uppercase();
        let error = |reason: String, help: &str| {
            Err(Error::new(
                &protocol.manifest_file,
                at("/constants", index),
                reason,
                help,
            ))
        };
        if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
            return error(
                format!("`{}` is no name in Rust", constant.name),
                "begin the name with a letter",
            );
        }
        let earlier = &protocol.manifest.constants[..index];
        if earlier
            .iter()
            .any(|other| snake(&other.name) == snake(&constant.name))
        {
            return error(
                format!("`{}` is there twice", constant.name),
                "rename one of the two",
            );
        }
        let one = DURATIONS
            .iter()
            .find(|(unit, _)| *unit == constant.unit)
            .map(|(_, milliseconds)| milliseconds);
        let (kind, value, unit) = if let Some(one) = one {
            let Some(milliseconds) = constant.value.checked_mul(*one) else {
                return error(
                    format!("`{}` is longer than a duration can be", constant.name),
                    "write a smaller number",
                );
            };
            let value = if milliseconds % 1000 == 0 {
                let seconds = Literal::u64_unsuffixed(milliseconds / 1000);
                quote!(Duration::from_secs(#seconds))
            } else {
                let milliseconds = Literal::u64_unsuffixed(milliseconds);
                quote!(Duration::from_millis(#milliseconds))
            };
            (quote!(Duration), value, String::new())
        } else {
            if u32::try_from(constant.value).is_err() {
                return error(
                    format!("`{}` does not fit 32 bits", constant.name),
                    "choose a greater unit",
                );
            }
            let value = Literal::u64_unsuffixed(constant.value);
            (
                quote!(usize),
                quote!(#value),
                format!("In {}.", constant.unit),
            )
        };
        let section = section(&constant.section);
        let (docs, name) = (docs(&[&constant.meaning, &unit, &section]), ident(&name));
        items.extend(quote! {
            #docs
            pub const #name: #kind = #value;
        });
    }
    Ok(items)
}

fn section(section: &str) -> String {
    if section.is_empty() {
        String::new()
    } else {
        format!("Section {section}.")
    }
}
