//! What to run, and when: the scenario language, its cases and its load models.
//!
//! Pure: no runtime, no clock, no socket. A scenario file becomes a [`Suite`] of [`Case`]s, one for each point of its
//! matrix, and a case's [`load::Load`] becomes the [`load::Pacer`] of each lane.
//!
//! # Layout
//!
//! | module | what it holds |
//! |---|---|
//! | [`scenario`], [`method`], [`status`], [`law`], [`units`] | a scenario as meant |
//! | [`load`] | when calls start |
//! | [`limits`], [`metric`] | what decides between exit codes 0 and 1 |

pub mod law;
pub mod limits;
pub mod load;
pub mod method;
pub mod metric;
pub mod scenario;
pub mod status;
pub mod units;
