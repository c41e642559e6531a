//! The gate over jobs whose truth is known: made ones with the noise of shared machines, and recorded ones.

mod jobs;
mod judging;
mod noise;
mod recorded;
mod simulation;
mod stored;
