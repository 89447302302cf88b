//! Errors that say the way out.

use std::{error::Error, fmt};

/// An error with what to do about it.
#[derive(Debug)]
struct Advised {
    error: anyhow::Error,
    way_out: String,
}

impl fmt::Display for Advised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}\nhelp: {}", self.error, self.way_out)
    }
}

// The causes are in the text: a caller that prints the chain would print them twice.
impl Error for Advised {}

/// Adds the way out to an error.
pub(crate) trait Advise<T> {
    /// What the reader can do.
    fn advise(self, way_out: impl Into<String>) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> Advise<T> for Result<T, E> {
    fn advise(self, way_out: impl Into<String>) -> anyhow::Result<T> {
        self.map_err(|error| {
            anyhow::Error::new(Advised {
                error: error.into(),
                way_out: way_out.into(),
            })
        })
    }
}

impl<T> Advise<T> for anyhow::Error {
    fn advise(self, way_out: impl Into<String>) -> anyhow::Result<T> {
        Err(self).advise(way_out)
    }
}
