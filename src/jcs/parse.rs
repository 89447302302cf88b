//! The reader: RFC 8259 and the restrictions of RFC 7493, in one pass over the text.
//!
//! serde_json tells no visitor how a number was written, keeps the last of two members, and reads
//! numbers otherwise when any crate of the build turns its feature `arbitrary_precision` on. What
//! a signature covers must depend on none of that.

use serde_json::{Map, Number, Value};

use super::plain::plain_length;
use super::{Limits, MAX_INTEGER};
use crate::error::Malformed;

// r[impl attestation.json.text]
pub(super) fn parse(text: &[u8], limits: Limits) -> Result<Value, Malformed> {
    if text.len() > limits.bytes {
        return Err(Malformed::new(
            "JSON",
            format!("longer than {} bytes", limits.bytes),
        ));
    }
    let text =
        std::str::from_utf8(text).map_err(|error| malformed("not UTF-8", error.valid_up_to()))?;
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(limits.depth)?;
    reader.skip_whitespace();
    if reader.at < text.len() {
        return Err(reader.error("text after the value"));
    }
    Ok(value)
}

pub(super) fn check(value: &Value, depth: usize) -> Result<(), Malformed> {
    let inner = || depth.checked_sub(1).ok_or_else(too_deep);
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
        Value::Number(number) => exact(number),
        Value::Array(items) => {
            let depth = inner()?;
            items.iter().try_for_each(|item| check(item, depth))
        }
        Value::Object(members) => {
            let depth = inner()?;
            members.values().try_for_each(|item| check(item, depth))
        }
    }
}

fn exact(number: &Number) -> Result<(), Malformed> {
    let in_range = match (number.as_i64(), number.as_u64()) {
        (Some(integer), _) => integer.unsigned_abs() <= MAX_INTEGER,
        (None, Some(_)) => false,
        (None, None) => number.as_f64().is_some_and(is_exact),
    };
    if in_range {
        Ok(())
    } else {
        Err(Malformed::new("JSON", "a number that is not I-JSON"))
    }
}

/// ECMAScript writes a double below 10^21 without an exponent. One that would be written as an
/// integer beyond 2^53 − 1 is refused like that integer: whether a number is read must not depend
/// on how it is spelled, and canonical bytes must be readable again.
fn is_exact(double: f64) -> bool {
    const LAST_EXACT: f64 = 9_007_199_254_740_991.0;
    double.is_finite() && (double.abs() <= LAST_EXACT || double.abs() >= 1e21)
}

fn malformed(why: &str, at: usize) -> Malformed {
    Malformed::new("JSON", format!("{why} at byte {at}"))
}

fn too_deep() -> Malformed {
    Malformed::new("JSON", "nested too deep")
}

/// `at` is always a character boundary of `text`.
struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    /// `depth` is how many more arrays and objects may open.
    fn value(&mut self, depth: usize) -> Result<Value, Malformed> {
        self.skip_whitespace();
        match self.peek() {
            Some(b'{') => self.object(depth.checked_sub(1).ok_or_else(too_deep)?),
            Some(b'[') => self.array(depth.checked_sub(1).ok_or_else(too_deep)?),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b't') => self.literal("true", Value::Bool(true)),
            Some(b'f') => self.literal("false", Value::Bool(false)),
            Some(b'n') => self.literal("null", Value::Null),
            Some(_) => Err(self.error("no JSON value")),
            None => Err(self.error("the text ends too early")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Malformed> {
        let mut members = Map::new();
        self.at += 1;
        self.skip_whitespace();
        if self.take(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.skip_whitespace();
            if self.peek() != Some(b'"') {
                return Err(self.error("no member name"));
            }
            let start = self.at;
            let name = self.string()?;
            self.skip_whitespace();
            if !self.take(b':') {
                return Err(self.error("no colon after a member name"));
            }
            let value = self.value(depth)?;
            // r[impl attestation.json.duplicate-members]
            if members.insert(name, value).is_some() {
                return Err(malformed("a second member of one name", start));
            }
            self.skip_whitespace();
            if self.take(b'}') {
                return Ok(Value::Object(members));
            }
            if !self.take(b',') {
                return Err(self.error("no comma or `}` after a member"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, Malformed> {
        let mut items = Vec::new();
        self.at += 1;
        self.skip_whitespace();
        if self.take(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.skip_whitespace();
            if self.take(b']') {
                return Ok(Value::Array(items));
            }
            if !self.take(b',') {
                return Err(self.error("no comma or `]` after an item"));
            }
        }
    }

    fn string(&mut self) -> Result<String, Malformed> {
        self.at += 1;
        let start = self.at;
        self.skip_plain();
        let mut string = String::from(&self.text[start..self.at]);
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(string);
                }
                Some(b'\\') => string.push(self.escape()?),
                Some(_) => return Err(self.error("a control character in a string")),
                None => return Err(self.error("the text ends in a string")),
            }
            let start = self.at;
            self.skip_plain();
            string.push_str(&self.text[start..self.at]);
        }
    }

    fn skip_plain(&mut self) {
        self.at += plain_length(&self.text.as_bytes()[self.at..]);
    }

    fn escape(&mut self) -> Result<char, Malformed> {
        let start = self.at;
        self.at += 1;
        let character = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(start),
            _ => return Err(malformed("an unknown escape", start)),
        };
        self.at += 1;
        Ok(character)
    }

    // r[impl attestation.json.surrogates]
    fn unicode_escape(&mut self, start: usize) -> Result<char, Malformed> {
        let first = self.code_unit(start)?;
        let second = if (0xd800..0xdc00).contains(&first)
            && self.text.as_bytes()[self.at..].starts_with(br"\u")
        {
            self.at += 1;
            Some(self.code_unit(start)?)
        } else {
            None
        };
        char::decode_utf16(std::iter::once(first).chain(second))
            .next()
            .and_then(Result::ok)
            .ok_or_else(|| malformed("half of a surrogate pair", start))
    }

    /// Reads `uXXXX`.
    fn code_unit(&mut self, start: usize) -> Result<u16, Malformed> {
        let digits = self.text.as_bytes().get(self.at + 1..self.at + 5);
        let unit = digits
            .and_then(|digits| {
                digits.iter().try_fold(0, |unit, &digit| {
                    Some(unit << 4 | char::from(digit).to_digit(16)?)
                })
            })
            .and_then(|unit| u16::try_from(unit).ok())
            .ok_or_else(|| malformed("an escape without four hexadecimal digits", start))?;
        self.at += 5;
        Ok(unit)
    }

    // r[impl attestation.json.numbers]
    fn number(&mut self) -> Result<Number, Malformed> {
        let start = self.at;
        let negative = self.take(b'-');
        let integer = self.digits();
        let leading_zero = integer > 1 && self.text.as_bytes()[self.at - integer] == b'0';
        if integer == 0 || leading_zero {
            return Err(malformed("not a number of JSON", start));
        }
        let mut fractional = false;
        if self.take(b'.') {
            fractional = true;
            if self.digits() == 0 {
                return Err(malformed("no digit after the decimal point", start));
            }
        }
        if self.take(b'e') || self.take(b'E') {
            fractional = true;
            let _sign = self.take(b'+') || self.take(b'-');
            if self.digits() == 0 {
                return Err(malformed("no digit in the exponent", start));
            }
        }
        let literal = &self.text[start..self.at];
        let number = if fractional {
            literal
                .parse()
                .ok()
                .filter(|&double| is_exact(double))
                .and_then(Number::from_f64)
        } else {
            small_integer(literal, negative)
        };
        number.ok_or_else(|| malformed("a number that is not I-JSON", start))
    }

    fn digits(&mut self) -> usize {
        let rest = &self.text.as_bytes()[self.at..];
        let count = rest
            .iter()
            .position(|byte| !byte.is_ascii_digit())
            .unwrap_or(rest.len());
        self.at += count;
        count
    }

    fn literal(&mut self, literal: &str, value: Value) -> Result<Value, Malformed> {
        if !self.text[self.at..].starts_with(literal) {
            return Err(self.error("no JSON value"));
        }
        self.at += literal.len();
        Ok(value)
    }

    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn error(&self, why: &str) -> Malformed {
        malformed(why, self.at)
    }
}

fn small_integer(literal: &str, negative: bool) -> Option<Number> {
    if literal == "-0" {
        // Kept as a double, so that a reader of the value still sees what was written.
        return Number::from_f64(-0.0);
    }
    let integer: i64 = literal.parse().ok()?;
    if integer.unsigned_abs() > MAX_INTEGER {
        None
    } else if negative {
        Some(integer.into())
    } else {
        Some(integer.unsigned_abs().into())
    }
}
