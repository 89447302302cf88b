//! The reference of an HTTP interface, from its OpenAPI document: plain HTML, no script.

use serde_json::Value;

use super::{
    Pages,
    block::code,
    markup::{escape, href, inline, on_one_line, put, tag},
};

/// The page of a protocol's reference below the book's root.
pub(super) fn page(protocol: &str) -> String {
    format!("{protocol}/api.html")
}

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

struct Reference<'a> {
    pages: &'a Pages<'a>,
    protocol: &'a str,
    page: String,
    document: &'a Value,
}

/// The page in Markdown.
pub(super) fn render(pages: &Pages<'_>, protocol: &str, document: &Value) -> String {
    let reference = Reference {
        pages,
        protocol,
        page: page(protocol),
        document,
    };
    let info = |name: &str| {
        document
            .pointer(&format!("/info/{name}"))
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let mut out = format!("# API reference\n\n<p>{}", inline(info("title")));
    if !info("version").is_empty() {
        put(
            &mut out,
            format_args!(", version {}", escape(info("version"))),
        );
    }
    out.push_str(". This page is made from the OpenAPI document, which is made from the specification.</p>\n\n");
    put(
        &mut out,
        format_args!(
            "<p class=\"data-label\">OpenAPI: {}</p>\n\n",
            reference.downloads()
        ),
    );
    if !info("description").is_empty() {
        put(
            &mut out,
            format_args!("<p>{}</p>\n\n", inline(info("description"))),
        );
    }
    for (kind, title) in [("paths", None), ("webhooks", Some("Webhooks"))] {
        let Some(paths) = document
            .get(kind)
            .and_then(Value::as_object)
            .filter(|paths| !paths.is_empty())
        else {
            continue;
        };
        if let Some(title) = title {
            put(&mut out, format_args!("## {title}\n\n"));
        }
        for (path, item) in paths {
            for method in METHODS {
                if let Some(operation) = item.get(method) {
                    reference.operation(&mut out, method, path, item, operation);
                }
            }
        }
    }
    reference.schemas(&mut out);
    out
}

impl Reference<'_> {
    fn downloads(&self) -> String {
        let files = [
            (".json", "3.1 JSON"),
            (".yaml", "3.1 YAML"),
            ("-3.0.json", "3.0 JSON"),
            ("-3.0.yaml", "3.0 YAML"),
        ];
        let links: Vec<_> = files
            .iter()
            .map(|(extension, words)| (format!("openapi/{}{extension}", self.protocol), words))
            .filter(|(file, _)| self.pages.spec.project.root.join(file).is_file())
            .map(|(file, words)| {
                format!(
                    "<a href=\"{}\" download>{words}</a>",
                    escape(&href(&self.page, &file))
                )
            })
            .collect();
        links.join(" · ")
    }

    fn operation(
        &self,
        out: &mut String,
        method: &str,
        path: &str,
        item: &Value,
        operation: &Value,
    ) {
        let text = |name: &str| operation.get(name).and_then(Value::as_str);
        let id = text("operationId").map_or_else(|| format!("{method}-{path}"), str::to_owned);
        put(
            out,
            format_args!(
                "## {} {{#operation-{id}}}\n\n",
                heading(text("summary").unwrap_or(&id))
            ),
        );
        put(
            out,
            format_args!(
                "<p class=\"route\">{} <code>{}</code></p>\n\n",
                tag("method", &method.to_uppercase()),
                escape(path)
            ),
        );
        if let Some(description) = text("description") {
            for paragraph in description
                .split("\n\n")
                .filter(|paragraph| !paragraph.trim().is_empty())
            {
                put(
                    out,
                    format_args!("<p>{}</p>\n\n", inline(&paragraph.replace('\n', " "))),
                );
            }
        }
        let parameters: Vec<&Value> = [item, operation]
            .iter()
            .filter_map(|one| one.get("parameters")?.as_array())
            .flatten()
            .map(|parameter| self.resolve(parameter))
            .collect();
        if !parameters.is_empty() {
            put(out, format_args!("### Parameters {{#parameters-{id}}}\n\n"));
            let rows: String = parameters
                .iter()
                .map(|parameter| self.parameter(parameter))
                .collect();
            table(out, &["name", "in", "type", "meaning"], &rows);
        }
        if let Some(body) = operation.get("requestBody").map(|body| self.resolve(body)) {
            put(out, format_args!("### Request body {{#body-{id}}}\n\n"));
            if let Some(description) = body.get("description").and_then(Value::as_str) {
                put(out, format_args!("<p>{}</p>\n\n", inline(description)));
            }
            self.content(out, body);
        }
        if let Some(responses) = operation.get("responses").and_then(Value::as_object) {
            put(out, format_args!("### Responses {{#responses-{id}}}\n\n"));
            for (status, response) in responses {
                self.response(out, status, self.resolve(response));
            }
        }
    }

    fn parameter(&self, parameter: &Value) -> String {
        let text = |name: &str| {
            parameter
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let required = parameter
            .get("required")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        format!(
            "<tr><td><code>{}</code></td><td>{}</td><td>{}{}</td><td>{}</td></tr>",
            escape(text("name")),
            escape(text("in")),
            parameter
                .get("schema")
                .map_or_else(String::new, |schema| self.kind(schema)),
            if required { ", required" } else { "" },
            inline(text("description"))
        )
    }

    fn response(&self, out: &mut String, status: &str, response: &Value) {
        let class = if status.starts_with('2') { "ok" } else { "bad" };
        put(
            out,
            format_args!(
                "<p class=\"response\">{} {}</p>\n\n",
                tag(class, status),
                inline(
                    response
                        .get("description")
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                )
            ),
        );
        if let Some(headers) = response.get("headers").and_then(Value::as_object) {
            let rows: String = headers
                .iter()
                .map(|(name, header)| {
                    let header = self.resolve(header);
                    let mut parameter = header.clone();
                    if let Some(object) = parameter.as_object_mut() {
                        object.insert("name".to_owned(), Value::String(name.clone()));
                        object.insert("in".to_owned(), Value::String("header".to_owned()));
                    }
                    self.parameter(&parameter)
                })
                .collect();
            table(out, &["name", "in", "type", "meaning"], &rows);
        }
        self.content(out, response);
    }

    /// The media types of a body, with their examples folded.
    fn content(&self, out: &mut String, body: &Value) {
        for (media, content) in body
            .get("content")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let mut html = format!(
                "<figure class=\"block\"><figcaption><span class=\"name\">{}</span><span>{}</span></figcaption>",
                escape(media),
                content
                    .get("schema")
                    .map_or_else(String::new, |schema| self.kind(schema))
            );
            let named = content
                .get("examples")
                .and_then(Value::as_object)
                .into_iter()
                .flatten();
            let single = content
                .get("example")
                .map(|value| ("example".to_owned(), value.clone()));
            let examples = named
                .map(|(name, example)| (name.clone(), self.resolve(example)))
                .filter_map(|(name, example)| Some((name, example.get("value")?.clone())))
                .chain(single);
            for (name, value) in examples {
                let text = serde_json::to_string_pretty(&value).unwrap_or_default();
                put(
                    &mut html,
                    format_args!(
                        "<details class=\"fold\"><summary>{}</summary>{}</details>",
                        escape(&name),
                        code("json", &text)
                    ),
                );
            }
            html.push_str("</figure>");
            put(out, format_args!("{}\n\n", on_one_line(&html)));
        }
    }

    fn schemas(&self, out: &mut String) {
        let Some(schemas) = self
            .document
            .pointer("/components/schemas")
            .and_then(Value::as_object)
        else {
            return;
        };
        out.push_str("## Schemas\n\n");
        let rows: String = schemas
            .iter()
            .fold(String::new(), |mut rows, (name, schema)| {
                let description = schema.get("description").and_then(Value::as_str);
                let (link, words) = (
                    self.type_link(name),
                    inline(description.unwrap_or_default()),
                );
                put(
                    &mut rows,
                    format_args!("<tr><td>{link}</td><td>{words}</td></tr>"),
                );
                rows
            });
        table(out, &["schema", "meaning"], &rows);
    }

    fn type_link(&self, name: &str) -> String {
        match self.pages.type_of(self.protocol, name) {
            Some(target) => format!(
                "<a href=\"{}\">{}</a>",
                escape(&href(&self.page, &target)),
                escape(name)
            ),
            None => escape(name),
        }
    }

    /// The type of a schema in words.
    fn kind(&self, schema: &Value) -> String {
        if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            return self.type_link(name.rsplit('/').next().unwrap_or(name));
        }
        if let Some(items) = schema.get("items") {
            return format!("array of {}", self.kind(items));
        }
        match schema.get("type") {
            Some(Value::String(name)) => escape(name),
            Some(Value::Array(names)) => names
                .iter()
                .filter_map(Value::as_str)
                .map(escape)
                .collect::<Vec<_>>()
                .join(" or "),
            _ => String::new(),
        }
    }

    /// What a local `$ref` names, or the value itself.
    fn resolve<'v>(&'v self, value: &'v Value) -> &'v Value {
        value
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| self.document.pointer(reference.strip_prefix('#')?))
            .unwrap_or(value)
    }
}

fn table(out: &mut String, columns: &[&str], rows: &str) {
    let head: String = columns
        .iter()
        .flat_map(|column| ["<th>", column, "</th>"])
        .collect();
    let html = format!(
        "<div class=\"table-wrapper\"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    );
    put(out, format_args!("{}\n\n", on_one_line(&html)));
}

/// A heading's words, of which nothing is Markdown.
fn heading(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escaped = matches!(
                c,
                '\\' | '*' | '_' | '[' | ']' | '<' | '`' | '#' | '{' | '}'
            );
            escaped
                .then_some('\\')
                .into_iter()
                .chain(std::iter::once(if c == '\n' { ' ' } else { c }))
        })
        .collect()
}
