//! Texts, words, constants, integers and lists.

use super::{pattern, plain_type, type_docs};
use crate::{
    Error,
    error::at,
    model::{Model, referred},
    names::{ident, pascal},
    settings::Format,
    shape::{Shape, Type},
};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

pub(super) fn text(model: &Model<'_>, item: &Type) -> Result<TokenStream, Error> {
    let Shape::Text {
        pattern,
        min,
        max,
        format,
    } = &item.shape
    else {
        return Ok(TokenStream::new());
    };
    let mut checks = TokenStream::new();
    if *min > 0 || max.is_some() {
        let rule = match (min, max) {
            (0, Some(max)) => format!("longer than {max} characters"),
            (min, Some(max)) => format!("not {min} to {max} characters long"),
            (1, None) => "empty".to_owned(),
            (min, None) => format!("shorter than {min} characters"),
        };
        let (min, max) = (number(*min), max.map_or_else(|| quote!(usize::MAX), number));
        checks.extend(quote! {
            if !crate::wire::text::has_length(text, #min, #max) {
                return Err(#rule);
            }
        });
    }
    if let Some(source) = pattern {
        if let Err(error) = regress::Regex::new(source) {
            return Err(model.error(
                at(&item.pointer, "pattern"),
                format!("the pattern does not compile: {error}"),
                "write an ECMA-262 pattern that every validator reads",
            ));
        }
        let matches = pattern::matches(source);
        let rule = format!("not of the form {source}");
        checks.extend(quote! {
            if !#matches {
                return Err(#rule);
            }
        });
    }
    if *format == Some(Format::Uri) {
        checks.extend(quote! {
            if !crate::wire::text::is_uri(text) {
                return Err("not a URI after RFC 3986");
            }
        });
    }
    let (docs, name, label) = (type_docs(item), ident(&item.name), &item.name);
    let (fields, members) = match format {
        Some(Format::DateTime) => (
            quote!(jiff::Timestamp, String),
            quote!(crate::wire::text::instant!(#name);),
        ),
        Some(Format::Uri) | None => (quote!(String), quote!(crate::wire::text::text!(#name);)),
    };
    let argument = if checks.is_empty() {
        quote!(_)
    } else {
        quote!(text)
    };
    Ok(quote! {
        #docs
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct #name(#fields);

        impl crate::wire::text::Text for #name {
            const NAME: &'static str = #label;

            fn check(#argument: &str) -> Result<(), &'static str> {
                #checks
                Ok(())
            }
        }

        #members
    })
}

pub(super) fn words(
    model: &Model<'_>,
    item: &Type,
    words: &[String],
) -> Result<TokenStream, Error> {
    let names: Vec<String> = words.iter().map(|word| pascal(word)).collect();
    for (index, name) in names.iter().enumerate() {
        if name.is_empty() || names[..index].contains(name) {
            return Err(model.error(
                at(&at(&item.pointer, "enum"), index),
                format!("`{}` gives no name of its own in Rust", words[index]),
                "values of an enum differ in letters or digits",
            ));
        }
    }
    let docs: Vec<String> = words.iter().map(|word| format!(" `{word}`")).collect();
    Ok(word_enum(item, &names, words, &docs, &TokenStream::new()))
}

/// An enum of words with its traits, and more members.
pub(super) fn word_enum(
    item: &Type,
    names: &[String],
    words: &[String],
    docs: &[String],
    members: &TokenStream,
) -> TokenStream {
    let type_docs = type_docs(item);
    let name = ident(&item.name);
    let variants: Vec<_> = names.iter().map(|name| ident(name)).collect();
    quote! {
        #type_docs
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum #name {
            #(#[doc = #docs] #variants,)*
        }

        impl #name {
            /// All of them, in the order of the specification.
            pub const ALL: &'static [Self] = &[#(Self::#variants),*];

            /// The word.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    #(Self::#variants => #words,)*
                }
            }

            #members
        }

        crate::wire::word::word!(#name);
    }
}

pub(super) fn constant_text(item: &Type, text: &str) -> TokenStream {
    let (docs, name) = (
        constant_docs(item, &format!("\"{text}\"")),
        ident(&item.name),
    );
    quote! {
        #docs
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct #name;

        impl #name {
            /// The text.
            pub const VALUE: &'static str = #text;
        }

        crate::wire::constant::constant_text!(#name);
    }
}

pub(super) fn constant_integer(item: &Type, value: i64) -> TokenStream {
    let (docs, name) = (constant_docs(item, &value.to_string()), ident(&item.name));
    let value = Literal::i64_unsuffixed(value);
    quote! {
        #docs
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct #name;

        impl #name {
            /// The number.
            pub const VALUE: i64 = #value;
        }

        crate::wire::constant::constant_integer!(#name);
    }
}

fn constant_docs(item: &Type, value: &str) -> TokenStream {
    let own = format!("Always `{value}`.");
    super::docs(&[&item.doc, &own])
}

pub(super) fn integer(item: &Type, min: i64, max: i64) -> TokenStream {
    let repr = if min >= 0 {
        match max {
            0..=0xff => quote!(u8),
            0x100..=0xffff => quote!(u16),
            0x1_0000..=0xffff_ffff => quote!(u32),
            _ => quote!(i64),
        }
    } else {
        quote!(i64)
    };
    let (docs, name) = (type_docs(item), ident(&item.name));
    let (min, max) = (Literal::i64_unsuffixed(min), Literal::i64_unsuffixed(max));
    quote! {
        #docs
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct #name(#repr);

        impl #name {
            /// The least.
            pub const MIN: #repr = #min;
            /// The greatest.
            pub const MAX: #repr = #max;
        }

        crate::wire::integer::integer!(#name, #repr);
    }
}

pub(super) fn list(model: &Model<'_>, item: &Type) -> Result<TokenStream, Error> {
    let Shape::List {
        items,
        min,
        max,
        unique,
    } = &item.shape
    else {
        return Ok(TokenStream::new());
    };
    let Some(element) = plain_type(items) else {
        return Err(model.error(
            at(&item.pointer, "items"),
            "the items have no Rust type",
            "refer to a type by name",
        ));
    };
    let mut checks = TokenStream::new();
    let label = &item.name;
    if *min > 0 || max.is_some() {
        let (min, max) = (number(*min), max.map_or_else(|| quote!(usize::MAX), number));
        checks.extend(quote!(crate::wire::list::check_count(#label, items.len(), #min, #max)?;));
    }
    if *unique {
        let hashable = match referred(items).and_then(|name| model.shape(name)) {
            Some(shape) => !matches!(
                shape,
                Shape::Record(_)
                    | Shape::Union { .. }
                    | Shape::Choice(_)
                    | Shape::List { .. }
                    | Shape::Plain
            ),
            None => matches!(
                items.get("type").and_then(serde_json::Value::as_str),
                Some("string" | "integer")
            ),
        };
        if !hashable {
            return Err(model.error(
                at(&item.pointer, "uniqueItems"),
                "only texts, words and integers can be compared cheaply",
                "say in words which member of the items is unique",
            ));
        }
        checks.extend(quote!(crate::wire::list::check_unique(#label, items)?;));
    }
    let (docs, name) = (type_docs(item), ident(&item.name));
    let argument = if checks.is_empty() {
        quote!(_)
    } else {
        quote!(items)
    };
    Ok(quote! {
        #docs
        #[derive(Clone, Debug, PartialEq)]
        pub struct #name(Vec<#element>);

        impl #name {
            fn check(#argument: &[#element]) -> Result<(), crate::wire::Invalid> {
                #checks
                Ok(())
            }
        }

        crate::wire::list::list!(#name, #element);
    })
}

fn number(number: usize) -> TokenStream {
    let literal = Literal::usize_unsuffixed(number);
    quote!(#literal)
}
