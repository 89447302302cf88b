//! What is written, and that a second time nothing is.

use x428_spec::{
    build::{build, generate},
    fix,
};

use crate::{
    Outcome,
    project::{Copy, shown},
};

#[test]
fn a_second_build_changes_nothing() -> Outcome {
    let copy = Copy::sound()?;
    let first = build(&copy.project(), false, &|_| {})?
        .written
        .ok_or("not built")?;
    assert!(
        first.changed.contains(&"schema/demo/Nonce.json".to_owned()),
        "{first:?}"
    );
    let second = build(&copy.project(), false, &|_| {})?
        .written
        .ok_or("not built")?;
    assert_eq!((second.changed, second.removed), (vec![], vec![]));
    assert_eq!(second.unchanged, first.changed.len());
    Ok(())
}

#[test]
fn what_is_generated_no_more_is_removed() -> Outcome {
    let copy = Copy::sound()?;
    build(&copy.project(), false, &|_| {})?;
    copy.write("schema/demo/Gone.json", "{}")?;
    copy.write("schema/demo/notes.txt", "kept")?;
    copy.write("schema/config/rules.json", "{}")?;
    let written = build(&copy.project(), false, &|_| {})?
        .written
        .ok_or("not built")?;
    assert_eq!(written.removed, ["schema/demo/Gone.json"]);
    assert_eq!(copy.read("schema/demo/notes.txt")?, "kept");
    assert_eq!(copy.read("schema/config/rules.json")?, "{}");
    Ok(())
}

#[test]
fn nothing_is_written_if_there_are_errors() -> Outcome {
    let copy = Copy::broken("E0502")?;
    let built = build(&copy.project(), false, &|_| {})?;
    assert!(built.written.is_none() && !copy.root().join("schema").exists());
    Ok(())
}

#[test]
fn the_schemas() -> Outcome {
    let (spec, report) = Copy::sound()?.check();
    let (tree, _) = generate(&spec, &report);
    for path in [
        "schema/demo/Challenge.json",
        "schema/demo.json",
        "schema/demo.manifest.json",
    ] {
        insta::assert_snapshot!(path.replace('/', "_"), tree.text(path).ok_or(path)?);
    }
    Ok(())
}

#[test]
fn the_vectors() -> Outcome {
    let (spec, report) = Copy::sound()?.check();
    let (tree, _) = generate(&spec, &report);
    insta::assert_snapshot!(tree.text("vectors/demo/verify.json").ok_or("no vectors")?);
    Ok(())
}

#[test]
fn fix_puts_right_what_it_can_and_then_nothing() -> Outcome {
    let copy = Copy::sound()?;
    let path = "spec/demo/01-model.md";
    let sound = copy.read(path)?;
    let untidy = sound
        .replace("\"signature\": \"", "   \"signature\":\"A")
        .replace("{ \"$ref\": \"Nonce\" }", "{\n\"$ref\":\"Nonce\"}");
    assert_ne!(untidy, sound);
    copy.write(path, &untidy)?;
    copy.write(
        "spec/demo/03-more.md",
        "# 3 More\n\n- In a list:\n\n  ```json example of=Nonce\n  \
         \"35c48f2fff5f8439297b29602783b7af4b26ec68c92b651df977b800b8d0496b\"  \n  ```\n\n\
         <!-- x428:fields of=Payload -->\n<!-- /x428 -->\n\n<!-- x428:requirements -->\n<!-- /x428 -->\n\n\
         <!-- x428:vectors -->\n| old |\n<!-- /x428 -->\n\n\
         ```http exchange id=ask step=1\nGET / HTTP/1.1\nHost: demo.example\n```\n\n\
         ```http exchange id=ask step=2 carries=challenge\nHTTP/1.1 428 Precondition Required\n\
         Content-Type: application/json\nContent-Length: 1\nX-Challenge: e30\n\n{\"any\":[1,2]}\n```\n",
    )?;
    let (spec, _) = copy.check();
    let changed = fix::fix(&spec)?;
    assert_eq!(changed, [path, "spec/demo/03-more.md"]);
    assert_eq!(copy.read(path)?, sound);
    insta::assert_snapshot!(copy.read("spec/demo/03-more.md")?);
    let (spec, _) = copy.check();
    assert_eq!(fix::edits(&spec), []);
    Ok(())
}

#[test]
fn fix_computes_everything_at_once() -> Outcome {
    let copy = Copy::broken("E0612")?;
    let path = "spec/demo/03-more.md";
    // The digest is over the body as it will be, not as it stands.
    let text = copy.read(path)?.replace("\"self\"] }", "\"self\"]   }");
    let digest = "\n```text value id=digest computed=\"hex(sha256(header('X-Token', ask.1), body(ask.2)))\"\nx\n```\n";
    copy.write(path, format!("{text}{digest}"))?;
    let (spec, _) = copy.check();
    assert_eq!(fix::fix(&spec)?, [path]);
    let (spec, report) = copy.check();
    assert_eq!(shown(&spec, &report.diagnostics), "");
    assert_eq!(fix::edits(&spec), []);
    Ok(())
}

#[test]
fn the_real_specification_needs_no_fix() -> Outcome {
    let copy = Copy::real()?;
    let (spec, report) = copy.check();
    let errors: Vec<_> = report
        .diagnostics
        .iter()
        .filter(|own| own.severity() == x428_spec::diagnostic::Severity::Error)
        .cloned()
        .collect();
    assert_eq!(shown(&spec, &errors), "");
    assert_eq!(fix::edits(&spec), []);
    Ok(())
}

#[test]
fn fix_keeps_what_somebody_wrote_in_a_region() -> Outcome {
    let copy = Copy::sound()?;
    let text = "# 3 More\n\n<!-- x428:requirements -->\n\nMy own words.\n\n<!-- /x428 -->\n";
    copy.write("spec/demo/03-more.md", text)?;
    let (spec, report) = copy.check();
    assert_eq!(fix::edits(&spec), []);
    assert!(shown(&spec, &report.diagnostics).contains("03-more.md:5:1"));
    Ok(())
}

#[test]
fn fix_waits_for_a_file_that_cannot_be_read() -> Outcome {
    let copy = Copy::sound()?;
    copy.write("spec/demo/01-model.md", b"# 1 Model\n\xff\n")?;
    let (spec, report) = copy.check();
    assert_eq!(fix::edits(&spec), []);
    assert_eq!(report.errors(), 1, "{}", shown(&spec, &report.diagnostics));
    Ok(())
}

#[test]
fn the_ends_of_lines_and_a_byte_order_mark_are_no_faults() -> Outcome {
    let copy = Copy::sound()?;
    for path in ["spec/demo/01-model.md", "spec/demo/README.md"] {
        let text = copy.read(path)?.replace('\n', "\r\n");
        copy.write(path, format!("\u{feff}{text}"))?;
    }
    let (spec, report) = copy.check();
    assert_eq!(shown(&spec, &report.diagnostics), "");
    assert_eq!(fix::edits(&spec), []);
    Ok(())
}
