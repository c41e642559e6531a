//! The units of the scenario language: durations, sizes and rates, written as people write them.
//!
//! Each is a newtype, so that a nanosecond is never added to a byte, and prints in the form that it is read from.

mod scalar;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A length of time, or an offset on the run's clock, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(pub u64);

/// A size in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

/// What a link carries, in bits per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bandwidth(pub u64);

/// How many calls are meant to start each second; positive and finite.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Rate(f64);

/// A part of a whole, or a rate of change: `1%` is 0.01.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Share(f64);

/// Why a text is not a duration, a size, a rate or a share.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found `{found}`")]
pub struct UnitError {
    expected: &'static str,
    found: String,
}

const DURATION: &str = "a duration with its unit, such as `500us`, `20ms` or `5s`";
const SIZE: &str = "a size such as `16B`, `64KiB` or `1MiB`";
const BANDWIDTH: &str = "a bandwidth such as `10Mbit/s` or `1Gbit/s`";
const RATE: &str = "a positive rate such as `5000/s` or `300/min`";

const SHARE: &str = "a share such as `1%` or `0.01`";

const TIME_UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];
const SIZE_UNITS: [(&str, u64); 8] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

const BANDWIDTH_UNITS: [(&str, u64); 4] = [
    ("bit/s", 1),
    ("kbit/s", 1_000),
    ("Mbit/s", 1_000_000),
    ("Gbit/s", 1_000_000_000),
];

impl Bandwidth {
    /// How long so many bytes take, rounded up.
    pub const fn time_of(self, bytes: u64) -> Nanos {
        let bits = bytes as u128 * 8 * Nanos::SECOND.0 as u128;
        Nanos(bits.div_ceil(self.0 as u128) as u64)
    }

    /// How many bytes go through in a time, rounded up.
    pub const fn over(self, time: Nanos) -> Bytes {
        let bits = self.0 as u128 * time.0 as u128;
        Bytes(bits.div_ceil(8 * Nanos::SECOND.0 as u128) as u64)
    }
}

impl Nanos {
    /// No time at all.
    pub const ZERO: Nanos = Nanos(0);
    /// One second.
    pub const SECOND: Nanos = Nanos(1_000_000_000);

    /// This many milliseconds.
    pub const fn from_millis(ms: u64) -> Nanos {
        Nanos(ms * 1_000_000)
    }

    /// This many microseconds.
    pub const fn from_micros(us: u64) -> Nanos {
        Nanos(us * 1_000)
    }

    /// The length in seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The time from `earlier` to `self`, or nothing where `earlier` is later.
    pub const fn since(self, earlier: Nanos) -> Nanos {
        Nanos(self.0.saturating_sub(earlier.0))
    }
}

impl std::ops::Add for Nanos {
    type Output = Nanos;
    fn add(self, other: Nanos) -> Nanos {
        Nanos(self.0.saturating_add(other.0))
    }
}

impl From<Nanos> for Duration {
    fn from(nanos: Nanos) -> Duration {
        Duration::from_nanos(nanos.0)
    }
}

impl From<Duration> for Nanos {
    fn from(duration: Duration) -> Nanos {
        Nanos(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl Rate {
    /// A rate in calls per second; `None` unless it is positive and finite.
    pub fn per_second(rate: f64) -> Option<Rate> {
        (rate.is_finite() && rate > 0.0).then_some(Rate(rate))
    }

    /// Calls per second.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Share {
    /// This many wholes.
    pub const fn new(share: f64) -> Share {
        Share(share)
    }

    /// The share of one whole.
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// Splits `1.5ms` into its number and its unit.
fn split_number(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    Some((&text[..end], text[end..].trim_start()))
}

/// Reads a number with one of `units`, exact for whole numbers; `None` where it is no such thing, too large, or finer
/// than the smallest unit.
fn parse_scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (number, unit) = split_number(text.trim())?;
    let (_, scale) = units.iter().find(|(name, _)| *name == unit)?;
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(*scale);
    }
    let value = number.parse::<f64>().ok()? * *scale as f64;
    let whole = value.round();
    ((value - whole).abs() < 1e-6 * value.max(1.0) && whole < 9e18).then_some(whole as u64)
}

/// Prints `value` in the largest of `units` that divides it.
fn print_scaled(f: &mut fmt::Formatter<'_>, value: u64, units: &[(&str, u64)]) -> fmt::Result {
    let (name, scale) = units
        .iter()
        .filter(|(_, scale)| value != 0 && value.is_multiple_of(*scale))
        .max_by_key(|(_, scale)| *scale)
        .unwrap_or(&units[0]);
    write!(f, "{}{}", value / scale, name)
}

impl FromStr for Nanos {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Nanos, UnitError> {
        if text.trim() == "0" {
            return Ok(Nanos::ZERO);
        }
        parse_scaled(text, &TIME_UNITS)
            .map(Nanos)
            .ok_or_else(|| UnitError {
                expected: DURATION,
                found: text.into(),
            })
    }
}

impl FromStr for Bytes {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Bytes, UnitError> {
        let bare = text.trim().parse().ok();
        bare.or_else(|| parse_scaled(text, &SIZE_UNITS))
            .map(Bytes)
            .ok_or_else(|| UnitError {
                expected: SIZE,
                found: text.into(),
            })
    }
}

impl FromStr for Bandwidth {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Bandwidth, UnitError> {
        parse_scaled(text, &BANDWIDTH_UNITS)
            .filter(|bits| *bits > 0)
            .map(Bandwidth)
            .ok_or_else(|| UnitError {
                expected: BANDWIDTH,
                found: text.into(),
            })
    }
}

impl FromStr for Rate {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Rate, UnitError> {
        let wrong = || UnitError {
            expected: RATE,
            found: text.into(),
        };
        let (number, unit) = split_number(text.trim()).ok_or_else(wrong)?;
        let seconds = match unit.strip_prefix('/').map(str::trim) {
            Some("s" | "sec") => 1.0,
            Some("min" | "m") => 60.0,
            Some("h") => 3600.0,
            _ => return Err(wrong()),
        };
        let number: f64 = number.parse().map_err(|_| wrong())?;
        Rate::per_second(number / seconds).ok_or_else(wrong)
    }
}

impl FromStr for Share {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Share, UnitError> {
        let (number, whole) = match text.trim().strip_suffix('%') {
            Some(percent) => (percent.trim_end(), 100.0),
            None => (text.trim(), 1.0),
        };
        let value = number.parse::<f64>().ok().filter(|value| value.is_finite());
        value
            .map(|value| Share(value / whole))
            .ok_or_else(|| UnitError {
                expected: SHARE,
                found: text.into(),
            })
    }
}

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PLAIN: [(&str, u64); 6] = [
            TIME_UNITS[0],
            TIME_UNITS[1],
            TIME_UNITS[3],
            TIME_UNITS[4],
            TIME_UNITS[6],
            TIME_UNITS[7],
        ];
        if self.0 == 0 {
            f.write_str("0s")
        } else {
            print_scaled(f, self.0, &PLAIN)
        }
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print_scaled(f, self.0, &SIZE_UNITS[..4])
    }
}

impl fmt::Display for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print_scaled(f, self.0, &BANDWIDTH_UNITS)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", self.0)
    }
}

impl fmt::Display for Share {
    /// In percent where that is short, so that what is printed is read back as the same number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = (self.0 * 100.0).round();
        if percent / 100.0 == self.0 {
            write!(f, "{percent}%")
        } else {
            write!(f, "{}", self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_back() {
        for text in ["500us", "2s", "1500ns", "90s", "3h", "0s"] {
            assert_eq!(text.parse::<Nanos>().unwrap().to_string(), text);
        }
        for text in ["16B", "64KiB", "1MiB", "1500B"] {
            assert_eq!(text.parse::<Bytes>().unwrap().to_string(), text);
        }
        for text in ["1Gbit/s", "2500Mbit/s", "64kbit/s", "1bit/s"] {
            assert_eq!(text.parse::<Bandwidth>().unwrap().to_string(), text);
        }
        assert_eq!("5000/s".parse::<Rate>().unwrap().to_string(), "5000/s");
        for text in ["1%", "0%", "1000%", "0.015", "-1%"] {
            assert_eq!(text.parse::<Share>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_bandwidth_turns_bytes_into_time_and_back() {
        let gigabit: Bandwidth = "1Gbit/s".parse().unwrap();
        assert_eq!(gigabit.time_of(1_250), Nanos::from_micros(10));
        assert_eq!(gigabit.time_of(1 << 40), Nanos(8_796_093_022_208));
        assert_eq!(gigabit.over(Nanos::from_millis(20)), Bytes(2_500_000));
        let odd = Bandwidth(3);
        assert_eq!(odd.time_of(1), Nanos(2_666_666_667));
        assert_eq!(odd.over(Nanos::SECOND), Bytes(1));
    }

    #[test]
    fn fractions_scale_exactly() {
        assert_eq!("1.5ms".parse::<Nanos>().unwrap(), Nanos(1_500_000));
        assert_eq!("7%".parse::<Share>().unwrap().get(), 0.07);
        assert_eq!("0.5/s".parse::<Rate>().unwrap().get(), 0.5);
        assert_eq!("300/min".parse::<Rate>().unwrap().get(), 5.0);
        assert_eq!("16KB".parse::<Bytes>().unwrap(), Bytes(16_000));
    }

    #[test]
    fn a_missing_or_wrong_unit_is_refused() {
        for text in ["90", "5 parsecs", "-2s", "", "s"] {
            assert!(text.parse::<Nanos>().is_err(), "{text}");
        }
        for text in ["5000", "-1/s", "0/s", "5000/day"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
        for text in ["", "%", "much", "inf", "1 percent"] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
        for text in ["1000", "0Mbit/s", "1Gbps", "1MB/s", "0.5bit/s"] {
            assert!(text.parse::<Bandwidth>().is_err(), "{text}");
        }
        for text in ["-1B", "16 bananas"] {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
        }
    }
}
