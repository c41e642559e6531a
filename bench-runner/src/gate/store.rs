//! The folder of stored runs: a file each, named by the gate and the time.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::Timestamp;
use reports::model::{RunResult, STORED_SCHEMA, Stored};

use crate::output;

/// Whole days from one time to a later one, both RFC 3339; `None` where one of them is no time. Less than nothing where
/// the later one is the earlier.
pub fn days_between(from: &str, to: &str) -> Option<i64> {
    let [from, to] = [from, to].map(|time| time.parse::<Timestamp>().ok());
    let seconds = to?.as_second() - from?.as_second();
    Some(seconds.div_euclid(24 * 60 * 60))
}

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

    /// Removes all but the latest `keep` runs of each gate and machine, and of those the ones that are older than so many
    /// days at `now`; gives what it removed.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read or removed.
    pub fn prune(
        &self,
        keep: usize,
        most_days: Option<u32>,
        now: &str,
    ) -> anyhow::Result<Vec<PathBuf>> {
        let mut runs = self.all()?;
        let mut removed = Vec::new();
        let is_old = |run: &Stored| {
            let days = days_between(&run.started_at, now);
            most_days.is_some_and(|most| days.is_none_or(|days| days > most.into()))
        };
        while let Some((path, run)) = runs.first().cloned() {
            let is_alike = |other: &Stored| other.name == run.name && other.machine == run.machine;
            let is_surplus = runs.iter().filter(|(_, other)| is_alike(other)).count() > keep;
            if is_surplus || is_old(&run) {
                fs::remove_file(&path)
                    .with_context(|| format!("cannot remove {}", path.display()))?;
                removed.push(path);
            }
            runs.remove(0);
        }
        Ok(removed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(folder: &Path, name: &str, started_at: &str) {
        let run = Stored {
            schema: STORED_SCHEMA.to_owned(),
            started_at: started_at.to_owned(),
            name: name.to_owned(),
            ..Stored::default()
        };
        let path = folder.join(format!("{name}-{started_at}.json"));
        fs::write(path, serde_json::to_string(&run).unwrap()).unwrap();
    }

    #[test]
    fn days_are_whole_and_of_times_only() {
        let day = "2026-03-01T12:00:00Z";
        assert_eq!(days_between(day, "2026-03-31T11:59:59Z"), Some(29));
        assert_eq!(days_between(day, "2026-03-31T12:00:00Z"), Some(30));
        assert_eq!(days_between(day, "2026-02-28T12:00:00Z"), Some(-1));
        assert_eq!(days_between("", day), None);
        assert_eq!(days_between(day, "tomorrow"), None);
    }

    #[test]
    fn what_is_surplus_or_old_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        for day in 1..=6 {
            stored(folder.path(), "a", &format!("2026-03-0{day}T00:00:00Z"));
        }
        stored(folder.path(), "b", "2026-01-01T00:00:00Z");
        stored(folder.path(), "c", "no time");
        let store = Store::new(folder.path());
        let now = "2026-03-07T00:00:00Z";
        assert_eq!(store.prune(4, None, now).unwrap().len(), 2);
        assert_eq!(store.prune(4, Some(4), now).unwrap().len(), 2, "b and c");
        assert_eq!(store.prune(4, Some(3), now).unwrap().len(), 1);
        let left = store.all().unwrap();
        assert_eq!(left[0].1.started_at, "2026-03-04T00:00:00Z");
        assert_eq!(left.len(), 3);
    }
}
