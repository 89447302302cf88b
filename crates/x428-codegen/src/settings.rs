//! The one table of what the generator knows by name.

/// The formats of text, with the check in the SDK that stands for each.
pub(crate) const FORMATS: &[(&str, Format)] =
    &[("date-time", Format::DateTime), ("uri", Format::Uri)];

/// Units whose constants become a `Duration`, with the milliseconds of one. Every other unit counts things: `usize`.
pub(crate) const DURATIONS: &[(&str, u64)] = &[
    ("milliseconds", 1),
    ("second", 1000),
    ("seconds", 1000),
    ("minutes", 60_000),
    ("hours", 3_600_000),
    ("days", 86_400_000),
];

/// Keywords that say nothing of the form of a value.
pub(crate) const ANNOTATIONS: &[&str] = &[
    "$schema",
    "$id",
    "$comment",
    "title",
    "description",
    "examples",
    "example",
    "default",
    "deprecated",
    "readOnly",
    "writeOnly",
];

/// Keywords that the types do not enforce. The differential test of the SDK allows for these and no others.
pub(crate) const NOT_ENFORCED: &[&str] =
    &["not", "if", "then", "else", "contains", "dependentRequired"];

/// Keywords that the generator reads. Any keyword that is in none of the three lists is an error.
pub(crate) const READ: &[&str] = &[
    "$ref",
    "type",
    "const",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "format",
    "minimum",
    "maximum",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "minItems",
    "maxItems",
    "uniqueItems",
    "oneOf",
];

/// Keywords by the type of value that they say something of.
pub(crate) const KEYWORDS_OF: &[(&str, &[&str])] = &[
    ("string", &["pattern", "minLength", "maxLength", "format"]),
    ("integer", &["minimum", "maximum"]),
    ("array", &["items", "minItems", "maxItems", "uniqueItems"]),
    (
        "object",
        &["properties", "required", "additionalProperties"],
    ),
];

/// Names of Rust that the generated code uses as such.
pub(crate) const RESERVED: &[&str] = &[
    "Duration", "Err", "From", "None", "Ok", "Option", "Result", "Self", "Some", "String", "Vec",
];

/// The variant of a union for what the specification leaves to others.
pub(crate) const OPEN_VARIANT: &str = "Other";

/// The member of a record that keeps what its schema does not name.
pub(crate) const KEPT_MEMBERS: &str = "extra";

/// The columns of a table of codes that the enum has otherwise.
pub(crate) const MEANING: &str = "meaning";

/// What a text has to be besides its pattern and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// A date and time after RFC 3339.
    DateTime,
    /// A URI after RFC 3986.
    Uri,
}

/// The licence of the specification's text, as an SPDX identifier.
pub(crate) const LICENCE: &str = "CC-BY-4.0";
