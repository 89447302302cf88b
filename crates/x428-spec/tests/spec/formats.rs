//! The four forms of a diagnostic.

use x428_spec::diagnostic::{Style, github, human, json, sarif};

use crate::{Outcome, project::Copy};

#[test]
fn human_in_colour() -> Outcome {
    let (spec, report) = Copy::broken("E0404")?.check();
    let style = Style {
        colour: true,
        width: 100,
    };
    let text: String = report
        .diagnostics
        .iter()
        .map(|own| human(own, &spec.sources, style))
        .collect();
    insta::assert_snapshot!(text.replace('\u{1b}', "␛"));
    Ok(())
}

#[test]
fn json_lines() -> Outcome {
    let (spec, report) = Copy::broken("E0502")?.check();
    let text: String = report
        .diagnostics
        .iter()
        .map(|own| json(own, &spec.sources))
        .collect();
    for line in text.lines() {
        let _: serde_json::Value = serde_json::from_str(line)?;
    }
    insta::assert_snapshot!(text);
    Ok(())
}

#[test]
fn github_annotations() -> Outcome {
    let (spec, report) = Copy::broken("E0406")?.check();
    let text: String = report
        .diagnostics
        .iter()
        .map(|own| github(own, &spec.sources))
        .collect();
    insta::assert_snapshot!(text);
    Ok(())
}

#[test]
fn sarif_document() -> Outcome {
    let (spec, report) = Copy::broken("E0702")?.check();
    let text = sarif(&report.diagnostics, &spec.sources);
    let _: serde_json::Value = serde_json::from_str(&text)?;
    insta::assert_snapshot!(text);
    Ok(())
}
