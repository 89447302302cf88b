//! From an info string to what a fence means.

use crate::{
    diagnostic::{Code, Diagnostic, did_you_mean},
    model::{Attribute, Example, FenceKind, Heading, Info, Verdict},
};

/// A kind of fence: language, word, attributes that must and that may be there.
struct Form {
    language: &'static str,
    kind: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
    /// Attributes without a value.
    flags: &'static [&'static str],
}

const fn form(
    language: &'static str,
    kind: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
    flags: &'static [&'static str],
) -> Form {
    Form {
        language,
        kind,
        required,
        optional,
        flags,
    }
}

const FORMS: &[Form] = &[
    form("json", "schema", &[], &["id"], &[]),
    form(
        "json",
        "example",
        &["of"],
        &[
            "id",
            "answers",
            "signed-by",
            "now",
            "did",
            "error",
            "rejects",
            "at",
            "covers",
            "computed",
        ],
        &["consumed"],
    ),
    form("json", "key", &["id"], &[], &[]),
    form("json", "fragment", &["why"], &[], &[]),
    form("text", "value", &["id"], &["computed"], &[]),
    form(
        "http",
        "exchange",
        &["id", "step"],
        &["carries", "computed", "webhook"],
        &[],
    ),
    form("http", "fragment", &["why"], &[], &[]),
    form("yaml", "operation", &["id"], &[], &[]),
    form("yaml", "webhook", &["id"], &[], &[]),
    form("yaml", "component", &["in", "id"], &[], &[]),
    form("yaml", "vectors", &["category", "file"], &[], &[]),
    form("yaml", "fragment", &["why"], &[], &[]),
];

/// Languages of fences that a reader reads and nothing checks. Any other is a typing error.
const UNCHECKED: &[&str] = &[
    "abnf",
    "bash",
    "console",
    "diff",
    "html",
    "ini",
    "javascript",
    "js",
    "markdown",
    "python",
    "sh",
    "text",
    "toml",
    "ts",
    "typescript",
    "xml",
];

/// What a fence means. Whatever the info string gets wrong goes to `problems`.
pub(super) fn classify(
    info: &Info,
    heading: Option<&Heading>,
    problems: &mut Vec<Diagnostic>,
) -> FenceKind {
    match info.language.as_str() {
        "json" | "yaml" | "http" => {}
        "text" if info.kind.as_ref().is_some_and(|kind| kind.name == "value") => {}
        "mermaid" => return FenceKind::Mermaid,
        // The Rust documentation's own attributes follow: `rust,no_run`.
        language if language == "rust" || language.starts_with("rust,") => return FenceKind::Rust,
        language => {
            if language.is_empty() || UNCHECKED.contains(&language) {
                return FenceKind::Other;
            }
            let message = format!("`{language}` is not checked; write json, yaml or http");
            let known = ["json", "yaml", "http", "rust", "mermaid"];
            let help = did_you_mean(language, known.into_iter().chain(UNCHECKED.iter().copied()));
            let problem = Diagnostic::new(Code::UnclassifiedFence, info.span, message);
            problems.push(problem.maybe_help(help));
            return FenceKind::Unclassified;
        }
    }
    let kinds = || {
        FORMS
            .iter()
            .filter(|form| form.language == info.language)
            .map(|form| form.kind)
    };
    let Some(word) = &info.kind else {
        let kinds: Vec<_> = kinds().collect();
        let message = format!("this {} fence does not say what it is", info.language);
        let help = format!("write one of: {}", kinds.join(", "));
        problems.push(Diagnostic::new(Code::UnclassifiedFence, info.span, message).help(help));
        return FenceKind::Unclassified;
    };
    let Some(form) = FORMS
        .iter()
        .find(|form| form.language == info.language && form.kind == word.name)
    else {
        let message = format!("there is no {} fence `{}`", info.language, word.name);
        let help = did_you_mean(&word.name, kinds())
            .unwrap_or_else(|| format!("write one of: {}", kinds().collect::<Vec<_>>().join(", ")));
        problems.push(Diagnostic::new(Code::UnknownFenceKind, word.name_span, message).help(help));
        return FenceKind::Unclassified;
    };
    let sound = check_attributes(info, form, problems);
    let kind = if sound {
        build(info, form, heading, problems)
    } else {
        None
    };
    kind.unwrap_or(FenceKind::Unclassified)
}

fn check_attributes(info: &Info, form: &Form, problems: &mut Vec<Diagnostic>) -> bool {
    let before = problems.len();
    for (index, attribute) in info.attributes.iter().enumerate() {
        let name = attribute.name.as_str();
        let is_flag = form.flags.contains(&name);
        if !is_flag && !form.required.contains(&name) && !form.optional.contains(&name) {
            let known = form
                .required
                .iter()
                .chain(form.optional)
                .chain(form.flags)
                .copied();
            let message = format!(
                "a {} {} has no attribute `{name}`",
                form.language, form.kind
            );
            problems.push(
                Diagnostic::new(Code::UnknownAttribute, attribute.name_span, message)
                    .maybe_help(did_you_mean(name, known)),
            );
        } else if info.attributes[..index]
            .iter()
            .any(|other| other.name == name)
        {
            let message = format!("`{name}` is given twice");
            problems.push(Diagnostic::new(
                Code::AttributeValue,
                attribute.name_span,
                message,
            ));
        } else if is_flag && attribute.value.is_some() {
            let message = format!("`{name}` takes no value");
            problems.push(Diagnostic::new(
                Code::AttributeValue,
                attribute.value_span,
                message,
            ));
        } else if !is_flag
            && attribute
                .value
                .as_deref()
                .is_none_or(|value| value.trim().is_empty())
            && name != "at"
        {
            let message = format!("`{name}` needs a value");
            problems.push(Diagnostic::new(
                Code::AttributeValue,
                attribute.name_span,
                message,
            ));
        }
    }
    for name in form.required {
        if info.attribute(name).is_none() {
            let message = format!("a {} {} needs `{name}=`", form.language, form.kind);
            problems.push(Diagnostic::new(Code::MissingAttribute, info.span, message));
        }
    }
    problems.len() == before
}

fn build(
    info: &Info,
    form: &Form,
    heading: Option<&Heading>,
    problems: &mut Vec<Diagnostic>,
) -> Option<FenceKind> {
    let text = |name: &str| info.value(name).unwrap_or_default().to_owned();
    Some(match form.kind {
        "schema" => FenceKind::Schema {
            name: type_name(info, heading, problems),
        },
        "example" => FenceKind::Example(example(info, problems)?),
        "key" => FenceKind::Key { id: text("id") },
        "value" => FenceKind::Value { id: text("id") },
        "exchange" => FenceKind::Exchange {
            id: text("id"),
            step: step(info, problems)?,
            carries: list(info.attribute("carries")),
        },
        "operation" => FenceKind::Operation { id: text("id") },
        "webhook" => FenceKind::Webhook { id: text("id") },
        "component" => FenceKind::Component {
            section: text("in"),
            id: text("id"),
        },
        "vectors" => FenceKind::Vectors {
            category: text("category"),
            file: text("file"),
        },
        _ => FenceKind::Fragment { why: text("why") },
    })
}

fn list(attribute: Option<&Attribute>) -> Vec<String> {
    attribute
        .map(|attribute| attribute.list().map(|(part, _)| part.to_owned()).collect())
        .unwrap_or_default()
}

fn type_name(
    info: &Info,
    heading: Option<&Heading>,
    problems: &mut Vec<Diagnostic>,
) -> Option<String> {
    if let Some(name) = info.value("id") {
        if is_type_name(name) {
            return Some(name.to_owned());
        }
        let message = format!(
            "`{name}` cannot name a type: it takes letters and digits, beginning with a capital"
        );
        problems.push(Diagnostic::new(
            Code::NoTypeName,
            info.value_span("id"),
            message,
        ));
        return None;
    }
    if let Some(name) = heading
        .map(Heading::unnumbered)
        .filter(|name| is_type_name(name))
    {
        return Some(name.to_owned());
    }
    let mut problem = Diagnostic::new(Code::NoTypeName, info.span, "this schema has no name")
        .help("give it `id=Name`, or put it below a heading that is the type's name");
    if let Some(heading) = heading {
        problem = problem.also(heading.span, "the nearest heading is no name of a type");
    }
    problems.push(problem);
    None
}

/// Whether a word can name a type.
pub(crate) fn is_type_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
}

fn step(info: &Info, problems: &mut Vec<Diagnostic>) -> Option<u32> {
    let step = info
        .value("step")
        .and_then(|step| step.parse().ok())
        .filter(|step| *step > 0);
    if step.is_none() {
        let message = "a step is a number from 1";
        problems.push(Diagnostic::new(
            Code::AttributeValue,
            info.value_span("step"),
            message,
        ));
    }
    step
}

fn example(info: &Info, problems: &mut Vec<Diagnostic>) -> Option<Example> {
    let text = |name: &str| info.value(name).map(str::to_owned);
    let before = problems.len();
    let mut refuse = |code, name: &str, message: &str| {
        problems.push(Diagnostic::new(code, info.value_span(name), message));
    };
    let verdict = match (text("rejects"), text("at"), text("error")) {
        (Some(_), _, Some(_)) => {
            refuse(
                Code::AttributeValue,
                "error",
                "an example that its schema rejects never reaches the verifier",
            );
            Verdict::Valid
        }
        (Some(keyword), Some(at), None) => {
            if !at.is_empty() && !at.starts_with('/') {
                refuse(
                    Code::AttributeValue,
                    "at",
                    "a JSON pointer is empty or begins with `/`",
                );
            }
            Verdict::Rejected { keyword, at }
        }
        (Some(_), None, None) => {
            refuse(
                Code::MissingAttribute,
                "rejects",
                "`rejects=` needs `at=`, the JSON pointer of what is wrong",
            );
            Verdict::Valid
        }
        (None, Some(_), _) => {
            refuse(Code::MissingAttribute, "at", "`at=` belongs to `rejects=`");
            Verdict::Valid
        }
        (None, None, Some(code)) => Verdict::Error { code },
        (None, None, None) => Verdict::Valid,
    };
    if info.attribute("answers").is_none() {
        for name in ["error", "now", "consumed", "did"] {
            if info.attribute(name).is_some() {
                let message = format!("`{name}` is for the verifier, which needs `answers=`");
                refuse(Code::MissingAttribute, name, &message);
            }
        }
    }
    let example = Example {
        of: text("of").unwrap_or_default(),
        id: text("id"),
        verdict,
        signed_by: text("signed-by"),
        answers: text("answers"),
        now: text("now"),
        consumed: info.attribute("consumed").is_some(),
        did: text("did"),
        covers: list(info.attribute("covers")),
    };
    (problems.len() == before).then_some(example)
}
