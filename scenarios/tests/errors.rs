//! Every mistake is shown with its file, its line, a mark below it, what was expected and, where one is near, the
//! name that was meant.

use std::path::{Path, PathBuf};

use scenarios::{Suite, reference_server};

fn broken() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir("tests/broken")
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files
}

fn load(path: &Path, sets: &[&str]) -> String {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    match Suite::load(path, &sets) {
        Ok(suite) => panic!("{} passes: {suite:?}", path.display()),
        Err(error) => error.render(false),
    }
}

fn set(argument: &str) -> String {
    match Suite::parse(
        "good.yaml",
        "name: good\nload: { closed: { in_flight: 2 } }\n",
        &[argument.to_owned()],
    ) {
        Ok(suite) => panic!("{argument} passes: {suite:?}"),
        Err(error) => error.render(false),
    }
}

#[test]
fn broken_files() {
    for path in broken() {
        let name = format!("broken-{}", path.file_stem().unwrap().display());
        insta::assert_snapshot!(name, load(&path, &[]));
    }
}

#[test]
fn every_broken_file_has_its_line_shown() {
    for path in broken() {
        let shown = load(&path, &[]);
        let file = path.display().to_string();
        assert!(shown.contains(&format!("[{file}:")), "{shown}");
    }
}

#[test]
fn broken_overrides() {
    let arguments = [
        ("unknown-key", "client.chanels=3"),
        ("no-sign", "client.channels"),
        ("empty-key", "client.=3"),
        ("wrong-type", "client.channels=many"),
        ("out-of-range", "client.channels=0"),
        ("not-yaml", "client.cpus=[1, 2"),
        ("unknown-load", "load.opne.rate=5/s"),
        ("below-a-number", "seed.x=1"),
        ("no-such-item", "load.stages[0].duration=5s"),
        ("cross-field", "client.lanes=2"),
        ("not-an-index", "limits[first]=failed == 0"),
    ];
    for (name, argument) in arguments {
        insta::assert_snapshot!(format!("set-{name}"), set(argument));
    }
}

#[test]
fn an_override_that_covers_the_matrix() {
    let text = "name: covered\nmatrix:\n  load.closed.in_flight: [ 1, 2 ]\n";
    let error = Suite::parse("covered.yaml", text, &["load.open.rate=5/s".to_owned()]).unwrap_err();
    insta::assert_snapshot!("set-covers-matrix", error.render(false));
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_without_an_end_is_refused() {
    assert!(load(Path::new("/dev/zero"), &[]).contains("at most 1MiB"));
}

#[test]
fn broken_server_settings() {
    let shown = |set: &str| {
        reference_server(&[set.to_owned()])
            .unwrap_err()
            .render(false)
    };
    insta::assert_snapshot!("server-unknown-key", shown("http2.initial_window=64KiB"));
    insta::assert_snapshot!("server-wrong-unit", shown("behaviour.delay=2"));
    for (name, set) in [
        ("spin-too-long", "spin=2s"),
        ("stall-without-width", "stall={ period: 1s }"),
        ("stall-period", "stall={ period: 1us, width: 1ns }"),
        ("stall-width", "stall={ period: 1s, width: 1s }"),
        ("stall-phase", "stall={ period: 1s, width: 1ms, phase: 2s }"),
        (
            "queue-two-laws",
            "queue={ service: { exponential: { mean: 2ms } }, law: fixed }",
        ),
        (
            "queue-unknown-law",
            "queue={ service: 2ms, law: exponental }",
        ),
        ("queue-servers", "queue={ service: 2ms, servers: 0 }"),
        ("queue-service", "queue={ service: 2h }"),
        ("blackhole-share", "blackhole={ share: 2 }"),
        (
            "slow-connection-index",
            "slow_connection={ index: 10000, delay: 5ms }",
        ),
        ("warmup-factor", "warmup={ for: 2s, factor: -1 }"),
        ("drift-share", "drift={ per_second: -1% }"),
        ("cadence-stall", "cadence={ every: 10ms, stall_at: 50 }"),
        ("cadence-stall-at", "cadence={ every: 10ms, stall: 100ms }"),
        ("window-update-delay-on-tonic", "window_update_delay=50ms"),
        ("drift-unit", "drift={ per_second: slowly }"),
    ] {
        insta::assert_snapshot!(format!("server-{name}"), shown(&format!("behaviour.{set}")));
    }
}

#[test]
fn a_file_that_is_not_there() {
    insta::assert_snapshot!("no-such-file", load(Path::new("quickstrat.yaml"), &[]));
}

#[test]
fn a_large_file_is_refused_before_it_is_read() {
    let folder = tempfile();
    let path = folder.join("large.yaml");
    std::fs::write(&path, vec![b'#'; 10_000_000]).unwrap();
    let error = Suite::load(&path, &[]).unwrap_err().to_string();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(
        error.replace(&folder.display().to_string(), "FOLDER"),
        "expected a scenario of at most 1MiB, `FOLDER/large.yaml` has 10000000B"
    );
}

#[test]
fn of_a_long_line_only_the_part_around_the_mistake_is_shown() {
    let text = format!(
        "name: long\nabout: start\nclient: {{ cpus: [{}], chanels: 2, http2: {{ keepalive: null }}, idle: timer }}\n",
        ["1"; 5_000].join(", ")
    );
    let error = Suite::parse("long.yaml", &text, &[]).unwrap_err();
    insta::assert_snapshot!("long-line", error.render(false));
}

fn tempfile() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("scenarios-errors-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
