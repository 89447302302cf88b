//! `computed="/intentHash=base64url(sha256(jcs(intent)))"`: what is computed, and from what.

use crate::{
    diagnostic::{Code, Diagnostic},
    model::Attribute,
    source::Span,
};

/// How deep calls may nest.
const DEPTH_MAX: usize = 32;

/// Where a computed value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// In the JSON of the fence; the empty pointer is all of it.
    Pointer(String),
    /// In a header of the message.
    Header(String),
}

/// A computed value of a fence.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// Where it stands.
    pub target: Target,
    /// The place of the target in the info string.
    pub target_span: Span,
    /// What it is.
    pub expression: Expression,
}

/// What a value is computed from.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    /// Where it is written.
    pub span: Span,
    /// What it says.
    pub kind: Kind,
}

/// The kinds of expressions.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// An example, a key, a message.
    Name(String),
    /// `'a text'`
    Text(String),
    /// `0x00ff`
    Bytes(Vec<u8>),
    /// `function(argument, …)`
    Call(String, Vec<Expression>),
}

/// Reads the attribute `computed`.
pub(crate) fn parse(attribute: &Attribute) -> Result<Vec<Item>, Box<Diagnostic>> {
    let mut reader = Reader {
        text: attribute.value.as_deref().unwrap_or_default(),
        at: 0,
        whole: attribute.value_span,
    };
    let mut items = vec![reader.item()?];
    while reader.take(';') {
        items.push(reader.item()?);
    }
    reader.space();
    if reader.rest().is_empty() {
        Ok(items)
    } else {
        Err(reader.wrong("here `;` or the end is expected").into())
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    whole: Span,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn span(&self, from: usize, to: usize) -> Span {
        let start = self.whole.start;
        Span::new(self.whole.file, start + from..start + to)
    }

    fn wrong(&self, message: impl Into<String>) -> Diagnostic {
        let width = self.rest().chars().next().map_or(0, char::len_utf8);
        let span = self.span(self.at, self.at + width);
        Diagnostic::new(Code::Computation, span, message)
            .help("`computed=\"/pointer=function(name, 'text', 0x00); Header=…\"`")
    }

    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Takes a character, and the space before it, if it comes next.
    fn take(&mut self, character: char) -> bool {
        self.space();
        let found = self.rest().starts_with(character);
        self.at += if found { character.len_utf8() } else { 0 };
        found
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn item(&mut self) -> Result<Item, Box<Diagnostic>> {
        self.space();
        let from = self.at;
        let is_pointer = self.rest().starts_with('/');
        let target = if is_pointer {
            self.word(|c| !c.is_whitespace() && c != '=')
        } else {
            self.word(is_name)
        };
        let target_span = self.span(from, self.at);
        let target = if self.take('=') {
            match (is_pointer, target) {
                (true, pointer) => Target::Pointer(pointer.to_owned()),
                (false, "") => {
                    return Err(self
                        .wrong("before `=` a pointer or header is expected")
                        .into());
                }
                (false, header) => Target::Header(header.to_owned()),
            }
        } else if is_pointer {
            return Err(self.wrong("after the pointer `=` is expected").into());
        } else {
            self.at = from;
            Target::Pointer(String::new())
        };
        let expression = self.expression(0)?;
        Ok(Item {
            target,
            target_span,
            expression,
        })
    }

    fn expression(&mut self, depth: usize) -> Result<Expression, Box<Diagnostic>> {
        self.space();
        if depth > DEPTH_MAX {
            return Err(self.wrong("calls are nested too deeply").into());
        }
        let from = self.at;
        let kind = if self.take('\'') {
            let text = self.word(|c| c != '\'').to_owned();
            if !self.take('\'') {
                return Err(self.wrong("a quotation mark is not closed").into());
            }
            Kind::Text(text)
        } else if self.rest().starts_with("0x") {
            self.at += 2;
            let digits = self.word(|c| c.is_ascii_alphanumeric());
            Kind::Bytes(from_hex(digits).ok_or_else(|| {
                self.at = from;
                self.wrong("bytes are an even number of lowercase hexadecimal digits")
            })?)
        } else {
            let name = self.word(is_name).to_owned();
            if name.is_empty() {
                return Err(self
                    .wrong("here a name, a text or bytes are expected")
                    .into());
            }
            if self.take('(') {
                Kind::Call(name, self.arguments(depth)?)
            } else {
                Kind::Name(name)
            }
        };
        Ok(Expression {
            span: self.span(from, self.at),
            kind,
        })
    }

    fn arguments(&mut self, depth: usize) -> Result<Vec<Expression>, Box<Diagnostic>> {
        let mut arguments = Vec::new();
        if self.take(')') {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression(depth + 1)?);
            if self.take(')') {
                return Ok(arguments);
            }
            if !self.take(',') {
                return Err(self.wrong("here `,` or `)` is expected").into());
            }
        }
    }
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_.".contains(character)
}

/// The bytes of lowercase hexadecimal digits.
pub(super) fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
        .collect()
}
