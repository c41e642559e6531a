//! `docs/concepts.md`: every command of the page runs, and every claim is held against what it measured.
//!
//! `UPDATE=1 cargo test -p bench-runner --test concepts` makes the page anew, from runs as long as the scenarios say.

#[path = "../common/mod.rs"]
mod common;

mod claims;
mod page;
mod played;

use std::path::Path;

use page::Page;

#[test]
fn every_command_of_the_page_runs_and_every_claim_holds() {
    let is_update = std::env::var_os("UPDATE").is_some();
    let mut page = Page::new();
    for concept in claims::CONCEPTS {
        let played = played::play(concept, !is_update);
        page.add(concept, &(concept.look)(&played));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/concepts.md");
    if is_update {
        std::fs::write(&path, page.text()).unwrap();
        return;
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(
        page::without_figures(&written) == page::without_figures(page.text()),
        "docs/concepts.md is out of date: run this test once with UPDATE=1"
    );
}
