//! What comes from the table `headers`: the names of the headers.

use super::docs;
use crate::{Error, Protocol, error::at, names::ident};
use proc_macro2::TokenStream;
use quote::quote;
use serde_json::{Map, Value};

const TABLE: &str = "headers";

/// A module with a constant for each name; nothing if the protocol has no table `headers`.
pub(super) fn headers(protocol: &Protocol) -> Result<TokenStream, Error> {
    let Some(table) = protocol.manifest.tables.get(TABLE) else {
        return Ok(TokenStream::new());
    };
    let mut named: Vec<(String, &str, Vec<String>)> = Vec::new();
    for (index, row) in table.rows.iter().enumerate() {
        let error = |reason: String, help: &str| {
            let pointer = at("/tables/headers/rows", index);
            Err(Error::new(&protocol.manifest_file, pointer, reason, help))
        };
        let Some(header) = row.get("header").and_then(Value::as_str) else {
            return error(
                "a row has no column `header`".to_owned(),
                "write the name of the header into the table",
            );
        };
        let name = header.replace('-', "_").to_uppercase();
        if !header.bytes().all(is_token) || !name.starts_with(|first: char| first.is_alphabetic()) {
            return error(
                format!("`{header}` is no name of a header"),
                "begin it with a letter, and use letters, digits and hyphens",
            );
        }
        match named.iter_mut().find(|(known, ..)| *known == name) {
            Some((_, known, rows)) if *known == header => rows.push(sentence(row)),
            Some((_, known, _)) => {
                return error(
                    format!("`{header}` and `{known}` have the same name in Rust"),
                    "write the header in one way",
                );
            }
            None => named.push((name, header, vec![sentence(row)])),
        }
    }
    let constants = named.into_iter().map(|(name, header, rows)| {
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let (docs, name) = (docs(&rows), ident(&name));
        quote! {
            #docs
            pub const #name: &str = #header;
        }
    });
    Ok(quote! {
        /// The names of the headers, as the text writes them. HTTP does not tell their case apart.
        pub mod headers {
            #(#constants)*
        }
    })
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

/// What a row says: `In a response: PreconditionChallenge. …`
fn sentence(row: &Map<String, Value>) -> String {
    let cell = |column: &str| row.get(column).and_then(Value::as_str).unwrap_or_default();
    let mut words = Vec::new();
    match (cell("direction"), cell("carries")) {
        ("", "") => {}
        ("", carries) => words.push(format!("Carries `{carries}`.")),
        (direction, "" | "opaque") => words.push(format!("In a {direction}.")),
        (direction, carries) => words.push(format!("In a {direction}: `{carries}`.")),
    }
    if !cell("meaning").is_empty() {
        words.push(cell("meaning").to_owned());
    }
    words.join(" ")
}
