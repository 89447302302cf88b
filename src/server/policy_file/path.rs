//! Patterns of paths, and the ways in which a path can be read.

use std::borrow::Cow;

/// What a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pattern {
    /// This path.
    Exact(String),
    /// One more segment, which is not empty. Ends in a slash.
    Segment(String),
    /// This path and everything below. Does not end in a slash.
    Below(String),
}

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if !text.starts_with('/') {
            return Err("a path begins with a slash");
        }
        let (pattern, fixed) = if let Some(parent) = text.strip_suffix("/**") {
            (Self::Below(parent.to_owned()), parent)
        } else if let Some(parent) = text.strip_suffix('*').filter(|text| text.ends_with('/')) {
            (Self::Segment(parent.to_owned()), parent)
        } else {
            (Self::Exact(text.to_owned()), text)
        };
        if fixed.contains(['*', '?', '#', '%', '\\']) {
            return Err(
                "a path has a `*` only at its end, after a slash, and no query, fragment, percent or backslash",
            );
        }
        if fixed
            .split('/')
            .any(|segment| segment == "." || segment == "..")
        {
            return Err("a path has no dot segments");
        }
        Ok(pattern)
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exact(exact) => path == exact,
            Self::Segment(parent) => path
                .strip_prefix(parent.as_str())
                .is_some_and(|segment| !segment.is_empty() && !segment.contains('/')),
            Self::Below(parent) => path
                .strip_prefix(parent.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        }
    }
}

/// The paths that some router, file system or proxy behind this layer may take `path` for.
///
/// As it stands, decoded, with backslashes for slashes, without dot segments, without empty ones and
/// without the slash at its end.
pub(super) fn readings(path: &str) -> Vec<Cow<'_, str>> {
    let mut readings = vec![Cow::Borrowed(path)];
    let mut add = |reading: String| {
        if !readings.iter().any(|known| *known == reading) {
            readings.push(Cow::Owned(reading));
        }
    };
    let is_plain = !path.contains(['%', '\\', ';']) && !path.contains("//") && !path.contains("/.");
    let decoded = if is_plain {
        path.to_owned()
    } else {
        let decoded = decode(path).replace('\\', "/");
        let twice = decode(&decoded).replace('\\', "/");
        for one in [&decoded, &twice] {
            add(one.clone());
            add(resolve(one));
        }
        resolve(&twice)
    };
    if decoded.len() > 1 && decoded.ends_with('/') {
        add(decoded.trim_end_matches('/').to_owned());
    }
    readings
}

/// Decodes percent-encodings. What they do not make text of is replaced.
fn decode(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digits = path.get(at + 1..at + 3).filter(|_| byte == b'%');
        let escaped = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(escaped.unwrap_or(byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Removes dot segments, empty segments and the parameters of segments.
fn resolve(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        let segment = segment.split(';').next().unwrap_or_default();
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    let slash = if path.ends_with('/') && !kept.is_empty() {
        "/"
    } else {
        ""
    };
    format!("/{}{slash}", kept.join("/"))
}
