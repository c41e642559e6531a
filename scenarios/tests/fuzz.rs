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

const PIECES: [&str; 24] = [
    "load",
    "closed",
    "open",
    "stages",
    "matrix",
    "client.channels",
    "target",
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "\n",
    "  ",
    "&a ",
    "*a",
    "\"",
    "'",
    "5s",
    "-1",
    "1e999",
    "\0",
    "=",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        fuzz_scenario(&data);
    }

    #[test]
    fn random_words(words in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..60)) {
        fuzz_scenario(words.concat().as_bytes());
    }

    #[test]
    fn good_and_broken_files_with_some_bytes_changed(
        mut text in proptest::sample::select(corpus()),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        piece in proptest::sample::select(PIECES.to_vec()),
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
    fn random_overrides(key in "[a-z.\\[\\]0-9_]{0,20}", value in "\\PC{0,20}") {
        fuzz_scenario(format!("name: good\0{key}={value}").as_bytes());
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
