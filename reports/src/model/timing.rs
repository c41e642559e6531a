//! A distribution of times: a few quantiles for readers, the whole histogram for machines.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};
use serde::{Deserialize, Serialize};

use super::foreign::nullable;
use crate::mutant::{self, Mutant};

/// The fewest samples beyond a percentile for it to be shown as a number.
pub const FEWEST_BEYOND: u64 = 10;

/// A distribution of times in nanoseconds.
///
/// The histogram holds what was seen to its end. Calls cut off by a deadline, or unfinished, are right-censored: of each
/// only a lower bound is known. The quantiles are over both together, and one that a censored call could have moved is
/// named in `censored.at_least`: it is a lower bound.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Samples, the censored ones not counted.
    #[serde(default, deserialize_with = "nullable")]
    pub count: u64,
    /// The smallest.
    pub min_ns: Option<u64>,
    /// The mean of the uncensored.
    pub mean_ns: Option<f64>,
    /// The median.
    pub p50_ns: Option<u64>,
    /// The 90th percentile.
    pub p90_ns: Option<u64>,
    /// The 99th percentile.
    pub p99_ns: Option<u64>,
    /// The 99.9th percentile.
    pub p999_ns: Option<u64>,
    /// The largest.
    pub max_ns: Option<u64>,
    /// Quantiles with fewer than [`FEWEST_BEYOND`] samples beyond them, by field name: to be shown as such.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub too_few_beyond: Vec<String>,
    /// Calls of which only a lower bound is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub censored: Option<Censored>,
    /// HDR histogram, V2, deflated, base64.
    #[serde(
        default,
        skip_serializing_if = "String::is_empty",
        deserialize_with = "nullable"
    )]
    pub histogram: String,
}

/// Calls of which only a lower bound is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Censored {
    /// How many.
    pub count: u64,
    /// The fields of [`Timing`] that are lower bounds because of them.
    pub at_least: Vec<String>,
    /// Histogram of the lower bounds: HDR, V2, deflated, base64.
    pub histogram: String,
}

/// A quantile that reports show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantile {
    /// The smallest.
    Min,
    /// The median.
    P50,
    /// The 90th percentile.
    P90,
    /// The 99th percentile.
    P99,
    /// The 99.9th percentile.
    P999,
    /// The largest.
    Max,
}

/// A quantile as it may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Nothing was measured.
    Nothing,
    /// The value.
    Exactly(u64),
    /// At least this: censored calls lie at or below it.
    AtLeast(u64),
    /// Too few samples beyond it: so many.
    TooFew(u64),
}

/// Why a histogram cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum HistogramError {
    /// It is not base64.
    #[error("a histogram is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
    /// It is not an HDR histogram.
    #[error("a histogram is not HDR V2: {0}")]
    Hdr(#[from] hdrhistogram::serialization::DeserializeError),
}

impl Quantile {
    /// All that [`Timing`] has a field for, from below.
    pub const ALL: [Quantile; 6] = [
        Quantile::Min,
        Quantile::P50,
        Quantile::P90,
        Quantile::P99,
        Quantile::P999,
        Quantile::Max,
    ];

    /// The name of its field.
    pub const fn field(self) -> &'static str {
        match self {
            Quantile::Min => "min_ns",
            Quantile::P50 => "p50_ns",
            Quantile::P90 => "p90_ns",
            Quantile::P99 => "p99_ns",
            Quantile::P999 => "p999_ns",
            Quantile::Max => "max_ns",
        }
    }

    /// As a share of the samples.
    pub const fn share(self) -> f64 {
        match self {
            Quantile::Min => 0.0,
            Quantile::P50 => 0.5,
            Quantile::P90 => 0.9,
            Quantile::P99 => 0.99,
            Quantile::P999 => 0.999,
            Quantile::Max => 1.0,
        }
    }

    /// How many of `count` samples lie beyond it.
    pub fn beyond(self, count: u64) -> u64 {
        count - self.rank(count)
    }

    /// Its rank among `count` samples, from 1; 0 where there are none.
    fn rank(self, count: u64) -> u64 {
        ((self.share() * count as f64 - 1e-9).ceil() as u64)
            .clamp(1, count.max(1))
            .min(count)
    }

    /// Whether it is a percentile, which needs samples beyond it to mean anything; the extremes do not.
    pub const fn is_percentile(self) -> bool {
        !matches!(self, Quantile::Min | Quantile::Max)
    }
}

impl Timing {
    /// Whether nothing was seen of it, whole or cut off.
    pub fn is_empty(&self) -> bool {
        self.count == 0 && self.censored.is_none()
    }

    /// Summarises a histogram of complete samples.
    pub fn new(complete: &Histogram<u64>) -> Timing {
        Timing::build(complete, None)
    }

    /// Summarises complete samples together with the lower bounds of those that were cut off.
    pub fn with_censored(complete: &Histogram<u64>, bounds: &Histogram<u64>) -> Timing {
        Timing::build(complete, (!bounds.is_empty()).then_some(bounds))
    }

    fn build(complete: &Histogram<u64>, bounds: Option<&Histogram<u64>>) -> Timing {
        let mut all = complete.clone();
        if let Some(bounds) = bounds {
            all.add(bounds)
                .expect("histograms that resize themselves take any value");
        }
        if all.is_empty() {
            return Timing::default();
        }
        let at = |quantile: Quantile| match quantile {
            Quantile::Min => all.min(),
            Quantile::Max => all.max(),
            // HDR answers with the top of a bucket, which may lie above the largest sample.
            _ => all.value_at_quantile(quantile.share()).min(all.max()),
        };
        let named = |keep: &dyn Fn(Quantile) -> bool| -> Vec<String> {
            Quantile::ALL
                .into_iter()
                .filter(|q| keep(*q))
                .map(|q| q.field().to_owned())
                .collect()
        };
        let censored = bounds.map(|bounds| Censored {
            count: bounds.len(),
            at_least: named(&|q| bounds.min() <= at(q)),
            histogram: encode_histogram(bounds),
        });
        Timing {
            count: complete.len(),
            min_ns: Some(at(Quantile::Min)),
            mean_ns: (!complete.is_empty()).then(|| complete.mean()),
            p50_ns: Some(at(Quantile::P50)),
            p90_ns: Some(at(Quantile::P90)),
            p99_ns: Some(at(Quantile::P99)),
            p999_ns: Some(at(Quantile::P999)),
            max_ns: Some(at(Quantile::Max)),
            too_few_beyond: named(&|q| q.is_percentile() && q.beyond(all.len()) < FEWEST_BEYOND),
            censored,
            histogram: encode_histogram(complete),
        }
    }

    /// A quantile as it may be shown to a person.
    pub fn shown(&self, quantile: Quantile) -> Shown {
        let value = match quantile {
            Quantile::Min => self.min_ns,
            Quantile::P50 => self.p50_ns,
            Quantile::P90 => self.p90_ns,
            Quantile::P99 => self.p99_ns,
            Quantile::P999 => self.p999_ns,
            Quantile::Max => self.max_ns,
        };
        let Some(value) = value else {
            return Shown::Nothing;
        };
        let is_named = |list: &[String]| list.iter().any(|field| field == quantile.field());
        let beyond = quantile.beyond(self.population());
        // Also where a producer that is not ours names none.
        let too_few = quantile.is_percentile() && beyond < FEWEST_BEYOND;
        if mutant::is(Mutant::ShowAll) {
            Shown::Exactly(value)
        } else if too_few || is_named(&self.too_few_beyond) {
            Shown::TooFew(beyond)
        } else if self
            .censored
            .as_ref()
            .is_some_and(|censored| is_named(&censored.at_least))
        {
            Shown::AtLeast(value)
        } else {
            Shown::Exactly(value)
        }
    }

    /// Samples, the censored ones included.
    pub fn population(&self) -> u64 {
        let censored = self.censored.as_ref().map_or(0, |censored| censored.count);
        self.count.saturating_add(censored)
    }

    /// The histogram of the complete samples; empty where there is none.
    pub fn complete(&self) -> Result<Histogram<u64>, HistogramError> {
        decode_histogram(&self.histogram)
    }

    /// The histogram of the lower bounds; empty where no call was cut off.
    pub fn bounds(&self) -> Result<Histogram<u64>, HistogramError> {
        decode_histogram(
            self.censored
                .as_ref()
                .map_or("", |censored| &censored.histogram),
        )
    }

    /// The same distribution over several repetitions: histograms are merged, percentiles never averaged.
    pub fn merged<'a>(
        timings: impl IntoIterator<Item = &'a Timing>,
    ) -> Result<Timing, HistogramError> {
        let (mut complete, mut bounds) = (empty_histogram(), empty_histogram());
        for timing in timings {
            if mutant::is(Mutant::AveragePercentiles) {
                mutant::average(&mut complete, &timing.complete()?);
                continue;
            }
            complete
                .add(timing.complete()?)
                .expect("histograms that resize themselves take any value");
            bounds
                .add(timing.bounds()?)
                .expect("histograms that resize themselves take any value");
        }
        Ok(Timing::with_censored(&complete, &bounds))
    }
}

/// The histogram that the runner records into: 1 ns to 60 s and beyond, three digits.
pub fn empty_histogram() -> Histogram<u64> {
    let digits = if mutant::is(Mutant::Coarse) { 1 } else { 3 };
    let mut histogram =
        Histogram::new_with_bounds(1, 60_000_000_000, digits).expect("the bounds are in order");
    histogram.auto(true);
    histogram
}

/// Prints a histogram as HDR V2, deflated, base64; an empty one as nothing.
pub fn encode_histogram(histogram: &Histogram<u64>) -> String {
    if histogram.is_empty() {
        return String::new();
    }
    let mut bytes = Vec::new();
    V2DeflateSerializer::new()
        .serialize(histogram, &mut bytes)
        .expect("writing to memory does not fail");
    STANDARD.encode(bytes)
}

/// Reads what [`encode_histogram`] printed.
pub fn decode_histogram(text: &str) -> Result<Histogram<u64>, HistogramError> {
    if text.is_empty() {
        return Ok(empty_histogram());
    }
    let bytes = STANDARD.decode(text)?;
    let mut histogram: Histogram<u64> = Deserializer::new().deserialize(&mut bytes.as_slice())?;
    histogram.auto(true);
    Ok(histogram)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = u64>) -> Histogram<u64> {
        let mut histogram = empty_histogram();
        for value in values {
            histogram.record(value).unwrap();
        }
        histogram
    }

    #[test]
    fn a_percentile_among_censored_calls_is_a_lower_bound() {
        let timing = Timing::with_censored(
            &of((0..9_800).map(|_| 2_000_000)),
            &of((0..200).map(|_| 1_000_000_000)),
        );
        assert!(matches!(timing.shown(Quantile::P90), Shown::Exactly(ns) if ns < 2_010_000));
        assert!(matches!(timing.shown(Quantile::P99), Shown::AtLeast(ns) if ns >= 1_000_000_000));
        assert_eq!(timing.count, 9_800);
    }

    #[test]
    fn a_percentile_with_few_samples_beyond_says_so() {
        let timing = Timing::new(&of(1..=999));
        assert_eq!(timing.shown(Quantile::P99), Shown::TooFew(9));
        assert!(matches!(timing.shown(Quantile::P90), Shown::Exactly(_)));
        assert!(matches!(
            Timing::new(&of(1..=1000)).shown(Quantile::P99),
            Shown::Exactly(_)
        ));
        assert_eq!(Timing::default().shown(Quantile::P50), Shown::Nothing);
    }

    #[test]
    fn merging_equals_recording_together() {
        let (a, b) = (Timing::new(&of(1..5_000)), Timing::new(&of(4_000..90_000)));
        let together = Timing::new(&of((1..5_000).chain(4_000..90_000)));
        assert_eq!(Timing::merged([&a, &b]).unwrap(), together);
    }
}
