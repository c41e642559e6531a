//! The checked-in types are what the `.proto` files say: this test makes them again and compares byte for byte.
//!
//! After a change of a `.proto` file, `UPDATE_GENERATED=1 cargo test -p protos --test generated` writes them anew.

use std::fs;
use std::path::Path;

use prost::Message as _;

const FILES: [&str; 3] = [
    "helloworld.rs",
    "bench_runner.reference.v1.rs",
    "descriptors.bin",
];

/// Writes the generated files to `out`.
fn generate(out: &Path) {
    let protos = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto");
    let descriptors = protox::compile(["helloworld.proto", "reference.proto"], [protos])
        .expect("the protos compile");
    // Comments become doc comments of the types; reflection has no use for them.
    let mut bare = descriptors.clone();
    bare.file
        .iter_mut()
        .for_each(|file| file.source_code_info = None);
    fs::write(out.join("descriptors.bin"), bare.encode_to_vec())
        .expect("the descriptors can be written");
    tonic_prost_build::configure()
        .btree_map(".")
        .out_dir(out)
        .compile_fds(descriptors)
        .expect("the types can be generated");
}

#[test]
fn the_generated_types_are_what_the_protos_say() {
    let made = tempfile::tempdir().expect("a temporary folder");
    generate(made.path());
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/generated");
    let update = std::env::var_os("UPDATE_GENERATED").is_some();
    for name in FILES {
        let fresh = fs::read(made.path().join(name)).expect(name);
        if update {
            fs::write(kept.join(name), &fresh).expect(name);
        }
        let known = fs::read(kept.join(name)).unwrap_or_default();
        assert!(
            known == fresh,
            "{name} is stale: run `UPDATE_GENERATED=1 cargo test -p protos --test generated`"
        );
    }
}
