//! Files of schema v1 that must load for ever: fields are added, never renamed.

use reports::model::{Quantile, ResultError, RunResult, Shown};

use crate::common;

const GOLDEN: &str = include_str!("../golden/result-v1.json");

#[test]
fn a_result_of_version_one_still_loads() {
    let result = RunResult::from_json(GOLDEN).unwrap();
    assert_eq!(result.name(), "deadlines");
    let repetition = &result.cases[0].repetitions[0];
    assert!(repetition.counts.balanced());
    assert_eq!(repetition.counts.shed, 96);
    let response = &repetition.response_time;
    assert!(matches!(response.shown(Quantile::P50), Shown::Exactly(ns) if ns > 200_000));
    assert!(matches!(response.shown(Quantile::P99), Shown::AtLeast(ns) if ns >= 1_000_000_000));
    assert_eq!(response.complete().unwrap().len(), repetition.counts.ok);
    assert!(reports::artifacts(&result).is_ok());
}

/// `UPDATE=1 cargo test -p reports` rewrites it after a field was added.
#[test]
fn what_is_written_today_is_the_golden_file() {
    if std::env::var_os("UPDATE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/result-v1.json");
        std::fs::write(path, common::failing().to_json()).unwrap();
        return;
    }
    assert!(
        common::failing().to_json() == GOLDEN,
        "the format changed: {}",
        common::failing().to_json()
    );
}

#[test]
fn what_another_program_cannot_know_may_be_null_or_left_out() {
    let result = common::foreign();
    let repetition = &result.cases[0].repetitions[0];
    assert!(repetition.offered_per_s.is_nan());
    assert_eq!(
        repetition.response_time.shown(Quantile::P99),
        Shown::Nothing
    );
    assert_eq!(
        repetition.service_time.shown(Quantile::P999),
        Shown::TooFew(1)
    );
}

#[test]
fn another_version_is_refused_by_name() {
    let text = GOLDEN.replace("result/v1", "result/v9");
    let error = RunResult::from_json(&text).unwrap_err();
    assert!(matches!(error, ResultError::Schema { .. }));
    assert_eq!(
        error.to_string(),
        "expected schema `bench-runner/result/v1`, found `bench-runner/result/v9`"
    );
}
