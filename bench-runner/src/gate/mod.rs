//! A gate: baseline and candidate in turn, round by round, until the data decide or the budget is spent.
//!
//! In a round both arms of a case run with the same seed, each against a fresh server process, in an order drawn by lot;
//! the cases take turns, so that what drifts on the machine hits all alike. What the rounds say is judged by
//! [`reports::gate`], which knows nothing of how they came about.

mod arms;
mod instructions;
mod rounds;
mod schedule;
mod store;

pub use arms::{Arms, ArmsError, arms};
pub use instructions::{CountError, can_count, count};
pub use rounds::{Rounds, empty_cases};
pub use schedule::Schedule;
pub use store::{Store, days_between};
