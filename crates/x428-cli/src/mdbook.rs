//! `x428 mdbook`: what `mdbook build book` runs. Without an argument mdBook sends a book and waits
//! for it (preprocessor) or a rendering context (renderer); `supports NAME` is a question.

use std::{
    io::{self, Read as _, Write as _},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use x428_spec::{book, build::read_and_check, model::Project};

use crate::{options::Options, report};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    question: Option<Question>,
}

#[derive(Subcommand)]
enum Question {
    /// Whether pages can be made for a renderer; the exit code answers
    Supports {
        /// The renderer
        renderer: String,
    },
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if let Some(Question::Supports { renderer }) = &arguments.question {
        let supported = renderer == "html";
        return Ok(if supported {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    }
    let mut input = String::new();
    io::stdin().read_to_string(&mut input)?;
    // A preprocessor is sent a pair, a renderer an object.
    if input.trim_start().starts_with('{') {
        book::copy_downloads(input.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut output = Vec::new();
    let made = book::preprocess(input.as_bytes(), &mut output, |root| {
        let directory = root.join("spec");
        let project = Project::of(&directory).map_err(|source| book::BookError::File {
            path: directory,
            source,
        })?;
        let (spec, found) = read_and_check(&project, &|_| {});
        report::show(&spec, &found, &arguments.options)
            .map_err(|error| book::BookError::Exchange(error.into()))?;
        Ok((spec, found))
    });
    made?;
    io::stdout().write_all(&output)?;
    Ok(ExitCode::SUCCESS)
}
