//! No input panics, and what cannot be read does not hide the rest.

use proptest::prelude::*;
use x428_spec::{build::generate, fix};

use crate::{
    Outcome,
    project::{Copy, shown},
};

/// The same cases on every run.
fn settings() -> ProptestConfig {
    ProptestConfig {
        cases: 48,
        rng_seed: proptest::test_runner::RngSeed::Fixed(428),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Pieces of which specifications are made, in any order and number.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "```json schema id=A\n",
        "```json schema\n",
        "```json example of=Challenge id=a answers=challenge signed-by=operator\n",
        "```json example of=A rejects=type at=/b\n",
        "```http exchange id=e step=1 carries=challenge\n",
        "GET / HTTP/1.1\nHost: a\nX-Challenge: e\\\n",
        "HTTP/1.1 428 Precondition Required\nContent-Length: 9\nContent-Type: application/json\n\n",
        "```yaml operation id=o\nmethod: get\npath: /{a}\nresponses: {'200': {$ref: responses/B}}\n",
        "```yaml vectors category=verify file=f\n- {id: v, challenge: challenge, payload: payload, expect: accept}\n",
        "- &a [*a]\n",
        "{ \"$ref\": \"A\", \"oneOf\": [{ \"$ref\": \"A\" }], \"pattern\": \"(\" }\n",
        "{ \"signature\": 1, \"\\ud800\": 1e999 }\n",
        "\"a\"\n",
        "[[[[\n",
        "```\n",
        "~~~\n",
        "> ",
        "- ",
        "  ",
        "\n\n",
        "r[demo.a.b]\n",
        "r[x]\n",
        "A server MUST\nNOT:\n",
        "<!-- x428:table id=headers kind=data -->\n",
        "<!-- x428:table id=t kind=codes type=T -->\n",
        "| header | direction | carries |\n|---|---|---|\n| `X-Challenge` | response | Challenge |\n",
        "| code | meaning |\n|---|---|\n| `a` | é |\n| \n",
        "<!-- x428:table id=t kind=codes type=S columns=terminal:S -->\n| code | terminal | meaning |\n|---|---|---|\n| `a.b` | no | |\n| `c` | yes | |\n",
        "<!-- x428:table id=u kind=transitions of=S -->\n| from | to | when |\n|---|---|---|\n| – | `a.b` | x |\n| `a.b` | `c` | é |\n",
        "<!-- x428:states of=S -->",
        "```mermaid\nstateDiagram-v2\n[*] --> a\na --> b\nb --> a\nb --> [*]\n",
        "```yaml webhook id=w\nmethod: post\nsecurity: [{a: [b]}]\nresponses: {'204': {description: x}}\n",
        "```http exchange id=e step=1 webhook=w\nPOST /o HTTP/1.1\nHost: a\nContent-Type: application/x-www-form-urlencoded\n\na=%7B&a&=é%\n",
        "```yaml component in=securitySchemes id=a\ntype: oauth2\nflows: {implicit: {scopes: S}, x: [1]}\n",
        "<!-- x428:fields of=A -->",
        "<!-- x428:requirements -->",
        "<!-- /x428 -->\n",
        "<!-- x428:protocol id=demo",
        "## 3.1 Heading\n",
        "[a](b.md#c) [a][b] [nonce](../glossary.md#nonce)\n",
        "\u{feff}é\u{0}\r\n",
    ];
    prop_oneof![
        6 => proptest::sample::select(pieces.to_vec()).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn nothing_panics(pieces in proptest::collection::vec(piece(), 0..24)) {
        let copy = Copy::sound()?;
        copy.write("spec/demo/03-more.md", pieces.concat())?;
        let (spec, report) = copy.check();
        let _ = shown(&spec, &report.diagnostics);
        let _ = generate(&spec, &report);
        let _ = fix::apply(&spec, &fix::edits(&spec));
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let copy = Copy::sound()?;
        for path in ["spec/SUMMARY.md", "spec/glossary.md", "spec/demo/README.md", "spec/demo/03-more.md"] {
            copy.write(path, &bytes)?;
            let (spec, report) = copy.check();
            let _ = shown(&spec, &report.diagnostics);
        }
    }

    /// A file that breaks off anywhere, as an editor or a merge leaves it.
    #[test]
    fn no_cut_panics(at in 0.0..1.0_f64) {
        let copy = Copy::sound()?;
        let bytes = copy.read("spec/demo/01-model.md")?.into_bytes();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss,
            reason = "a place in a short file")]
        let cut = (bytes.len() as f64 * at) as usize;
        copy.write("spec/demo/01-model.md", &bytes[..cut])?;
        let (spec, report) = copy.check();
        let _ = shown(&spec, &report.diagnostics);
        let _ = generate(&spec, &report);
    }
}

#[test]
fn a_long_way_to_a_value_is_a_diagnostic() -> Outcome {
    use std::fmt::Write as _;
    let copy = Copy::sound()?;
    let mut text = "# 3 More\n".to_owned();
    for step in 0..10_000 {
        let next = step + 1;
        write!(
            text,
            "\n```text value id=s{step} computed=\"text(s{next})\"\nx\n```\n"
        )?;
    }
    copy.write(
        "spec/demo/03-more.md",
        format!("{text}\n```text value id=s10000\nx\n```\n"),
    )?;
    let (_, report) = copy.check();
    assert!(report.errors() > 0);
    Ok(())
}

#[test]
fn deep_nesting_is_a_diagnostic() -> Outcome {
    let copy = Copy::sound()?;
    let deep = "[".repeat(100_000);
    copy.write(
        "spec/demo/03-more.md",
        format!("# 3 More\n\n```json example of=Nonce\n{deep}\n```\n"),
    )?;
    let (_, report) = copy.check();
    assert!(report.errors() > 0);
    Ok(())
}
