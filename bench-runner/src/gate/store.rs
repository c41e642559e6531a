//! The folder of stored runs: a file each, named by the gate and the time.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use reports::model::{RunResult, STORED_SCHEMA, Stored};

use crate::output;

/// Where stored runs are kept.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// In a folder, which need not be there yet.
    pub fn new(folder: &Path) -> Store {
        Store {
            folder: folder.to_owned(),
        }
    }

    /// All runs, the oldest first, each with its file.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read or is no stored run.
    pub fn all(&self) -> anyhow::Result<Vec<(PathBuf, Stored)>> {
        let mut runs = Vec::new();
        for path in self.files()? {
            let text = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let run: Stored = serde_json::from_str(&text)
                .with_context(|| format!("{} is no stored run", path.display()))?;
            anyhow::ensure!(
                run.schema == STORED_SCHEMA,
                "{}: expected schema `{STORED_SCHEMA}`, found `{}`",
                path.display(),
                run.schema
            );
            runs.push((path, run));
        }
        runs.sort_by(|a, b| a.1.started_at.cmp(&b.1.started_at));
        Ok(runs)
    }

    fn files(&self) -> anyhow::Result<Vec<PathBuf>> {
        if !self.folder.exists() {
            return Ok(Vec::new());
        }
        let entries = fs::read_dir(&self.folder)
            .with_context(|| format!("cannot read {}", self.folder.display()))?;
        let paths = entries.flatten().map(|entry| entry.path());
        Ok(paths
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "json")
            })
            .collect())
    }

    /// Keeps a run; gives its file.
    ///
    /// # Errors
    ///
    /// Where the result is no gate's, or cannot be trusted, or the file cannot be written.
    pub fn add(&self, result: &RunResult) -> anyhow::Result<PathBuf> {
        let gate = result.gate.as_ref().context("it is no result of a gate")?;
        if let Some(finding) = gate.findings.first() {
            anyhow::bail!("it cannot be trusted: {}; {}", finding.seen, finding.remedy);
        }
        let run = Stored::of(result).context("nothing was measured in it")?;
        let time = run.started_at.replace([':', '-'], "");
        let path = self.folder.join(format!("{}-{time}.json", run.name));
        let text = serde_json::to_string_pretty(&run).context("cannot print it")? + "\n";
        output::write(&path, text.as_bytes())?;
        Ok(path)
    }

    /// Removes all but the latest `keep` runs of each gate and machine; gives what it removed.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read or removed.
    pub fn prune(&self, keep: usize) -> anyhow::Result<Vec<PathBuf>> {
        let mut runs = self.all()?;
        let mut removed = Vec::new();
        while let Some((path, run)) = runs.first().cloned() {
            let is_alike = |other: &Stored| other.name == run.name && other.machine == run.machine;
            if runs.iter().filter(|(_, other)| is_alike(other)).count() > keep {
                fs::remove_file(&path)
                    .with_context(|| format!("cannot remove {}", path.display()))?;
                removed.push(path);
            }
            runs.remove(0);
        }
        Ok(removed)
    }
}
