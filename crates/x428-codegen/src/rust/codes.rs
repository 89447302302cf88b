//! What comes from the tables of codes: enums with a function for each column.

use super::{machine, scalar::word_enum};
use crate::{
    Error,
    error::at,
    input::Code,
    model::Model,
    names::{doc, ident, pascal, snake},
    settings::MEANING,
    shape::{Shape, Type},
};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use serde_json::Value;

/// Functions that a column cannot be called, because the enum has them otherwise.
const TAKEN: &[&str] = &[
    "as_str",
    "can_transition_to",
    "cmp",
    "eq",
    "fmt",
    "hash",
    "successors",
];

pub(super) fn codes(model: &Model<'_>, item: &Type, index: usize) -> Result<TokenStream, Error> {
    let protocol = model.protocol;
    let Some(table) = protocol.manifest.codes.get(index) else {
        return Ok(TokenStream::new());
    };
    let rows = &table.rows;
    let names: Vec<String> = rows.iter().map(|row| pascal(&row.code)).collect();
    let words: Vec<String> = rows.iter().map(|row| row.code.clone()).collect();
    let meanings: Vec<String> = rows
        .iter()
        .map(|row| format!(" {}", doc(meaning(row))))
        .collect();
    let variants: Vec<_> = names.iter().map(|name| ident(name)).collect();
    let pointer = at(&at("/codes", index), "rows");
    let mut members = TokenStream::new();
    let mut taken: Vec<String> = TAKEN.iter().map(|name| (*name).to_owned()).collect();
    for column in columns(rows) {
        let error = |reason: String, help: &str| {
            Err(Error::new(
                &protocol.manifest_file,
                pointer.clone(),
                reason,
                help,
            ))
        };
        let cells: Option<Vec<&Value>> = rows.iter().map(|row| row.columns.get(column)).collect();
        let Some(cells) = cells else {
            return error(
                format!("a row has no column `{column}`"),
                "fill the cell in the table",
            );
        };
        let (name, function) = match table.columns.get(column) {
            None => function(column, &cells, &variants),
            Some(of) => match typed(model, column, of, &cells, &variants) {
                Ok(function) => (snake(column), function),
                Err(reason) => {
                    return error(reason, "correct the attribute `columns` of the table");
                }
            },
        };
        if taken.contains(&name) {
            return error(
                format!("the column `{column}` gives the function `{name}`, which is taken"),
                "rename the column",
            );
        }
        taken.push(name);
        members.extend(function);
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
    members.extend(machine::members(protocol, &table.type_name, &words)?);
    Ok(word_enum(item, &names, &words, &meanings, &members))
}

fn meaning(row: &Code) -> &str {
    if row.meaning.is_empty() {
        &row.code
    } else {
        &row.meaning
    }
}

/// The columns beside the code and its meaning, in the order of the table.
fn columns(rows: &[Code]) -> Vec<&str> {
    let mut columns: Vec<&str> = Vec::new();
    for row in rows {
        for column in row.columns.keys().filter(|column| *column != MEANING) {
            if !columns.contains(&column.as_str()) {
                columns.push(column);
            }
        }
    }
    columns
}

/// The function of a column, and its name: `is_` and the column if it says yes or no.
fn function(column: &str, cells: &[&Value], variants: &[Ident]) -> (String, TokenStream) {
    let name = snake(column);
    let docs = format!(" The column `{column}` of the table.");
    let truths: Option<Vec<bool>> = cells.iter().map(|cell| cell.as_bool()).collect();
    if let Some(truths) = truths {
        let name = format!("is_{name}");
        let function = ident(&name);
        let all: Vec<_> = variants.iter().zip(&truths).collect();
        let yes: Vec<_> = all
            .iter()
            .filter(|(_, truth)| **truth)
            .map(|(own, _)| own)
            .collect();
        let no: Vec<_> = all
            .iter()
            .filter(|(_, truth)| !**truth)
            .map(|(own, _)| own)
            .collect();
        let arms = [(yes, quote!(true)), (no, quote!(false))]
            .into_iter()
            .filter(|(variants, _)| !variants.is_empty())
            .map(|(variants, truth)| quote!(#(Self::#variants)|* => #truth,));
        let function = quote! {
            #[doc = #docs]
            #[must_use]
            pub fn #function(self) -> bool {
                match self {
                    #(#arms)*
                }
            }
        };
        return (name, function);
    }
    let numbers: Option<Vec<u16>> = cells
        .iter()
        .map(|cell| cell.as_u64().and_then(|number| u16::try_from(number).ok()))
        .collect();
    let (kind, cells): (_, Vec<TokenStream>) = if let Some(numbers) = numbers {
        let literals = numbers.into_iter().map(Literal::u16_unsuffixed);
        (
            quote!(u16),
            literals.map(|number| quote!(#number)).collect(),
        )
    } else {
        let texts = cells.iter().map(|cell| plain(cell));
        (
            quote!(&'static str),
            texts.map(|text| quote!(#text)).collect(),
        )
    };
    let function = ident(&name);
    let function = quote! {
        #[doc = #docs]
        #[must_use]
        pub fn #function(self) -> #kind {
            match self {
                #(Self::#variants => #cells,)*
            }
        }
    };
    (name, function)
}

/// The function of a column whose cells are values of another type.
fn typed(
    model: &Model<'_>,
    column: &str,
    of: &str,
    cells: &[&Value],
    variants: &[Ident],
) -> Result<TokenStream, String> {
    let words: Vec<&str> = match model.shape(of) {
        Some(Shape::Words(words)) => words.iter().map(String::as_str).collect(),
        Some(Shape::Codes(index)) => {
            let table = model.protocol.manifest.codes.get(*index).into_iter();
            let rows = table.flat_map(|table| &table.rows);
            rows.map(|row| row.code.as_str()).collect()
        }
        _ => return Err(format!("`{of}` is no enumeration")),
    };
    let kind = ident(of);
    let mut values = Vec::with_capacity(cells.len());
    for cell in cells {
        let word = cell.as_str().unwrap_or_default();
        if !words.contains(&word) {
            return Err(format!("`{word}` is none of the values of {of}"));
        }
        let variant = ident(&pascal(word));
        values.push(quote!(#kind::#variant));
    }
    let docs = format!(" The column `{column}` of the table.");
    let function = ident(&snake(column));
    Ok(quote! {
        #[doc = #docs]
        #[must_use]
        pub fn #function(self) -> #kind {
            match self {
                #(Self::#variants => #values,)*
            }
        }
    })
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
