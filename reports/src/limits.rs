//! Limits: whether every repetition kept what the scenario asks.
//!
//! A number decides; a lower bound decides only what it can. A percentile with too few samples beyond it, or a
//! quantity that nobody measured, leaves the limit open: neither kept nor broken. So does an invalid repetition, in which a
//! limit can be broken, and never kept.

use scenarios::limits::{Limit, Op, Unit};

use crate::model::{LimitOutcome, LimitVerdict, Repetition, Verdict};
use crate::seen::{Seen, see_limited};
use crate::view::format::{self, bound, count, duration, rate, share, size};

/// Judges each limit over all repetitions: one that breaks it is enough.
pub fn judge_limits(limits: &[Limit], repetitions: &[Repetition]) -> Vec<LimitOutcome> {
    limits
        .iter()
        .map(|limit| judge_limit(limit, repetitions))
        .collect()
}

fn judge_limit(limit: &Limit, repetitions: &[Repetition]) -> LimitOutcome {
    let worst = repetitions
        .iter()
        .map(|repetition| {
            let seen = see_limited(limit, limit.metric, repetition);
            (trusted(judge(limit, &seen), repetition), seen)
        })
        .reduce(|worst, next| worse(limit, worst, next));
    let (outcome, seen) = worst.unwrap_or((LimitVerdict::Inconclusive, Seen::NotMeasured));
    LimitOutcome {
        limit: limit.to_string(),
        seen: seen.text(limit.metric.unit()),
        outcome,
    }
}

/// Numbers that cannot be believed keep no limit.
fn trusted(outcome: LimitVerdict, repetition: &Repetition) -> LimitVerdict {
    match (outcome, repetition.validity.verdict) {
        (LimitVerdict::Kept, Verdict::Invalid) => LimitVerdict::Inconclusive,
        (outcome, _) => outcome,
    }
}

impl Seen {
    fn text(self, unit: Unit) -> String {
        match self {
            Seen::Exactly(value) => print(value, unit),
            Seen::AtLeast(value) => format!(">= {}", bound(value)),
            Seen::TooFew(beyond) => {
                format!("too few samples: {} beyond", count(beyond))
            }
            Seen::NotMeasured => "not measured".to_owned(),
        }
    }

    /// A place on the line of worse and better.
    fn value(self) -> Option<f64> {
        match self {
            Seen::Exactly(value) | Seen::AtLeast(value) => Some(value),
            Seen::TooFew(_) | Seen::NotMeasured => None,
        }
    }
}

fn judge(limit: &Limit, seen: &Seen) -> LimitVerdict {
    let decided = |holds: bool| {
        if holds {
            LimitVerdict::Kept
        } else {
            LimitVerdict::Broken
        }
    };
    match *seen {
        Seen::Exactly(value) => decided(limit.holds(value)),
        Seen::AtLeast(value) => {
            judge_bound(limit, value).map_or(LimitVerdict::Inconclusive, decided)
        }
        Seen::TooFew(_) | Seen::NotMeasured => LimitVerdict::Inconclusive,
    }
}

/// What follows for a limit from a true value of at least `value`; `None` where it may go either way.
fn judge_bound(limit: &Limit, value: f64) -> Option<bool> {
    let limit_value = limit.value.get();
    match limit.op {
        Op::Less => (value >= limit_value).then_some(false),
        Op::AtMost | Op::Equal => (value > limit_value).then_some(false),
        Op::Greater => (value > limit_value).then_some(true),
        Op::AtLeast => (value >= limit_value).then_some(true),
        Op::NotEqual => (value > limit_value).then_some(true),
    }
}

type Judged = (LimitVerdict, Seen);

/// Broken is worse than undecided, undecided worse than kept; among equals the value nearer to breaking is worse.
fn worse(limit: &Limit, a: Judged, b: Judged) -> Judged {
    let rank = |(verdict, _): &Judged| match verdict {
        LimitVerdict::Kept => 0,
        LimitVerdict::Inconclusive => 1,
        LimitVerdict::Broken => 2,
    };
    if rank(&a) != rank(&b) {
        return if rank(&a) > rank(&b) { a } else { b };
    }
    let (Some(x), Some(y)) = (a.1.value(), b.1.value()) else {
        return if a.1.value().is_some() { b } else { a };
    };
    let distance = |value: f64| (value - limit.value.get()).abs();
    let b_is_worse = match limit.op {
        Op::Less | Op::AtMost => y > x,
        Op::Greater | Op::AtLeast => y < x,
        Op::Equal => distance(y) > distance(x),
        Op::NotEqual => distance(y) < distance(x),
    };
    if b_is_worse { b } else { a }
}

/// A value of a metric, for people.
pub(crate) fn print(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Time | Unit::Cost => duration(value),
        Unit::Memory => size(value as u64),
        Unit::Count => count(value as u64),
        Unit::Rate => rate(value),
        Unit::Share if value > 0.0 => share(value),
        Unit::Share => format::share(0.0),
    }
}
