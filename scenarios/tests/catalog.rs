//! Every scenario of the catalogue parses, expands, and means the same once more when it is printed and read back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use scenarios::Suite;

fn catalog() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    files.sort();
    files
}

fn load(path: &Path) -> Suite {
    Suite::load(path, &[]).unwrap_or_else(|error| panic!("{}", error.render(false)))
}

#[test]
fn the_catalogue_is_whole() {
    let names: Vec<String> = catalog()
        .iter()
        .map(|path| path.file_stem().unwrap().display().to_string())
        .collect();
    assert_eq!(
        names,
        [
            "bidi-independent",
            "bidi-ping-pong",
            "channels-sweep",
            "client-streaming",
            "codec",
            "compression",
            "deadlines",
            "flaky-network",
            "mixed-calls",
            "open-loop-poisson",
            "paced-streams",
            "payload-sweep",
            "quickstart",
            "ramp",
            "server-streaming",
            "tls",
            "unary-latency",
            "unary-throughput",
            "window-sweep",
        ]
    );
}

#[test]
fn every_scenario_has_its_files_name_a_sentence_and_a_schema() {
    for path in catalog() {
        let suite = load(&path);
        assert_eq!(suite.name, path.file_stem().unwrap().display().to_string());
        assert!(
            suite.about.ends_with('.'),
            "{}: {}",
            suite.name,
            suite.about
        );
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("# yaml-language-server: $schema=schema.json\n"),
            "{}",
            suite.name
        );
    }
}

#[test]
fn every_case_is_read_back_from_its_echo() {
    for path in catalog() {
        for case in load(&path).cases {
            let echo = serde_json::to_string_pretty(&case.scenario).unwrap();
            let again = Suite::parse("echo.json", &echo, &[])
                .unwrap_or_else(|e| panic!("{}", e.render(false)));
            assert_eq!(again.cases.len(), 1);
            assert_eq!(again.cases[0].scenario, case.scenario, "{}", case.name);
            assert_eq!(again.cases[0].fingerprint, case.fingerprint);
        }
    }
}

#[test]
fn cases_differ_in_name_and_fingerprint() {
    for path in catalog() {
        let cases = load(&path).cases;
        for (index, case) in cases.iter().enumerate() {
            assert!(
                cases[..index].iter().all(|other| other.name != case.name),
                "{}",
                case.name
            );
            assert!(
                cases[..index]
                    .iter()
                    .all(|other| other.fingerprint != case.fingerprint),
                "{}",
                case.name
            );
        }
    }
}

#[test]
fn every_scenario_takes_about_a_minute_at_most() {
    for path in catalog() {
        let suite = load(&path);
        let phases = suite
            .cases
            .iter()
            .map(|case| (case.scenario.phases, case.scenario.repetitions));
        let total: Duration = phases
            .map(|(p, n)| Duration::from(p.warm_up + p.measure) * n)
            .sum();
        assert!(
            total <= Duration::from_secs(60),
            "{} takes {total:?}",
            suite.name
        );
    }
}

#[test]
fn the_checked_in_schema_is_the_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.json");
    let fresh = format!(
        "{}\n",
        serde_json::to_string_pretty(&scenarios::schema()).unwrap()
    );
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        checked_in == fresh,
        "scenarios/schema.json is out of date: run the tests once with UPDATE=1"
    );
}
