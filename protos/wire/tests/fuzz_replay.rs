//! The fuzz targets' bodies over what fuzzing found, and over random bytes.

use std::path::Path;

use proptest::prelude::*;
use wire::fuzzing::{fuzz_client, fuzz_frames, fuzz_hpack, fuzz_pair, fuzz_server};

/// A target's body.
type Body = fn(&[u8]);

/// The targets, by the name of their corpus.
const TARGETS: [(&str, Body); 5] = [
    ("frames", fuzz_frames),
    ("hpack", fuzz_hpack),
    ("client", fuzz_client),
    ("server", fuzz_server),
    ("pair", fuzz_pair),
];

#[test]
fn the_corpus_holds() {
    for (name, target) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/corpus")
            .join(name);
        let mut seeds = 0;
        for entry in std::fs::read_dir(&folder).expect("a corpus for each target") {
            let path = entry.expect("a readable folder").path();
            target(&std::fs::read(&path).expect("a readable seed"));
            seeds += 1;
        }
        assert!(seeds > 0, "{name} has no corpus");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_hold(data in proptest::collection::vec(any::<u8>(), 0..400)) {
        for (_, target) in TARGETS {
            target(&data);
        }
    }
}
