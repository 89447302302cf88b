//! The compiler as its users see it: files in, diagnostics and files out.

mod broken;
mod formats;
mod paper;
mod project;
mod robust;
mod typos;
mod writing;

/// What a test returns instead of unwrapping.
type Outcome = Result<(), Box<dyn std::error::Error>>;
