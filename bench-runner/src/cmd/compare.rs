//! `bench-runner compare`: stacks side by side, servers and clients, on the same work.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use reports::model::{Refused, Repetition, RunResult};
use scenarios::units::Nanos;

use crate::compare::{Cell, Stack, cells, counts_differ, shuffled, verify};
use crate::exit::{Exit, Failure};
use crate::interrupt;
use crate::output;
use crate::peer::Peer;
use crate::progress::Progress;
use crate::run::repetition::{Made, Surroundings};
use crate::run::watch::Stop;

/// Compares stacks: every client against every server, each pair verified before it is measured.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A scenario file, or the name of a built-in scenario (see `bench-runner list`).
    scenario: String,
    /// Servers: `tonic`, `raw` (the reference server's faces), and peers (see `bench-runner peers list`).
    #[arg(
        long,
        value_name = "NAME,...",
        value_delimiter = ',',
        default_value = "tonic"
    )]
    servers: Vec<String>,
    /// Clients: `tonic`, `raw` (the runner's engines), and peers.
    #[arg(
        long,
        value_name = "NAME,...",
        value_delimiter = ',',
        default_value = "tonic"
    )]
    clients: Vec<String>,
    /// Warms every pair up for this long, such as `0s`, whatever the scenario and the peers ask for: a quick look at
    /// whether pairs work, at the cost of cold starts.
    #[arg(long, value_name = "DURATION")]
    warm_up: Option<Nanos>,
    /// Where the result's files go; without it, a new folder in reports/runs.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Sets a scenario key by its path, as often as needed: `--set repetitions=5 --set phases.measure=3s`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Shows no progress.
    #[arg(long, short)]
    quiet: bool,
}

/// Sets the peers up, verifies and measures every pair, and reports; what cannot be measured is left out, and said.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let suite = super::load(&args.scenario, &args.sets)?;
    let (servers, clients) = (stacks(&args.servers)?, stacks(&args.clients)?);
    for stack in &servers {
        stack
            .peer()
            .map_or(Ok(()), |peer| peer.server().map(drop))?;
    }
    for stack in &clients {
        stack
            .peer()
            .map_or(Ok(()), |peer| peer.client().map(drop))?;
    }
    let cells = cells(&suite.cases, &clients, &servers, args.warm_up).map_err(Failure::usage)?;
    let folder = args
        .out
        .clone()
        .unwrap_or_else(|| super::run::default_folder(&format!("{}-compared", suite.name)));
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let stop = Stop::default();
    interrupt::listen(stop.clone()).context("cannot listen for Ctrl-C")?;

    let mut comparison = Comparison {
        result: super::run::empty_result(&suite),
        stop,
        progress: Progress::of(args.quiet, 0),
        folder,
    };
    let ready = comparison.set_up(&servers, &clients);
    let standing = comparison.verify(&cells, &ready);
    let repetitions = suite
        .cases
        .first()
        .map_or(1, |case| case.scenario.repetitions);
    comparison.measure(&standing, repetitions)?;
    comparison.publish()
}

/// Stacks by their names, each once.
fn stacks(names: &[String]) -> Result<Vec<Stack>, Failure> {
    let mut stacks: Vec<Stack> = Vec::new();
    for name in names.iter().map(|name| name.trim()) {
        if stacks.iter().any(|stack| stack.name() == name) {
            return Err(Failure::usage(format!("`{name}` is named twice")));
        }
        stacks.push(Stack::find(name)?);
    }
    Ok(stacks)
}

struct Comparison {
    result: RunResult,
    stop: Stop,
    progress: Progress,
    folder: PathBuf,
}

/// The peers that are ready, with their versions; of the others, why not.
type Ready = BTreeMap<String, Result<(), String>>;

impl Comparison {
    /// Sets every peer up; what fails is said now, and costs its own cells only.
    fn set_up(&mut self, servers: &[Stack], clients: &[Stack]) -> Ready {
        let peers = servers.iter().chain(clients).filter_map(Stack::peer);
        let mut ready = Ready::new();
        for peer in peers {
            if ready.contains_key(&peer.name) {
                continue;
            }
            let made = peer.set_up().and_then(|()| peer.version());
            let outcome = match made {
                Ok(version) => {
                    self.result
                        .peers
                        .insert(peer.name.clone(), version.to_string());
                    Ok(())
                }
                Err(error) => {
                    output::tell(&format!("error: {error}"));
                    Err(error.to_string())
                }
            };
            ready.insert(peer.name.clone(), outcome);
        }
        ready
    }

    /// Tries every cell whose peers are ready; gives those that may be measured.
    fn verify(&mut self, cells: &[Cell], ready: &Ready) -> Vec<Cell> {
        self.progress = Progress::of(self.progress.is_quiet(), cells.len());
        let mut standing = Vec::new();
        for cell in cells {
            if self.stop.is_asked() {
                break;
            }
            let peers = [&cell.client, &cell.server]
                .into_iter()
                .filter_map(Stack::peer);
            let unready = peers
                .filter_map(|peer: &Peer| ready[&peer.name].as_ref().err())
                .next();
            if let Some(why) = unready {
                self.refuse(cell, why.clone());
                continue;
            }
            self.progress
                .begin(&format!("verify {}", cell.case.name), 0, 1);
            match self.around(|around| verify(cell, around)) {
                Ok(()) => standing.push(cell.clone()),
                Err(_) if self.stop.is_asked() => {}
                Err(refusal) => {
                    output::tell(&format!("error: {}: {refusal}", cell.case.name));
                    self.refuse(cell, refusal.to_string());
                }
            }
        }
        standing
    }

    /// Measures every cell once a round; one that fails is out from then on, and what it has stays.
    fn measure(&mut self, cells: &[Cell], rounds: u32) -> Result<(), Failure> {
        self.result.cases = cells.iter().map(Cell::empty).collect();
        self.progress = Progress::of(self.progress.is_quiet(), cells.len() * rounds as usize);
        let mut is_out = vec![false; cells.len()];
        for round in 0..rounds {
            for index in shuffled(cells.len(), self.result.seed, round) {
                if self.stop.is_asked() {
                    break;
                }
                if is_out[index] {
                    continue;
                }
                let cell = &cells[index];
                self.progress.begin(&cell.case.name, round, rounds);
                let made = self.around(|around| cell.run(round, around));
                if made.is_err() && self.stop.is_asked() {
                    break;
                }
                let made = made.map_err(|error| error.to_string());
                match made.and_then(|made| whole(made, cell)) {
                    Ok(repetition) => self.keep(index, cell, repetition)?,
                    Err(why) => {
                        is_out[index] = true;
                        output::tell(&format!("error: {}: {why}", cell.case.name));
                        self.refuse(cell, why);
                    }
                }
            }
        }
        self.result
            .cases
            .retain(|case| !case.repetitions.is_empty());
        Ok(())
    }

    /// What is measured is on disk before the next cell can fail.
    fn keep(&mut self, index: usize, cell: &Cell, repetition: Repetition) -> Result<(), Failure> {
        let case = &mut self.result.cases[index];
        case.repetitions.push(repetition);
        case.limits = reports::judge_limits(&cell.case.scenario.limits, &case.repetitions);
        let mut so_far = self.result.clone();
        so_far.cases.retain(|case| !case.repetitions.is_empty());
        output::write(
            &self.folder.join("result.json"),
            so_far.to_json().as_bytes(),
        )?;
        Ok(())
    }

    fn refuse(&mut self, cell: &Cell, why: String) {
        self.result.refused.push(Refused {
            case: cell.of.clone(),
            client: cell.client.name().to_owned(),
            server: cell.server.name().to_owned(),
            why,
        });
    }

    fn around<T>(&mut self, work: impl FnOnce(&mut Surroundings<'_>) -> T) -> T {
        let program = std::env::current_exe().unwrap_or_else(|_| Path::new("bench-runner").into());
        work(&mut Surroundings {
            program,
            stop: self.stop.clone(),
            watcher: &mut self.progress,
        })
    }

    fn publish(&self) -> Result<Exit, Failure> {
        if self.result.cases.is_empty() {
            return Err(Failure::untrusted(
                "no pair could be measured; the reasons stand above",
            ));
        }
        super::run::publish(&self.result, &self.folder)?;
        if self.stop.is_asked() || !self.result.refused.is_empty() {
            return Ok(Exit::Untrusted);
        }
        Ok(super::run::verdict(&self.result))
    }
}

/// What a pair made of a round, if it lived and both sides counted the same; else why not.
fn whole(made: Made, cell: &Cell) -> Result<Repetition, String> {
    let death = made.died.map(|death| death.told_of(cell.server.name()));
    match death.or_else(|| counts_differ(&made.repetition)) {
        Some(why) => Err(why),
        None => Ok(made.repetition),
    }
}
