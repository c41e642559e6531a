//! A rate over time, and what is left of it once the calls or the time are used up.

/// The rate while it changes evenly; a second is the unit of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    /// Calls a second at its start.
    pub(super) from: f64,
    /// How many more each second.
    pub(super) slope: f64,
    /// Its length; infinite for the last one.
    pub(super) length: f64,
}

/// What ends a run, whichever comes first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Budget {
    /// Calls.
    pub(super) calls: f64,
    /// Seconds.
    pub(super) time: f64,
}

impl Span {
    /// A steady rate, for ever.
    pub(super) fn steady(rate: f64) -> Span {
        Span {
            from: rate,
            slope: 0.0,
            length: f64::INFINITY,
        }
    }

    /// The rate at its end.
    pub(super) fn to(&self) -> f64 {
        self.from + self.slope * self.length
    }

    /// Calls in so many seconds: the area under the rate.
    fn calls(&self, time: f64) -> f64 {
        time * (self.from + self.slope * time / 2.0)
    }

    /// The seconds that so many calls take: the first root of `from t + slope t² / 2 = calls`, in the form that does not
    /// cancel; infinite where the rate comes to nothing before.
    fn time_of(&self, calls: f64) -> f64 {
        let root = self.from * self.from + 2.0 * self.slope * calls;
        match root < 0.0 {
            true => f64::INFINITY,
            false => 2.0 * calls / (self.from + root.sqrt()),
        }
    }
}

/// The spans as far as the budget goes, none of them empty, and whether it was used up.
pub(super) fn cut(spans: &[Span], budget: Budget) -> (Vec<Span>, bool) {
    let Budget {
        mut calls,
        mut time,
    } = budget;
    let mut kept = Vec::new();
    for span in spans {
        let length = span.length.min(time).min(span.time_of(calls));
        if length > 0.0 {
            kept.push(Span { length, ..*span });
        }
        if length < span.length {
            return (kept, true);
        }
        calls -= span.calls(length);
        time -= length;
    }
    (kept, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLS: Budget = Budget {
        calls: 1000.0,
        time: f64::INFINITY,
    };

    fn span(from: f64, slope: f64, length: f64) -> Span {
        Span {
            from,
            slope,
            length,
        }
    }

    #[test]
    fn a_steady_rate_lasts_as_long_as_its_calls() {
        let (kept, used) = cut(&[Span::steady(50.0)], CALLS);
        assert_eq!((kept, used), (vec![span(50.0, 0.0, 20.0)], true));
    }

    #[test]
    fn time_may_end_it_first() {
        let budget = Budget { time: 3.0, ..CALLS };
        let (kept, used) = cut(&[span(50.0, 0.0, 2.0), Span::steady(60.0)], budget);
        let expected = vec![span(50.0, 0.0, 2.0), span(60.0, 0.0, 1.0)];
        assert_eq!((kept, used), (expected, true));
    }

    #[test]
    fn a_rising_rate_is_the_area_below_it() {
        // 5 t + 5 t² / 2 = 1000 at t = 19.02...
        let (kept, _) = cut(&[span(5.0, 5.0, f64::INFINITY)], CALLS);
        let t = kept[0].length;
        assert!((5.0 * t + 2.5 * t * t - 1000.0).abs() < 1e-6, "{t}");
    }

    #[test]
    fn a_falling_rate_may_end_before_the_calls_do() {
        // All of 10 calls a second falling to none in 10 s: 50 calls.
        let (kept, used) = cut(&[span(10.0, -1.0, 10.0)], CALLS);
        assert_eq!((kept, used), (vec![span(10.0, -1.0, 10.0)], false));
    }
}
