//! The command line as a person meets it.

mod common;

use std::process::{Command, Output};

use common::{PROGRAM, Run, Server};

fn program(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(PROGRAM)
        .args(arguments)
        .env("COLUMNS", "100")
        .output()
        .unwrap();
    (
        status.code(),
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap(),
    )
}

#[test]
fn help_of_every_command() {
    for command in [
        "",
        "run",
        "search",
        "history",
        "call",
        "init",
        "check",
        "list",
        "schema",
        "serve",
        "report",
        "import",
        "calibrate",
        "env",
    ] {
        let arguments: Vec<&str> = [command, "--help"]
            .into_iter()
            .filter(|word| !word.is_empty())
            .collect();
        let (code, help, _) = program(&arguments);
        assert_eq!(code, Some(0));
        insta::assert_snapshot!(
            format!("help-{}", if command.is_empty() { "main" } else { command }),
            help
        );
    }
}

#[test]
fn a_wrong_command_line_is_a_usage_error() {
    for arguments in [
        &["rnu"][..],
        &["run"],
        &["run", "quickstart", "--fast"],
        &["report"],
    ] {
        assert_eq!(program(arguments).0, Some(2), "{arguments:?}");
    }
}

#[test]
fn check_shows_the_cases_of_the_whole_catalogue_and_runs_nothing() {
    for (name, _) in scenarios::catalogue::ALL {
        let (code, summary, stderr) = program(&["check", name]);
        assert_eq!(code, Some(0), "{stderr}");
        assert!(summary.starts_with(name), "{summary}");
        let (_, json, _) = program(&["check", name, "--json"]);
        let cases: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
        assert!(!cases.is_empty());
    }
}

#[test]
fn a_case_that_was_checked_can_be_run_as_it_is() {
    let (_, json, _) = program(&[
        "check",
        "unary-latency",
        "--json",
        "--set",
        "phases.measure=200ms",
    ]);
    let cases: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    let outcome = Run::new(&cases[0].to_string()).finish();
    assert!(outcome.result.is_some(), "{}", outcome.stderr);
}

#[test]
fn a_broken_file_is_shown_and_nothing_is_run() {
    let outcome = Run::new("name: broken\nclient: { chanels: 3 }\n").finish();
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.result.is_none());
    assert!(
        outcome.stderr.contains("channels"),
        "the nearest name: {}",
        outcome.stderr
    );
    assert_eq!(program(&["check", "no-such-file.yaml"]).0, Some(2));
}

#[test]
fn limits_decide_the_exit_code() {
    let yaml = |limits: &str| {
        format!("name: limits\nphases: {{ warm_up: 50ms, measure: 300ms }}\nlimits: [{limits}]\n")
    };
    let kept = Run::new(&yaml("\"failed == 0\", \"response_time.p50 < 5s\"")).finish();
    assert_eq!(kept.code, Some(0), "{}", kept.stdout);
    let broken = Run::new(&yaml("\"failed == 0\", \"response_time.p50 < 1us\"")).finish();
    assert_eq!(broken.code, Some(1), "{}", broken.stdout);
    let unknown = Run::new(&yaml("\"response_time.p999 < 5s\""))
        .set("load={ open: { rate: 100/s } }")
        .finish();
    assert_eq!(unknown.code, Some(3), "{}", unknown.stdout);
}

#[test]
fn a_run_folder_has_every_file_and_its_result_renders_again() {
    let outcome = Run::new("name: files\nphases: { warm_up: 50ms, measure: 300ms }\n").finish();
    for name in [
        "result.json",
        "report.html",
        "summary.md",
        "results.csv",
        "files.hgrm",
        "plots/percentiles.svg",
    ] {
        assert!(outcome.path(name).exists(), "{name}");
    }
    assert!(outcome.stdout.contains("report.html"), "{}", outcome.stdout);
    let result = outcome.path("result.json").display().to_string();
    let again = outcome.path("again").display().to_string();
    let (code, summary, stderr) = program(&["report", &result, &result, "--out", &again]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(summary.contains("files"), "{summary}");
    assert!(outcome.path("again/report.html").exists());
    assert_eq!(program(&["report", "no-such-file.json"]).0, Some(2));
}

#[test]
fn quiet_is_quiet_and_results_go_to_standard_output_only() {
    let server = Server::start(&[]);
    let outcome = Run::new("name: quiet\nphases: { warm_up: 50ms, measure: 300ms }\n")
        .target(&server.address)
        .finish();
    assert!(
        !outcome.stdout.contains("[1/1]"),
        "progress goes to standard error"
    );
    assert!(outcome.stderr.contains("[1/1] quiet"));
    let (status, rest) = server.stop();
    assert!(status.success());
    assert!(
        rest.contains("SayHello"),
        "the server gives its counts when it stops: {rest}"
    );
}

#[test]
fn the_schema_and_the_environment_are_json() {
    for command in ["schema", "env"] {
        let (code, json, _) = program(&[command]);
        assert_eq!(code, Some(0));
        serde_json::from_str::<serde_json::Value>(&json).unwrap();
    }
}

#[test]
fn a_configuration_of_ghz_becomes_a_scenario_and_a_list_of_what_it_does_not_say() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let json = r#"{ "call": "a.B.C", "host": "h:1", "insecure": true, "rps": 100, "async": true, "tags": { "a": "b" } }"#;
    let config = file("config.json", json);
    let (code, yaml, notes) = program(&["import", "ghz", &config]);
    assert_eq!(code, Some(0), "{notes}");
    assert!(
        yaml.starts_with("# Made from config.json by `bench-runner import`.\nname: config\n"),
        "{yaml}"
    );
    assert!(
        notes
            .lines()
            .any(|line| line.starts_with("tags: not carried over: ")),
        "{notes}"
    );
    let out = folder.path().join("my.yaml");
    let (code, nothing, _) = program(&["import", "ghz", &config, "--out", out.to_str().unwrap()]);
    assert_eq!((code, nothing.as_str()), (Some(0), ""));
    assert_eq!(std::fs::read_to_string(out).unwrap(), yaml);

    let broken = file(
        "broken.json",
        "{\n  \"call\": \"a.B.C\",\n  \"rps\": \"many\"\n}\n",
    );
    for (config, said) in [
        (broken.as_str(), "broken.json:3:"),
        (
            &file("config.ini", "call=a.B.C"),
            "expected a file that ends in",
        ),
        ("no-such.json", "cannot read `no-such.json`"),
    ] {
        let (code, nothing, error) = program(&["import", "ghz", config]);
        assert_eq!((code, nothing.as_str()), (Some(2), ""), "{config}");
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn what_was_imported_can_be_run() {
    let server = Server::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("greeter.toml");
    let host = server.address.replace("http://", "");
    let toml = format!(
        "call = \"helloworld.Greeter.SayHello\"\nhost = \"{host}\"\ninsecure = true\n\
         duration = \"200ms\"\nconcurrency = 4\nconnections = 2\n[data]\nname = \"n{{{{.RequestNumber}}}}\"\n"
    );
    std::fs::write(&config, toml).unwrap();
    let (code, yaml, notes) = program(&["import", "ghz", config.to_str().unwrap()]);
    assert_eq!((code, notes.lines().count()), (Some(0), 1), "{notes}");
    let outcome = Run::new(&yaml).set("phases.warm_up=0s").finish();
    let counts = &outcome.repetition().counts;
    assert!(
        counts.ok > 0 && counts.ok == counts.started,
        "{counts:?} {}",
        outcome.stderr
    );
}
