//! HTTP messages as the text shows them (RFC 9112), long lines folded after RFC 8792.

use crate::{
    diagnostic::{Code, Diagnostic},
    model::Body,
    source::Span,
};

/// The media type of forms.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// The widest line of a folded header, with its backslash.
const FOLDED_WIDTH: usize = 72;

/// An HTTP message.
#[derive(Debug)]
pub(crate) struct Message {
    /// The first line.
    pub start: StartLine,
    /// Where it stands.
    pub start_span: Span,
    /// The header fields in order.
    pub headers: Vec<Header>,
    /// What follows the empty line, without the final newline.
    pub content: Option<Body>,
}

/// The first line of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StartLine {
    /// `GET /path HTTP/1.1`
    Request {
        /// The method.
        method: String,
        /// The target.
        target: String,
    },
    /// `HTTP/1.1 200 OK`
    Response {
        /// The status.
        status: u16,
    },
}

/// A header field.
#[derive(Debug)]
pub(crate) struct Header {
    /// The name as written.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// The value, unfolded.
    pub value: String,
    /// The value as written, from its first to its last line.
    pub value_span: Span,
}

/// Reason phrases (RFC 9110, RFC 6585): one slip and a reader looks for a status that is none.
const REASONS: &[(u16, &str)] = &[
    (100, "Continue"),
    (200, "OK"),
    (201, "Created"),
    (202, "Accepted"),
    (204, "No Content"),
    (302, "Found"),
    (303, "See Other"),
    (304, "Not Modified"),
    (307, "Temporary Redirect"),
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (402, "Payment Required"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (409, "Conflict"),
    (410, "Gone"),
    (413, "Content Too Large"),
    (415, "Unsupported Media Type"),
    (422, "Unprocessable Content"),
    (428, "Precondition Required"),
    (429, "Too Many Requests"),
    (431, "Request Header Fields Too Large"),
    (500, "Internal Server Error"),
    (502, "Bad Gateway"),
    (503, "Service Unavailable"),
];

impl Message {
    /// Reads a message. Whatever is no HTTP goes to `found`.
    pub(crate) fn parse(body: &Body, found: &mut Vec<Diagnostic>) -> Option<Self> {
        let text = body.text();
        let mut lines = Lines { text, at: 0 };
        let (at, line) = lines.next()?;
        let start_span = body.span(at..at + line.len());
        let start = start_line(line, start_span, found)?;
        let mut headers = Vec::new();
        let mut content = None;
        while let Some((at, line)) = lines.next() {
            if line.is_empty() {
                let rest = text.get(lines.at..).unwrap_or_default().trim_end();
                content = (!rest.is_empty()).then(|| body.slice(lines.at..lines.at + rest.len()));
                break;
            }
            headers.extend(header(body, (at, line), &mut lines, found));
        }
        Some(Self {
            start,
            start_span,
            headers,
            content,
        })
    }

    /// The value of the first header of a name.
    pub(crate) fn header(&self, name: &str) -> Option<&Header> {
        self.headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))
    }

    /// Whether the content says that it is a form.
    pub(crate) fn is_form(&self) -> bool {
        let header = self.header("Content-Type");
        header.is_some_and(|header| header.value.split(';').next().map(str::trim) == Some(FORM))
    }

    /// Whether the content says that it is JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.header("Content-Type").is_some_and(|header| {
            let media_type = header.value.split(';').next().unwrap_or_default().trim();
            media_type == "application/json" || media_type.ends_with("+json")
        })
    }
}

struct Lines<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at;
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        let line = rest.split_inclusive('\n').next()?;
        self.at += line.len();
        Some((start, line.trim_end_matches(['\n', '\r'])))
    }
}

fn start_line(line: &str, span: Span, found: &mut Vec<Diagnostic>) -> Option<StartLine> {
    let mut refuse = |message: String| {
        found.push(Diagnostic::new(Code::HttpSyntax, span, message));
        None
    };
    if let Some(rest) = line.strip_prefix("HTTP/") {
        let mut words = rest.splitn(3, ' ');
        let version = words.next().unwrap_or_default();
        let status = words
            .next()
            .and_then(|word| word.parse::<u16>().ok())
            .filter(|status| (100..600).contains(status));
        let Some(status) = status.filter(|_| is_version(version)) else {
            return refuse("a response begins with `HTTP/1.1`, a status and its reason".to_owned());
        };
        let reason = words.next().unwrap_or_default();
        let expected = REASONS
            .iter()
            .find(|(own, _)| *own == status)
            .map(|(_, reason)| *reason);
        if let Some(expected) = expected.filter(|expected| *expected != reason) {
            return refuse(format!(
                "the reason of {status} is `{expected}`, not `{reason}`"
            ));
        }
        return Some(StartLine::Response { status });
    }
    let words: Vec<_> = line.split(' ').collect();
    let [method, target, version] = words.as_slice() else {
        return refuse("a request begins with a method, a target and `HTTP/1.1`".to_owned());
    };
    let is_method = !method.is_empty() && method.chars().all(|c| c.is_ascii_uppercase());
    if !is_method || !version.strip_prefix("HTTP/").is_some_and(is_version) || target.is_empty() {
        return refuse("a request begins with a method, a target and `HTTP/1.1`".to_owned());
    }
    Some(StartLine::Request {
        method: (*method).to_owned(),
        target: (*target).to_owned(),
    })
}

fn is_version(text: &str) -> bool {
    ["1.0", "1.1", "2", "3"].contains(&text)
}

fn header(
    body: &Body,
    (at, line): (usize, &str),
    lines: &mut Lines<'_>,
    found: &mut Vec<Diagnostic>,
) -> Option<Header> {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let Some((name, rest)) = line
        .split_once(':')
        .filter(|(name, _)| !name.is_empty() && name.chars().all(is_token))
    else {
        let span = body.span(at..at + line.len());
        found.push(
            Diagnostic::new(Code::HttpSyntax, span, "this is no header field")
                .help("`Name: value`; an empty line ends the headers; a folded line ends in `\\`"),
        );
        return None;
    };
    let lead = rest.len() - rest.trim_start().len();
    let value_at = at + name.len() + 1 + lead;
    let mut value = rest.trim_start().to_owned();
    let mut end = at + line.len();
    while value.ends_with('\\') {
        value.pop();
        let Some((next_at, next)) = lines.next() else {
            break;
        };
        value.push_str(next);
        end = next_at + next.len();
    }
    Some(Header {
        name: name.to_owned(),
        name_span: body.span(at..at + name.len()),
        value: value.trim_end().to_owned(),
        value_span: body.span(value_at..end.max(value_at)),
    })
}

/// A header field's value, folded so that no line is wider than it should be. `lead` is the width
/// of what stands before it on its line.
pub(crate) fn fold(value: &str, lead: usize) -> String {
    let mut folded = String::with_capacity(value.len() + value.len() / FOLDED_WIDTH * 2);
    let mut column = lead;
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        folded.push(character);
        column += 1;
        // The last column is for the backslash, unless the value ends there.
        if column == FOLDED_WIDTH - 1 && characters.peek().is_some() {
            folded.push_str("\\\n");
            column = 0;
        }
    }
    folded
}
