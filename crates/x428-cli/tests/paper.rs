//! `x428 build --pdf`, beside a TeX that says what a test wants to hear.
#![cfg(unix)]

use std::{
    fs, io,
    path::Path,
    process::{Command, Output},
};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A sound specification in a directory of its own.
fn project(directory: &Path) -> io::Result<()> {
    let spec = directory.join("spec");
    fs::create_dir_all(spec.join("demo"))?;
    fs::write(
        spec.join("SUMMARY.md"),
        "[Demo](demo/README.md)\n\n[1](demo/01.md)\n",
    )?;
    fs::write(
        spec.join("demo/README.md"),
        "# Demo\n\n<!-- x428:protocol id=demo title=Demo version=0.1 base=https://demo.example/ -->\n\nA demo.\n",
    )?;
    fs::write(
        spec.join("demo/01.md"),
        "# 1 Model\n\nr[demo.first.rule]\nA server MUST answer.\n\n```json schema id=Nonce\n\
         {\n  \"description\": \"A nonce.\",\n  \"type\": \"string\"\n}\n```\n",
    )
}

/// Programs of TeX that do as they are told.
fn tex(directory: &Path, latexmk: &str) -> io::Result<()> {
    fs::create_dir_all(directory.join("bin"))?;
    for (name, script) in [("latexmk", latexmk), ("lualatex", "exit 1")] {
        // Written by another process: what a test of another thread has just started may still hold
        // the files that are open here, and a program that is being written to cannot be run.
        let written = Command::new("sh")
            .args([
                "-c",
                "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$0\" && chmod 755 \"$0\"",
            ])
            .arg(directory.join("bin").join(name))
            .arg(script)
            .status()?;
        assert!(written.success(), "{name}");
    }
    Ok(())
}

fn build(directory: &Path) -> io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_x428"))
        .args(["build", "--pdf", "--spec"])
        .arg(directory.join("spec"))
        .env("PATH", directory.join("bin"))
        .output()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn without_tex_it_says_what_to_install() -> Outcome {
    let directory = tempfile::tempdir()?;
    project(directory.path())?;
    let output = build(directory.path())?;
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(
        said(&output).contains(
            "error: `latexmk` is not on the PATH\nhelp: on Debian, `apt-get install latexmk texlive-luatex \
             texlive-latex-recommended fonts-dejavu-core` brings all that is needed"
        ),
        "{}",
        said(&output)
    );
    // The LaTeX needs no TeX.
    assert!(directory.path().join("target/latex/demo.tex").is_file());
    Ok(())
}

#[test]
fn a_whole_pdf_comes_to_its_place() -> Outcome {
    let directory = tempfile::tempdir()?;
    project(directory.path())?;
    tex(
        directory.path(),
        "echo 'Output written on demo.pdf (7 pages, 9 bytes).' > demo.log\n\
         echo \"$SOURCE_DATE_EPOCH $FORCE_SOURCE_DATE $max_print_line\" > demo.pdf",
    )?;
    let output = build(directory.path())?;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(
        said(&output).contains("target/latex/demo.pdf has 7 pages"),
        "{}",
        said(&output)
    );
    assert_eq!(
        fs::read_to_string(directory.path().join("target/latex/demo.pdf"))?,
        "0 1 10000\n"
    );
    Ok(())
}

#[test]
fn a_fault_is_shown_at_its_line_and_the_old_pdf_stays() -> Outcome {
    let directory = tempfile::tempdir()?;
    project(directory.path())?;
    tex(
        directory.path(),
        "echo '[x428 at spec/demo/01.md:3]' > demo.log\n\
         echo './demo.tex:9: Undefined control sequence.' >> demo.log\n\
         printf '%s\\n' 'l.9 \\nonsense' >> demo.log\n\
         echo half > demo.pdf; exit 12",
    )?;
    let pdf = directory.path().join("target/latex/demo.pdf");
    fs::create_dir_all(directory.path().join("target/latex"))?;
    fs::write(&pdf, "old")?;
    let output = build(directory.path())?;
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let told = "error: target/latex/demo.tex cannot be typeset\nerror: Undefined control sequence.\n  \
                --> spec/demo/01.md:3\n   | l.9 \\nonsense\n";
    assert!(said(&output).contains(told), "{}", said(&output));
    assert_eq!(fs::read_to_string(&pdf)?, "old");
    Ok(())
}

#[test]
fn an_error_without_a_log_shows_what_latexmk_said() -> Outcome {
    let directory = tempfile::tempdir()?;
    project(directory.path())?;
    tex(directory.path(), "echo 'no format file' >&2; exit 3")?;
    let output = build(directory.path())?;
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(
        said(&output).contains("latexmk ended with exit status: 3\n   | no format file"),
        "{}",
        said(&output)
    );
    Ok(())
}
