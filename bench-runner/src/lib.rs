//! The runner: reads a scenario, makes the calls, records every one of them, and writes the result.
//!
//! # Layout
//!
//! - [`cli`], [`cmd`], [`exit`]: the command line
//! - [`engine`]: how calls are made
//! - [`calibrate`]: what this machine and this harness can do
//! - [`run`]: when, and by which threads
//! - [`record`]: what became of them
//! - [`tls`]: how connections are secured; [`dial`]: those beside the load
//! - [`plan`]: a case bound to this machine
//! - [`target`]: what is called
//! - [`peer`]: servers and clients of other stacks
//! - [`compare`]: every client against every server
//! - [`gate`]: a candidate against its baseline
//! - [`github`]: what a step of a GitHub job is told of it
//! - [`search`]: the highest rate at which the limits hold
//! - [`network`]: the network between, emulated
//! - [`import`]: configurations of other generators as scenarios
//! - [`host`]: on what machine
//! - [`progress`], [`output`], [`interrupt`]: what a person sees and does meanwhile
//! - [`clock`], [`call`], [`mix`]: the one clock; what a call sends; which call is next
//! - [`encodings`], [`secrets`]: how it is written; what of it nobody is shown
//! - [`reflection`]: what a server says of its services

pub mod calibrate;
pub mod call;
pub mod cli;
pub mod clock;
pub mod cmd;
pub mod compare;
pub mod dial;
pub mod encodings;
pub mod engine;
pub mod exit;
pub mod gate;
pub mod github;
#[cfg(test)]
mod given;
pub mod host;
pub mod import;
pub mod interrupt;
pub mod mix;
pub mod network;
pub mod output;
pub mod peer;
pub mod plan;
pub mod progress;
pub mod record;
pub mod reflection;
pub mod run;
pub mod search;
pub mod secrets;
pub mod target;
pub mod tls;
