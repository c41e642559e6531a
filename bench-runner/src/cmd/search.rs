//! `bench-runner search`: the highest rate at which the limits of a scenario still hold.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use reports::model::{RunResult, Search, SearchOutcome};
use scenarios::Case;
use scenarios::load::{Load, Open};
use scenarios::metric::Metric;
use scenarios::units::{Rate, Share};

use crate::exit::{Exit, Failure};
use crate::interrupt;
use crate::output;
use crate::progress::Progress;
use crate::run::watch::Stop;
use crate::search::{Bracket, Points, conclude};

/// The most that a scenario may offer.
const CEILING_PER_S: f64 = 1e7;

/// Finds the highest open-loop rate at which a scenario's limits still hold.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A scenario file, or the name of a built-in scenario: an open loop with limits.
    scenario: String,
    /// The first rate; without it the scenario's.
    #[arg(long, value_name = "RATE")]
    from: Option<Rate>,
    /// The highest rate that is tried.
    #[arg(long, value_name = "RATE")]
    to: Option<Rate>,
    /// How near the answer must be: at most so far below a rate at which a limit is broken.
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = precision)]
    precision: Share,
    /// Repetitions at each rate; most of them must keep all limits.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    repetitions: u32,
    /// Sets a scenario key by its path, as often as needed: `--set client.channels=10 --set phases.measure=3s`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Where the result's files go; without it, a new folder in reports/runs.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Shows no progress.
    #[arg(long, short)]
    quiet: bool,
}

fn precision(text: &str) -> Result<Share, String> {
    let share: Share = text.parse().map_err(|error| format!("{error}"))?;
    let allowed = 0.001..=0.5;
    match allowed.contains(&share.get()) {
        true => Ok(share),
        false => Err(format!("expected 0.1% to 50%, found `{text}`")),
    }
}

/// Searches, and reports; everything measured is written, however the search ends.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let suite = super::load(&args.scenario, &args.sets)?;
    let (case, load) = searchable(&suite.cases)?;
    let (from, to) = rates(args, load)?;
    let folder = args
        .out
        .clone()
        .unwrap_or_else(|| super::run::default_folder(&format!("{}-search", suite.name)));
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let stop = Stop::default();
    interrupt::listen(stop.clone()).context("cannot listen for Ctrl-C")?;
    let mut result = super::run::empty_result(&suite);
    result.peers = super::run::peers(&suite.cases)?;
    result.search = Some(empty(args, case, from, to));
    let mut points = Points {
        case,
        load,
        empty: super::run::empty_case,
        repetitions: args.repetitions,
        stop: stop.clone(),
        progress: Progress::of(args.quiet, 0),
    };
    let mut bracket = Bracket::new(from, to, args.precision.get());
    let file = folder.join("result.json");
    let ended = points.search(&mut bracket, &mut result, |so_far| {
        Ok(output::write(&file, so_far.to_json().as_bytes())?)
    });
    points.progress.close();
    finish(result, &bracket, ended, &stop, &folder)
}

/// Concludes, shows and writes what there is.
fn finish(
    mut result: RunResult,
    bracket: &Bracket,
    ended: Result<(), Failure>,
    stop: &Stop,
    folder: &Path,
) -> Result<Exit, Failure> {
    let has_nothing = result.cases.is_empty();
    let search = result.search.as_mut().expect("it was made for a search");
    conclude(search, bracket);
    match ended {
        Err(failure) if has_nothing => return Err(failure),
        Err(failure) => {
            search.outcome = SearchOutcome::Failed;
            search.why = Some(failure.to_string().trim_start_matches("error: ").to_owned());
        }
        Ok(()) if stop.is_asked() => search.outcome = SearchOutcome::Interrupted,
        Ok(()) => {}
    }
    let exit = exit(search);
    if has_nothing {
        return Err(Failure::untrusted(
            "the search was stopped before its first repetition was over",
        ));
    }
    super::run::publish(&result, folder)?;
    Ok(exit)
}

fn exit(search: &Search) -> Exit {
    match (search.outcome, search.capacity_per_s) {
        (SearchOutcome::Found, _) => Exit::Good,
        (SearchOutcome::BrokenAtOnce, _) => Exit::Broken,
        (SearchOutcome::NeverBroken, _) | (SearchOutcome::RunnerLimited, Some(_)) => {
            Exit::Inconclusive
        }
        (SearchOutcome::RunnerLimited, None)
        | (SearchOutcome::Interrupted | SearchOutcome::Failed, _) => Exit::Untrusted,
    }
}

/// The one case of an open loop whose limits can say when it is too much.
fn searchable(cases: &[Case]) -> Result<(&Case, &Open), Failure> {
    let [case] = cases else {
        return Err(Failure::usage(format!(
            "a search needs one case, the scenario has {}; fix what its matrix varies, such as \
             `--set client.channels=10`, or leave the matrix out: `--set matrix=`",
            cases.len()
        )));
    };
    let Load::Open(load) = &case.scenario.load else {
        return Err(Failure::usage(format!(
            "a search raises the rate of an open loop, and `{}` has another load; write \
             `load: {{ open: {{ rate: 1000/s }} }}`, or add `--set load.open.rate=1000/s`",
            case.scenario.name
        )));
    };
    let limits = &case.scenario.limits;
    if limits
        .iter()
        .all(|limit| matches!(limit.metric, Metric::Count(_)))
    {
        return Err(Failure::usage(format!(
            "a search asks when a limit breaks, and `{}` has none besides counts; write what a user must be promised, \
             such as `limits: [ \"response_time.p99 < 20ms\", \"error_share < 0.1%\" ]`",
            case.scenario.name
        )));
    }
    Ok((case, load))
}

fn rates(args: &Args, load: &Open) -> Result<(Rate, Rate), Failure> {
    let ceiling = Rate::per_second(CEILING_PER_S).expect("it is positive");
    let (from, to) = (args.from.unwrap_or(load.rate), args.to.unwrap_or(ceiling));
    if from.get() < 0.001 || to > ceiling || from >= to {
        return Err(Failure::usage(format!(
            "expected rates from 0.001/s to 10000000/s, the first below the last, found {from} and {to}; \
             `--from` is the first, `--to` the last"
        )));
    }
    Ok((from, to))
}

fn empty(args: &Args, case: &Case, from: Rate, to: Rate) -> Search {
    Search {
        limits: case
            .scenario
            .limits
            .iter()
            .map(ToString::to_string)
            .collect(),
        from_per_s: from.get(),
        to_per_s: to.get(),
        precision: args.precision.get(),
        repetitions: args.repetitions,
        outcome: SearchOutcome::Failed,
        capacity_per_s: None,
        broken_per_s: None,
        broken_limit: None,
        why: None,
        tried: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use scenarios::Suite;

    use super::*;

    fn refused(yaml: &str) -> String {
        let suite = Suite::parse("x.yaml", yaml, &[]).unwrap();
        searchable(&suite.cases).unwrap_err().to_string()
    }

    #[test]
    fn what_cannot_be_searched_is_told_what_to_write() {
        let limits = "limits: [ \"response_time.p99 < 5ms\" ]";
        let closed = refused(&format!(
            "name: x\nload: {{ closed: {{ in_flight: 1 }} }}\n{limits}"
        ));
        assert!(closed.contains("--set load.open.rate=1000/s"), "{closed}");
        let open = "name: x\nload: { open: { rate: 10/s } }\n";
        for counts in ["", "limits: [ \"failed == 0\" ]"] {
            let said = refused(&format!("{open}{counts}"));
            assert!(said.contains("besides counts; write"), "{said}");
        }
        let matrix = format!("{open}{limits}\nmatrix: {{ client.channels: [1, 2] }}");
        assert!(refused(&matrix).contains("--set matrix="));
        let suite = Suite::parse("x.yaml", &format!("{open}{limits}"), &[]).unwrap();
        assert!(searchable(&suite.cases).is_ok());
    }

    #[test]
    fn every_outcome_has_its_exit_code() {
        use SearchOutcome::{BrokenAtOnce, Failed, Found, Interrupted, NeverBroken, RunnerLimited};
        let code = |outcome, capacity_per_s| {
            let search = serde_json::json!({
                "limits": [], "from_per_s": 1.0, "to_per_s": 2.0, "precision": 0.05, "repetitions": 3,
                "outcome": outcome, "capacity_per_s": capacity_per_s, "tried": [],
            });
            exit(&serde_json::from_value(search).unwrap()) as u8
        };
        let some = Some(5.0);
        assert_eq!(code(Found, some), 0);
        assert_eq!(code(BrokenAtOnce, None), 1);
        assert_eq!(code(NeverBroken, some), 3);
        assert_eq!(code(RunnerLimited, some), 3);
        assert_eq!(code(RunnerLimited, None), 4);
        assert_eq!(code(Interrupted, some), 4);
        assert_eq!(code(Failed, some), 4);
    }
}
