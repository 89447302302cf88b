//! Where a body is not of its form, and in what way.

use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use super::{Code, Refused};
use crate::jcs::StrictJson;
use crate::wire::withdrawal::ErrorDetailCode;

const MESSAGE: &str = "The body is not of its form.";

/// Reads once more, and this time remembers the way.
pub(super) fn misread<T: DeserializeOwned>(body: &StrictJson) -> Refused {
    let refused = Refused::new(Code::InvalidRequest, MESSAGE);
    match serde_path_to_error::deserialize::<_, T>(body.value()) {
        Ok(_) => refused.at("", ErrorDetailCode::Format),
        Err(error) => {
            let place = pointer(error.path());
            let (missing, code) = reason(&error.into_inner().to_string());
            refused.at(&(place + &missing), code)
        }
    }
}

fn pointer(path: &Path) -> String {
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", escaped(key)),
            // The variant of a union and what serde cannot name have no member of their own.
            Segment::Enum { .. } | Segment::Unknown => String::new(),
        })
        .collect()
}

/// RFC 6901 §3.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// What serde says is wrong, and the rest of the way to a member that is not there.
fn reason(message: &str) -> (String, ErrorDetailCode) {
    let none = String::new();
    if let Some(name) = message
        .strip_prefix("missing field `")
        .and_then(|rest| rest.split('`').next())
    {
        return (format!("/{}", escaped(name)), ErrorDetailCode::Missing);
    }
    if message.starts_with("unknown field") {
        return (none, ErrorDetailCode::Unknown);
    }
    if message.starts_with("invalid type") {
        return (none, ErrorDetailCode::Type);
    }
    if message.contains("not one of the words") {
        return (none, ErrorDetailCode::Value);
    }
    (none, ErrorDetailCode::Format)
}
