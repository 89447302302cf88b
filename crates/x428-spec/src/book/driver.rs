//! mdBook, in-process and as a guest.

use std::{
    collections::{BTreeMap, BTreeSet, hash_map::DefaultHasher},
    fs,
    hash::{Hash, Hasher},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use mdbook_driver::{
    MDBook,
    book::{Book, BookItem, Chapter},
    config::Config,
};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};
use mdbook_renderer::{RenderContext, Renderer};

use super::{Rendered, markup::page_of};
use crate::model::{Project, Report, Spec};

/// Why there is no book.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BookError {
    /// mdBook could not render the pages.
    #[error("mdBook: {0:#}")]
    MdBook(anyhow::Error),
    /// A file could not be read or written.
    #[error("{} cannot be read or written", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The request on standard input is not of mdBook's form, or the answer could not be written.
    #[error("the exchange with mdBook failed: {0:#}")]
    Exchange(anyhow::Error),
    /// The specification has errors, which have been reported.
    #[error("the specification has {0}")]
    Specification(String),
}

impl BookError {
    fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}

/// What [`build`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Built {
    /// HTML pages of the book.
    pub pages: usize,
    /// Files that were written or removed; none if nothing had changed.
    pub changed: usize,
}

/// The directories that can be downloaded from the book.
const DOWNLOADS: [&str; 3] = ["schema", "openapi", "vectors"];

/// The name under which mdBook knows this crate.
const NAME: &str = "x428";

/// Holds the digest of everything that the book was made from.
const STAMP: &str = ".x428-source";

/// Renders the book of a checked specification to `book/html`.
///
/// The pages are made beside and moved file by file, each atomically, only where something changed:
/// an interrupted build leaves readable pages. Nothing is rendered if no source of the book changed.
///
/// # Errors
/// [`BookError`]; the book that was there stays.
pub fn build(spec: &Spec, report: &Report) -> Result<Built, BookError> {
    let root = &spec.project.root;
    let book = root.join("book");
    let toml = read(&book.join("book.toml"))?;
    let mut config: Config = toml.parse().map_err(BookError::MdBook)?;
    let rendered = render(spec, report, &config)?;
    let output = book.join("html");
    let digest = digest(&spec.project, &book, &toml, &rendered)?;
    if fs::read_to_string(output.join(STAMP)).is_ok_and(|stamp| stamp == digest) {
        return Ok(Built {
            pages: count_pages(&files(&output)?),
            changed: 0,
        });
    }
    let work = tempfile::tempdir().map_err(BookError::file(&std::env::temp_dir()))?;
    work.path().clone_into(&mut config.build.build_dir);
    config.book.src.clone_from(&spec.project.spec);
    let mut driver = MDBook::load_with_config(&book, config).map_err(BookError::MdBook)?;
    // Both take the places of the commands that `book.toml` names for a plain `mdbook build`.
    driver.with_preprocessor(Insert(Arc::new(rendered)));
    driver.with_renderer(Downloads { root: root.clone() });
    driver.build().map_err(BookError::MdBook)?;
    let made = work.path().join("html");
    fs::write(made.join(STAMP), digest).map_err(BookError::file(&made))?;
    let changed = synchronize(&made, &output)?;
    Ok(Built {
        pages: count_pages(&files(&output)?),
        changed,
    })
}

/// Serves `mdbook build book` as its preprocessor: the book in, the rendered book out.
///
/// `check` reads and checks the specification at a project's root and reports its errors.
///
/// # Errors
/// [`BookError`], also for a specification with errors: mdBook then fails too.
pub fn preprocess(
    input: impl Read,
    output: impl Write,
    check: impl FnOnce(&Path) -> Result<(Spec, Report), BookError>,
) -> Result<(), BookError> {
    let (context, book) = mdbook_preprocessor::parse_input(input).map_err(BookError::Exchange)?;
    let root = context.root.parent().unwrap_or(&context.root);
    let (spec, report) = check(root)?;
    if report.errors() > 0 {
        return Err(BookError::Specification(format!(
            "{} errors",
            report.errors()
        )));
    }
    let book = Insert(Arc::new(render(&spec, &report, &context.config)?))
        .run(&context, book)
        .map_err(BookError::MdBook)?;
    serde_json::to_writer(output, &book).map_err(|error| BookError::Exchange(error.into()))
}

/// Serves `mdbook build book` as its second renderer: copies what can be downloaded beside the pages.
///
/// # Errors
/// [`BookError::Exchange`] or [`BookError::File`].
pub fn copy_downloads(input: impl Read) -> Result<(), BookError> {
    let context = RenderContext::from_json(input).map_err(BookError::Exchange)?;
    let root = context.root.parent().unwrap_or(&context.root).to_owned();
    Downloads { root }.copy(&context.destination)
}

fn render(spec: &Spec, report: &Report, config: &Config) -> Result<Rendered, BookError> {
    let repository = config
        .html_config()
        .and_then(|html| html.git_repository_url);
    let mut openapi = BTreeMap::new();
    for protocol in &spec.protocols {
        let path = spec
            .project
            .root
            .join("openapi")
            .join(format!("{}.json", protocol.id));
        if path.is_file() {
            let document =
                serde_json::from_str(&read(&path)?).map_err(|error| BookError::File {
                    path: path.clone(),
                    source: error.into(),
                })?;
            openapi.insert(protocol.id.clone(), document);
        }
    }
    Ok(super::render(spec, report, &openapi, repository.as_deref()))
}

/// Puts the rendered pages in the places of their sources.
struct Insert(Arc<Rendered>);

impl Preprocessor for Insert {
    fn name(&self) -> &str {
        NAME
    }

    fn run(&self, _context: &PreprocessorContext, mut book: Book) -> anyhow::Result<Book> {
        book.for_each_chapter_mut(|chapter| {
            let Some(source) = chapter.source_path.clone() else {
                return;
            };
            if let Some(content) = self.0.chapters.get(&source) {
                chapter.content.clone_from(content);
            }
            chapter.path =
                Some(Path::new(&page_of(&source.to_string_lossy())).with_extension("md"));
        });
        if !self.0.extra.is_empty() {
            book.push_item(BookItem::PartTitle("Reference".to_owned()));
        }
        for (title, path, content) in &self.0.extra {
            let mut chapter = Chapter::new(title, content.clone(), path.clone(), Vec::new());
            // No file of the specification stands behind the page.
            chapter.source_path = None;
            book.push_item(chapter);
        }
        Ok(book)
    }

    fn supports_renderer(&self, renderer: &str) -> anyhow::Result<bool> {
        Ok(renderer == "html")
    }
}

/// Copies the directories that can be downloaded.
struct Downloads {
    root: PathBuf,
}

impl Downloads {
    /// `destination` is mdBook's directory for this renderer; the pages lie beside it.
    fn copy(&self, destination: &Path) -> Result<(), BookError> {
        let html = destination.with_file_name("html");
        for directory in DOWNLOADS {
            let from = self.root.join(directory);
            if !from.is_dir() {
                continue;
            }
            for file in files(&from)? {
                write(
                    &html.join(directory).join(&file),
                    &read_bytes(&from.join(&file))?,
                )?;
            }
        }
        Ok(())
    }
}

impl Renderer for Downloads {
    fn name(&self) -> &str {
        NAME
    }

    fn render(&self, context: &RenderContext) -> anyhow::Result<()> {
        Ok(self.copy(&context.destination)?)
    }
}

/// A digest of everything that the book is made from. Not for secrets: it only saves work.
fn digest(
    project: &Project,
    book: &Path,
    toml: &str,
    rendered: &Rendered,
) -> Result<String, BookError> {
    let mut hasher = DefaultHasher::new();
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    toml.hash(&mut hasher);
    let mut chapters: Vec<_> = rendered.chapters.iter().collect();
    chapters.sort();
    chapters.hash(&mut hasher);
    rendered.extra.hash(&mut hasher);
    let theme = book.join("theme");
    let directories = [theme].into_iter().chain(
        DOWNLOADS
            .iter()
            .map(|directory| project.root.join(directory)),
    );
    for directory in directories.filter(|directory| directory.is_dir()) {
        for file in files(&directory)? {
            file.hash(&mut hasher);
            read_bytes(&directory.join(&file))?.hash(&mut hasher);
        }
    }
    // The order of the chapters, and whatever else lies beside the text and is copied.
    for file in files(&project.spec)? {
        file.hash(&mut hasher);
        if file.file_name().is_some_and(|name| name == "SUMMARY.md")
            || file.extension().is_none_or(|kind| kind != "md")
        {
            read_bytes(&project.spec.join(&file))?.hash(&mut hasher);
        }
    }
    Ok(format!("{:016x}\n", hasher.finish()))
}

/// Makes `to` equal to `from` and counts what changed.
fn synchronize(from: &Path, to: &Path) -> Result<usize, BookError> {
    let wanted = files(from)?;
    let mut changed = 0;
    // The stamp goes last, so that an interrupted build is finished by the next one.
    let (stamp, pages): (Vec<_>, Vec<_>) = wanted
        .iter()
        .partition(|file| file.as_path() == Path::new(STAMP));
    for file in pages.into_iter().chain(stamp) {
        let content = read_bytes(&from.join(file))?;
        let target = to.join(file);
        if fs::read(&target).is_ok_and(|old| old == content) {
            continue;
        }
        write(&target, &content)?;
        changed += 1;
    }
    for file in files(to)?.difference(&wanted) {
        let target = to.join(file);
        fs::remove_file(&target).map_err(BookError::file(&target))?;
        changed += 1;
    }
    Ok(changed)
}

/// All files below a directory, relative to it; none if it does not exist.
fn files(directory: &Path) -> Result<BTreeSet<PathBuf>, BookError> {
    let mut found = BTreeSet::new();
    let mut left = vec![PathBuf::new()];
    while let Some(below) = left.pop() {
        let path = directory.join(&below);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && below.as_os_str().is_empty() =>
            {
                break;
            }
            Err(source) => return Err(BookError::File { path, source }),
        };
        for entry in entries {
            let entry = entry.map_err(BookError::file(&path))?;
            let inside = below.join(entry.file_name());
            let kind = entry.file_type().map_err(BookError::file(&entry.path()))?;
            if kind.is_dir() {
                left.push(inside);
            } else if kind.is_file() {
                found.insert(inside);
            }
        }
    }
    Ok(found)
}

fn count_pages(files: &BTreeSet<PathBuf>) -> usize {
    files
        .iter()
        .filter(|file| file.extension().is_some_and(|kind| kind == "html"))
        .count()
}

fn read(path: &Path) -> Result<String, BookError> {
    fs::read_to_string(path).map_err(BookError::file(path))
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, BookError> {
    fs::read(path).map_err(BookError::file(path))
}

/// Replaces a file atomically.
fn write(path: &Path, content: &[u8]) -> Result<(), BookError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory).map_err(BookError::file(directory))?;
    let mut file =
        tempfile::NamedTempFile::new_in(directory).map_err(BookError::file(directory))?;
    file.write_all(content).map_err(BookError::file(path))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Temporary files are private, pages are not.
        file.as_file()
            .set_permissions(fs::Permissions::from_mode(0o644))
            .map_err(BookError::file(path))?;
    }
    file.persist(path).map_err(|error| BookError::File {
        path: path.to_owned(),
        source: error.error,
    })?;
    Ok(())
}
