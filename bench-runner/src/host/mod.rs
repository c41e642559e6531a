//! What machine this is, and how busy we and the server are on it.

pub mod affinity;
pub mod clock;
pub mod cpu;
pub mod environment;
pub mod load;
pub mod memory;
pub mod scheduling;

/// The text of a small file of the kernel's, trimmed; `None` where it is not there.
fn line(path: &str) -> Option<String> {
    std::fs::read_to_string(path)
        .ok()
        .map(|text| text.trim().to_owned())
}
