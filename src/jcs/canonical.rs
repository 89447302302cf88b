//! The writer: RFC 8785, straight from the value.
//!
//! `serde_json_canonicalizer` is the reference that the tests compare this writer with. It builds
//! every object as a set of byte strings, which costs a quarter of a signature verification.

use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

use super::plain::plain_length;

/// Writes the canonical bytes of a value.
///
/// Numbers are written as doubles, after RFC 8785 §3.2.2.3. A value that did not come through
/// [`StrictJson`](super::StrictJson) may hold an integer that a double does not.
// r[impl attestation.jcs.form]
#[must_use]
pub fn canonical(value: &Value) -> Vec<u8> {
    let mut out = String::with_capacity(512);
    write_value(&mut out, value);
    out.into_bytes()
}

/// Writes the canonical bytes of a value without the member `omitted` of its own, if it is an
/// object.
#[must_use]
pub fn canonical_without(value: &Value, omitted: &str) -> Vec<u8> {
    let mut out = String::with_capacity(1024);
    match value {
        Value::Object(members) => write_object(&mut out, members, Some(omitted)),
        value => write_value(&mut out, value),
    }
    out.into_bytes()
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(out, number),
        Value::String(string) => write_string(out, string),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Object(members) => write_object(out, members, None),
    }
}

fn write_object(out: &mut String, members: &Map<String, Value>, omitted: Option<&str>) {
    let mut members: Vec<_> = members
        .iter()
        .filter(|(name, _)| Some(name.as_str()) != omitted)
        .collect();
    // RFC 8785 §3.2.3: by UTF-16 code units, which sort ASCII as bytes do.
    if !members.iter().all(|(name, _)| name.is_ascii()) {
        members.sort_unstable_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    } else if !members.is_sorted_by_key(|(name, _)| *name) {
        members.sort_unstable_by_key(|(name, _)| *name);
    }
    out.push('{');
    for (index, (name, value)) in members.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_string(out, name);
        out.push(':');
        write_value(out, value);
    }
    out.push('}');
}

/// RFC 8785 §3.2.2.2.
fn write_string(out: &mut String, string: &str) {
    out.push('"');
    let mut rest = string;
    loop {
        let (plain, special) = rest.split_at(plain_length(rest.as_bytes()));
        out.push_str(plain);
        let Some(&byte) = special.as_bytes().first() else {
            break;
        };
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x08 => out.push_str("\\b"),
            0x09 => out.push_str("\\t"),
            0x0a => out.push_str("\\n"),
            0x0c => out.push_str("\\f"),
            0x0d => out.push_str("\\r"),
            // Writing to a string cannot fail.
            _ => _ = write!(out, "\\u{byte:04x}"),
        }
        rest = &special[1..];
    }
    out.push('"');
}

/// RFC 8785 §3.2.2.3: as ECMAScript writes the double.
fn write_number(out: &mut String, number: &Number) {
    match number.as_i64() {
        Some(integer) if integer.unsigned_abs() <= super::MAX_INTEGER => {
            let _ = write!(out, "{integer}");
        }
        _ => match number.as_f64() {
            Some(double) => out.push_str(ryu_js::Buffer::new().format(double)),
            None => out.push_str("null"),
        },
    }
}
