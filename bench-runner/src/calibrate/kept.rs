//! Where the last calibration is kept, and whether it still holds.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::Context as _;
use jiff::Timestamp;
use reports::model::{
    CALIBRATION_SCHEMA, Calibration, CalibrationSummary, Environment, Fingerprint,
};

use crate::output;

/// The file's name.
pub const FILE: &str = "calibration.json";
/// A machine changes under its name: neighbours, firmware, what else runs on it.
const MOST_DAYS: i64 = 30;

/// What is kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Kept {
    /// A calibration that holds here and now.
    Fits(Box<Calibration>),
    /// One that does not, and why.
    Unfit(String),
    /// None.
    Nothing,
}

/// Keeps a calibration for later runs; tells where.
///
/// # Errors
///
/// Where there is no place for it, or the place cannot be written to.
pub fn keep(calibration: &Calibration) -> anyhow::Result<PathBuf> {
    let path = path(|name| std::env::var_os(name)).context(
        "there is no home folder to keep the calibration in; set BENCH_RUNNER_STATE to a folder",
    )?;
    output::write(&path, calibration.to_json().as_bytes())?;
    Ok(path)
}

/// What is kept, held against this machine.
pub fn find(environment: &Environment) -> Kept {
    let Some(path) = path(|name| std::env::var_os(name)) else {
        return Kept::Nothing;
    };
    match fs::read_to_string(&path) {
        Ok(text) => judge(&text, environment, Timestamp::now()),
        Err(error) if error.kind() == ErrorKind::NotFound => Kept::Nothing,
        Err(error) => Kept::Unfit(format!("cannot read {}: {error}", path.display())),
    }
}

/// What may be quoted of what is kept.
pub fn summary(environment: &Environment) -> Option<CalibrationSummary> {
    match find(environment) {
        Kept::Fits(calibration) => Some(calibration.summary()),
        Kept::Unfit(_) | Kept::Nothing => None,
    }
}

fn path(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name: &str| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let state = || {
        let xdg = folder("XDG_STATE_HOME").filter(|path| path.is_absolute());
        Some(
            xdg.or_else(|| Some(folder("HOME")?.join(".local/state")))?
                .join("bench-runner"),
        )
    };
    Some(folder("BENCH_RUNNER_STATE").or_else(state)?.join(FILE))
}

fn judge(text: &str, environment: &Environment, now: Timestamp) -> Kept {
    let calibration = match serde_json::from_str::<Calibration>(text) {
        Ok(calibration) if calibration.schema == CALIBRATION_SCHEMA => calibration,
        Ok(other) => {
            return Kept::Unfit(format!(
                "expected schema `{CALIBRATION_SCHEMA}`, found `{}`",
                other.schema
            ));
        }
        Err(error) => return Kept::Unfit(format!("not a calibration: {error}")),
    };
    if let Some(difference) = calibration
        .holds_for
        .difference(&Fingerprint::of(environment))
    {
        return Kept::Unfit(format!(
            "made for another machine or program ({difference})"
        ));
    }
    match days_since(&calibration.calibrated_at, now) {
        Some(0..=MOST_DAYS) => Kept::Fits(Box::new(calibration)),
        Some(days) => Kept::Unfit(format!("{days} days old")),
        None => Kept::Unfit(format!("`{}` is no date", calibration.calibrated_at)),
    }
}

fn days_since(date: &str, now: Timestamp) -> Option<i64> {
    let then: Timestamp = date.parse().ok()?;
    Some(now.as_second().saturating_sub(then.as_second()) / 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADE: &str = "2026-11-25T04:00:00Z";

    fn now(date: &str) -> Timestamp {
        date.parse().unwrap()
    }

    fn here() -> Environment {
        let mut environment = Environment::default();
        environment.machine.kernel = Some("6.18.1".to_owned());
        environment
    }

    fn text(change: impl FnOnce(&mut Calibration)) -> String {
        let mut calibration = Calibration {
            schema: CALIBRATION_SCHEMA.to_owned(),
            calibrated_at: MADE.to_owned(),
            holds_for: Fingerprint::of(&here()),
            ..Calibration::default()
        };
        change(&mut calibration);
        calibration.to_json()
    }

    #[test]
    fn it_holds_on_the_same_machine_for_a_month() {
        let fits = |date| matches!(judge(&text(|_| {}), &here(), now(date)), Kept::Fits(_));
        assert!(fits(MADE));
        assert!(fits("2026-12-25T03:00:00Z"));
        assert!(!fits("2026-12-27T03:00:00Z"));
    }

    #[test]
    fn it_does_not_hold_where_something_differs_and_says_what() {
        let unfit =
            |text: &str, environment: &Environment| match judge(text, environment, now(MADE)) {
                Kept::Unfit(why) => why,
                other => panic!("{other:?}"),
            };
        let mut newer = here();
        newer.machine.kernel = Some("6.19.0".to_owned());
        assert_eq!(
            unfit(&text(|_| {}), &newer),
            "made for another machine or program (kernel: 6.18.1 then, 6.19.0 now)"
        );
        let other = text(|calibration| calibration.schema = "other".to_owned());
        assert!(unfit(&other, &here()).contains("found `other`"));
        let undated = text(|calibration| calibration.calibrated_at = "yesterday".to_owned());
        assert_eq!(unfit(&undated, &here()), "`yesterday` is no date");
        assert!(unfit("{", &here()).starts_with("not a calibration: "));
    }

    #[test]
    fn its_place_follows_the_environment() {
        let place = |set: &[(&str, &str)]| {
            let found = |name: &str| {
                let pair = set.iter().find(|(variable, _)| *variable == name)?;
                Some(OsString::from(pair.1))
            };
            path(found).map(|path| path.display().to_string())
        };
        let (ours, xdg, home) = (
            ("BENCH_RUNNER_STATE", "/o"),
            ("XDG_STATE_HOME", "/x"),
            ("HOME", "/h"),
        );
        assert_eq!(place(&[ours, xdg, home]).unwrap(), "/o/calibration.json");
        assert_eq!(
            place(&[xdg, home]).unwrap(),
            "/x/bench-runner/calibration.json"
        );
        let relative = ("XDG_STATE_HOME", "x");
        for set in [&[relative, home][..], &[home]] {
            assert_eq!(
                place(set).unwrap(),
                "/h/.local/state/bench-runner/calibration.json"
            );
        }
        assert_eq!(place(&[]), None);
    }
}
