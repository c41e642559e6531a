//! GitHub Actions: what a gate tells it where this runs in a step of a job.
//!
//! The texts are [`reports::render::github`]'s. Here is what the environment asks for: annotations on standard output,
//! the step's summary and its outputs at the end of two files. None of it changes the verdict: what cannot be written
//! is said on standard error.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use reports::ReportError;
use reports::model::{Outcome, RunResult};
use reports::render::{Markdown, Renderer as _, github};
use reports::view::View;

use crate::exit::Exit;
use crate::output;

/// A step of a job, as its environment tells of it; all of it is absent elsewhere.
#[derive(Debug, Default)]
pub struct Step {
    is_github: bool,
    summary: Option<PathBuf>,
    outputs: Option<PathBuf>,
}

impl Step {
    /// The step that this process is part of.
    pub fn of_environment() -> Step {
        let path = |name: &str| {
            let value: Option<OsString> = std::env::var_os(name);
            value.filter(|path| !path.is_empty()).map(PathBuf::from)
        };
        Step {
            is_github: std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true"),
            summary: path("GITHUB_STEP_SUMMARY"),
            outputs: path("GITHUB_OUTPUT"),
        }
    }

    /// Tells of a gate that was judged: where its file is, where its report is, and how the command ends.
    pub fn tell(
        &self,
        result: &RunResult,
        gate_file: Option<&Path>,
        folder: Option<&Path>,
        exit: Exit,
    ) {
        let Some(gate) = &result.gate else { return };
        let file = gate_file.map(in_repository);
        self.annotate(&github::annotations(gate, file.as_deref()));
        self.summarize(result);
        self.set_outputs(gate.outcome, exit, folder);
    }

    /// Tells of a gate that came to no result.
    pub fn tell_failure(&self, why: &str, gate_file: Option<&Path>, exit: Exit) {
        let file = gate_file.map(in_repository);
        // As it is marked on standard error.
        let why = why.trim_start_matches("error: ").trim_start_matches("× ");
        self.annotate(&github::failure(why, file.as_deref()));
        self.set_outputs(Outcome::Invalid, exit, None);
    }

    fn annotate(&self, annotations: &str) {
        if self.is_github {
            warn(output::print(annotations), "annotations are missing");
        }
    }

    fn summarize(&self, result: &RunResult) {
        if let Some(file) = &self.summary {
            warn(summarize(file, result), "the step has no summary");
        }
    }

    fn set_outputs(&self, outcome: Outcome, exit: Exit, folder: Option<&Path>) {
        let report = folder.map(|folder| folder.join("report.html").display().to_string());
        let outputs = github::outputs(outcome, exit as u8, &report.unwrap_or_default());
        if let Some(file) = &self.outputs {
            warn(append(file, &outputs), "the step has no outputs");
        }
    }
}

/// A path as annotations have it: from the top of its repository, which need not be the folder of the job.
fn in_repository(file: &Path) -> String {
    let inside = file.canonicalize().ok().and_then(|whole| {
        let top = whole.ancestors().find(|at| at.join(".git").exists())?;
        whole.strip_prefix(top).ok().map(Path::to_path_buf)
    });
    inside.as_deref().unwrap_or(file).display().to_string()
}

fn warn(done: anyhow::Result<()>, what: &str) {
    if let Err(error) = done {
        output::tell(&format!("warning: {what}: {error:#}"));
    }
}

/// Appends `summary.md`, as far as the step has room for it: what earlier commands of it wrote counts too.
fn summarize(file: &Path, result: &RunResult) -> anyhow::Result<()> {
    let taken = file.metadata().map_or(0, |data| data.len());
    let room = github::LONGEST_SUMMARY.saturating_sub(usize::try_from(taken)?);
    let summary = github::step_summary(&markdown(result)?, room);
    append(file, &summary.context("it is full")?)
}

fn markdown(result: &RunResult) -> Result<String, ReportError> {
    let files = Markdown.render(&View::new(std::slice::from_ref(result))?)?;
    let texts = files
        .iter()
        .map(|file| String::from_utf8_lossy(&file.bytes));
    Ok(texts.collect())
}

fn append(file: &Path, text: &str) -> anyhow::Result<()> {
    let write = || -> io::Result<()> {
        let mut file = File::options().append(true).create(true).open(file)?;
        file.write_all(text.as_bytes())
    };
    write().with_context(|| format!("cannot write {}", file.display()))
}
