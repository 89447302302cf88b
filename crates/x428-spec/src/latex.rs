//! The specification on paper: LaTeX, and the PDF that LuaLaTeX makes of it.
//!
//! Each protocol becomes a document of its own; its data tables and tables of members are files that
//! any document can `\input`. The same text gives the same bytes.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use x428_spec::{build::read_and_check, latex, model::Project};
//!
//! let project = Project::of(std::path::Path::new("spec"))?;
//! let (spec, report) = read_and_check(&project, &|_| {});
//! let documents = latex::documents(&spec, &report)?;
//! latex::write(&project.root, &documents)?;
//! for pdf in latex::pdf(&project.root, &documents)? {
//!     println!("{}: {} pages", pdf.path, pdf.pages);
//! }
//! # Ok(())
//! # }
//! ```

mod block;
mod code;
mod diagram;
mod document;
mod error;
mod escape;
mod fence;
mod heading;
mod inline;
mod log;
mod table;
mod target;
#[cfg(test)]
mod tests;
mod typeset;

use std::{collections::BTreeSet, fs, io, path::Path};

pub use self::{
    error::{DEBIAN_PACKAGES, LatexError},
    log::{Fault, TOLERANCE, faults},
    typeset::{Pdf, pdf},
};
use crate::{
    emit::{self, Tree, Written},
    model::{Protocol, Report, Spec},
    source::Span,
};

/// Where the files lie, below the project's root.
pub const OUTPUT: &str = "target/latex";

/// The LaTeX of a specification.
#[derive(Debug, Clone)]
pub struct Documents {
    /// All files: the style, the documents, the tables.
    pub tree: Tree,
    /// The documents in the order of the text.
    pub documents: Vec<Document>,
}

/// A document that LaTeX can set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The id of the protocol, which is the name of the file.
    pub id: String,
    /// The date of the text as seconds since 1970.
    pub epoch: i64,
}

/// The LaTeX of all protocols.
///
/// # Errors
/// [`LatexError::Unsupported`] if the text holds something that has no place on paper.
pub fn documents(spec: &Spec, report: &Report) -> Result<Documents, LatexError> {
    let mut tree = Tree::default();
    tree.add(format!("{OUTPUT}/x428.sty"), include_str!("latex/x428.sty"));
    let mut documents = Vec::new();
    for protocol in &spec.protocols {
        let scope = Scope::new(spec, report, protocol);
        let (text, tables) = document::render(&scope)?;
        tree.add(format!("{OUTPUT}/{}.tex", protocol.id), text);
        for (name, table) in tables {
            tree.add(format!("{OUTPUT}/{name}"), table);
        }
        documents.push(Document {
            id: protocol.id.clone(),
            epoch: document::epoch(protocol),
        });
    }
    Ok(Documents { tree, documents })
}

/// Writes what has changed, and removes tables that are no more.
///
/// # Errors
/// The first file that cannot be read, written or removed, named in the message.
pub fn write(root: &Path, documents: &Documents) -> io::Result<Written> {
    let mut written = emit::write(root, &documents.tree, &[])?;
    for document in &documents.documents {
        let directory = format!("{OUTPUT}/{}/tables", document.id);
        let entries = match fs::read_dir(root.join(&directory)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let name = format!("{directory}/{}", entry.file_name().to_string_lossy());
            let is_table = entry
                .path()
                .extension()
                .is_some_and(|extension| extension == "tex");
            if is_table && !documents.tree.files.contains_key(&name) {
                fs::remove_file(entry.path())?;
                written.removed.push(name);
            }
        }
    }
    written.removed.sort();
    Ok(written)
}

/// What a page needs to know of the others.
struct Scope<'a> {
    spec: &'a Spec,
    report: &'a Report,
    protocol: &'a Protocol,
    /// The document of the glossary.
    glossary: Option<usize>,
    /// The terms that the protocol uses, by their anchors.
    terms: BTreeSet<String>,
}

impl<'a> Scope<'a> {
    fn new(spec: &'a Spec, report: &'a Report, protocol: &'a Protocol) -> Self {
        let terms = document::terms(spec, protocol);
        Self {
            spec,
            report,
            protocol,
            glossary: spec.glossary.document,
            terms,
        }
    }

    /// `spec/attestation/06-protocol.md:120`
    fn place(&self, span: Span) -> String {
        let file = self.spec.sources.file(span.file);
        format!("{}:{}", file.path(), file.position(span.start).line)
    }

    /// Something that cannot be set, and where it stands.
    fn at(&self, span: Span, what: impl Into<String>) -> LatexError {
        let file = self.spec.sources.file(span.file);
        LatexError::Unsupported {
            file: file.path().to_owned(),
            line: file.position(span.start).line,
            what: what.into(),
        }
    }
}
