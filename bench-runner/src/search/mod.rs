//! A search for capacity: the highest rate at which a scenario's limits still hold.
//!
//! [`Bracket`] says which rate is next, [`Points`] measures it, [`reports::search`] says whether the limits hold there.

mod bracket;
mod points;

pub use bracket::Bracket;
pub use points::{Points, conclude};
