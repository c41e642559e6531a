//! Servers that are odd, broken or hostile, against the real program with both engines: the right status on the right
//! calls, the run goes on where it can and ends when it should, and memory stays bounded.

#[path = "../common/mod.rs"]
mod common;
#[path = "../../../protos/wire/tests/support/mod.rs"]
mod frames;
mod run;
mod server;

mod answers;
mod calm;
mod compressed;
mod connections;
mod floods;
mod goaway;
mod windows;
