//! Records and everything that has no shape of its own: typify's part.
//!
//! typify gives the members their types. It sorts them by name, and its structs take `null` for an absent member, an
//! absent list for an empty one and an array for an object. So the struct around the members is written here: in the
//! declared order, strict, and with a constructor that fills in the constants.

use super::{docs, parse, type_docs};
use crate::{
    Error,
    error::at,
    model::{Model, referred},
    names::{ident, snake},
    settings::{KEPT_MEMBERS, READ},
    shape::{Member, Record, Shape, Type},
};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use schemars08::schema::Schema;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use syn::{Fields, Item};
use typify::{TypeSpace, TypeSpaceImpl, TypeSpaceSettings};

/// What typify made.
pub(super) struct Records {
    /// Structs by name.
    structs: BTreeMap<String, syn::ItemStruct>,
    /// The items of the other types by name, with their impls.
    plain: BTreeMap<String, TokenStream>,
}

/// Runs typify over the schemas that are not generated otherwise.
pub(super) fn records(model: &Model<'_>) -> Result<Records, Error> {
    let mut settings = TypeSpaceSettings::default();
    settings.with_derive("PartialEq".to_owned());
    settings.with_struct_builder(false);
    settings.with_map_type("::std::collections::BTreeMap");
    let mut definitions: Vec<(String, Schema)> = Vec::new();
    for item in &model.types {
        if matches!(item.shape, Shape::Record(_) | Shape::Plain) {
            let lowered = model
                .schemas
                .get(&item.name)
                .map_or_else(|| json!({}), |schema| lower_definition(schema, item));
            let schema = serde_json::from_value(lowered).map_err(|error| {
                model.error(
                    &item.pointer,
                    format!("no JSON Schema: {error}"),
                    "correct the keyword",
                )
            })?;
            definitions.push((item.name.clone(), schema));
        } else {
            settings.with_replacement(&item.name, &item.name, std::iter::empty::<TypeSpaceImpl>());
            definitions.push((item.name.clone(), Schema::Bool(true)));
        }
    }
    let mut space = TypeSpace::new(&settings);
    space.add_ref_types(definitions).map_err(|error| {
        model.error(
            "/$defs",
            format!("typify cannot read the schemas: {error}"),
            "simplify the schema that it names",
        )
    })?;
    let file = parse(space.to_stream(), Some(model.protocol))?;
    let mut records = Records {
        structs: BTreeMap::new(),
        plain: BTreeMap::new(),
    };
    for item in file.items {
        let owner = match &item {
            Item::Struct(item) => {
                let name = item.ident.to_string();
                if model.record(&name).is_some() {
                    records.structs.insert(name, item.clone());
                    continue;
                }
                name
            }
            Item::Enum(item) => item.ident.to_string(),
            Item::Impl(item) => item.self_ty.to_token_stream().to_string(),
            _ => continue,
        };
        if model.record(&owner).is_none() {
            records
                .plain
                .entry(owner)
                .or_default()
                .extend(item.to_token_stream());
        }
    }
    Ok(records)
}

impl Records {
    pub(super) fn plain(&self, item: &Type) -> TokenStream {
        self.plain.get(&item.name).cloned().unwrap_or_default()
    }

    pub(super) fn of(
        &self,
        model: &Model<'_>,
        item: &Type,
        record: &Record,
    ) -> Result<TokenStream, Error> {
        let fields = self.fields(model, item, record)?;
        let (docs, name) = (type_docs(item), ident(&item.name));
        let declared = fields.iter().map(|field| field.declaration(model));
        let required = || {
            fields
                .iter()
                .filter(|field| field.member.required && !field.is_constant(model))
        };
        let arguments = required().map(|field| {
            let (name, kind) = (&field.name, &field.kind);
            quote!(#name: #kind)
        });
        let values = fields.iter().map(|field| {
            let name = &field.name;
            if !field.member.required {
                quote!(#name: None)
            } else if field.is_constant(model) {
                let kind = &field.kind;
                quote!(#name: #kind)
            } else {
                quote!(#name)
            }
        });
        let setters = fields
            .iter()
            .filter(|field| !field.member.required)
            .map(Field::setter);
        let deny = record.closed.then(|| quote!(, deny_unknown_fields));
        let kept = ident(KEPT_MEMBERS);
        let (extra, extra_value) = if record.open {
            (
                quote! {
                    /// The members that the schema does not name, as they were received.
                    #[serde(flatten)]
                    pub #kept: serde_json::Map<String, serde_json::Value>,
                },
                quote!(#kept: serde_json::Map::new(),),
            )
        } else {
            (TokenStream::new(), TokenStream::new())
        };
        let new_docs = " With the required members; the constants fill themselves in, the optional members are absent.";
        Ok(quote! {
            #docs
            #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
            #[serde(remote = "Self" #deny)]
            #[non_exhaustive]
            pub struct #name {
                #(#declared,)*
                #extra
            }

            impl #name {
                #[doc = #new_docs]
                #[must_use]
                pub fn new(#(#arguments),*) -> Self {
                    Self { #(#values,)* #extra_value }
                }

                #(#setters)*
            }

            crate::wire::record::record!(#name);
        })
    }

    /// The members in their declared order, with the names and types that typify chose.
    fn fields<'m>(
        &self,
        model: &Model<'_>,
        item: &Type,
        record: &'m Record,
    ) -> Result<Vec<Field<'m>>, Error> {
        let missing = |name: &str| {
            model.error(
                at(&at(&item.pointer, "properties"), name),
                format!("typify made no member `{name}`"),
                "give the member's schema a name of its own",
            )
        };
        let Some(Fields::Named(made)) = self.structs.get(&item.name).map(|item| &item.fields)
        else {
            return Err(missing(""));
        };
        let mut fields: Vec<Field<'m>> = Vec::new();
        for member in &record.members {
            let name = snake(&member.name);
            if record.open && name == KEPT_MEMBERS
                || fields.iter().any(|field| field.name == ident(&name))
            {
                return Err(model.error(
                    at(&at(&item.pointer, "properties"), &member.name),
                    format!("the member is called `{name}` in Rust, like another one"),
                    "rename one of the two",
                ));
            }
            let found = made
                .named
                .iter()
                .find(|field| wire_name(field).as_deref() == Some(&member.name));
            let Some(field) = found else {
                return Err(missing(&member.name));
            };
            fields.push(Field {
                member,
                name: ident(&name),
                kind: without_option(&field.ty),
            });
        }
        Ok(fields)
    }
}

struct Field<'a> {
    member: &'a Member,
    name: syn::Ident,
    /// The type of the value when it is there.
    kind: syn::Type,
}

impl Field<'_> {
    fn is_constant(&self, model: &Model<'_>) -> bool {
        let shape = self.member.of.as_deref().and_then(|of| model.shape(of));
        matches!(
            shape,
            Some(Shape::ConstantText(_) | Shape::ConstantInteger(_))
        )
    }

    fn declaration(&self, model: &Model<'_>) -> TokenStream {
        let (name, kind, wire) = (&self.name, &self.kind, &self.member.name);
        let fallback = format!("`{wire}`");
        let own = if self.member.doc.is_empty() {
            fallback.as_str()
        } else {
            &self.member.doc
        };
        let docs = if self.is_constant(model) && self.member.doc.is_empty() {
            docs(&["The tag."])
        } else {
            docs(&[own])
        };
        let rename = (name != wire).then(|| quote!(#[serde(rename = #wire)]));
        if self.member.required {
            quote!(#docs #rename pub #name: #kind)
        } else {
            // r[impl withdrawal.json.absent]
            quote! {
                #docs
                #rename
                #[serde(
                    default,
                    skip_serializing_if = "Option::is_none",
                    deserialize_with = "crate::wire::member::present"
                )]
                pub #name: Option<#kind>
            }
        }
    }

    fn setter(&self) -> TokenStream {
        let (name, kind, wire) = (&self.name, &self.kind, &self.member.name);
        let setter = ident(&format!("with_{}", snake(wire)));
        let docs = format!(" With the optional member `{wire}`.");
        quote! {
            #[doc = #docs]
            #[must_use]
            pub fn #setter(mut self, #name: #kind) -> Self {
                self.#name = Some(#name);
                self
            }
        }
    }
}

/// The name of a member in JSON: that of `#[serde(rename = …)]`, or the field's.
fn wire_name(field: &syn::Field) -> Option<String> {
    let mut name = field.ident.as_ref().map(ToString::to_string);
    for attribute in field
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("serde"))
    {
        // Other entries of the attribute are of no interest, so a failure to parse them is none.
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                name = Some(meta.value()?.parse::<syn::LitStr>()?.value());
            } else if meta.input.peek(syn::Token![=]) {
                meta.value()?.parse::<syn::Expr>()?;
            }
            Ok(())
        });
    }
    name
}

fn without_option(kind: &syn::Type) -> syn::Type {
    let syn::Type::Path(path) = kind else {
        return kind.clone();
    };
    let Some(last) = path
        .path
        .segments
        .last()
        .filter(|segment| segment.ident == "Option")
    else {
        return kind.clone();
    };
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return kind.clone();
    };
    match arguments.args.first() {
        Some(syn::GenericArgument::Type(inner)) => inner.clone(),
        _ => kind.clone(),
    }
}

/// The schema in the draft that typify reads. What the SDK does not enforce is left out.
fn lower_definition(schema: &Map<String, Value>, item: &Type) -> Value {
    let mut lowered = lower(&Value::Object(schema.clone()));
    if let (Shape::Record(_), Value::Object(members)) = (&item.shape, &mut lowered) {
        // Open records get their `extra` here, so that typify has nothing to say of it.
        members.remove("additionalProperties");
    }
    lowered
}

fn lower(schema: &Value) -> Value {
    if let Some(name) = referred(schema) {
        return json!({ "$ref": format!("#/definitions/{name}") });
    }
    let Value::Object(members) = schema else {
        return schema.clone();
    };
    let lowered = members
        .iter()
        .filter(|(keyword, _)| READ.contains(&keyword.as_str()) || *keyword == "description")
        .map(|(keyword, value)| {
            let value = match (keyword.as_str(), value) {
                ("properties", Value::Object(properties)) => properties
                    .iter()
                    .map(|(name, schema)| (name.clone(), lower(schema)))
                    .collect::<Map<_, _>>()
                    .into(),
                ("items" | "additionalProperties", schema) => lower(schema),
                ("oneOf", Value::Array(alternatives)) => alternatives.iter().map(lower).collect(),
                _ => value.clone(),
            };
            (keyword.clone(), value)
        });
    Value::Object(lowered.collect())
}
