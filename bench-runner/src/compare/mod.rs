//! Stacks side by side: every client against every server, on the same work.
//!
//! A cell is one pair. It is verified before it is measured, and measured once in each round, in an order that is drawn
//! anew for each round: what drifts on the machine meanwhile hits all cells alike.

mod cell;
mod order;
mod verify;

pub use cell::{Cell, Stack, cells};
pub use order::shuffled;
pub use verify::{Refusal, counts_differ, verify};
