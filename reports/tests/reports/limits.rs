//! Limits: a number decides, a lower bound decides what it can, too few samples decide nothing.

use reports::judge_limits;
use reports::model::LimitVerdict::{Broken, Inconclusive, Kept};
use reports::model::{LimitVerdict, Repetition, Verdict};
use scenarios::limits::Limit;

use crate::common::{self, Shape};

fn judge(limit: &str, repetitions: &[Repetition]) -> (LimitVerdict, String) {
    let limit: Limit = limit.parse().expect("the test writes a limit");
    let outcome = judge_limits(&[limit], repetitions).remove(0);
    (outcome.outcome, outcome.seen)
}

fn seen(verdict: LimitVerdict, text: &str) -> (LimitVerdict, String) {
    (verdict, text.to_owned())
}

fn many() -> Repetition {
    common::repetition(&Shape::new(7, 12_000.0, 780_000.0))
}

#[test]
fn every_metric_is_seen_with_its_unit() {
    let of = |limit| judge(limit, &[many()]);
    assert_eq!(of("response_time.p99 < 20ms"), seen(Kept, "1.30 ms"));
    assert_eq!(of("response_time.p99 < 1ms"), seen(Broken, "1.30 ms"));
    assert_eq!(of("failed == 0"), seen(Kept, "0"));
    assert_eq!(of("ok >= 200000"), seen(Broken, "100,800"));
    assert_eq!(of("achieved_per_s >= 4000/s"), seen(Kept, "12,000/s"));
    assert_eq!(of("error_share < 1%"), seen(Kept, "0 %"));
    assert_eq!(of("client.cpu_ns_per_call < 30us"), seen(Kept, "21.4 µs"));
    assert_eq!(of("server.peak_rss_bytes < 10MiB"), seen(Broken, "12 MiB"));
    assert_eq!(
        of("exchange_time.p50 < 1s"),
        seen(Inconclusive, "not measured")
    );
}

#[test]
fn a_limit_on_one_call_of_a_mix_sees_that_call_only() {
    let repetitions = common::mix().cases.remove(0).repetitions;
    let of = |limit| judge(limit, &repetitions).0;
    assert_eq!(of("calls.hello.response_time.p50 < 2ms"), Kept);
    assert_eq!(of("calls.stream.response_time.p50 < 2ms"), Broken);
    assert_eq!(of("response_time.p50 < 2ms"), Kept);
    assert_eq!(of("calls.stream.achieved_per_s > 1000/s"), Broken);
    assert_eq!(of("calls.nobody.failed == 0"), Inconclusive);
}

#[test]
fn too_few_samples_leave_a_limit_open() {
    let mut shape = Shape::new(90, 60.0, 14_000_000.0);
    shape.seconds = 2;
    let few = common::repetition(&shape);
    assert_eq!(
        judge("response_time.p99 < 20ms", std::slice::from_ref(&few)),
        seen(Inconclusive, "too few samples: 1 beyond")
    );
    // One repetition that says nothing does not excuse another that breaks the limit.
    let (verdict, _) = judge("response_time.p99 < 1ms", &[few, many()]);
    assert_eq!(verdict, Broken);
}

#[test]
fn a_lower_bound_breaks_a_limit_below_it_and_keeps_none() {
    let mut shape = Shape::new(80, 5_000.0, 210_000.0);
    shape.cut_off = 900;
    let cut = [common::repetition(&shape)];
    assert_eq!(
        judge("response_time.p99 < 1s", &cut),
        seen(Broken, ">= 1 s")
    );
    assert_eq!(
        judge("response_time.p99 < 2s", &cut),
        seen(Inconclusive, ">= 1 s")
    );
    assert_eq!(
        judge("response_time.p99 > 500ms", &cut),
        seen(Kept, ">= 1 s")
    );
    assert_eq!(judge("response_time.p50 < 1ms", &cut).0, Kept);
    assert_eq!(judge("response_time.mean < 10ms", &cut).0, Broken);
    assert_eq!(judge("response_time.mean < 10s", &cut).0, Inconclusive);
}

#[test]
fn the_worst_repetition_is_shown() {
    let at = |rate| common::repetition(&Shape::new(3, rate, 300_000.0));
    let three = [at(4_000.0), at(3_000.0), at(5_000.0)];
    assert_eq!(
        judge("achieved_per_s >= 2000/s", &three),
        seen(Kept, "3,000/s")
    );
    assert_eq!(
        judge("achieved_per_s <= 10000/s", &three),
        seen(Kept, "5,000/s")
    );
    assert_eq!(
        judge("achieved_per_s >= 4000/s", &three),
        seen(Broken, "3,000/s")
    );
}

#[test]
fn nothing_measured_keeps_nothing() {
    assert_eq!(
        judge("failed == 0", &[]),
        seen(Inconclusive, "not measured")
    );
}

#[test]
fn an_invalid_repetition_breaks_a_limit_and_never_keeps_one() {
    let mut invalid = many();
    invalid.validity.verdict = Verdict::Invalid;
    let of = |limit| judge(limit, &[many(), invalid.clone()]).0;
    assert_eq!(of("response_time.p99 < 20ms"), Inconclusive);
    assert_eq!(of("failed == 0"), Inconclusive);
    assert_eq!(of("response_time.p99 < 1ms"), Broken);
    let mut tainted = many();
    tainted.validity.verdict = Verdict::Tainted;
    assert_eq!(judge("failed == 0", &[tainted]).0, Kept);
}
