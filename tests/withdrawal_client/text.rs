//! The exchanges of the specification, as they stand in the text.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

/// An HTTP message, unfolded (RFC 8792).
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) start: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Message {
    fn parse(source: &str) -> Self {
        let (head, body) = source.split_once("\n\n").unwrap_or((source, ""));
        let unfolded = head.replace("\\\n", "");
        let mut lines = unfolded.lines();
        let start = lines.next().unwrap().to_owned();
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Self {
            start,
            headers,
            body: body.trim_end().to_owned(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(other, _)| other == name)?;
        Some(&found.1)
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }

    pub(crate) fn status(&self) -> u16 {
        self.start["HTTP/1.1 ".len()..][..3].parse().unwrap()
    }
}

/// The steps of an exchange: requests and responses in turn.
pub(crate) fn exchange(id: &str) -> Vec<Message> {
    let opening = format!("```http exchange id={id} step=");
    let mut steps = BTreeMap::new();
    let text = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/withdrawal");
    for entry in std::fs::read_dir(text).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for fence in text.split(&opening).skip(1) {
            let (info, rest) = fence.split_once('\n').unwrap();
            let step = info.split(' ').next().unwrap();
            let source = rest.split("\n```").next().unwrap();
            steps.insert(step.parse::<u32>().unwrap(), Message::parse(source));
        }
    }
    assert!(!steps.is_empty(), "the text has no exchange {id}");
    steps.into_values().collect()
}

/// An example, by its id.
pub(crate) fn example(id: &str) -> Value {
    let text = include_str!("../../schema/withdrawal.manifest.json");
    let manifest: Value = serde_json::from_str(text).unwrap();
    let mut examples = manifest["examples"].as_array().unwrap().iter();
    let found = examples.find(|example| example["id"] == id);
    found.unwrap_or_else(|| panic!("no example {id}"))["value"].clone()
}
