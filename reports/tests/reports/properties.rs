//! Whatever stands in a file, reading and showing it ends in a report or in an error, never in a panic.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::serialization::{Serializer as _, V2Serializer};
use proptest::prelude::*;
use reports::model::{RunResult, empty_histogram};
use serde_json::{Value, json};

use crate::common;

fn show(text: &str) {
    let Ok(result) = RunResult::from_json(text) else {
        return;
    };
    let _ = reports::terminal(std::slice::from_ref(&result), false);
    let _ = reports::artifacts(&result);
    let _ = reports::side_by_side(&[result.clone(), result]);
}

/// What a broken or a hostile producer may put in the place of any value.
fn nonsense() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!(0)),
        Just(json!(-1)),
        Just(json!(u64::MAX)),
        Just(json!(1e308)),
        Just(json!(5e-324)),
        Just(json!("")),
        Just(json!(
            "HISTFAAAABx4nJNpmSzMwMDAxAABzFCaEUoz2X+AMIAAAAD//w=="
        )),
        Just(json!([])),
        Just(json!({})),
        Just(json!(true)),
        any::<u32>().prop_map(|n| json!(n)),
        ".{0,12}".prop_map(|text| json!(text)),
    ]
}

/// Replaces the value that stands at `at`, counted over the whole tree.
fn replace(value: &mut Value, at: &mut usize, with: &Value) {
    if *at == 0 {
        *value = with.clone();
    }
    *at = at.wrapping_sub(1);
    match value {
        Value::Array(list) => list.iter_mut().for_each(|item| replace(item, at, with)),
        Value::Object(map) => map.values_mut().for_each(|item| replace(item, at, with)),
        _ => {}
    }
}

fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(size).sum(),
        Value::Object(map) => map.values().map(size).sum(),
        _ => 0,
    }
}

/// A histogram before it is deflated, so that a changed byte changes what it says.
fn histogram() -> Vec<u8> {
    let mut histogram = empty_histogram();
    for ns in (1..200_u64).map(|n| n * n * 1_000) {
        histogram.record(ns).unwrap();
    }
    let mut bytes = Vec::new();
    V2Serializer::new()
        .serialize(&histogram, &mut bytes)
        .unwrap();
    bytes
}

/// Results to change.
fn seeds() -> &'static [Value] {
    static SEEDS: LazyLock<Vec<Value>> = LazyLock::new(|| {
        let results = [
            common::few(),
            common::foreign(),
            common::failing(),
            common::hostile(),
        ];
        let value = |result: &RunResult| serde_json::from_str(&result.to_json()).unwrap();
        results.iter().map(value).collect()
    });
    &SEEDS
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_without_panic(text in ".{0,200}") {
        show(&text);
    }

    #[test]
    fn any_change_of_a_result_is_shown_without_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), nonsense()), 1..6),
        fixture in 0..4_usize,
    ) {
        let mut value = seeds()[fixture].clone();
        for (index, with) in changes {
            let mut at = index.index(size(&value));
            replace(&mut value, &mut at, &with);
        }
        show(&value.to_string());
    }
}

proptest! {
    // A changed head may ask for a histogram of many megabytes, which takes its time.
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_change_of_a_histogram_is_read_without_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in 0..40_usize,
    ) {
        let mut bytes = histogram();
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(bytes.len() - cut);
        let mut result = common::foreign();
        let timing = &mut result.cases[0].repetitions[0].response_time;
        timing.count = 1;
        timing.histogram = STANDARD.encode(bytes);
        show(&result.to_json());
    }
}

#[test]
fn every_single_change_is_shown_without_panic() {
    let text = common::foreign().to_json();
    let value: Value = serde_json::from_str(&text).unwrap();
    for at in 0..size(&value) {
        for with in [
            json!(null),
            json!(u64::MAX),
            json!(1e308),
            json!(-1e308),
            json!("x"),
            json!([]),
            json!({}),
        ] {
            let mut changed = value.clone();
            replace(&mut changed, &mut at.clone(), &with);
            show(&changed.to_string());
        }
    }
}
