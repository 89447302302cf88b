//! Unions: of records by their tags, of types by their kind.

use super::type_docs;
use crate::{
    model::Model,
    names::{ident, snake},
    shape::{Kind, Shape, Type, Variant},
};
use proc_macro2::TokenStream;
use quote::quote;

pub(super) fn union(
    model: &Model<'_>,
    item: &Type,
    tags: &[String],
    variants: &[Variant],
) -> TokenStream {
    let (docs, name, label) = (type_docs(item), ident(&item.name), &item.name);
    let names: Vec<_> = variants
        .iter()
        .map(|variant| ident(&variant.name))
        .collect();
    let records: Vec<_> = variants
        .iter()
        .map(|variant| ident(&variant.record))
        .collect();
    let variant_docs: Vec<_> = variants
        .iter()
        .map(|variant| match &variant.tags {
            Some(values) => {
                let pairs: Vec<_> = tags
                    .iter()
                    .zip(values)
                    .map(|(tag, value)| format!("`{tag}` is `{value}`"))
                    .collect();
                format!(" {}.", pairs.join(" and "))
            }
            None => " Everything else.".to_owned(),
        })
        .collect();
    let arms = variants.iter().zip(&names).zip(&records).filter_map(|((variant, name), record)| {
        let values = variant.tags.as_ref()?;
        Some(quote!([#(#values),*] => <#record as serde::Deserialize>::deserialize(object).map(Self::#name),))
    });
    let open = variants.iter().position(|variant| variant.tags.is_none());
    let other = if let Some(index) = open {
        let (name, record) = (&names[index], &records[index]);
        quote!(_ => <#record as serde::Deserialize>::deserialize(object).map(Self::#name),)
    } else {
        let message = format!("no variant of {label} has these tags");
        quote!(_ => Err(serde::de::Error::custom(#message)),)
    };
    let count = tags.len();
    let accessors = accessors(model, tags, variants);
    quote! {
        #docs
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum #name {
            #(#[doc = #variant_docs] #names(#records),)*
        }

        impl #name {
            #accessors
        }

        #(
            impl From<#records> for #name {
                fn from(value: #records) -> Self {
                    Self::#names(value)
                }
            }
        )*

        impl crate::wire::tagged::Tagged<#count> for #name {
            const NAME: &'static str = #label;
            const TAGS: [&'static str; #count] = [#(#tags),*];

            fn read<'de, D: serde::Deserializer<'de>>(tags: [&str; #count], object: D) -> Result<Self, D::Error> {
                match tags {
                    #(#arms)*
                    #other
                }
            }
        }

        crate::wire::tagged::tagged!(#name);

        impl serde::Serialize for #name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    #(Self::#names(value) => serde::Serialize::serialize(value, serializer),)*
                }
            }
        }
    }
}

/// What every variant has: the tags as text, and the members that are of one type in all of them.
fn accessors(model: &Model<'_>, tags: &[String], variants: &[Variant]) -> TokenStream {
    let names: Vec<_> = variants
        .iter()
        .map(|variant| ident(&variant.name))
        .collect();
    let mut accessors = TokenStream::new();
    for tag in tags {
        let text = |variant: &Variant| {
            let of = model
                .record(&variant.record)?
                .members
                .iter()
                .find(|member| member.name == *tag)?
                .of
                .clone()?;
            matches!(
                model.shape(&of)?,
                Shape::ConstantText(_) | Shape::Text { .. }
            )
            .then_some(())
        };
        if variants.iter().any(|variant| text(variant).is_none()) {
            continue;
        }
        let (method, docs) = (ident(&snake(tag)), format!(" The tag `{tag}`."));
        accessors.extend(quote! {
            #[doc = #docs]
            #[must_use]
            pub fn #method(&self) -> &str {
                match self {
                    #(Self::#names(value) => value.#method.as_str(),)*
                }
            }
        });
    }
    let first = variants
        .first()
        .and_then(|variant| model.record(&variant.record));
    for member in first.into_iter().flat_map(|record| &record.members) {
        let Some(of) = &member.of else { continue };
        let everywhere = variants.iter().all(|variant| {
            model.record(&variant.record).is_some_and(|record| {
                record.members.iter().any(|other| {
                    other.name == member.name
                        && other.of == member.of
                        && other.required == member.required
                })
            })
        });
        if !everywhere || tags.contains(&member.name) {
            continue;
        }
        let (method, of) = (ident(&snake(&member.name)), ident(of));
        let docs = super::docs(&[if member.doc.is_empty() {
            "What every variant has."
        } else {
            &member.doc
        }]);
        let (kind, value) = if member.required {
            (quote!(&#of), quote!(&value.#method))
        } else {
            (quote!(Option<&#of>), quote!(value.#method.as_ref()))
        };
        accessors.extend(quote! {
            #docs
            #[must_use]
            pub fn #method(&self) -> #kind {
                match self {
                    #(Self::#names(value) => #value,)*
                }
            }
        });
    }
    accessors
}

pub(super) fn choice(item: &Type, alternatives: &[(Kind, String)]) -> TokenStream {
    let (docs, name) = (type_docs(item), ident(&item.name));
    let names: Vec<_> = alternatives
        .iter()
        .map(|(kind, _)| ident(kind.name()))
        .collect();
    let types: Vec<_> = alternatives.iter().map(|(_, name)| ident(name)).collect();
    let docs_of: Vec<_> = alternatives
        .iter()
        .map(|(kind, _)| format!(" A JSON value of the kind {}.", kind.name().to_lowercase()))
        .collect();
    let expecting = format!("a value that has the form of {}", item.name);
    quote! {
        #docs
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(untagged, expecting = #expecting)]
        #[non_exhaustive]
        pub enum #name {
            #(#[doc = #docs_of] #names(#types),)*
        }

        #(
            impl From<#types> for #name {
                fn from(value: #types) -> Self {
                    Self::#names(value)
                }
            }
        )*
    }
}
