//! Configurations as people write them, and broken ones: what comes of each, as snapshots.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;

use super::fuzzing::{accepted, fuzz_ghz};
use super::*;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/import");

/// The files of a folder, by name.
fn files(folder: &str) -> Vec<(String, Format, String)> {
    let files = fs::read_dir(format!("{FOLDER}/{folder}")).unwrap();
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let format = Format::of(&path).unwrap();
        (name, format, fs::read_to_string(path).unwrap())
    };
    paths.into_iter().map(read).collect()
}

fn import(name: &str, format: Format, text: &str) -> Result<Imported, scenarios::ScenarioError> {
    ghz(&Source { name, format, text })
}

#[test]
fn configurations_of_ghz() {
    let files = files("ghz");
    assert!(files.len() >= 10);
    for (name, format, text) in files {
        let imported =
            import(&name, format, &text).unwrap_or_else(|error| panic!("{}", error.render(false)));
        let notes: Vec<String> = imported.notes.iter().map(Note::to_string).collect();
        let shown = format!("{}\n---\n{}\n", imported.yaml(&name), notes.join("\n"));
        insta::assert_snapshot!(format!("ghz-{name}"), shown);
        accepted(&imported);
    }
}

#[test]
fn broken_configurations_of_ghz_are_shown_at_their_line() {
    for (name, format, text) in files("broken") {
        let Err(error) = import(&name, format, &text) else {
            panic!("{name} passes");
        };
        let shown = error.render(false);
        assert!(shown.contains(&format!("[{name}:")), "{shown}");
        insta::assert_snapshot!(format!("broken-{name}"), shown);
    }
}

fn imported(yaml: &str) -> Imported {
    import(
        "x.yaml",
        Format::Yaml,
        &format!("call: a.B.C\nhost: h:1\n{yaml}"),
    )
    .unwrap()
}

/// The load and the phases of a configuration, in one line.
fn load(yaml: &str) -> String {
    let scenario = imported(yaml).scenario;
    let flow = |key| reports::view::yaml::flow(&scenario[key]);
    format!("{} {}", flow("load"), flow("phases"))
}

#[test]
fn totals_become_times_where_there_is_a_rate() {
    assert_eq!(
        load("rps: 200\ntotal: 10000\ntimeout: 3s"),
        "{open: {rate: 200/s, arrivals: uniform}} {warm_up: 1s, measure: 50s, drain: 3s}"
    );
    assert_eq!(
        load("rps: 200\ntotal: 10000\nmax-duration: 10s"),
        "{open: {rate: 200/s, arrivals: uniform}} {warm_up: 1s, measure: 10s, drain: 20s}"
    );
    assert_eq!(
        load("duration: 3s\nconcurrency: 10\nconnections: 5"),
        "{closed: {in_flight: 2}} {warm_up: 1s, measure: 3s}"
    );
}

/// ghz's own example of a line, of which its documentation has the figures: 10,000 calls from 5/s on, 5 more each second,
/// took 62.8 s.
#[test]
fn a_line_is_as_long_as_ghz_took() {
    let scenario =
        imported("load-schedule: line\nload-start: 5\nload-step: 5\ntotal: 10000").scenario;
    let measure = scenario["phases"]["measure"].as_str().unwrap();
    let took: scenarios::units::Nanos = measure.parse().unwrap();
    assert!((took.as_secs_f64() - 62.8).abs() < 1.0, "{measure}");
}

/// Another: 50/s, 10 more every 5 s up to 150/s, then on to 10,000 calls, took 85.05 s.
#[test]
fn steps_are_as_long_as_ghz_took() {
    let yaml = "load-schedule: step\nload-start: 50\nload-end: 150\nload-step: 10\nload-step-duration: 5s\ntotal: 10000";
    let scenario = imported(yaml).scenario;
    let stages = scenario["load"]["stages"].as_array().unwrap();
    let seconds = |stage: &Value| {
        let length: scenarios::units::Nanos = stage["duration"].as_str().unwrap().parse().unwrap();
        length.as_secs_f64()
    };
    assert_eq!(stages.len(), 11);
    assert_eq!(stages[10]["open"]["rate"], "150/s");
    let all: f64 = stages.iter().map(seconds).sum();
    assert!((all - 85.05).abs() < 1.0, "{all}");
}

#[test]
fn more_steps_than_stages_become_a_slope() {
    let yaml =
        "load-schedule: step\nload-start: 1\nload-step: 1\nload-step-duration: 1s\nduration: 10m";
    let imported = imported(yaml);
    assert_eq!(imported.scenario["load"]["ramp"]["to"], "601/s");
    assert!(
        imported
            .notes
            .iter()
            .any(|note| note.why.contains("evenly"))
    );
}

#[test]
fn a_stream_is_paced_where_its_messages_are_counted() {
    let counted = imported("stream-interval: 25ms\nstream-call-count: 4").scenario;
    assert_eq!(
        counted["call"]["stream"],
        serde_json::json!({ "rate": "40/s", "messages": 4 })
    );
    assert_eq!(counted["call"].get("request"), None);
    for uncounted in [
        "stream-interval: 25ms",
        "stream-interval: 25ms\nstream-call-count: 1",
    ] {
        let imported = imported(uncounted);
        assert_eq!(imported.scenario["call"].get("stream"), None, "{uncounted}");
        let left = |note: &Note| {
            note.to_string()
                .starts_with("stream-interval: not carried over")
        };
        assert!(imported.notes.iter().any(left), "{uncounted}");
    }
    for extreme in ["1ns", "100h"] {
        accepted(&imported(&format!(
            "stream-interval: {extreme}\nstream-call-count: 9"
        )));
    }
}

/// A text with a character that YAML takes nowhere as it is.
#[test]
fn what_yaml_does_not_take_is_escaped() {
    let text = r#"{ "call": "a.B/C", "host": "h:1", "proto": "a\u007fb\u0085\uFEFFc.proto" }"#;
    accepted(&import("x.json", Format::Json, text).unwrap());
}

const PIECES: [&str; 31] = [
    "\"call\": \"a.B/C\",",
    "\"rps\": 5,",
    "\"load-schedule\": \"step\",",
    "\"load-schedule\": \"line\",",
    "\"load-start\": 3,",
    "\"load-step\": -1,",
    "\"load-step\": 7,",
    "\"load-end\": 90,",
    "\"load-step-duration\": \"1s\",",
    "\"load-max-duration\": \"9s\",",
    "\"concurrency-schedule\": \"step\",",
    "\"concurrency-start\": 9,",
    "\"concurrency-step\": 4,",
    "\"concurrency-end\": 3,",
    "\"connections\": 3,",
    "\"total\": 18446744073709551615,",
    "\"duration\": \"1000h\",",
    "\"duration\": 1,",
    "\"max-duration\": \"1ns\",",
    "\"timeout\": \"0\",",
    "\"timeout\": 1,",
    "\"keepalive\": 1,",
    "\"host\": \"h:1\",",
    "\"host\": \"unix:/x\",",
    "\"insecure\": true,",
    "\"data\": [{\"a\": \"{{.UUID}}\"}],",
    "\"data\": {\"a\": \"{{ {{x}} {{{.UUID}}} }} {{randomInt -9 4}} {{randomString 99999999}} {{\"},",
    "\"metadata\": [{\"a\": 1}, {\"a\": \"b\"}],",
    "\"stream-call-count\": 99999999,",
    "\"name\": \"-\",",
    "\"rps\": 4000000000,",
];

/// All files of the tests, with the byte in front that says their format.
fn corpus() -> Vec<Vec<u8>> {
    let all = files("ghz").into_iter().chain(files("broken"));
    all.map(|(_, format, text)| [&[format as u8][..], text.as_bytes()].concat())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        fuzz_ghz(&data);
    }

    #[test]
    fn random_settings(pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..12)) {
        fuzz_ghz(format!("\0{{{}\"call\": \"a.B.C\"}}", pieces.concat()).as_bytes());
    }

    #[test]
    fn good_and_broken_files_with_some_bytes_changed(
        mut text in proptest::sample::select(corpus()),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        for (index, byte) in changes {
            let index = 1 + index.index(text.len() - 1);
            text[index] = byte;
        }
        fuzz_ghz(&text);
    }
}
