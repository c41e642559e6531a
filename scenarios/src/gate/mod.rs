//! A gate file: what is compared with what, in which metrics, and how much worse it may become.

mod budget;
mod file;
mod meaning;

use std::path::{Path, PathBuf};

use serde_json::Value;

pub use budget::Budget;
pub(crate) use file::GateFile;

use crate::document;
use crate::error::{ScenarioError, Sources};
use crate::metric::Metric;
use crate::suite::{self, Suite};

/// A gate as meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    /// The name, also of the folder of the results.
    pub name: String,
    /// One sentence for readers of the report.
    pub about: String,
    /// Scenario files or names of built-in scenarios, as written.
    pub scenarios: Vec<String>,
    /// The baseline's target, as written.
    pub baseline: Value,
    /// The candidate's target, as written.
    pub candidate: Value,
    /// What decides, and what is only shown.
    pub metrics: Vec<Tolerance>,
    /// How much it may cost.
    pub budget: Budget,
    /// `KEY=VALUE`s that are put over every scenario.
    pub sets: Vec<String>,
    /// The seed of the order of the arms.
    pub seed: u64,
    /// How differences are judged.
    pub policy: Policy,
    /// Where the file stands.
    folder: PathBuf,
}

/// A metric and how much worse it may become.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// What is compared.
    pub metric: Metric,
    /// The change that must not pass: a share of the baseline; of shares the difference.
    pub change: f64,
    /// Whether it is only shown.
    pub advisory: bool,
}

/// How differences are judged; shares of one whole. What is `None` has the default of those who judge.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// How often a job on identical code may be called a regression.
    pub alpha: Option<f64>,
    /// How often a test may pass what is worse by its whole tolerance.
    pub beta: Option<f64>,
    /// Differences up to so much are never a regression.
    pub noise_floor: Option<f64>,
    /// After how many rounds the data are looked at.
    pub looks: Option<Vec<u32>>,
    /// Stored runs older than so many days do not count.
    pub stored_days: Option<u32>,
}

impl Gate {
    /// Reads a gate file, or a scenario file that has a `gate`.
    ///
    /// # Errors
    ///
    /// The first mistake, with its place in the file.
    pub fn load(path: &Path) -> Result<Gate, ScenarioError> {
        Gate::parse(path, &suite::read(path)?)
    }

    /// Reads the text of such a file, which stands at `path`.
    ///
    /// # Errors
    ///
    /// As [`load`](Gate::load).
    pub fn parse(path: &Path, text: &str) -> Result<Gate, ScenarioError> {
        let sources = Sources::new(&path.display().to_string(), text, &[]);
        let tree = document::parse(text, 0, 0).map_err(|fault| Box::new(fault.into()));
        tree.and_then(|tree| meaning::gate(&tree, path))
            .map_err(|mistake| sources.error(*mistake))
    }

    /// The cases of a scenario of this gate with one arm's target, the settings of both arms, and `sets` over all.
    ///
    /// # Errors
    ///
    /// The first mistake in the scenario, or in what is put over it.
    pub fn suite(
        &self,
        scenario: &str,
        target: &Value,
        sets: &[String],
    ) -> Result<Suite, ScenarioError> {
        let mut all = self.sets.clone();
        all.push(format!("target={target}"));
        all.extend_from_slice(sets);
        match (self.find(scenario), crate::catalogue::find(scenario)) {
            (None, Some(text)) => Suite::parse(&format!("{scenario}.yaml"), text, &all),
            (path, _) => Suite::load(&path.unwrap_or_else(|| scenario.into()), &all),
        }
    }

    /// The scenario file: beside the gate file, or from where we are.
    fn find(&self, scenario: &str) -> Option<PathBuf> {
        let places = [self.folder.join(scenario), PathBuf::from(scenario)];
        places.into_iter().find(|path| path.is_file())
    }
}
