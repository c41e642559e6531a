//! The points of a search: each rate with its repetitions, until the bracket has nothing left to ask.

use std::path::Path;

use reports::model::{CaseResult, RunResult, Says, Search, SearchOutcome};
use scenarios::Case;
use scenarios::load::{Load, Open};
use scenarios::units::Rate;

use super::Bracket;
use crate::progress::Progress;
use crate::run::RunError;
use crate::run::repetition::{self, Surroundings};
use crate::run::watch::Stop;

/// Measures rates, one after the other, into a result.
pub struct Points<'a> {
    /// The case, whose rate is put over at each point.
    pub case: &'a Case,
    /// Its load.
    pub load: &'a Open,
    /// Makes a case's place in the result.
    pub empty: fn(&Case) -> CaseResult,
    /// Repetitions at each point.
    pub repetitions: u32,
    /// Ends it early.
    pub stop: Stop,
    /// Shows how it gets on.
    pub progress: Progress,
}

impl Points<'_> {
    /// Tries rates until nothing is left to ask, a repetition cannot be made or somebody stops it. After each
    /// repetition, `keep` gets the result so far.
    ///
    /// # Errors
    ///
    /// What `keep` fails with, or why no repetition could be made; what was measured is in the result.
    pub fn search<E: From<RunError>>(
        &mut self,
        bracket: &mut Bracket,
        result: &mut RunResult,
        mut keep: impl FnMut(&RunResult) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(rate) = bracket.next() {
            let at = place(result, rate);
            let case = self.at(rate);
            result.cases.insert(at, (self.empty)(&case));
            let measured = self.point(&case, at, result, &mut keep);
            result.cases.retain(|case| !case.repetitions.is_empty());
            measured?;
            if self.stop.is_asked() {
                return Ok(());
            }
            let repetitions = &result.cases[at].repetitions;
            let tried = reports::search::judge(&case.scenario, rate, repetitions, self.repetitions);
            bracket.told(rate, tried.says);
            search(result).tried.push(tried);
        }
        Ok(())
    }

    /// All repetitions of a rate. Where they cannot tell because some were not measured, those are repeated, once.
    fn point<E: From<RunError>>(
        &mut self,
        case: &Case,
        at: usize,
        result: &mut RunResult,
        keep: &mut impl FnMut(&RunResult) -> Result<(), E>,
    ) -> Result<(), E> {
        let limits = &case.scenario.limits;
        let mut number = 0;
        for again in [false, true] {
            let more = if again {
                let so_far = &result.cases[at].repetitions;
                let tried = reports::search::judge(&case.scenario, 0.0, so_far, self.repetitions);
                match tried.says {
                    Says::NotMeasured => tried.not_measured,
                    Says::Holds | Says::Breaks => 0,
                }
            } else {
                self.repetitions
            };
            for _ in 0..more {
                let made = self.repetition(case, number)?;
                if self.stop.is_asked() {
                    return Ok(());
                }
                let into = &mut result.cases[at];
                into.repetitions.push(made);
                into.limits = reports::judge_limits(limits, &into.repetitions);
                keep(result)?;
                number += 1;
            }
        }
        Ok(())
    }

    fn repetition(
        &mut self,
        case: &Case,
        number: u32,
    ) -> Result<reports::model::Repetition, RunError> {
        self.progress.begin(&case.name, number, self.repetitions);
        let mut around = Surroundings {
            program: std::env::current_exe().unwrap_or_else(|_| Path::new("bench-runner").into()),
            stop: self.stop.clone(),
            watcher: &mut self.progress,
        };
        Ok(repetition::run(case, number, &mut around)?.repetition)
    }

    /// The case at a rate.
    fn at(&self, rate: f64) -> Case {
        let rate = Rate::per_second(rate).expect("a bracket has positive rates");
        let mut scenario = self.case.scenario.clone();
        scenario.load = Load::Open(Open {
            rate,
            ..self.load.clone()
        });
        let mut case = self.case.with(scenario);
        case.name = format!("{}/load.open.rate={rate}", case.name);
        case.point
            .insert("load.open.rate".to_owned(), rate.to_string().into());
        case
    }
}

/// Where the case of a rate belongs among those that are sorted by theirs: every one of them has been tried.
fn place(result: &mut RunResult, rate: f64) -> usize {
    let tried = &search(result).tried;
    tried.iter().filter(|tried| tried.rate_per_s < rate).count()
}

fn search(result: &mut RunResult) -> &mut Search {
    result.search.as_mut().expect("made for a search")
}

/// Writes down what a bracket has found when there was nothing left to ask.
pub fn conclude(search: &mut Search, bracket: &Bracket) {
    search.capacity_per_s = bracket.low();
    let high = bracket.high();
    let tried = high.and_then(|(rate, _)| search.tried.iter().find(|t| t.rate_per_s == rate));
    search.outcome = match (bracket.low(), high) {
        (_, None) => SearchOutcome::NeverBroken,
        (_, Some((_, Says::NotMeasured))) => SearchOutcome::RunnerLimited,
        (None, Some(_)) => SearchOutcome::BrokenAtOnce,
        (Some(_), Some(_)) => SearchOutcome::Found,
    };
    if let SearchOutcome::RunnerLimited = search.outcome {
        search.why = tried.and_then(|tried| tried.seen.clone());
        // Below what was not measured nothing is known to break.
        return;
    }
    search.broken_per_s = high.map(|(rate, _)| rate);
    search.broken_limit = tried.and_then(|tried| tried.limit.clone());
}

#[cfg(test)]
mod tests {
    use reports::model::Tried;

    use super::*;

    fn concluded(tried: &[(f64, Says)]) -> Search {
        let mut bracket = Bracket::new(
            Rate::per_second(100.0).unwrap(),
            Rate::per_second(400.0).unwrap(),
            0.05,
        );
        let tried = tried.iter().map(|(rate, says)| {
            bracket.told(*rate, *says);
            Tried {
                rate_per_s: *rate,
                says: *says,
                kept: 0,
                broken: 0,
                not_measured: 0,
                limit: Some(format!("limit at {rate}")),
                seen: Some(format!("seen at {rate}")),
            }
        });
        let mut search = Search {
            limits: Vec::new(),
            from_per_s: 100.0,
            to_per_s: 400.0,
            precision: 0.05,
            repetitions: 3,
            outcome: SearchOutcome::Failed,
            capacity_per_s: None,
            broken_per_s: None,
            broken_limit: None,
            why: None,
            tried: tried.collect(),
        };
        conclude(&mut search, &bracket);
        search
    }

    #[test]
    fn what_was_found_is_said_with_the_limit_that_broke() {
        let found = concluded(&[(100.0, Says::Holds), (200.0, Says::Breaks)]);
        assert_eq!(found.outcome, SearchOutcome::Found);
        assert_eq!(
            (found.capacity_per_s, found.broken_per_s),
            (Some(100.0), Some(200.0))
        );
        assert_eq!(found.broken_limit.as_deref(), Some("limit at 200"));
        let at_once = concluded(&[(100.0, Says::Breaks)]);
        assert_eq!(at_once.outcome, SearchOutcome::BrokenAtOnce);
        assert_eq!(
            (at_once.capacity_per_s, at_once.broken_per_s),
            (None, Some(100.0))
        );
        let never = concluded(&[(100.0, Says::Holds), (400.0, Says::Holds)]);
        assert_eq!(never.outcome, SearchOutcome::NeverBroken);
        assert_eq!(
            (never.capacity_per_s, never.broken_per_s),
            (Some(400.0), None)
        );
    }

    #[test]
    fn where_the_runner_was_the_limit_nothing_is_said_to_break() {
        let limited = concluded(&[(100.0, Says::Holds), (200.0, Says::NotMeasured)]);
        assert_eq!(limited.outcome, SearchOutcome::RunnerLimited);
        assert_eq!(
            (limited.capacity_per_s, limited.broken_per_s),
            (Some(100.0), None)
        );
        assert_eq!(limited.why.as_deref(), Some("seen at 200"));
    }
}
