//! `yaml vectors` fences: the cases as a list, each with an anchor.

use super::{
    Pages,
    block::code,
    markup::{escape, href, inline, page_of, put, tag},
};
use crate::{
    model::{Document, Fence},
    value::{Data, Node},
};

/// The anchor of a case.
pub(super) fn anchor(id: &str) -> String {
    format!("case-{id}")
}

pub(super) fn render(
    pages: &Pages<'_>,
    document: &Document,
    fence: &Fence,
    category: &str,
    file: &str,
) -> String {
    let page = page_of(&document.path);
    let cases = fence.value.as_ref().map(Node::elements).unwrap_or_default();
    let words = if cases.len() == 1 {
        "1 vector".to_owned()
    } else {
        format!("{} vectors", cases.len())
    };
    let download = pages
        .spec
        .protocol_of(document)
        .map_or_else(String::new, |protocol| {
            let target = href(&page, &format!("vectors/{}/{file}.json", protocol.id));
            format!(
                "<span class=\"downloads\"><a href=\"{}\" download>{}.json</a></span>",
                escape(&target),
                escape(file)
            )
        });
    let mut out = format!(
        "<figure class=\"block vectors\"><figcaption>{}<span>{}</span>{download}</figcaption><ul class=\"cases\">",
        tag("plain", category),
        escape(&words)
    );
    for case in cases {
        one(&mut out, pages, &page, case);
    }
    put(
        &mut out,
        format_args!(
            "</ul><details class=\"fold\"><summary>As written</summary>{}</details></figure>",
            code("yaml", fence.body.text())
        ),
    );
    out
}

fn one(out: &mut String, pages: &Pages<'_>, page: &str, case: &Node) {
    let text = |name: &str| case.get(name).and_then(Node::as_str);
    match text("id") {
        Some(id) => put(
            out,
            format_args!(
                "<li id=\"{anchor}\"><div class=\"case-head\"><a class=\"name\" href=\"#{anchor}\">{}</a>{}</div>",
                escape(id),
                verdict(case),
                anchor = escape(&anchor(id))
            ),
        ),
        None => put(
            out,
            format_args!("<li><div class=\"case-head\">{}</div>", verdict(case)),
        ),
    }
    if let Some(description) = text("description") {
        put(out, format_args!("<p>{}</p>", inline(description)));
    }
    let covers: Vec<_> = case
        .get("covers")
        .map(|covers| {
            if covers.as_str().is_some() {
                std::slice::from_ref(covers)
            } else {
                covers.elements()
            }
        })
        .unwrap_or_default()
        .iter()
        .filter_map(Node::as_str)
        .map(|id| match pages.requirement_target(id) {
            Some(target) => format!(
                "<a href=\"{}\">{}</a>",
                escape(&href(page, &target)),
                escape(id)
            ),
            None => escape(id),
        })
        .collect();
    let made: String = case
        .members()
        .iter()
        .filter(|member| {
            !matches!(
                member.name.as_str(),
                "id" | "description" | "covers" | "expect" | "expected"
            )
        })
        .fold(String::new(), |mut made, member| {
            let (name, value) = (escape(&member.name), escape(&brief(&member.value)));
            put(
                &mut made,
                format_args!("<span>{name} <code>{value}</code></span> "),
            );
            made
        });
    if !made.is_empty() {
        put(out, format_args!("<p class=\"made\">{made}</p>"));
    }
    if !covers.is_empty() {
        put(
            out,
            format_args!("<p class=\"covers\">shows {}</p>", covers.join(", ")),
        );
    }
    out.push_str("</li>");
}

/// A value on one line; what is long can be read in full below the list.
fn brief(value: &Node) -> String {
    const LONGEST: usize = 120;
    let text = patch(value).unwrap_or_else(|| plain(value));
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars()
        .take(LONGEST)
        .chain(std::iter::once('…'))
        .collect()
}

fn plain(value: &Node) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_value().to_string(), str::to_owned)
}

/// The operations of a JSON Patch, if it is one: `replace /x428Version 2`.
fn patch(value: &Node) -> Option<String> {
    let operations: Option<Vec<String>> = value
        .elements()
        .iter()
        .map(|operation| {
            let (op, path) = (
                operation.get("op")?.as_str()?,
                operation.get("path")?.as_str()?,
            );
            let rest = operation
                .get("value")
                .or_else(|| operation.get("from"))
                .map(|node| node.to_value().to_string());
            Some(
                [op, path, rest.as_deref().unwrap_or_default()]
                    .join(" ")
                    .trim_end()
                    .to_owned(),
            )
        })
        .collect();
    operations
        .filter(|operations| !operations.is_empty())
        .map(|operations| operations.join("; "))
}

/// What is expected of a case, as far as it is said in it.
fn verdict(case: &Node) -> String {
    let expected = case.get("expect").or_else(|| case.get("expected"));
    match expected.map(|node| &node.data) {
        Some(Data::String(word)) if word == "accept" => tag("ok", "accepted"),
        Some(Data::String(code)) => tag("bad", &format!("refused: {code}")),
        Some(Data::Bool(true)) => tag("ok", "yes"),
        Some(Data::Bool(false)) => tag("bad", "no"),
        Some(_) => {
            let code = ["errorCode", "error"]
                .iter()
                .find_map(|name| expected?.get(name)?.as_str());
            let words = code.map(|code| tag("bad", &format!("refused: {code}")));
            words
                .or_else(|| Some(tag("plain", &brief(expected?))))
                .unwrap_or_default()
        }
        None => String::new(),
    }
}
