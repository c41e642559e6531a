//! The laws of every load model, and what each promises by itself.

use scenarios::load::{Load, Pace, Pacer, Part, Segment};
use scenarios::units::Nanos;

const WHOLE: Part = Part { index: 0, of: 1 };
const SECOND: u64 = 1_000_000_000;

/// A load as it stands in a file.
fn load(text: &str) -> Load {
    serde_json::from_str(text).unwrap()
}

fn segment(part: Part, seconds: u64) -> Segment {
    Segment {
        part,
        duration: Nanos(seconds * SECOND),
        seed: 42,
        channels: 1,
        in_flight: 0,
    }
}

/// All starts of an open model, in ns.
fn starts(load: &Load, segment: &Segment) -> Vec<u64> {
    let mut pacer = load.pacer(segment);
    let mut starts = Vec::new();
    loop {
        match pacer.peek() {
            Pace::At(at) => starts.push(at.0),
            Pace::Done => return starts,
            Pace::OnCompletion => panic!("an open model waits for a completion"),
        }
        pacer.advance();
    }
}

/// Every open model, with each kind of arrivals.
fn open_models() -> Vec<Load> {
    let models = [
        r#"{ "open": { "rate": "1000/s", "arrivals": "A" } }"#,
        r#"{ "open": { "rate": "0.7/s", "arrivals": "A" } }"#,
        r#"{ "open": { "rate": "33333.3/s", "arrivals": "A" } }"#,
        r#"{ "ramp": { "from": "100/s", "to": "5000/s", "arrivals": "A" } }"#,
        r#"{ "ramp": { "from": "5000/s", "to": "1/s", "arrivals": "A" } }"#,
        r#"{ "ramp": { "from": "500/s", "to": "500/s", "arrivals": "A" } }"#,
    ];
    let kinds = ["uniform", "poisson"];
    models
        .iter()
        .flat_map(|m| kinds.map(|kind| load(&m.replace("\"A\"", &format!("\"{kind}\"")))))
        .collect()
}

/// The calls that a model offers from `from` to `to`: the trapezium rule over its rate, which is exact for a line.
fn integral(load: &Load, from: u64, to: u64, duration: Nanos) -> f64 {
    let rate = |at| load.rate_at(Nanos(at), duration).unwrap().get();
    (rate(from) + rate(to)) / 2.0 * (to - from) as f64 / 1e9
}

#[test]
fn starts_never_decrease_and_stay_in_their_segment() {
    for load in open_models() {
        let starts = starts(&load, &segment(WHOLE, 10));
        assert!(starts.is_sorted(), "{load:?}");
        assert!(
            starts.last().is_none_or(|last| *last < 10 * SECOND),
            "{load:?}"
        );
    }
}

#[test]
fn the_count_is_the_integral_of_the_rate() {
    for load in open_models() {
        let segment = segment(WHOLE, 10);
        let expected = integral(&load, 0, segment.duration.0, segment.duration).round();
        assert_eq!(starts(&load, &segment).len() as f64, expected, "{load:?}");
    }
}

#[test]
fn so_is_the_count_of_any_window() {
    for load in open_models() {
        let segment = segment(WHOLE, 10);
        let starts = starts(&load, &segment);
        let poisson = format!("{load:?}").contains("Poisson");
        for (from, to) in [(0, 1), (1, 2), (3, 7), (9, 10)].map(|(a, b)| (a * SECOND, b * SECOND)) {
            let count = starts.iter().filter(|at| (from..to).contains(*at)).count() as f64;
            let expected = integral(&load, from, to, segment.duration);
            // Even arrivals differ by rounding at both ends; random ones by the square root, here at four sigma.
            let slack = if poisson {
                1.0 + 4.0 * expected.sqrt()
            } else {
                1.0
            };
            assert!(
                (count - expected).abs() <= slack,
                "{load:?}: {count} for {expected}"
            );
        }
    }
}

#[test]
fn the_union_of_the_parts_is_the_whole() {
    for load in open_models() {
        let whole = starts(&load, &segment(WHOLE, 5));
        for of in [1, 2, 3, 7] {
            let parts = (0..of).map(|index| starts(&load, &segment(Part { index, of }, 5)));
            let mut union: Vec<u64> = parts.flatten().collect();
            union.sort_unstable();
            assert_eq!(union, whole, "{load:?} in {of} parts");
        }
    }
}

#[test]
fn a_seed_is_a_sequence() {
    let load = load(r#"{ "open": { "rate": "1000/s" } }"#);
    let seeded = |seed| {
        starts(
            &load,
            &Segment {
                seed,
                ..segment(WHOLE, 1)
            },
        )
    };
    assert_eq!(seeded(1), seeded(1));
    assert_ne!(seeded(1), seeded(2));
    assert_eq!(seeded(1).len(), seeded(2).len());
}

#[test]
fn a_seed_stays_the_same_sequence() {
    // The first starts of seed 42 at 1000/s; a change here makes every published seed mean something else.
    let load = load(r#"{ "open": { "rate": "1000/s" } }"#);
    let first: Vec<u64> = starts(&load, &segment(WHOLE, 1))
        .into_iter()
        .take(4)
        .collect();
    assert_eq!(first, [875_500, 2_368_506, 3_019_717, 4_487_307]);
}

/// The largest distance between the distribution of `sample` and `cdf`, times the square root of its size.
fn kolmogorov_smirnov(mut sample: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    sample.sort_by(f64::total_cmp);
    let n = sample.len() as f64;
    let distance = sample.iter().enumerate().map(|(i, x)| {
        let p = cdf(*x);
        (p - i as f64 / n).abs().max((p - (i + 1) as f64 / n).abs())
    });
    distance.fold(0.0, f64::max) * n.sqrt()
}

#[test]
fn poisson_gaps_are_exponential() {
    let load = load(r#"{ "open": { "rate": "1000/s" } }"#);
    for seed in [1, 2, 3, 42] {
        let starts = starts(
            &load,
            &Segment {
                seed,
                ..segment(WHOLE, 20)
            },
        );
        let gaps = starts
            .windows(2)
            .map(|pair| (pair[1] - pair[0]) as f64 / 1e6)
            .collect();
        let statistic = kolmogorov_smirnov(gaps, |ms: f64| 1.0 - (-ms).exp());
        // 1.63 is exceeded by chance once in a hundred samples; the seeds are fixed.
        assert!(statistic < 1.63, "seed {seed}: {statistic}");
    }
}

#[test]
fn the_gaps_of_a_part_are_not_those_of_the_whole() {
    // Every second arrival of a Poisson process has gaps of two exponentials: fewer short ones. The test above would
    // pass on anything if it could not see that.
    let load = load(r#"{ "open": { "rate": "1000/s" } }"#);
    let half = starts(&load, &segment(Part { index: 0, of: 2 }, 20));
    let gaps = half
        .windows(2)
        .map(|pair| (pair[1] - pair[0]) as f64 / 2e6)
        .collect();
    assert!(kolmogorov_smirnov(gaps, |ms: f64| 1.0 - (-ms).exp()) > 5.0);
}

#[test]
fn nothing_is_offered_in_no_time() {
    for load in open_models() {
        assert!(starts(&load, &segment(WHOLE, 0)).is_empty(), "{load:?}");
    }
}

// === the closed loop ===

fn closed(in_flight: u32, think_time: &str, segment: &Segment) -> Box<dyn Pacer> {
    load(&format!(
        r#"{{ "closed": {{ "in_flight": {in_flight}, "think_time": "{think_time}" }} }}"#
    ))
    .pacer(segment)
}

/// Takes every start that may be made by `now`.
fn take_due(pacer: &mut Box<dyn Pacer>, now: u64) -> u32 {
    let mut taken = 0;
    while let Pace::At(at) = pacer.peek()
        && at.0 <= now
    {
        taken += 1;
        pacer.advance();
    }
    taken
}

#[test]
fn a_closed_loop_keeps_its_limit_on_each_channel() {
    let segment = Segment {
        channels: 3,
        ..segment(WHOLE, 10)
    };
    let mut pacer = closed(4, "0s", &segment);
    let mut ends: std::collections::BinaryHeap<std::cmp::Reverse<u64>> = Default::default();
    let mut started = 0_u64;
    for now in (0..1_000_000).step_by(700) {
        while ends.peek().is_some_and(|end| end.0 <= now) {
            ends.pop();
            pacer.completed(Nanos(now));
        }
        for _ in 0..take_due(&mut pacer, now) {
            started += 1;
            ends.push(std::cmp::Reverse(now + 1_000 + started * 7919 % 5_000));
        }
        assert_eq!(
            ends.len(),
            12,
            "a place is free and not taken, or taken twice"
        );
    }
    assert_eq!(pacer.peek(), Pace::OnCompletion);
}

#[test]
fn a_place_stays_empty_for_the_think_time() {
    let mut pacer = closed(2, "3ms", &segment(WHOLE, 10));
    assert_eq!(take_due(&mut pacer, 0), 2);
    assert_eq!(pacer.peek(), Pace::OnCompletion);
    pacer.completed(Nanos::from_millis(5));
    pacer.completed(Nanos::from_millis(6));
    assert_eq!(pacer.peek(), Pace::At(Nanos::from_millis(8)));
    pacer.advance();
    assert_eq!(pacer.peek(), Pace::At(Nanos::from_millis(9)));
    pacer.advance();
    assert_eq!(pacer.peek(), Pace::OnCompletion);
}

#[test]
fn calls_of_the_segment_before_keep_their_places() {
    let mut pacer = closed(
        4,
        "0s",
        &Segment {
            in_flight: 3,
            ..segment(WHOLE, 10)
        },
    );
    assert_eq!(take_due(&mut pacer, 0), 1);
    pacer.completed(Nanos(10));
    assert_eq!(pacer.peek(), Pace::At(Nanos(10)));
}

#[test]
fn calls_beyond_a_smaller_limit_free_nothing() {
    let mut pacer = closed(
        2,
        "0s",
        &Segment {
            in_flight: 5,
            ..segment(WHOLE, 10)
        },
    );
    for at in 1..=3 {
        pacer.completed(Nanos(at));
        assert_eq!(pacer.peek(), Pace::OnCompletion);
    }
    pacer.completed(Nanos(4));
    assert_eq!(pacer.peek(), Pace::At(Nanos(4)));
}

#[test]
fn completions_out_of_order_do_not_turn_time_back() {
    let mut pacer = closed(2, "0s", &segment(WHOLE, 10));
    take_due(&mut pacer, 0);
    pacer.completed(Nanos(20));
    pacer.completed(Nanos(10));
    assert_eq!(pacer.peek(), Pace::At(Nanos(20)));
    pacer.advance();
    assert_eq!(pacer.peek(), Pace::At(Nanos(20)));
}

// === stages ===

#[test]
fn stages_are_stretches_and_a_ramp_warms_up_at_its_first_rate() {
    let stages = load(
        r#"{ "stages": [ { "name": "rise", "duration": "5s", "ramp": { "from": "10/s", "to": "20/s" } },
                         { "name": "hold", "duration": "3s", "closed": { "in_flight": 2 } } ] }"#,
    );
    let stretches = stages.stretches(Nanos(8 * SECOND));
    assert_eq!(
        stretches
            .iter()
            .map(|s| s.name.as_str())
            .collect::<Vec<_>>(),
        ["rise", "hold"]
    );
    assert_eq!(stretches[1].duration, Nanos(3 * SECOND));
    assert_eq!(stages.warm_up(), load(r#"{ "open": { "rate": "10/s" } }"#));
}
