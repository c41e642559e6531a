//! A metric of one case over its rounds, as paired differences.

use scenarios::metric::{Better, Metric};

use super::sequence::median;
use crate::model::{Arm, Change, Repetition, Verdict};
use crate::seen::{Seen, see};
use crate::stats::SignedRank;

/// A round: both arms measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair<'a> {
    pub(crate) baseline: &'a Repetition,
    pub(crate) candidate: &'a Repetition,
}

impl<'a> Pair<'a> {
    pub(crate) fn of(self, arm: Arm) -> &'a Repetition {
        match arm {
            Arm::Baseline => self.baseline,
            Arm::Candidate => self.candidate,
        }
    }

    /// Whether both can be used. A pair is dropped whole, so that neither arm is favoured.
    pub(crate) fn is_usable(self) -> bool {
        Arm::BOTH
            .iter()
            .all(|arm| self.of(*arm).validity.verdict != Verdict::Invalid)
    }
}

/// On which scale two values differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// By a factor: the logarithm of the ratio.
    Ratio,
    /// By an amount: shares, which are zero most of the time.
    Share,
}

impl Scale {
    pub(crate) fn of(metric: Metric) -> Scale {
        match metric {
            Metric::ErrorShare => Scale::Share,
            _ => Scale::Ratio,
        }
    }

    /// A change of this share, on the scale.
    pub(crate) fn difference_of(self, change: f64) -> f64 {
        match self {
            Scale::Ratio => change.ln_1p(),
            Scale::Share => change,
        }
    }

    /// The change that a difference on the scale is.
    pub(crate) fn change_of(self, difference: f64) -> f64 {
        match self {
            Scale::Ratio => difference.exp_m1(),
            Scale::Share => difference,
        }
    }
}

/// A metric over the pairs that can be used.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub(crate) scale: Scale,
    pub(crate) better: Better,
    /// Which of all pairs are in it.
    pub(crate) used: Vec<bool>,
    /// The baseline's values, used pair by used pair.
    pub(crate) baseline: Vec<f64>,
    pub(crate) candidate: Vec<f64>,
}

/// Why there is no series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// An arm does not have it.
    NotMeasured,
    /// A percentile with too few calls beyond it, or one that calls without an end may have moved.
    TooFew(String),
}

impl Series {
    pub(crate) fn of(metric: Metric, pairs: &[Pair<'_>]) -> Result<Series, Unusable> {
        let mut series = Series {
            scale: Scale::of(metric),
            better: metric.better().unwrap_or(Better::Less),
            used: Vec::new(),
            baseline: Vec::new(),
            candidate: Vec::new(),
        };
        let mut without_number = Vec::new();
        for pair in pairs {
            let arm = |arm| value(metric, pair.of(arm));
            let values = match pair.is_usable() {
                true => arm(Arm::Baseline).and_then(|b| Ok((b, arm(Arm::Candidate)?))),
                false => Err(Unusable::TooFew(String::new())),
            };
            series.used.push(values.is_ok());
            match values {
                Ok((baseline, candidate)) => {
                    series.baseline.push(baseline);
                    series.candidate.push(candidate);
                }
                Err(Unusable::NotMeasured) => return Err(Unusable::NotMeasured),
                Err(Unusable::TooFew(why)) => {
                    without_number.extend((!why.is_empty()).then_some(why));
                }
            }
        }
        // A few are left out with their whole round; many would leave a selection.
        let with_number = series.baseline.len();
        match without_number.pop() {
            Some(why) if with_number < 9 * (without_number.len() + 1) => Err(Unusable::TooFew(why)),
            _ => Ok(series),
        }
    }

    /// How much worse the candidate is in each pair, on the scale.
    pub(crate) fn differences(&self) -> Vec<f64> {
        let pairs = self.baseline.iter().zip(&self.candidate);
        pairs
            .map(|(baseline, candidate)| {
                let up = match self.scale {
                    Scale::Ratio => (candidate / baseline).ln(),
                    Scale::Share => candidate - baseline,
                };
                self.sign() * up
            })
            .collect()
    }

    /// The change in each pair, up being more.
    pub(crate) fn changes(&self) -> Vec<f64> {
        let up = self.differences().into_iter().map(|d| self.sign() * d);
        up.map(|d| self.scale.change_of(d)).collect()
    }

    /// The change from baseline to candidate over the first `pairs` pairs, up being more.
    pub(crate) fn change(&self, pairs: usize) -> Option<Change> {
        let up: Vec<f64> = self.differences()[..pairs]
            .iter()
            .map(|d| self.sign() * d)
            .collect();
        let ranks = SignedRank::of(&up);
        let interval = ranks.interval(0.95);
        let change = |difference| self.scale.change_of(difference);
        Some(Change {
            estimate: change(ranks.shift()?),
            low: interval.map(|(low, _)| change(low)),
            high: interval.map(|(_, high)| change(high)),
        })
    }

    /// Both medians over the first `pairs` pairs.
    pub(crate) fn medians(&self, pairs: usize) -> (f64, f64) {
        (
            median(&self.baseline[..pairs]),
            median(&self.candidate[..pairs]),
        )
    }

    fn sign(&self) -> f64 {
        match self.better {
            Better::Less => 1.0,
            Better::More => -1.0,
        }
    }
}

fn value(metric: Metric, repetition: &Repetition) -> Result<f64, Unusable> {
    match (see(metric, repetition), Scale::of(metric)) {
        (Seen::Exactly(value), Scale::Share) => Ok(value),
        (Seen::Exactly(value), Scale::Ratio) if value > 0.0 => Ok(value),
        (Seen::Exactly(_) | Seen::NotMeasured, _) => Err(Unusable::NotMeasured),
        (Seen::AtLeast(_), _) => Err(Unusable::TooFew(
            "calls that did not end may have moved it in at least one round".to_owned(),
        )),
        (Seen::TooFew(beyond), _) => Err(Unusable::TooFew(format!(
            "a round has {beyond} calls beyond it, and 10 are needed; measure for longer, or at a higher rate"
        ))),
    }
}
