//! HTTP messages as the text shows them, long lines folded after RFC 8792.

use serde_json::Value;
use x428::encoding::parse_base64url;

#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) source: String,
    pub(crate) start: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) carries: Vec<String>,
}

impl Message {
    pub(crate) fn parse(source: &str, carries: &[String]) -> Self {
        let (head, body) = source.split_once("\n\n").unwrap_or((source, ""));
        let unfolded = head.replace("\\\n", "");
        let mut lines = unfolded.lines();
        let start = lines.next().unwrap_or_default().to_owned();
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Self {
            source: source.to_owned(),
            start,
            headers,
            body: body.trim_end().to_owned(),
            carries: carries.to_vec(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    /// The JSON of a header of the protocol.
    pub(crate) fn decoded(&self, name: &str) -> Option<Value> {
        decode(self.header(name)?)
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }

    /// The method and the target of a request; nothing if this is a response.
    pub(crate) fn request(&self) -> Option<(&str, &str)> {
        let mut words = self.start.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        (!method.starts_with("HTTP/")).then_some((method, target))
    }

    /// The status of a response.
    pub(crate) fn status(&self) -> Option<u16> {
        self.start.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
    }
}

pub(crate) fn decode(value: &str) -> Option<Value> {
    serde_json::from_slice(&parse_base64url(value).ok()?).ok()
}
