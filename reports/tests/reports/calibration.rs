//! What a calibration looks like, and how reports quote it.

use reports::model::{
    CALIBRATION_SCHEMA, Calibration, Ceiling, ClockFigures, Fingerprint, HarnessCost, Noise,
    Pacing, Placement, Wakes,
};
use reports::noise::MetricNoise;
use reports::{artifacts, calibration, terminal};

use crate::common;

fn fixture() -> Calibration {
    let wakes = |idle: &str, rate_per_s, p99_ns| Wakes {
        idle: idle.to_owned(),
        rate_per_s,
        count: rate_per_s,
        p50_ns: p99_ns / 2,
        p99_ns,
        max_ns: p99_ns * 9,
        cpu_share: rate_per_s as f64 / 1e5,
    };
    let ceiling = |engine: &str, channels, in_flight, calls_per_s: f64| Ceiling {
        engine: engine.to_owned(),
        channels,
        in_flight,
        calls_per_s,
        client_cpu_ns_per_call: Some(0.95e9 / calls_per_s),
        server_cpu_ns_per_call: None,
    };
    let pacing = |idle: &str, rate_per_s, p99_ns| Pacing {
        idle: idle.to_owned(),
        rate_per_s,
        started_per_s: rate_per_s as f64,
        p50_ns: Some(p99_ns / 3),
        p99_ns: Some(p99_ns),
        max_ns: Some(p99_ns * 12),
        client_cpu_ns_per_call: Some(1e9 / rate_per_s as f64 / 3.0),
    };
    let noise = |metric: &str, mean: f64, width: f64| {
        let values = [0.2, -1.0, 0.7, 1.1, -0.6, -0.9, 0.3, 0.5]
            .map(|step: f64| mean * (1.0 + width * step));
        MetricNoise::of(metric, values.to_vec()).expect("these have ratios")
    };
    Calibration {
        schema: CALIBRATION_SCHEMA.to_owned(),
        calibrated_at: "2026-11-25T04:10:00Z".to_owned(),
        took_s: 41.7,
        quick: false,
        holds_for: Fingerprint {
            cpu_model: Some("Example CPU 3.0 GHz".to_owned()),
            cores: 2,
            kernel: Some("6.12.0".to_owned()),
            bench_runner: "0.1.0".to_owned(),
            build_profile: "release".to_owned(),
        },
        cores: Placement {
            client: Some(1),
            server: Some(0),
        },
        clock: ClockFigures {
            source: Some("tsc".to_owned()),
            cost_ns: 19,
            step_ns: 18,
        },
        timer: vec![
            wakes("timer", 1_000, 45_300),
            wakes("timer", 10_000, 52_100),
            wakes("spin", 1_000, 820),
        ],
        harness: vec![HarnessCost {
            load: "open, poisson".to_owned(),
            cpu_ns_per_call: 143.2,
        }],
        ceilings: vec![
            ceiling("raw", 1, 100, 1_093_412.0),
            ceiling("raw", 10, 10, 1_312_800.0),
            ceiling("tonic", 10, 10, 119_062.0),
        ],
        pacing: vec![
            pacing("timer", 100_000, 96_000),
            pacing("spin", 100_000, 21_000),
        ],
        noise: Noise {
            channels: 1,
            in_flight: 100,
            runs: 8,
            measured_s: 0.6,
            metrics: vec![
                noise("achieved_per_s", 1.1e6, 0.02),
                noise("server.cpu_ns_per_call", 360.0, 0.025),
                noise("response_time.p99", 140_000.0, 0.1),
            ],
        },
    }
}

#[test]
fn a_calibration_in_the_terminal() {
    insta::assert_snapshot!("calibration", calibration(&fixture(), false));
    let rough = Calibration {
        quick: true,
        cores: Placement::default(),
        noise: Noise::default(),
        pacing: Vec::new(),
        ..fixture()
    };
    insta::assert_snapshot!("calibration_quick", calibration(&rough, false));
}

#[test]
fn a_summary_has_the_worst_timer_and_the_best_of_each_engine() {
    let summary = fixture().summary();
    assert_eq!(summary.timer_p99_ns, Some(52_100));
    assert_eq!(summary.spin_p99_ns, Some(820));
    let most: Vec<_> = summary.most_calls_per_s.into_iter().collect();
    let expected = [("raw", 1_312_800.0), ("tonic", 119_062.0)];
    assert_eq!(
        most,
        expected.map(|(engine, most)| (engine.to_owned(), most))
    );
    assert_eq!(summary.smallest_change.len(), 3);
}

#[test]
fn every_report_quotes_it() {
    let mut result = common::single();
    let plain = terminal(std::slice::from_ref(&result), false).unwrap();
    assert!(!plain.contains("calibrated"), "{plain}");
    result.environment.calibration = Some(fixture().summary());
    let told = terminal(std::slice::from_ref(&result), false).unwrap();
    assert!(
        told.contains("this machine, calibrated 2026-11-25: "),
        "{told}"
    );
    for artifact in artifacts(&result).unwrap() {
        let text = String::from_utf8(artifact.bytes).unwrap();
        let is_told = text.contains("timer p99 52.1 µs");
        let is_report = ["report.html", "summary.md", "summary.txt"].contains(&&*artifact.path);
        assert_eq!(is_told, is_report, "{}", artifact.path);
    }
}

#[test]
fn the_file_reads_back_as_it_was_and_forgives_what_it_lacks() {
    let fixture = fixture();
    let back: Calibration = serde_json::from_str(&fixture.to_json()).unwrap();
    assert_eq!(back, fixture);
    let bare: Calibration = serde_json::from_str(r#"{ "schema": "x" }"#).unwrap();
    assert_eq!(bare.summary().smallest_change.len(), 0);
}
