//! Statistics over repetitions: pure functions of numbers.

mod interval;
mod student;

pub use interval::{FEWEST, Interval, ci95};
pub use student::{t_cdf, t_quantile};
