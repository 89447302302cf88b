//! Fences as the reader sees them: schemas, examples, keys, messages, operations, diagrams.

use super::{
    Pages, cases,
    facts::facts,
    highlight::highlight,
    markup::{escape, href, inline, page_of, put, tag},
};
use crate::{
    diagram,
    model::{Document, Example, Fence, FenceKind, Outcome, RegionKind, Verdict},
    value::Node,
};

/// The HTML of a fence; none if mdBook shows it as it is.
pub(super) fn render(pages: &Pages<'_>, document: &Document, fence: &Fence) -> Option<String> {
    match &fence.kind {
        FenceKind::Schema { name } => Some(schema(pages, document, fence, name.as_deref()?)),
        FenceKind::Example(example) => Some(self::example(pages, document, fence, example)),
        FenceKind::Key { id } => Some(key(fence, id)),
        FenceKind::Fragment { why } => Some(fragment(fence, why)),
        FenceKind::Exchange { id, step, carries } => {
            Some(exchange(pages, document, fence, (id, *step), carries))
        }
        FenceKind::Operation { id } | FenceKind::Webhook { id } => {
            Some(operation(pages, document, fence, id))
        }
        FenceKind::Component { section, id } => Some(component(fence, section, id)),
        FenceKind::Vectors { category, file } => {
            Some(cases::render(pages, document, fence, category, file))
        }
        FenceKind::Mermaid => diagram::parse(fence.body.text()).ok().map(|sequence| {
            format!(
                "<figure class=\"diagram\">{}</figure>",
                diagram::svg(
                    &sequence,
                    &format!("diagram-{}-{}", fence.id.document, fence.id.fence)
                )
            )
        }),
        FenceKind::Rust => Some(code("rust", fence.body.text())),
        FenceKind::Value { id } => Some(value(fence, id)),
        FenceKind::Other | FenceKind::Unclassified => {
            Some(code(&fence.info.language, fence.body.text()))
        }
    }
}

/// Code in its colours.
pub(super) fn code(language: &str, text: &str) -> String {
    // Not `language-…`: mdBook would wrap Rust in a main function.
    format!(
        "<pre><code class=\"lang-{}\">{}</code></pre>",
        escape(language),
        highlight(language, text.trim_end())
    )
}

/// How a fence says that its values are computed.
fn computed(fence: &Fence) -> String {
    fence
        .info
        .value("computed")
        .map_or_else(String::new, |how| {
            format!("<span>computed: <code>{}</code></span>", escape(how))
        })
}

fn value(fence: &Fence, id: &str) -> String {
    let id = escape(id);
    format!(
        "<figure class=\"block example\" id=\"example-{id}\"><figcaption><a class=\"name\" href=\"#example-{id}\">{id}</a>{}</figcaption>{}</figure>",
        computed(fence),
        code("text", fence.body.text())
    )
}

fn schema(pages: &Pages<'_>, document: &Document, fence: &Fence, name: &str) -> String {
    let page = page_of(&document.path);
    let shown = document
        .regions
        .iter()
        .any(|region| matches!(&region.kind, RegionKind::Fields { of } if of == name));
    let link = |name: &str| {
        pages
            .type_target(document, name)
            .map(|target| href(&page, &target))
    };
    let download = pages
        .spec
        .protocol_of(document)
        .map_or_else(String::new, |protocol| {
            let file = href(&page, &format!("schema/{}/{name}.json", protocol.id));
            format!(
                "<span class=\"downloads\"><a href=\"{}\" download>Download</a></span>",
                escape(&file)
            )
        });
    let id = escape(name);
    let caption = format!(
        "{}<a class=\"name\" href=\"#schema-{id}\">{id}</a>{download}",
        tag("plain", "JSON Schema")
    );
    let source = code("json", fence.body.text());
    let Some(value) = fence.value.as_ref().filter(|_| !shown) else {
        return format!(
            "<details class=\"block schema\" id=\"schema-{id}\"><summary>{caption}</summary>{source}</details>"
        );
    };
    let mut out = format!(
        "<figure class=\"block schema\" id=\"schema-{id}\"><figcaption>{caption}</figcaption>"
    );
    if let Some(text) = value.get("description").and_then(Node::as_str) {
        put(&mut out, format_args!("<p>{}</p>", inline(text)));
    }
    let facts = facts(value, &link);
    put(&mut out, format_args!("<p class=\"facts\">{facts}</p>"));
    put(
        &mut out,
        format_args!(
            "<details class=\"fold\"><summary>Source</summary>{source}</details></figure>"
        ),
    );
    out
}

fn example(pages: &Pages<'_>, document: &Document, fence: &Fence, example: &Example) -> String {
    let page = page_of(&document.path);
    let result = pages.report.fence(fence.id);
    let (class, verdict) = match (&result.outcome, &example.verdict) {
        (Outcome::Rejected { keyword, at }, _) => (
            "refused",
            refused(
                &format!("refused: {keyword}"),
                &format!("at {}", pointer(at)),
            ),
        ),
        (Outcome::Refused { code }, _) => (
            "refused",
            refused(&format!("refused: {code}"), "by the verifier"),
        ),
        (Outcome::Accepted, _) => ("accepted", tag("ok", "accepted by the verifier")),
        (Outcome::Valid, _) => ("accepted", tag("ok", "valid")),
        (Outcome::Failed, _) => ("refused", tag("bad", "does not hold")),
        (Outcome::Unchecked, Verdict::Rejected { .. } | Verdict::Error { .. }) => {
            ("refused", tag("plain", "not checked"))
        }
        (Outcome::Unchecked, Verdict::Valid) => ("", tag("plain", "not checked")),
    };
    let mut caption = String::new();
    if let Some(id) = &example.id {
        let anchor = escape(id);
        put(
            &mut caption,
            format_args!("<a class=\"name\" href=\"#example-{anchor}\">{anchor}</a>"),
        );
    }
    caption.push_str(&verdict);
    match pages.type_target(document, &example.of) {
        Some(target) => put(
            &mut caption,
            format_args!(
                "<span>of <a href=\"{}\">{}</a></span>",
                escape(&href(&page, &target)),
                escape(&example.of)
            ),
        ),
        None => put(
            &mut caption,
            format_args!("<span>of {}</span>", escape(&example.of)),
        ),
    }
    let mut data = String::new();
    if let Some(key) = &result.signed_by {
        let named = named_key(pages, document, key);
        let link = match &named {
            Some((target, _)) => format!(
                "<a href=\"{}\">{}</a>",
                escape(&href(&page, target)),
                escape(key)
            ),
            None => escape(key),
        };
        put(
            &mut caption,
            format_args!("<span>signature verified with {link}</span>"),
        );
        put(
            &mut data,
            format_args!(" data-signed-by=\"{}\"", escape(key)),
        );
        if let Some((_, x)) = named {
            put(&mut data, format_args!(" data-key=\"{}\"", escape(&x)));
        }
    }
    caption.push_str(&computed(fence));
    if let Some(id) = &example.answers {
        let link = pages
            .named_example(document, id)
            .map(|target| href(&page, &target));
        let shown = link.map_or_else(
            || escape(id),
            |way| format!("<a href=\"{}\">{}</a>", escape(&way), escape(id)),
        );
        put(&mut caption, format_args!("<span>answers {shown}</span>"));
    }
    if example.consumed {
        caption.push_str("<span>the nonce has been used</span>");
    }
    if let Some(now) = &example.now {
        put(
            &mut caption,
            format_args!("<span>at {}</span>", escape(now)),
        );
    }
    let reason = result
        .reason
        .map_or_else(String::new, |reason| format!("<p>{}</p>", inline(&reason)));
    let id = example
        .id
        .as_ref()
        .map_or_else(String::new, |id| format!(" id=\"example-{}\"", escape(id)));
    format!(
        "<figure class=\"block example {class}\"{id}{data}><figcaption>{caption}</figcaption>{reason}{}</figure>",
        code("json", fence.body.text())
    )
}

fn refused(verdict: &str, place: &str) -> String {
    format!("{}<span>{}</span>", tag("bad", verdict), escape(place))
}

fn pointer(at: &str) -> &str {
    if at.is_empty() { "the root" } else { at }
}

/// Where a key of the document's protocol is published, and its public part.
fn named_key(pages: &Pages<'_>, document: &Document, name: &str) -> Option<(String, String)> {
    let fence = pages.spec.protocol_of(document)?.keys.get(name)?;
    let home = pages.spec.documents.get(fence.document)?;
    let x = pages
        .spec
        .fence(*fence)?
        .value
        .as_ref()?
        .get("x")?
        .as_str()?
        .to_owned();
    Some((format!("{}#key-{name}", page_of(&home.path)), x))
}

fn key(fence: &Fence, id: &str) -> String {
    format!(
        "<figure class=\"block key\" id=\"key-{id}\"><figcaption><a class=\"name\" href=\"#key-{id}\">{id}</a>{}\
         <span>published with its private part: trust nothing that it signs</span></figcaption>{}</figure>",
        tag("note", "public test key"),
        code("json", fence.body.text()),
        id = escape(id)
    )
}

fn fragment(fence: &Fence, why: &str) -> String {
    format!(
        "<figure class=\"block\"><figcaption>{}<span>{}</span></figcaption>{}</figure>",
        tag("plain", "fragment"),
        inline(why),
        code(&fence.info.language, fence.body.text())
    )
}

fn exchange(
    pages: &Pages<'_>,
    document: &Document,
    fence: &Fence,
    (id, step): (&str, u32),
    carries: &[String],
) -> String {
    let text = fence.body.text();
    let (class, words) = if text.trim_start().starts_with("HTTP/") {
        ("response", "response")
    } else {
        ("request", "request")
    };
    let anchor = escape(&format!("exchange-{id}-{step}"));
    let mut out = format!(
        "<figure class=\"block exchange {class}\" id=\"{anchor}\"><figcaption>{}<a class=\"name\" href=\"#{anchor}\">{}, step {step}</a>\
         </figcaption>{}",
        tag(if class == "request" { "method" } else { "ok" }, words),
        escape(id),
        code("http", text)
    );
    for name in carries {
        let decoded = pages
            .spec
            .protocol_of(document)
            .and_then(|protocol| pages.spec.fence(*protocol.examples.get(name)?))
            .map_or_else(String::new, |fence| code("json", fence.body.text()));
        put(
            &mut out,
            format_args!(
                "<details class=\"fold\"><summary>What it carries, decoded: {}</summary>{decoded}</details>",
                escape(name)
            ),
        );
    }
    out.push_str("</figure>");
    out
}

fn operation(pages: &Pages<'_>, document: &Document, fence: &Fence, id: &str) -> String {
    let text = |name: &str| {
        fence
            .value
            .as_ref()
            .and_then(|value| value.get(name)?.as_str())
    };
    // A webhook has no path: its receiver chooses one.
    let route = match (text("method"), text("path").or(Some(id))) {
        (Some(method), Some(path)) => {
            format!(
                "{}<span class=\"name\">{}</span>",
                tag("method", &method.to_uppercase()),
                escape(path)
            )
        }
        _ => tag("method", "operation"),
    };
    let summary = fence.value.as_ref().and_then(|value| {
        let inner = value.get("operation").unwrap_or(value);
        inner
            .get("summary")
            .or_else(|| inner.get("description"))?
            .as_str()
    });
    let api = pages
        .spec
        .protocol_of(document)
        .filter(|protocol| pages.apis.contains(&protocol.id))
        .map_or_else(String::new, |protocol| {
            let target = href(
                &page_of(&document.path),
                &format!("{}#operation-{id}", super::api::page(&protocol.id)),
            );
            format!(
                "<span class=\"downloads\"><a href=\"{}\">API reference</a></span>",
                escape(&target)
            )
        });
    format!(
        "<details class=\"block operation\" id=\"op-{id}\"><summary>{route}<span>{}</span>{api}</summary>{}</details>",
        summary.map_or_else(|| escape(id), inline),
        code("yaml", fence.body.text()),
        id = escape(id),
    )
}

fn component(fence: &Fence, section: &str, id: &str) -> String {
    let text = |name: &str| {
        fence
            .value
            .as_ref()
            .and_then(|value| value.get(name)?.as_str())
    };
    format!(
        "<details class=\"block operation\" id=\"component-{}-{id}\"><summary>{}<span class=\"name\">{}</span>\
         <span>{}</span></summary>{}</details>",
        escape(section),
        tag(
            "plain",
            &format!("OpenAPI {}", section.trim_end_matches('s'))
        ),
        escape(text("name").unwrap_or(id)),
        text("description").map_or_else(String::new, inline),
        code("yaml", fence.body.text()),
        id = escape(id),
    )
}
