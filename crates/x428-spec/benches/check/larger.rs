//! A specification that is larger than the real one: its protocol several times, each under an id
//! of its own.

use std::{fs, io, path::Path};

/// Writes a project with `copies` copies of the attestation protocol below `root`.
pub(crate) fn write(root: &Path, copies: usize) -> io::Result<()> {
    let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec");
    let spec = root.join("spec");
    fs::create_dir_all(&spec)?;
    let mut summary = fs::read_to_string(original.join("SUMMARY.md"))?;
    for entry in fs::read_dir(&original)? {
        let entry = entry?;
        let target = spec.join(entry.file_name());
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), target)?;
        } else {
            copy(&entry.path(), &target, &|text| text)?;
        }
    }
    for number in 1..copies {
        let id = format!("attestation-{number}");
        let rename = |text: String| {
            text.replace("id=attestation ", &format!("id={id} "))
                .replace("/schema/attestation/", &format!("/schema/{id}/"))
                .replace("attestation.", &format!("{id}."))
        };
        copy(&original.join("attestation"), &spec.join(&id), &rename)?;
        let chapters = summary
            .lines()
            .filter(|line| line.contains("](attestation/"));
        let chapters: Vec<_> = chapters
            .map(|line| line.replace("](attestation/", &format!("]({id}/")))
            .collect();
        if number == 1 {
            // Only the original's lines are copied, not those of its copies.
            summary.push('\n');
        }
        summary.push_str(&chapters.join("\n"));
        summary.push('\n');
    }
    fs::write(spec.join("SUMMARY.md"), summary)
}

fn copy(from: &Path, to: &Path, rename: &dyn Fn(String) -> String) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target, rename)?;
        } else {
            fs::write(target, rename(fs::read_to_string(entry.path())?))?;
        }
    }
    Ok(())
}
