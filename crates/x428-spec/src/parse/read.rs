//! Files from the disk.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rayon::prelude::*;

use super::MarkdownFile;
use crate::{
    diagnostic::{Code, Diagnostic},
    model::Project,
    source::{SourceFile, Sources, Span},
};

/// Reads all Markdown files of the specification, sorted by path.
pub(super) fn markdown_files(
    project: &Project,
    sources: &mut Sources,
    problems: &mut Vec<Diagnostic>,
) -> Vec<MarkdownFile> {
    let paths = find(&project.spec, "md", &project.root, sources, problems);
    let files = read_all(&project.root, &paths, sources, problems);
    let mut found = Vec::with_capacity(files.len());
    for (id, path) in files {
        let below = relative(&path, &project.spec);
        found.push(MarkdownFile { id, path: below });
    }
    let has_summary = found.iter().any(|file| file.path == "SUMMARY.md");
    if !has_summary {
        let shown = relative(&project.spec.join("SUMMARY.md"), &project.root);
        let file = sources.add(SourceFile::new(shown, ""));
        problems.push(
            Diagnostic::new(
                Code::NoSummary,
                Span::start_of(file),
                "the specification has no SUMMARY.md",
            )
            .help("it lists the chapters: `- [Title](chapter.md)`"),
        );
    }
    found
}

/// Reads files in parallel and adds those that are UTF-8.
pub(super) fn read_all(
    root: &Path,
    paths: &[PathBuf],
    sources: &mut Sources,
    problems: &mut Vec<Diagnostic>,
) -> Vec<(crate::source::FileId, PathBuf)> {
    let contents: Vec<_> = paths.par_iter().map(fs::read).collect();
    let mut files = Vec::with_capacity(paths.len());
    for (path, content) in paths.iter().zip(contents) {
        let shown = relative(path, root);
        match content.map(String::from_utf8) {
            Ok(Ok(text)) => {
                // Some editors of Windows begin a file with a byte order mark. It is no text.
                let text = match text.strip_prefix('\u{feff}') {
                    Some(text) => text.to_owned(),
                    None => text,
                };
                files.push((sources.add(SourceFile::new(shown, text)), path.clone()));
            }
            Ok(Err(error)) => {
                let at = error.utf8_error().valid_up_to();
                let lossy = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let file = sources.add(SourceFile::new(shown, lossy));
                let span = Span::new(file, at..at + '\u{fffd}'.len_utf8());
                problems.push(Diagnostic::new(
                    Code::NotUtf8,
                    span,
                    "these bytes are not UTF-8",
                ));
            }
            Err(error) => unreadable(shown, &error, sources, problems),
        }
    }
    files
}

/// All files below a directory with an extension, sorted. Hidden ones and links are left out.
pub(super) fn find(
    directory: &Path,
    extension: &str,
    root: &Path,
    sources: &mut Sources,
    problems: &mut Vec<Diagnostic>,
) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        if let Err(error) = list(&directory, extension, &mut found, &mut directories) {
            unreadable(relative(&directory, root), &error, sources, problems);
        }
    }
    found.sort();
    found
}

fn list(
    directory: &Path,
    extension: &str,
    found: &mut Vec<PathBuf>,
    directories: &mut Vec<PathBuf>,
) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let kind = entry.file_type()?;
        let path = entry.path();
        if kind.is_dir() {
            directories.push(path);
        } else if kind.is_file() && path.extension().is_some_and(|own| own == extension) {
            found.push(path);
        }
    }
    Ok(())
}

fn unreadable(
    shown: String,
    error: &io::Error,
    sources: &mut Sources,
    problems: &mut Vec<Diagnostic>,
) {
    let message = format!("`{shown}` cannot be read: {error}");
    let file = sources.add(SourceFile::new(shown, ""));
    problems.push(Diagnostic::new(
        Code::UnreadableFile,
        Span::start_of(file),
        message,
    ));
}

/// A path below another one, with `/` between its parts.
pub(crate) fn relative(path: &Path, base: &Path) -> String {
    let below = path.strip_prefix(base).unwrap_or(path);
    let parts: Vec<_> = below
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}
