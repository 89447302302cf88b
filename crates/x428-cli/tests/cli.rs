//! The command as it is typed: arguments in, text and exit codes out.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Runs the command without a terminal.
fn x428(arguments: &[&str]) -> std::io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_x428"))
        .args(arguments)
        .env_remove("COLUMNS")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
}

/// Exit code, standard output and standard error, without what differs from run to run.
fn shown(output: &Output) -> String {
    let text = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let lines = text.lines().map(|line| match line.rsplit_once(" in ") {
            Some((before, time)) if time.ends_with(" s") => format!("{before} in … s"),
            _ => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    let code = output
        .status
        .code()
        .map_or_else(|| "none".to_owned(), |code| code.to_string());
    format!(
        "exit {code}\n--- stdout\n{}\n--- stderr\n{}\n",
        text(&output.stdout),
        text(&output.stderr)
    )
}

/// A specification of the compiler's tests.
fn fixture(name: &str) -> String {
    format!("../x428-spec/tests/broken/{name}/spec")
}

/// A vector file with this content.
fn vectors(directory: &Path, content: &str) -> std::io::Result<PathBuf> {
    let path = directory.join("vectors.json");
    std::fs::write(&path, content)?;
    Ok(path)
}

#[test]
fn a_sound_specification_exits_0() -> Outcome {
    insta::assert_snapshot!(shown(&x428(&["check", "--spec", &fixture("base")])?));
    Ok(())
}

#[test]
fn errors_exit_1_and_go_to_people() -> Outcome {
    insta::assert_snapshot!(shown(&x428(&["check", "--spec", &fixture("E0805")])?));
    Ok(())
}

#[test]
fn errors_exit_1_and_go_to_programs() -> Outcome {
    insta::assert_snapshot!(shown(&x428(&[
        "check",
        "--format",
        "github",
        "--spec",
        &fixture("E0805")
    ])?));
    Ok(())
}

#[test]
fn warnings_exit_1_only_if_denied() -> Outcome {
    let directory = tempfile::tempdir()?;
    let spec = directory.path().join("spec");
    std::fs::create_dir_all(spec.join("demo"))?;
    std::fs::write(spec.join("SUMMARY.md"), "[Demo](demo/README.md)\n")?;
    std::fs::write(
        spec.join("demo/README.md"),
        "# Demo\n\n<!-- x428:protocol id=demo title=Demo version=0.1 base=https://demo.example/ -->\n\n\
         r[demo.first.rule]\nA server MUST answer.\n",
    )?;
    let path = spec.to_string_lossy();
    assert_eq!(x428(&["check", "--spec", &path])?.status.code(), Some(0));
    assert_eq!(
        x428(&["check", "--spec", &path, "--deny", "warnings"])?
            .status
            .code(),
        Some(1)
    );
    Ok(())
}

#[test]
fn a_missing_specification_exits_2() -> Outcome {
    insta::assert_snapshot!(shown(&x428(&["check", "--spec", "nowhere"])?));
    Ok(())
}

#[test]
fn explain() -> Outcome {
    insta::assert_snapshot!(shown(&x428(&["explain", "e0302"])?));
    Ok(())
}

/// Whoever reads the first line of many and goes away has read enough.
#[test]
fn an_output_that_nobody_reads_is_no_failure() -> Outcome {
    for arguments in [&["explain"][..], &["completions", "bash"]] {
        let (reader, writer) = std::io::pipe()?;
        drop(reader);
        let ran = Command::new(env!("CARGO_BIN_EXE_x428"))
            .args(arguments)
            .stdout(writer)
            .output()?;
        assert_eq!(shown(&ran), "exit 0\n--- stdout\n\n--- stderr\n\n");
    }
    Ok(())
}

#[test]
fn explain_what_does_not_exist_exits_2() -> Outcome {
    insta::assert_snapshot!(shown(&x428(&["explain", "E9999"])?));
    Ok(())
}

#[test]
fn conformance_says_what_passed_and_what_failed() -> Outcome {
    let directory = tempfile::tempdir()?;
    let case = |matches: bool| {
        format!(
            r#"{{"description": "a {matches} case", "category": "scope",
            "input": {{"tokenScope": "https://a.example/*", "requestedResource": "https://a.example/r"}},
            "expected": {{"matches": {matches}}}}}"#
        )
    };
    let path = vectors(
        directory.path(),
        &format!("[{}, {}]", case(true), case(false)),
    )?;
    let output = x428(&["conformance", "vectors", &path.to_string_lossy()])?;
    let shown = shown(&output).replace(&*path.to_string_lossy(), "vectors.json");
    insta::assert_snapshot!(shown);
    let passing = vectors(directory.path(), &format!("[{}]", case(true)))?;
    assert_eq!(
        x428(&["conformance", "vectors", &passing.to_string_lossy()])?
            .status
            .code(),
        Some(0)
    );
    Ok(())
}

#[test]
fn conformance_refuses_a_file_of_another_format() -> Outcome {
    let directory = tempfile::tempdir()?;
    let path = vectors(directory.path(), "{}")?;
    let output = x428(&["conformance", "vectors", &path.to_string_lossy()])?;
    insta::assert_snapshot!(shown(&output).replace(&*path.to_string_lossy(), "vectors.json"));
    Ok(())
}

#[test]
fn the_vectors_of_the_specification_pass() -> Outcome {
    let output = x428(&["conformance", "vectors", "../../vectors"])?;
    let text = String::from_utf8(output.stdout)?;
    let last = text.lines().last().unwrap_or_default();
    assert!(
        output.status.success() && last.ends_with(" passed, 0 failed"),
        "{last}"
    );
    Ok(())
}

// r[verify attestation.legacy-jcs.test-only]
#[test]
fn the_profile_of_old_vectors_is_for_tests_and_nowhere_else() -> Outcome {
    let help = |words: &[&str]| -> std::io::Result<String> {
        let output = x428(&[words, &["--help"]].concat())?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let vectors = help(&["conformance", "vectors"])?;
    let option = vectors
        .lines()
        .skip_while(|line| !line.contains("--vc-proof"));
    let text: String = option.take(2).collect();
    assert!(text.contains("for tests only"), "{vectors}");
    assert!(!help(&["verify"])?.contains("vc-proof"));
    Ok(())
}
