//! `bench-runner run`: runs a scenario, case after case, and reports what came of it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use reports::model::{CaseResult, LimitVerdict, RunResult, SCHEMA, Verdict};
use scenarios::scenario::{Address, Scenario, Target};
use scenarios::units::Nanos;
use scenarios::{Case, Suite};

use super::shape::{self, Shape};
use crate::calibrate::kept;
use crate::exit::{Exit, Failure};
use crate::host::environment;
use crate::interrupt;
use crate::output;
use crate::peer::Peer;
use crate::progress::Progress;
use crate::record::CallLog;
use crate::run::RunError;
use crate::run::repetition::{self, Surroundings};
use crate::run::watch::Stop;
use crate::secrets::Secrets;

/// Runs a scenario and reports what came of it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A scenario file, or the name of a built-in scenario (see `bench-runner list`).
    scenario: String,
    /// Where the result's files go; without it, a new folder in reports/runs.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Calls this server instead of the scenario's target: `http://host:port` or `unix:/path`.
    #[arg(long, value_name = "URL")]
    target: Option<String>,
    /// Sets a scenario key by its path, as often as needed: `--set client.channels=10 --set phases.measure=3s`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Writes the result in another shape too, as often as needed.
    #[arg(long, value_name = "SHAPE")]
    also: Vec<Shape>,
    /// Shows no progress.
    #[arg(long, short)]
    quiet: bool,
}

/// Runs the scenario; everything measured is written, however the run ends.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let mut sets = args.sets.clone();
    sets.extend(
        args.target
            .iter()
            .map(|target| format!("target.address={target}")),
    );
    let suite = super::load(&args.scenario, &sets)?;
    for case in &suite.cases {
        Secrets::check(case).map_err(RunError::from)?;
    }
    let folder = args
        .out
        .clone()
        .unwrap_or_else(|| default_folder(&suite.name));
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    suite
        .cases
        .iter()
        .filter_map(|case| warning(&case.scenario))
        .take(1)
        .chain(suite.cases.iter().find_map(|case| pooled(&case.scenario)))
        .for_each(|text| output::tell(&text));

    let stop = Stop::default();
    interrupt::listen(stop.clone()).context("cannot listen for Ctrl-C")?;
    let mut result = empty_result(&suite);
    result.peers = peers(&suite.cases)?;
    let failure = run_cases(&suite, &mut result, &stop, args.quiet, &folder).err();
    if !result.cases.is_empty() {
        publish(&result, &folder)?;
        shape::write(&args.also, &result, &folder, &folder)?;
    }
    match failure {
        Some(failure) => Err(failure),
        None if stop.is_asked() => Ok(Exit::Untrusted),
        None => Ok(verdict(&result)),
    }
}

/// Runs every repetition of every case into `result`, until one cannot be made or somebody stops the run.
fn run_cases(
    suite: &Suite,
    result: &mut RunResult,
    stop: &Stop,
    quiet: bool,
    folder: &Path,
) -> Result<(), Failure> {
    let mut progress = Progress::new(quiet, suite);
    for case in &suite.cases {
        result.cases.push(empty_case(case));
        for number in 0..case.scenario.repetitions {
            progress.begin(&case.name, number, case.scenario.repetitions);
            let program = std::env::current_exe().context("cannot tell which program this is")?;
            let mut around = Surroundings {
                program,
                stop: stop.clone(),
                watcher: &mut progress,
            };
            let made = repetition::run(case, number, &mut around);
            let into = result.cases.last_mut().expect("the case was pushed above");
            let calls = match made {
                Ok(made) => {
                    into.repetitions.push(made.repetition);
                    made.calls
                }
                Err(error) => {
                    drop_empty_case(result);
                    return Err(error.into());
                }
            };
            into.limits = reports::judge_limits(&case.scenario.limits, &into.repetitions);
            // What is measured is on disk before the next case can fail.
            output::write(&folder.join("result.json"), result.to_json().as_bytes())?;
            if let Some(calls) = calls {
                write_calls(result, &calls, folder).context("cannot write the call log")?;
            }
            if stop.is_asked() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Adds the calls of the latest repetition to the log of its case.
fn write_calls(result: &RunResult, calls: &CallLog, folder: &Path) -> anyhow::Result<()> {
    let name = reports::view::file_names(&result.cases).pop();
    let path = folder.join(format!("{}.calls.csv", name.unwrap_or_default()));
    let repetitions = result
        .cases
        .last()
        .map_or(&[][..], |case| &case.repetitions);
    let facts = repetitions.last().and_then(|r| r.call_log.as_ref());
    let origin = facts.map_or(0, |facts| facts.clock_origin_ns);
    let mut file = std::io::BufWriter::new(match repetitions.len() {
        1 => std::fs::File::create(&path)?,
        _ => std::fs::File::options().append(true).open(&path)?,
    });
    let number = u32::try_from(repetitions.len())?;
    calls.write_csv(number, Nanos(origin), &mut file)?;
    file.flush()?;
    if calls.left_out() > 0 {
        output::tell(&format!(
            "warning: {} holds {} calls of repetition {number} and leaves {} out; raise record.calls to keep them all",
            path.display(),
            calls.calls().len(),
            calls.left_out()
        ));
    }
    Ok(())
}

fn drop_empty_case(result: &mut RunResult) {
    result.cases.retain(|case| !case.repetitions.is_empty());
}

pub(super) fn publish(result: &RunResult, folder: &Path) -> Result<(), Failure> {
    output::write_all(
        folder,
        &reports::artifacts(result).map_err(anyhow::Error::from)?,
    )?;
    let summary = reports::terminal(std::slice::from_ref(result), output::has_color())
        .map_err(anyhow::Error::from)?;
    output::print(&summary)?;
    output::print(&format!(
        "\nreport: {}\n",
        folder.join("report.html").display()
    ))?;
    Ok(())
}

/// The exit code that the contract gives to a result.
pub(super) fn verdict(result: &RunResult) -> Exit {
    let is_invalid = |case: &CaseResult| {
        case.repetitions
            .iter()
            .any(|r| r.validity.verdict == Verdict::Invalid)
    };
    let any = |outcome| {
        result
            .cases
            .iter()
            .flat_map(|case| &case.limits)
            .any(|limit| limit.outcome == outcome)
    };
    if result.cases.iter().any(is_invalid) {
        Exit::Untrusted
    } else if any(LimitVerdict::Broken) {
        Exit::Broken
    } else if any(LimitVerdict::Inconclusive) {
        Exit::Inconclusive
    } else {
        Exit::Good
    }
}

/// The peers among the targets, set up, with their versions.
pub(super) fn peers<'a>(
    cases: impl IntoIterator<Item = &'a Case>,
) -> Result<BTreeMap<String, String>, Failure> {
    let mut versions = BTreeMap::new();
    for case in cases {
        if let Target::Peer(server) = &case.scenario.target
            && !versions.contains_key(&server.name)
        {
            let version = Peer::serving(server)?.version()?;
            versions.insert(server.name.clone(), version.to_string());
        }
    }
    Ok(versions)
}

pub(super) fn empty_result(suite: &Suite) -> RunResult {
    RunResult {
        scenario: suite.scenario.clone(),
        seed: suite.cases.first().map_or(0, |case| case.scenario.seed),
        ..nothing_yet()
    }
}

/// A result that begins now, on this machine.
pub(super) fn nothing_yet() -> RunResult {
    let mut environment = environment::look();
    environment.calibration = kept::summary(&environment);
    RunResult {
        schema: SCHEMA.to_owned(),
        started_at: jiff::Timestamp::now().strftime("%FT%TZ").to_string(),
        scenario: serde_json::Value::Null,
        environment,
        seed: 0,
        peers: BTreeMap::new(),
        refused: Vec::new(),
        gate: None,
        search: None,
        cases: Vec::new(),
    }
}

pub(super) fn empty_case(case: &Case) -> CaseResult {
    let case_as_meant = serde_json::to_value(&case.scenario).unwrap_or_default();
    CaseResult {
        name: case.name.clone(),
        point: case.point.clone(),
        fingerprint: case.fingerprint.clone(),
        server: match &case.scenario.target {
            Target::ReferenceServer(_) => "reference-server".to_owned(),
            Target::Address(address) => address.to_string(),
            Target::Addresses(addresses) => listed(addresses),
            Target::Peer(server) => server.name.clone(),
            Target::Command(words) => words.first().cloned().unwrap_or_default(),
        },
        client: case_as_meant["client"]["engine"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        case: case_as_meant,
        repetitions: Vec::new(),
        limits: Vec::new(),
    }
}

/// `http://a:1 and 2 more`.
fn listed(addresses: &[Address]) -> String {
    let first = addresses
        .first()
        .map(ToString::to_string)
        .unwrap_or_default();
    match addresses.len() {
        0 | 1 => first,
        n => format!("{first} and {} more", n - 1),
    }
}

pub(super) fn default_folder(name: &str) -> PathBuf {
    let time = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S");
    let name: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '-'
            }
        })
        .collect();
    Path::new("reports/runs").join(format!("{name}-{time}"))
}

/// A connection window this small, with calls side by side, is how h2 comes to end whole connections.
fn warning(scenario: &Scenario) -> Option<String> {
    const SMALL: u64 = 1 << 20;
    let client = scenario.client.http2.initial_connection_window.0;
    let server = match &scenario.target {
        Target::ReferenceServer(server) => server.http2.initial_connection_window.0,
        Target::Address(_) | Target::Addresses(_) | Target::Peer(_) | Target::Command(_) => {
            u64::MAX
        }
    };
    (client.min(server) < SMALL).then(|| {
        "warning: a connection window under 1 MiB: with many small messages in flight the h2 library may end whole \
         connections (GOAWAY, ENHANCE_YOUR_CALM); the report says so if it happens"
            .to_owned()
    })
}

/// What is another with every call is so only 1024 times, unless a scenario asks for more.
fn pooled(scenario: &Scenario) -> Option<String> {
    let foreign = scenario
        .calls
        .iter()
        .filter_map(|call| call.method.foreign())
        .filter(|foreign| !foreign.fresh);
    let names: Vec<_> = foreign.flat_map(crate::call::fresh_templates).collect();
    (!names.is_empty()).then(|| {
        format!(
            "warning: `{{{{{}}}}}` in call.message is filled in before the load, in 1024 requests that calls take in turn; \
             with `call.fresh: true` each call has its own, encoded when it starts",
            names.join("}}`, `{{")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(verdict: Verdict, outcome: LimitVerdict) -> RunResult {
        let verdict = serde_json::to_value(verdict).unwrap();
        let outcome = serde_json::to_value(outcome).unwrap();
        let result = serde_json::json!({
            "schema": SCHEMA, "scenario": {}, "environment": {}, "seed": 1,
            "cases": [{
                "name": "x", "case": {},
                "repetitions": [{ "validity": { "verdict": verdict }, "counts": reports::model::Counts::default(), "server": null }],
                "limits": [{ "limit": "failed == 0", "seen": "0", "outcome": outcome }],
            }],
        });
        serde_json::from_value(result).unwrap()
    }

    #[test]
    fn an_invalid_run_is_untrusted_whatever_its_limits_say() {
        use LimitVerdict::{Broken, Inconclusive, Kept};
        for outcome in [Kept, Broken, Inconclusive] {
            assert_eq!(
                super::verdict(&result(Verdict::Invalid, outcome)),
                Exit::Untrusted
            );
        }
        for valid in [Verdict::Valid, Verdict::Tainted] {
            assert_eq!(super::verdict(&result(valid, Kept)), Exit::Good);
            assert_eq!(super::verdict(&result(valid, Broken)), Exit::Broken);
            assert_eq!(
                super::verdict(&result(valid, Inconclusive)),
                Exit::Inconclusive
            );
        }
    }
}
