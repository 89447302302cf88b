//! `x428 mdbook`, as mdBook calls it.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

fn x428() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_x428"));
    command
        .arg("mdbook")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[test]
fn pages_are_made_for_html_alone() {
    for (renderer, code) in [("html", 0), ("latex", 1)] {
        let status = x428().args(["supports", renderer]).status().unwrap();
        assert_eq!(status.code(), Some(code), "{renderer}");
    }
}

#[test]
fn what_mdbook_never_sends_is_refused() {
    for input in ["", "[]", "{}", "nonsense"] {
        let mut child = x428().spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{input}");
        assert!(output.stdout.is_empty(), "{input}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(
            error.contains("the exchange with mdBook failed"),
            "{input}: {error}"
        );
    }
}
