//! Gate files: what they mean, and what is said of mistakes in them.

use std::path::Path;

use scenarios::gate::{Budget, Gate};
use scenarios::metric::Metric;
use scenarios::scenario::Target;

fn parse(text: &str) -> Result<Gate, String> {
    Gate::parse(Path::new("gates/cpu.yaml"), text).map_err(|error| error.render(false))
}

const SMALLEST: &str =
    "name: cpu\nscenarios: [unary-latency]\nbaseline: { target: { reference_server: {} } }\n";

#[test]
fn the_smallest_has_defaults_for_everything_else() {
    let gate = parse(&format!(
        "{SMALLEST}candidate: {{ command: [./server, '{{port}}'] }}"
    ))
    .unwrap();
    assert_eq!(gate.budget.to_string(), "10m");
    let named: Vec<String> = gate
        .metrics
        .iter()
        .map(|t| format!("{} {} {}", t.metric, t.change, t.advisory))
        .collect();
    assert_eq!(
        named,
        [
            "server.cpu_ns_per_call 0.05 false",
            "response_time.p50 0.05 false",
            "response_time.p99 0.1 false",
            "response_time.p999 0.2 true",
            "server.peak_rss_bytes 0.1 true",
            "error_share 0.001 false",
        ]
    );
    let suite = gate.suite("unary-latency", &gate.candidate, &[]).unwrap();
    assert!(
        matches!(&suite.cases[0].scenario.target, Target::Command(words) if words[1] == "{port}")
    );
}

#[test]
fn the_arms_of_a_scenario_differ_in_their_target_only() {
    let gate = parse(&format!(
        "{SMALLEST}candidate: {{ reference_server: {{ behaviour: {{ spin: 20us }} }} }}\n\
         set: {{ phases.measure: 300ms, client.channels: 3 }}\nseed: 7\nbudget: 30 rounds\n\
         metrics: {{ error_share: 1%, wire.bytes_per_call: 1% }}"
    ))
    .unwrap();
    assert_eq!(gate.budget, Budget::Rounds(30));
    assert_eq!(gate.metrics.len(), 2);
    assert_eq!(gate.metrics[0].metric, Metric::ErrorShare);
    let arms = [&gate.baseline, &gate.candidate].map(|arm| {
        let mut suite = gate.suite("unary-latency", arm, &[]).unwrap();
        suite.cases.remove(0).scenario
    });
    assert_eq!((arms[0].client.channels, arms[0].seed), (3, 7));
    let Target::ReferenceServer(candidate) = &arms[1].target else {
        panic!("{:?}", arms[1].target)
    };
    assert!(candidate.behaviour.spin.is_some());
    assert_ne!(arms[0].target, arms[1].target);
    let mut same = arms[1].clone();
    same.target = arms[0].target.clone();
    assert_eq!(arms[0], same);
}

#[test]
fn a_scenario_may_have_its_own_gate() {
    let text = "name: own\ncall: { method: BidiHello }\ngate:\n  baseline: { peer: grpcio }\n  candidate: { address: http://127.0.0.1:1 }\n  budget: 5m\n";
    let gate = parse(text).unwrap();
    assert_eq!(
        (gate.name.as_str(), &gate.scenarios[..]),
        ("own", &["cpu.yaml".to_owned()][..])
    );
    // And the scenario runs as one without it.
    assert_eq!(
        scenarios::Suite::parse("own.yaml", text, &[])
            .unwrap()
            .cases
            .len(),
        1
    );
}

#[test]
fn mistakes_say_what_was_expected_and_where() {
    let candidate = format!("{SMALLEST}candidate: {{ reference_server: {{}} }}\n");
    for (text, wanted) in [
        (String::new(), "expected a gate, found nothing"),
        (
            "name: x\nscenarios: []\nbaseline: {}\ncandidate: {}".to_owned(),
            "a list of at least one scenario",
        ),
        (SMALLEST.to_owned(), "expected the key `candidate`"),
        (
            "scenarios: [a]\nbaseline: {}\ncandidate: {}\n".to_owned(),
            "expected the key `name`",
        ),
        (
            format!("{SMALLEST}candidate: {{ comand: [a, '{{port}}'] }}\n"),
            "`command`",
        ),
        (
            format!("{SMALLEST}candidate: {{ command: [a] }}\n"),
            "expected `{port}`",
        ),
        (
            format!("{SMALLEST}candidate: {{ target: {{ peer: grpcio }}, peer: x }}\n"),
            "beside `target`",
        ),
        (
            format!("{candidate}metrics: {{ response_time.p98: 5% }}\n"),
            "unknown statistic `p98`",
        ),
        (
            format!("{candidate}metrics: {{ started: 5% }}\n"),
            "cannot be gated",
        ),
        (
            format!("{candidate}metrics: {{ response_time.p99: ten }}\n"),
            "expected a share",
        ),
        (
            format!("{candidate}metrics: {{ response_time.p99: 0% }}\n"),
            "above 0 %",
        ),
        (
            format!("{candidate}metrics: [response_time.p99]\n"),
            "expected a mapping",
        ),
        (format!("{candidate}budget: 10\n"), "expected a"),
        (format!("{candidate}budget: 0 rounds\n"), "30 rounds"),
        (
            format!("{candidate}policy: {{ alpha: 80% }}\n"),
            "above 0 %",
        ),
        (
            format!("{candidate}policy: {{ looks: [20, 10] }}\n"),
            "rising numbers",
        ),
        (
            format!("{candidate}tolerance: 5%\n"),
            "unknown key `tolerance`",
        ),
    ] {
        let said = parse(&text).expect_err(&text);
        assert!(said.contains(wanted), "{text}\n{said}\nlacks {wanted}");
    }
}
