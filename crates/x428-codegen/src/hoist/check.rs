//! What a schema has to keep to so that there are types for it.

use super::{Named, Place};
use crate::{
    Error, Protocol,
    error::at,
    settings::{ANNOTATIONS, KEYWORDS_OF, NOT_ENFORCED, READ, RESERVED},
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Refuses keywords that have no counterpart, and those that say nothing of values of their type.
pub(super) fn check(schema: &Value, place: &Place<'_>) -> Result<(), Error> {
    let Some(schema) = schema.as_object() else {
        return Err(place.error(
            place.pointer.clone(),
            "a schema has to be an object",
            "write `{}` for `true`",
        ));
    };
    for (keyword, value) in schema {
        let pointer = at(&place.pointer, keyword);
        let known = [READ, ANNOTATIONS, NOT_ENFORCED]
            .iter()
            .any(|list| list.contains(&keyword.as_str()));
        if !known {
            return Err(place.error(
                pointer,
                format!("the keyword `{keyword}` has no counterpart in the generated types"),
                format!("say it with one of: {}", READ.join(", ")),
            ));
        }
        if keyword == "type" && !value.is_string() {
            return Err(place.error(
                pointer,
                "a type that is not one word is not supported",
                "name one type; leave an optional member out instead of writing `null`",
            ));
        }
        let of = KEYWORDS_OF
            .iter()
            .find(|(_, list)| list.contains(&keyword.as_str()));
        if let Some((kind, _)) = of
            && schema.get("type").and_then(Value::as_str) != Some(*kind)
        {
            return Err(place.error(
                pointer,
                format!("`{keyword}` says something of a value of type `{kind}` only"),
                format!("add `\"type\": \"{kind}\"`"),
            ));
        }
    }
    Ok(())
}

/// Every type needs a name of its own that Rust can have.
pub(super) fn check_names(protocol: &Protocol, types: &[Named]) -> Result<(), Error> {
    let error = |item: &Named, reason: String| {
        let help = "give the schema another name in the specification";
        Err(Error::new(
            &protocol.bundle_file,
            &item.pointer,
            reason,
            help,
        ))
    };
    let mut seen = BTreeMap::new();
    for item in types {
        let Named { name, .. } = item;
        let is_name = name.starts_with(|first: char| first.is_ascii_uppercase())
            && name.chars().all(|char| char.is_ascii_alphanumeric());
        if !is_name {
            return error(
                item,
                format!("`{name}` is no name of a type: write it like `TosPrecondition`"),
            );
        }
        if RESERVED.contains(&name.as_str()) {
            return error(item, format!("`{name}` is a name of Rust itself"));
        }
        if let Some(other) = seen.insert(name, &item.pointer) {
            let reason = format!("the type would be called `{name}`, like the one at {other}");
            return error(item, reason);
        }
    }
    Ok(())
}
