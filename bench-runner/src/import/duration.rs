//! Durations as Go writes them: `300ms`, `1m30s`, `1.5h`.

use scenarios::units::Nanos;

const UNITS: [(&str, f64); 8] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("μs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3600e9),
];

/// Reads a duration that is not negative; `None` where the text is none, or is longer than 292 years.
///
/// # Source
///
/// Go's `time.ParseDuration`: numbers with a unit each, one after another; `0` needs none.
pub(super) fn parse(text: &str) -> Option<Nanos> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Nanos::ZERO);
    }
    let mut sum = 0.0;
    loop {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (number, after) = rest.split_at(end);
        let end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
        sum += number.parse::<f64>().ok()? * scale;
        rest = after;
        if rest.is_empty() {
            return (sum < i64::MAX as f64).then_some(Nanos(sum.round() as u64));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_writes_is_read() {
        for (text, ns) in [
            ("10s", 10_000_000_000),
            ("1m30s", 90_000_000_000),
            ("1h0m0s", 3_600_000_000_000),
            ("1.5s", 1_500_000_000),
            (".5ms", 500_000),
            ("250µs", 250_000),
            ("250us", 250_000),
            ("0", 0),
            ("0s", 0),
            ("+3ms", 3_000_000),
        ] {
            assert_eq!(parse(text), Some(Nanos(ns)), "{text}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for text in [
            "",
            "10",
            "s",
            "-1s",
            "1 s",
            "1d",
            "1s2",
            "1.2.3s",
            "1e3s",
            "9999999999h",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
