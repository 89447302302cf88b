use std::fs;

use tempfile::TempDir;

use super::{Documents, LatexError, OUTPUT, documents, write};
use crate::{
    model::{Project, Report, Spec},
    parse::load,
};

const HEADER: &str = "# Demo\n\n<!-- x428:protocol id=demo title=\"Demo_1\" version=0.1 status=Draft date=2026-11-20 \
    licence=\"CC BY 4.0\" base=https://demo.example/ -->\n\nWhat it is.\n";

/// A specification with one chapter.
fn spec(chapter: &str) -> (TempDir, Spec) {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::create_dir_all(root.join("spec/demo")).unwrap();
    let summary = "[Demo](demo/README.md)\n\n- [1](demo/01.md)\n- [Other](other.md)\n\n[Glossary](glossary.md)\n";
    let glossary = "# Glossary\n\n## Nonce\n\nA [number](#number) used once.\n\n## Number\n\nOne.\n\n## Idle\n\nNot used.\n";
    for (path, text) in [
        ("SUMMARY.md", summary),
        ("demo/README.md", HEADER),
        ("demo/01.md", chapter),
        ("other.md", "# Other\n"),
        ("glossary.md", glossary),
    ] {
        fs::write(root.join("spec").join(path), text).unwrap();
    }
    let project = Project {
        root: root.to_owned(),
        spec: root.join("spec"),
    };
    let spec = load(&project);
    (directory, spec)
}

fn set(chapter: &str) -> Result<Documents, LatexError> {
    let (_directory, spec) = spec(chapter);
    documents(&spec, &Report::default())
}

/// The LaTeX of a chapter, without what stands before and behind it.
fn chapter(text: &str) -> String {
    let made = set(&format!("# 1 One\n\n{text}\n\n## End\n")).unwrap();
    let tex = made.tree.text(&format!("{OUTPUT}/demo.tex")).unwrap();
    let from = tex.find("demo/01:1-one}").unwrap() + "demo/01:1-one}".len();
    let to = tex.find("\\xheading{2}{}{}{End}").unwrap();
    let tex = &tex[from..to];
    tex[..tex.rfind("\\xat").unwrap()].trim().to_owned()
}

#[test]
fn a_document() {
    let made = set("# 1 One\n\nA [nonce](../glossary.md#nonce).\n").unwrap();
    insta::assert_snapshot!(made.tree.text("target/latex/demo.tex").unwrap());
    assert_eq!(made.documents[0].epoch, 1_795_132_800);
}

#[test]
fn words() {
    insta::assert_snapshot!(chapter(
        "Plain 100 % of *A & B*, **#1**, `a_b{c}` and 2<sup>53</sup> − 1 → x,\nand ~ ^ \\ $.\n\n\
         A [web](https://a.example/x?q=1&r=%20#f), [here](#1-one), [there](README.md), a [nonce](../glossary.md#nonce), \
         [no part](../other.md), [idle](../glossary.md#idle).\n\n\
         Long: `attestation.submit.encoded-ceiling` and `PreconditionChallengeResponse` and `0123456789abcdef0123456789abcdef`."
    ));
}

#[test]
fn blocks() {
    insta::assert_snapshot!(chapter(
        "r[demo.one.rule]\nA server MUST NOT wait:\n\n- one\n  - inner\n- two\n\n3. three\n\n   more of it\n\n\
         > [!NOTE]\n> Mind the gap.\n\n---\n\nr[demo.two.rule]\n\n| a | b |\n|---|---|\n| `x` | MUST be y \\| z |\n"
    ));
}

#[test]
fn listings() {
    let long = "x".repeat(130);
    insta::assert_snapshot!(chapter(&format!(
        "```json schema id=Nonce\n{{ \"type\": \"string\", \"maxLength\": 16 }}\n```\n\n\
         ```http exchange id=first step=1\nGET / HTTP/1.1\nHost: a.example\n\n```\n\n\
         ```text\n  a {long} b\n\\ ~ # % {{ }} \u{ff11}\u{202e}\n```\n\n    indented\n"
    )));
}

#[test]
fn tables_are_files() {
    let made = set("# 1 One\n\n<!-- x428:table id=sizes kind=data -->\n| name | meaning |\n|---|---|\n| `max` | How much a reader \
        takes at most before it gives up, which it says with a code of its own and with nothing else. |\n\n\
        ```json schema id=Nonce\n{ \"type\": \"object\" }\n```\n\n<!-- x428:fields of=Nonce -->\n\
        | member | type | required | meaning |\n|---|---|---|---|\n<!-- /x428 -->\n").unwrap();
    let names: Vec<_> = made.tree.files.keys().collect();
    assert_eq!(
        names,
        [
            "target/latex/demo.tex",
            "target/latex/demo/tables/fields-Nonce.tex",
            "target/latex/demo/tables/sizes.tex",
            "target/latex/x428.sty",
        ]
    );
    insta::assert_snapshot!(
        made.tree
            .text("target/latex/demo/tables/sizes.tex")
            .unwrap()
    );
    let document = made.tree.text("target/latex/demo.tex").unwrap();
    assert!(document.contains("\\xanchor{demo/01:table-sizes}%\n\\input{demo/tables/sizes.tex}\n"));
    assert!(document.contains("\\input{demo/tables/fields-Nonce.tex}\n"));
}

#[test]
fn a_diagram() {
    insta::assert_snapshot!(chapter(
        "```mermaid\nsequenceDiagram\nA->>B: ask & wait\nNote over B: think\nalt yes\nB-->>A: 100 %\nend\n```\n"
    ));
}

#[test]
fn what_cannot_be_set_is_refused_at_its_line() {
    for (text, message) in [
        (
            "# 1 One\n\n<div>x</div>\n",
            "spec/demo/01.md:3: this HTML cannot be set in LaTeX",
        ),
        (
            "# 1 One\n\nA <kbd>x</kbd>.\n",
            "spec/demo/01.md:3: `<kbd>` cannot be set in LaTeX",
        ),
        (
            "# 1 One\n\n![x](y.png)\n",
            "spec/demo/01.md:3: `Image` of Markdown cannot be set in LaTeX yet",
        ),
        (
            "# 1 One\n\n```mermaid\npie\n```\n",
            "spec/demo/01.md:3: a diagram is not understood: only `sequenceDiagram` and `stateDiagram-v2` can be drawn, this is `pie`",
        ),
    ] {
        assert_eq!(set(text).unwrap_err().to_string(), message);
    }
}

#[test]
fn tables_that_are_no_more_are_removed() {
    let (directory, spec) =
        spec("# 1 One\n\n<!-- x428:table id=sizes kind=data -->\n| a |\n|---|\n| b |\n");
    let made = documents(&spec, &Report::default()).unwrap();
    let stale = directory.path().join("target/latex/demo/tables/gone.tex");
    fs::create_dir_all(stale.parent().unwrap()).unwrap();
    fs::write(&stale, "x").unwrap();
    let written = write(directory.path(), &made).unwrap();
    assert_eq!(written.removed, ["target/latex/demo/tables/gone.tex"]);
    assert_eq!(written.changed.len(), 3);
    let again = write(directory.path(), &made).unwrap();
    assert_eq!((again.changed.len(), again.removed.len()), (0, 0));
}

#[test]
fn a_date_that_does_not_exist_is_refused() {
    for (date, faults) in [
        ("2026-11-20", 0),
        ("2026-11-31", 1),
        ("20261120", 1),
        ("today", 1),
    ] {
        let (directory, _) = spec("# 1 One\n");
        let readme = HEADER.replace("2026-11-20", date);
        fs::write(directory.path().join("spec/demo/README.md"), readme).unwrap();
        let root = directory.path().to_owned();
        let found = load(&Project {
            spec: root.join("spec"),
            root,
        });
        assert_eq!(found.problems.len(), faults, "{date}: {:?}", found.problems);
    }
}
