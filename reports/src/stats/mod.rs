//! Statistics over repetitions: pure functions of numbers.

mod bisect;
mod interval;
mod normal;
mod signed_rank;
mod student;
mod welch;

pub use interval::{FEWEST, Interval, ci95};
pub use normal::{normal_quantile, normal_tail};
pub use signed_rank::{SignedRank, p_above, p_below};
pub use student::{t_cdf, t_quantile};
pub use welch::{Ratio, ratio, welch_t};
