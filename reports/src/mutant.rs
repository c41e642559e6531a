//! Lies, for tests only: each makes the harness lie as some tool of the field does, and a test of the truth suite must
//! notice (`docs/truth.md`).
//!
//! The feature `mutants` is in no release. Without it [`is`] is `false` when the program is compiled, and nothing of this
//! is left in it. With it, the environment variable [`VARIABLE`] names the lie; it is read once.

use hdrhistogram::Histogram;

macro_rules! lies {
    ($($(#[$about:meta])* $lie:ident $name:literal)*) => {
        /// A lie.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mutant { $($(#[$about])* $lie,)* }

        impl Mutant {
            /// All of them.
            pub const ALL: &[Mutant] = &[$(Mutant::$lie),*];

            /// What [`VARIABLE`] calls it.
            pub const fn name(self) -> &'static str {
                match self { $(Mutant::$lie => $name,)* }
            }
        }
    };
}

lies! {
    /// Response time runs from the actual start: coordinated omission.
    FromSend "from_send"
    /// An open loop waits for the call before.
    ClosedLoop "closed_loop"
    /// Arrivals that were missed are left out.
    SkipOverdue "skip_overdue"
    /// Of the arrivals that were missed, one is begun a turn of the lane.
    OneATurn "one_a_turn"
    /// Calls are begun on the ticks of a millisecond timer.
    Tick "tick_1ms"
    /// Times are taken from a clock of a millisecond.
    CoarseClock "coarse_clock"
    /// Random arrivals are even.
    EvenArrivals "even_arrivals"
    /// All lanes have the same arrivals, at a share of the rate each.
    PhaseLocked "phase_locked"
    /// What waits for a free stream is not late.
    ForgiveBusy "forgive_busy"
    /// A percentile is shown however few samples lie beyond it.
    ShowAll "show_all"
    /// Histograms keep one digit.
    Coarse "coarse"
    /// Histograms end at a second.
    Clamp "clamp"
    /// Percentiles of lanes, and of repetitions, are averaged.
    AveragePercentiles "average_percentiles"
    /// Only the first thousand calls are in the times.
    Truncate "truncate"
    /// Calls that failed are in the times.
    CountErrors "count_errors"
    /// Calls that were cut off are not in the times.
    DropTimeouts "drop_timeouts"
    /// Calls in flight at the end are forgotten.
    IgnoreInFlight "ignore_in_flight"
    /// A call that failed is made again, and nothing is said.
    Retry "retry"
    /// Of a stream, only the average gap between messages is kept.
    AverageGaps "average_gaps"
    /// Calls leave in two writes, and Nagle's algorithm is left on.
    Nagle "nagle"
    /// One channel makes all the calls.
    OneChannel "one_channel"
    /// A call belongs to the second in which it ended.
    ByCompletion "by_completion"
    /// Time stalled on flow-control windows is not counted.
    HideStalls "hide_stalls"
    /// Every run is valid.
    SayValid "say_valid"
}

/// The environment variable that names the lie.
pub const VARIABLE: &str = "BENCH_RUNNER_MUTANT";

/// Whether the harness is to lie in this way.
#[cfg(not(feature = "mutants"))]
#[inline(always)]
pub const fn is(_: Mutant) -> bool {
    false
}

/// Whether the harness is to lie in this way.
#[cfg(feature = "mutants")]
pub fn is(mutant: Mutant) -> bool {
    static CHOSEN: std::sync::OnceLock<Option<Mutant>> = std::sync::OnceLock::new();
    *CHOSEN.get_or_init(chosen) == Some(mutant)
}

#[cfg(feature = "mutants")]
fn chosen() -> Option<Mutant> {
    let name = std::env::var(VARIABLE).ok()?;
    let named = Mutant::ALL.iter().find(|mutant| mutant.name() == name);
    Some(*named.unwrap_or_else(|| panic!("{VARIABLE}: there is no mutant `{name}`")))
}

/// Makes `mine` what averaging its percentiles with those of `theirs` would make of it.
pub fn average(mine: &mut Histogram<u64>, theirs: &Histogram<u64>) {
    const POINTS: u64 = 1_000;
    if mine.is_empty() || theirs.is_empty() {
        mine.add(theirs).expect("the histogram resizes itself");
        return;
    }
    let each = (mine.len() + theirs.len()).div_ceil(POINTS);
    let average = |point| {
        let quantile = (point as f64 + 0.5) / POINTS as f64;
        (mine.value_at_quantile(quantile) + theirs.value_at_quantile(quantile)) / 2
    };
    let averages: Vec<u64> = (0..POINTS).map(average).collect();
    mine.reset();
    for value in averages {
        mine.record_n(value, each)
            .expect("the histogram resizes itself");
    }
}
