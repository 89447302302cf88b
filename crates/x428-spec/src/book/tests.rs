use std::{collections::BTreeMap, fs, path::Path};

use mdbook_driver::{MDBook, config::Config};
use mdbook_preprocessor::PreprocessorContext;
use mdbook_renderer::RenderContext;
use tempfile::TempDir;

use super::{BookError, build, copy_downloads, preprocess, render};
use crate::{
    model::{FenceId, FenceResult, Outcome, Project, Report, RequirementCoverage, Spec},
    parse::load,
};

const CHAPTER: &str = include_str!("tests/chapter.md");

struct Fixture {
    directory: TempDir,
}

impl Fixture {
    fn new(chapter: &str) -> Self {
        let fixture = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        fixture.write(
            "spec/SUMMARY.md",
            "# Summary\n\n[Front](README.md)\n\n- [Tickets](tickets/README.md)\n- [5 Data model](tickets/05.md)\n\n---\n\n[Glossary](glossary.md)\n",
        );
        fixture.write("spec/README.md", "# Front\n\nWelcome.\n");
        fixture.write(
            "spec/tickets/README.md",
            "# Tickets\n\n<!-- x428:protocol id=tickets title=\"Tickets\" version=1.0 base=https://example.com/ -->\n\nA protocol.\n",
        );
        fixture.write("spec/tickets/05.md", chapter);
        fixture.write(
            "spec/glossary.md",
            "# Glossary\n\n## Ticket\n\nSomething that opens a \"door\",\nonce.\n\nMore.\n",
        );
        fixture.write("schema/tickets/Ticket.json", "{}\n");
        fixture.write(
            "book/book.toml",
            "[book]\ntitle = \"Tickets\"\nsrc = \"../spec\"\n[build]\nbuild-dir = \".\"\nuse-default-preprocessors = false\n\
             [preprocessor.x428]\ncommand = \"false\"\nrenderers = [\"html\"]\n[output.html]\n[output.x428]\ncommand = \"false\"\n",
        );
        fixture
    }

    fn root(&self) -> &Path {
        self.directory.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn html(&self, page: &str) -> String {
        fs::read_to_string(self.root().join("book/html").join(page)).unwrap()
    }

    fn spec(&self) -> Spec {
        load(&Project {
            root: self.root().to_owned(),
            spec: self.root().join("spec"),
        })
    }
}

/// What a checker would say of the chapter, without one: the book only shows it.
fn report(spec: &Spec) -> Report {
    let mut report = Report::default();
    let example = |name: &str| -> FenceId { spec.protocols[0].examples[name] };
    report.fences.insert(
        example("ticket-front"),
        FenceResult {
            outcome: Outcome::Accepted,
            signed_by: Some("box".into()),
            ..FenceResult::default()
        },
    );
    report.fences.insert(
        example("ticket-none"),
        FenceResult {
            outcome: Outcome::Rejected {
                keyword: "required".into(),
                at: "/seat".into(),
            },
            reason: Some("`seat` is required".into()),
            ..FenceResult::default()
        },
    );
    report.coverage.requirements.insert(
        "tickets.ticket.single-use".into(),
        RequirementCoverage {
            vectors: vec!["used-twice".into()],
            examples: vec![example("ticket-none")],
            ..RequirementCoverage::default()
        },
    );
    report
}

fn chapter(fixture: &Fixture) -> String {
    let spec = fixture.spec();
    let rendered = render(&spec, &report(&spec), &BTreeMap::new(), None);
    rendered.chapters[Path::new("tickets/05.md")].clone()
}

#[test]
fn a_chapter_with_everything() {
    insta::assert_snapshot!(chapter(&Fixture::new(CHAPTER)));
}

#[test]
fn coverage_is_told_by_chapter_and_requirement() {
    let fixture = Fixture::new(CHAPTER);
    let spec = fixture.spec();
    let rendered = render(&spec, &Report::default(), &BTreeMap::new(), None);
    let (title, path, text) = &rendered.extra[0];
    assert_eq!(
        (title.as_str(), path.as_path()),
        ("Coverage", Path::new("coverage.md"))
    );
    insta::assert_snapshot!(text);
}

#[test]
fn an_interface_becomes_a_reference() {
    let fixture = Fixture::new(CHAPTER);
    let spec = fixture.spec();
    let openapi = serde_json::json!({
        "openapi": "3.1.0",
        "info": { "title": "Tickets", "version": "1.0" },
        "paths": { "/door": { "get": {
            "operationId": "enter",
            "summary": "Enter *now*",
            "parameters": [{ "$ref": "#/components/parameters/Ticket" }],
            "responses": { "200": {
                "description": "Inside.",
                "content": { "application/json": {
                    "schema": { "$ref": "#/components/schemas/Ticket" },
                    "examples": { "front": { "$ref": "#/components/examples/front" } }
                } }
            } }
        } } },
        "components": {
            "parameters": { "Ticket": { "name": "Ticket", "in": "header", "required": true, "schema": { "type": "string" } } },
            "schemas": { "Ticket": { "description": "Opens a `door`." } },
            "examples": { "front": { "value": { "seat": "A" } } }
        }
    });
    let documents = BTreeMap::from([("tickets".to_owned(), openapi)]);
    let rendered = render(&spec, &report(&spec), &documents, None);
    insta::assert_snapshot!(rendered.extra[0].2);
    let chapter = &rendered.chapters[Path::new("tickets/05.md")];
    assert!(
        chapter.contains("<a href=\"api.html#operation-enter\">API reference</a>"),
        "{chapter}"
    );
}

#[test]
fn the_book_is_written_once() {
    let fixture = Fixture::new(CHAPTER);
    let build = || {
        let spec = fixture.spec();
        build(&spec, &report(&spec)).unwrap()
    };
    let first = build();
    assert!(first.changed > 10, "{first:?}");
    let page = fixture.html("tickets/05.html");
    assert!(page.contains("id=\"r-tickets.ticket.single-use\""));
    // The text of a fence keeps its empty line, and nothing after it is swallowed.
    assert!(page.contains(",\n\n  "), "{page}");
    assert!(page.contains("<th>header</th>"));
    assert!(!page.contains("r[tickets"));
    assert!(page.contains("href=\"index.html\""));
    assert!(page.contains("href=\"../schema/tickets/Ticket.json\""));
    assert_eq!(fixture.html("schema/tickets/Ticket.json"), "{}\n");
    assert!(fixture.html("tickets/index.html").contains("A protocol."));

    assert_eq!(build().changed, 0);

    fixture.write(
        "spec/tickets/05.md",
        &CHAPTER.replace("a list with a fence", "a list"),
    );
    assert!(build().changed > 0);
    assert!(
        !fixture
            .html("tickets/05.html")
            .contains("a list with a fence")
    );

    fixture.write("book/html/stale.html", "");
    fixture.write("schema/tickets/Ticket.json", "{\"new\": true}\n");
    assert!(build().changed > 0);
    assert!(!fixture.root().join("book/html/stale.html").exists());
    assert_eq!(
        fixture.html("schema/tickets/Ticket.json"),
        "{\"new\": true}\n"
    );
}

#[test]
fn a_theme_that_changes_is_rendered_again() {
    let fixture = Fixture::new(CHAPTER);
    let build = || {
        let spec = fixture.spec();
        build(&spec, &report(&spec)).unwrap().changed
    };
    assert!(build() > 0);
    fixture.write("book/theme/css/variables.css", ":root {}\n");
    assert!(build() > 0);
    assert_eq!(build(), 0);
}

#[test]
fn mdbook_is_served_as_its_preprocessor() {
    let fixture = Fixture::new(CHAPTER);
    let root = fixture.root().join("book");
    let config: Config = "[book]\nsrc = \"../spec\"\n[build]\nuse-default-preprocessors = false\n"
        .parse()
        .unwrap();
    let book = MDBook::load_with_config(&root, config.clone())
        .unwrap()
        .book;
    let request =
        serde_json::to_vec(&(PreprocessorContext::new(root, config, "html".into()), book)).unwrap();

    let mut answer = Vec::new();
    preprocess(&*request, &mut answer, |root| {
        assert_eq!(root, fixture.root());
        let spec = fixture.spec();
        let report = report(&spec);
        Ok((spec, report))
    })
    .unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.contains("r-tickets.ticket.single-use"), "{answer}");

    let failed = preprocess(&*request, Vec::new(), |_| {
        Err(BookError::Specification("2 errors".into()))
    });
    assert_eq!(
        failed.unwrap_err().to_string(),
        "the specification has 2 errors"
    );
    let nonsense = preprocess(&b"[]"[..], Vec::new(), |_| {
        Err(BookError::Specification(String::new()))
    });
    assert!(matches!(nonsense.unwrap_err(), BookError::Exchange(_)));
}

#[test]
fn mdbook_is_served_as_its_renderer() {
    let fixture = Fixture::new(CHAPTER);
    let root = fixture.root().join("book");
    let context = RenderContext::new(
        &root,
        mdbook_driver::book::Book::new(),
        Config::default(),
        root.join("x428"),
    );
    copy_downloads(&*serde_json::to_vec(&context).unwrap()).unwrap();
    assert_eq!(fixture.html("schema/tickets/Ticket.json"), "{}\n");
}
