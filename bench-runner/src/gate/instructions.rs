//! User-space instructions of a server for each call, counted by valgrind's callgrind.
//!
//! The server runs under it twice, for a short and for a long load; the difference of the counts by the difference of the
//! calls is what a call costs, start and end left out. No other program can disturb it, so it tells changes of a percent
//! where times cannot; but it knows nothing of the kernel, of waiting and of caches.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use reports::model::{Arm, Instructions};
use scenarios::Case;
use scenarios::load::{Closed, Load};
use scenarios::scenario::{Scenario, Target};
use scenarios::units::Nanos;

use super::Arms;
use crate::run::RunError;
use crate::run::repetition::{self, Surroundings};

/// Counts of each arm.
const TIMES: usize = 3;
/// The lengths of the short and the long load.
const LENGTHS: [Nanos; 2] = [Nanos::from_millis(500), Nanos::from_millis(2_000)];

/// Why instructions could not be counted.
#[derive(Debug, thiserror::Error)]
pub enum CountError {
    /// There is no valgrind.
    #[error(
        "`server.instructions_per_call` needs valgrind: apt-get install valgrind, or leave the metric out"
    )]
    NoValgrind,
    /// The server is not started by us.
    #[error(
        "`server.instructions_per_call` needs a server that the gate starts: a `command`, or the reference server"
    )]
    NotOurs,
    /// The certificates of the run would be made anew in each process.
    #[error(
        "`server.instructions_per_call` counts a reference server in plaintext only; leave its `tls` out, or the metric"
    )]
    Secured,
    /// The server under valgrind could not be called.
    #[error("under valgrind: {0}")]
    Run(Box<RunError>),
    /// What valgrind wrote says no number.
    #[error("valgrind left no counts in {0}; did the server end on SIGTERM?")]
    NoCounts(PathBuf),
}

impl From<RunError> for CountError {
    fn from(error: RunError) -> CountError {
        CountError::Run(Box::new(error))
    }
}

/// Whether valgrind is there.
pub fn can_count() -> bool {
    let mut valgrind = Command::new("valgrind");
    valgrind
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    valgrind.status().is_ok_and(|status| status.success())
}

/// Counts both arms of a case in turn.
///
/// # Errors
///
/// Where a server cannot be run under valgrind.
pub fn count(arms: &Arms, around: &mut Surroundings<'_>) -> Result<Instructions, CountError> {
    let mut counts = Instructions {
        case: arms.name.clone(),
        ..Instructions::default()
    };
    for _ in 0..TIMES {
        counts
            .baseline
            .push(per_call(arms.of(Arm::Baseline), around)?);
        counts
            .candidate
            .push(per_call(arms.of(Arm::Candidate), around)?);
    }
    Ok(counts)
}

fn per_call(case: &Case, around: &mut Surroundings<'_>) -> Result<f64, CountError> {
    let [short, long] = LENGTHS;
    let (few, fewer_calls) = counted(case, short, around)?;
    let (many, more_calls) = counted(case, long, around)?;
    Ok((many - few) / (more_calls - fewer_calls).max(1.0))
}

/// Instructions and calls of one load.
fn counted(
    case: &Case,
    length: Nanos,
    around: &mut Surroundings<'_>,
) -> Result<(f64, f64), CountError> {
    let folder =
        std::env::temp_dir().join(format!("bench-runner-callgrind-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(RunError::Io)?;
    let scenario = under_valgrind(&case.scenario, length, &folder, &around.program)?;
    let made = repetition::run(&case.with(scenario), 0, around);
    let total = total(&folder);
    // What is left of it is of no use to anybody.
    let _ = fs::remove_dir_all(&folder);
    let calls = made?.repetition.totals.client.calls;
    total.map_or(Err(CountError::NoCounts(folder)), |total| {
        Ok((total, calls as f64))
    })
}

/// The case's calls, one after the other, to its server under valgrind.
fn under_valgrind(
    scenario: &Scenario,
    length: Nanos,
    folder: &Path,
    program: &Path,
) -> Result<Scenario, CountError> {
    let mut scenario = scenario.clone();
    let server = match &scenario.target {
        Target::Command(words) => words.clone(),
        Target::ReferenceServer(settings) if settings.tls.is_some() => {
            return Err(CountError::Secured);
        }
        Target::ReferenceServer(settings) => {
            scenario.client.tls = None;
            let settings = serde_json::to_string(settings).unwrap_or_default();
            let program = program.display().to_string();
            let words = [
                &program,
                "serve",
                "--listen",
                "127.0.0.1:{port}",
                "--settings",
                &settings,
            ];
            words.map(str::to_owned).to_vec()
        }
        Target::Address(_) | Target::Addresses(_) | Target::Peer(_) => {
            return Err(CountError::NotOurs);
        }
    };
    let mut words = vec![
        "valgrind".to_owned(),
        "--tool=callgrind".to_owned(),
        "--trace-children=yes".to_owned(),
        format!("--callgrind-out-file={}/out.%p", folder.display()),
        "--quiet".to_owned(),
    ];
    words.extend(server);
    scenario.target = Target::Command(words);
    // One call at a time, so that each is one turn of the server: how many it finds waiting at once is chance.
    (scenario.client.channels, scenario.client.lanes) = (1, 1);
    scenario.load = Load::Closed(Closed {
        in_flight: 1,
        think_time: Nanos::ZERO,
    });
    scenario
        .calls
        .iter_mut()
        .for_each(|call| call.deadline = None);
    scenario.phases.warm_up = Nanos::from_millis(200);
    scenario.phases.measure = length;
    scenario.phases.drain = Nanos::from_millis(10_000);
    Ok(scenario)
}

/// The sum of what all processes under valgrind counted.
fn total(folder: &Path) -> Option<f64> {
    let files = fs::read_dir(folder).ok()?.flatten();
    let texts = files.filter_map(|file| fs::read_to_string(file.path()).ok());
    let totals = texts.filter_map(|text| {
        let line = text
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("totals:"))?;
        line.trim().parse::<f64>().ok()
    });
    totals.reduce(|sum, total| sum + total)
}
