//! Random times from a seed.

use hdrhistogram::Histogram;
use reports::model::empty_histogram;

use super::Shape;

/// A small generator (xorshift64*), so that fixtures stay the same whatever other crates do.
pub(crate) struct Samples(u64);

impl Samples {
    pub(crate) fn new(seed: u64) -> Samples {
        Samples(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Roughly normal: the sum of twelve uniforms, the same on every machine because nothing but sums is in it.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// Response time, service time and start lag of the calls that ended OK.
    pub(crate) fn calls(
        &mut self,
        shape: &Shape,
    ) -> (Histogram<u64>, Histogram<u64>, Histogram<u64>) {
        let lost = shape.failed + shape.cut_off + shape.unfinished;
        let calls = (shape.rate * (shape.seconds as f64 + 0.4)) as u64 - lost;
        let (mut response, mut service, mut lag) =
            (empty_histogram(), empty_histogram(), empty_histogram());
        for call in 0..calls {
            let slow = if call % 700 == 699 { 6.0 } else { 1.0 };
            let spread = 1.0 + 0.28 * self.normal();
            let took = (shape.median_ns * spread.max(0.3) * slow) as u64;
            let late = (1_500.0 * (1.0 + 0.4 * self.normal()).max(0.1) * slow * slow) as u64;
            for (histogram, ns) in [
                (&mut service, took),
                (&mut lag, late),
                (&mut response, took + late),
            ] {
                histogram
                    .record(ns.max(1))
                    .expect("the histogram resizes itself");
            }
        }
        (response, service, lag)
    }

    /// A distribution of the same form, shorter.
    pub(crate) fn scaled(&mut self, histogram: &Histogram<u64>, factor: f64) -> Histogram<u64> {
        let mut scaled = empty_histogram();
        for step in histogram.iter_recorded() {
            let ns = (step.value_iterated_to() as f64 * factor) as u64;
            scaled
                .record_n(ns.max(1), step.count_at_value())
                .expect("the histogram resizes itself");
        }
        scaled
    }
}

/// The lower bounds of the calls that were cut off.
pub(crate) fn bounds(shape: &Shape) -> Histogram<u64> {
    let mut bounds = empty_histogram();
    bounds
        .record_n(1_000_000_000, shape.cut_off + shape.unfinished)
        .expect("the histogram resizes itself");
    bounds
}
