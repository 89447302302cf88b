//! What comes from the tables of the text: codes and constants.

use super::{docs, scalar::word_enum};
use crate::{
    Error, Protocol,
    error::at,
    names::{doc, ident, pascal, snake},
    settings::{DURATIONS, MEANING},
    shape::Type,
};
use proc_macro2::{Literal, TokenStream};
use quote::quote;
use serde_json::Value;

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
        let seconds = DURATIONS
            .iter()
            .find(|(unit, _)| *unit == constant.unit)
            .map(|(_, seconds)| seconds);
        let (kind, value, unit) = if let Some(seconds) = seconds {
            let Some(seconds) = constant.value.checked_mul(*seconds) else {
                return error(
                    format!("`{}` is longer than a duration can be", constant.name),
                    "write a smaller number",
                );
            };
            let seconds = Literal::u64_unsuffixed(seconds);
            let value = quote!(Duration::from_secs(#seconds));
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

pub(super) fn codes(protocol: &Protocol, item: &Type, index: usize) -> Result<TokenStream, Error> {
    let Some(table) = protocol.manifest.codes.get(index) else {
        return Ok(TokenStream::new());
    };
    let rows = &table.rows;
    let names: Vec<String> = rows.iter().map(|row| pascal(&row.code)).collect();
    let words: Vec<String> = rows.iter().map(|row| row.code.clone()).collect();
    let meanings: Vec<String> = rows
        .iter()
        .map(|row| {
            format!(
                " {}",
                doc(if row.meaning.is_empty() {
                    &row.code
                } else {
                    &row.meaning
                })
            )
        })
        .collect();
    let variants: Vec<_> = names.iter().map(|name| ident(name)).collect();
    let mut members = TokenStream::new();
    let mut columns: Vec<&str> = Vec::new();
    for row in rows {
        for column in row.columns.keys().filter(|column| *column != MEANING) {
            if !columns.contains(&column.as_str()) {
                columns.push(column);
            }
        }
    }
    for column in columns {
        let cells: Vec<Option<&Value>> = rows.iter().map(|row| row.columns.get(column)).collect();
        let numbers: Option<Vec<u16>> = cells
            .iter()
            .map(|cell| {
                cell.and_then(Value::as_u64)
                    .and_then(|number| u16::try_from(number).ok())
            })
            .collect();
        let texts: Option<Vec<String>> = cells.iter().map(|cell| cell.map(plain)).collect();
        let (kind, cells): (_, Vec<TokenStream>) = match (numbers, texts) {
            (Some(numbers), _) => (
                quote!(u16),
                numbers
                    .into_iter()
                    .map(Literal::u16_unsuffixed)
                    .map(|number| quote!(#number))
                    .collect(),
            ),
            (None, Some(texts)) => (
                quote!(&'static str),
                texts.into_iter().map(|text| quote!(#text)).collect(),
            ),
            (None, None) => {
                let pointer = at(&at("/codes", index), "rows");
                return Err(Error::new(
                    &protocol.manifest_file,
                    pointer,
                    format!("a row has no column `{column}`"),
                    "fill the cell in the table",
                ));
            }
        };
        let name = ident(&snake(column));
        let docs = format!(" The column `{column}` of the table.");
        members.extend(quote! {
            #[doc = #docs]
            #[must_use]
            pub fn #name(self) -> #kind {
                match self {
                    #(Self::#variants => #cells,)*
                }
            }
        });
    }
    let texts: Vec<&str> = rows.iter().map(|row| row.meaning.as_str()).collect();
    members.extend(quote! {
        /// What it means, in a sentence.
        #[must_use]
        pub fn meaning(self) -> &'static str {
            match self {
                #(Self::#variants => #texts,)*
            }
        }
    });
    Ok(word_enum(item, &names, &words, &meanings, &members))
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
