//! No text makes the reader panic, and whatever it refuses it can show.

use std::path::Path;

use proptest::prelude::*;
use scenarios::{ReferenceServer, Suite, reference_server};

/// The fuzz body: a scenario, and after a NUL byte each, overrides.
fn fuzz_scenario(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.split('\0');
    let file = parts.next().unwrap_or_default();
    let sets: Vec<String> = parts.map(str::to_owned).collect();
    match Suite::parse("fuzz.yaml", file, &sets) {
        Ok(suite) => assert!(!suite.cases.is_empty()),
        Err(error) => assert!(error.render(false).contains('×')),
    }
    if let Err(error) = reference_server(&sets) {
        assert!(error.render(true).contains('×'));
    }
    if let Err(error) = ReferenceServer::from_json(file) {
        assert!(!error.to_string().is_empty());
    }
}

/// Everything that a good or a broken scenario is made of.
fn corpus() -> Vec<Vec<u8>> {
    let yaml = |folder: &str| {
        let files = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
        files
            .map(|file| file.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
    };
    yaml(".")
        .chain(yaml("tests/broken"))
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

/// Words of the language, and what holds them together.
fn pieces() -> Vec<&'static str> {
    let marks = [
        ": ", "- ", "{", "}", "[", "]", "\n", "  ", "&a ", "*a", "\"", "'", "\0", "=", ", ",
    ];
    [keys(), VALUES.to_vec(), marks.to_vec()].concat()
}

/// Every key that the language has, by its path, as the table of the README lists them.
fn keys() -> Vec<&'static str> {
    let rows = include_str!("../README.md").lines();
    let first = rows.filter_map(|row| row.strip_prefix("| `")?.split('`').next());
    let is_key = |key: &&str| {
        key.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._[]".contains(&byte))
    };
    first.filter(is_key).collect()
}

/// Values that some key takes, and that most do not.
const VALUES: [&str; 52] = [
    "0",
    "1",
    "-1",
    "3",
    "0.5",
    "1e999",
    "18446744073709551616",
    "true",
    "null",
    "''",
    "[]",
    "{}",
    "5s",
    "0s",
    "1ms",
    "25h",
    "16B",
    "1MiB",
    "5000/s",
    "1Gbit/s",
    "OK",
    "NOT_FOUND",
    "CANCELLED",
    "[OK, UNAVAILABLE]",
    "x",
    "[x, x]",
    "{ x: 1 }",
    "{ x-bin: AA== }",
    "{ x: [a, b] }",
    "{ x: { env: X } }",
    "http://a:1",
    "https://a:1",
    "unix:/x",
    "[http://a:1, http://b:1]",
    "a.B",
    "SayHello",
    "LotsOfReplies",
    "LotsOfGreetings",
    "BidiHello",
    "ping_pong",
    "each",
    "{ every: 2 }",
    "after_replies",
    "gzip",
    "json",
    "raw",
    "pick_first",
    "uniform",
    "\"{{seq}} {{csv.a}}\"",
    "[ { name: a, weight: 1 }, { method: BidiHello, weight: 2 } ]",
    "[ \"failed == 0\" ]",
    "{ call.size: [1, 2] }",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        fuzz_scenario(&data);
    }

    #[test]
    fn random_words(words in proptest::collection::vec(proptest::sample::select(pieces()), 0..60)) {
        fuzz_scenario(words.concat().as_bytes());
    }

    #[test]
    fn good_and_broken_files_with_some_bytes_changed(
        mut text in proptest::sample::select(corpus()),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        piece in proptest::sample::select(pieces()),
        at in any::<prop::sample::Index>(),
    ) {
        for (index, byte) in changes {
            if !text.is_empty() {
                let index = index.index(text.len());
                text[index] = byte;
            }
        }
        let at = at.index(text.len() + 1);
        text.splice(at..at, piece.bytes());
        fuzz_scenario(&text);
    }

    #[test]
    fn known_keys_with_any_values(
        pairs in proptest::collection::vec(
            (proptest::sample::select(keys()), proptest::sample::select(VALUES.to_vec())),
            1..8,
        ),
    ) {
        let sets: String = pairs.iter().map(|(key, value)| format!("\0{key}={value}")).collect();
        fuzz_scenario(format!("name: good{sets}").as_bytes());
    }

    #[test]
    fn random_overrides(key in "[a-z.\\[\\]0-9_]{0,20}", value in "\\PC{0,20}") {
        fuzz_scenario(format!("name: good\0{key}={value}").as_bytes());
    }
}

#[test]
fn the_words_are_those_of_the_language() {
    for key in [
        "call.service",
        "calls",
        "client.tls.ca",
        "call.expect.fields",
        "call.retry.on",
        "call.stream.rate",
    ] {
        assert!(keys().contains(&key), "{key}");
    }
}

#[test]
fn every_file_of_the_corpus() {
    for text in corpus() {
        fuzz_scenario(&text);
        for end in 0..text.len().min(400) {
            fuzz_scenario(&text[..end]);
        }
    }
}
