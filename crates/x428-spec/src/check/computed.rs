//! Values that are computed from others.

use crate::{
    compute::{Computer, Fault, Item, Target},
    diagnostic::{Code, Diagnostic, did_you_mean},
    http::Message,
    model::{Fence, FenceKind, Protocol, Spec},
    source::Span,
    value::{Node, parse_json},
};

/// The longest value that a diagnostic shows.
const SHOWN_MAX: usize = 96;

/// Computes all values that say from what, and compares. Returns how many there are.
pub(super) fn check(spec: &Spec, protocol: &Protocol, found: &mut Vec<Diagnostic>) -> usize {
    let computer = Computer::new(spec, protocol, false);
    let documents = protocol.documents.iter();
    let documents = documents.filter_map(|index| spec.documents.get(*index));
    let mut count = 0;
    for fence in documents.flat_map(|document| &document.fences) {
        let items = match Computer::items(fence) {
            Ok(items) => items,
            Err(problem) => {
                found.push(*problem);
                continue;
            }
        };
        if items.is_empty() {
            continue;
        }
        count += items.len();
        let places = Places::new(fence);
        for item in &items {
            found.extend(one(&computer, fence, &places, item));
        }
    }
    count
}

/// Where computed values can stand.
struct Places {
    node: Option<Node>,
    message: Option<Message>,
}

impl Places {
    fn new(fence: &Fence) -> Self {
        // What cannot be read has a diagnostic of its own.
        let message = match fence.kind {
            FenceKind::Exchange { .. } => Message::parse(&fence.body, &mut Vec::new()),
            _ => None,
        };
        let content = message.as_ref().filter(|message| message.is_json());
        let content = content.and_then(|message| message.content.as_ref());
        let node = content.and_then(|content| parse_json(content, &mut Vec::new()));
        Self {
            node: fence.value.clone().or(node),
            message,
        }
    }
}

fn one<'a>(
    computer: &Computer<'a>,
    fence: &'a Fence,
    places: &Places,
    item: &Item,
) -> Option<Diagnostic> {
    let value = match computer.value(fence, item) {
        Ok(value) => value,
        Err(Fault::Here(problem)) => return Some(*problem),
        Err(Fault::Elsewhere) => return None,
    };
    let refuse = |span, message: String| Some(Diagnostic::new(Code::Computation, span, message));
    let value = match value.into_json() {
        Ok(value) => value,
        Err(why) => return refuse(item.expression.span, why),
    };
    let (span, is_right) = match &item.target {
        Target::Header(name) => {
            let Some(message) = &places.message else {
                if matches!(fence.kind, FenceKind::Exchange { .. }) {
                    return None;
                }
                return refuse(item.target_span, "only a message has headers".to_owned());
            };
            let Some(header) = message.header(name) else {
                let problem = format!("the message has no header `{name}`");
                let names = message.headers.iter().map(|header| header.name.as_str());
                let help = did_you_mean(name, names);
                let problem = Diagnostic::new(Code::Computation, item.target_span, problem);
                return Some(problem.maybe_help(help));
            };
            let Some(text) = value.as_str() else {
                return refuse(item.expression.span, "a header is a text".to_owned());
            };
            (header.value_span, text == header.value)
        }
        Target::Pointer(pointer) if matches!(fence.kind, FenceKind::Value { .. }) => {
            let Some(text) = value.as_str().filter(|_| pointer.is_empty()) else {
                return refuse(item.expression.span, "this is no text".to_owned());
            };
            (fence.body.whole(), text == fence.body.text().trim_end())
        }
        Target::Pointer(pointer) => {
            let node = places.node.as_ref()?;
            let Some(place) = node.at(pointer) else {
                return refuse(item.target_span, format!("there is nothing at `{pointer}`"));
            };
            (place.span, place.to_value() == value)
        }
    };
    (!is_right).then(|| wrong(span, item.expression.span, &value))
}

fn wrong(span: Span, expression: Span, value: &serde_json::Value) -> Diagnostic {
    let text = value.to_string();
    let message = if text.len() <= SHOWN_MAX {
        format!("this should be {text}")
    } else {
        "this is not what it is computed from".to_owned()
    };
    Diagnostic::new(Code::WrongValue, span, message)
        .also(expression, "computed by this")
        .help("`x428 fix` writes it")
}
