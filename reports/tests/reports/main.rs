//! The tests of what this crate shows, over results that look like real ones.

mod calibration;
mod ci;
#[path = "../common/mod.rs"]
mod common;
mod confidence;
mod encodings;
mod ghz;
mod golden;
mod history;
mod limits;
mod properties;
mod ratios;
mod renderers;
mod search;
