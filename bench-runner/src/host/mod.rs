//! What machine this is, and how busy we and the server are on it.

pub mod affinity;
pub mod cpu;
pub mod environment;
pub mod memory;
