//! How numbers are written: every report gets its digits, units and dashes here.
//!
//! Three significant digits for what was measured, all digits for what was counted, always with the unit. A value that
//! is not known prints as [`DASH`], never as zero and never as its neighbour.

use crate::model::Shown;

/// A value that is not known.
pub const DASH: &str = "–";

/// A length of time in nanoseconds: `18.4 µs`.
pub fn duration(ns: f64) -> String {
    if !ns.is_finite() {
        return DASH.to_owned();
    }
    const UNITS: [(&str, f64); 4] = [("ns", 1.0), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)];
    scaled(ns, &UNITS, 1000.0)
}

/// A quantile: a number, a lower bound, or why it is neither.
pub fn quantile(shown: Shown) -> String {
    match shown {
        Shown::Nothing => DASH.to_owned(),
        Shown::Exactly(ns) => duration(ns as f64),
        Shown::AtLeast(ns) => format!(">= {}", bound(ns as f64)),
        Shown::TooFew(beyond) => format!("too few: {} beyond", count(beyond)),
    }
}

/// A length of time that is a bound and no measurement, without trailing zeros: `1 s`.
pub fn bound(ns: f64) -> String {
    let text = duration(ns);
    match text.split_once(' ') {
        Some((number, unit)) if number.contains('.') => {
            let number = number.trim_end_matches('0').trim_end_matches('.');
            format!("{number} {unit}")
        }
        _ => text,
    }
}

/// Something a second: `12,345/s`.
pub fn rate(per_s: f64) -> String {
    if !per_s.is_finite() {
        return DASH.to_owned();
    }
    if per_s.abs() < 999.5 {
        return format!("{}/s", significant(per_s));
    }
    format!("{}/s", whole(per_s))
}

/// A size in bytes: `64 KiB`, `1.50 MiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [(&str, f64); 5] = [
        ("B", 1.0),
        ("KiB", 1024.0),
        ("MiB", 1_048_576.0),
        ("GiB", 1_073_741_824.0),
        ("TiB", 1_099_511_627_776.0),
    ];
    let exact = UNITS.iter().rev().find(|(_, scale)| {
        let scale = *scale as u64;
        bytes >= scale && bytes.is_multiple_of(scale) && bytes / scale < 1024
    });
    match exact {
        Some((unit, scale)) => format!("{} {unit}", bytes / *scale as u64),
        None => scaled(bytes as f64, &UNITS, 1024.0),
    }
}

/// Bytes a second: `1.50 MiB/s`.
pub fn bandwidth(bytes_per_s: f64) -> String {
    if bytes_per_s.is_finite() {
        format!("{}/s", size(bytes_per_s.round() as u64))
    } else {
        DASH.to_owned()
    }
}

/// A count: `1,234,567`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share from 0 to 1: `0.12 %`.
pub fn share(share: f64) -> String {
    let percent = share * 100.0;
    if !percent.is_finite() {
        DASH.to_owned()
    } else if percent == 0.0 || percent == 100.0 {
        format!("{percent:.0} %")
    } else if percent < 0.01 {
        "< 0.01 %".to_owned()
    } else if percent < 10.0 {
        format!("{percent:.2} %")
    } else {
        // 99.96 % is not all of it.
        format!("{:.1} %", percent.min(99.9))
    }
}

/// A length of time in seconds, as short as it goes: `5 s`, `2.5 s`.
pub fn seconds(s: f64) -> String {
    if !s.is_finite() {
        return DASH.to_owned();
    }
    let rounded = (s * 100.0).round() / 100.0;
    if rounded.abs() >= 1e6 {
        format!("{} s", whole(rounded))
    } else {
        format!("{rounded} s")
    }
}

/// A noun with its count: `1 case`, `5 cases`.
pub fn plural(n: u64, noun: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {noun}{s}", count(n))
}

/// What may be missing.
pub fn or_dash<T>(value: Option<T>, print: impl Fn(T) -> String) -> String {
    value.map_or_else(|| DASH.to_owned(), print)
}

/// Prints `value` in the largest unit that it reaches, moving up where rounding does (`999.6 µs` is `1.00 ms`).
fn scaled(value: f64, units: &[(&str, f64)], step: f64) -> String {
    if value == 0.0 {
        return format!("0 {}", units[0].0);
    }
    let reached = |scale: f64| value.abs() / scale >= (step - 0.5) / step;
    let (unit, scale) = units
        .iter()
        .rev()
        .find(|(_, scale)| reached(*scale))
        .unwrap_or(&units[0]);
    format!("{} {unit}", significant(value / scale))
}

/// Three significant digits, all digits before the point.
fn significant(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        v if v < 0.0005 => format!("{value:.1e}"),
        v if v < 0.9995 => format!("{value:.3}"),
        v if v < 9.995 => format!("{value:.2}"),
        v if v < 99.95 => format!("{value:.1}"),
        _ => whole(value),
    }
}

/// A whole number with thousands separators.
fn whole(value: f64) -> String {
    let rounded = value.abs().round();
    if rounded > 1e15 {
        return format!("{value:.2e}");
    }
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}", count(rounded as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits_and_a_unit() {
        let cases = [
            (0.0, "0 ns"),
            (1.0, "1.00 ns"),
            (950.0, "950 ns"),
            (999.6, "1.00 µs"),
            (18_432.0, "18.4 µs"),
            (1_254_000.0, "1.25 ms"),
            (999_600_000.0, "1.00 s"),
            (60_000_000_000.0, "60.0 s"),
            (7_200_000_000_000.0, "7,200 s"),
            (f64::NAN, DASH),
        ];
        for (ns, text) in cases {
            assert_eq!(duration(ns), text, "{ns}");
        }
    }

    #[test]
    fn rates_counts_sizes_and_shares_carry_their_units() {
        assert_eq!(rate(12_345.4), "12,345/s");
        assert_eq!(rate(99.97), "100/s");
        assert_eq!(rate(0.5), "0.500/s");
        assert_eq!(rate(f64::INFINITY), DASH);
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(size(65_536), "64 KiB");
        assert_eq!(size(1_500), "1.46 KiB");
        assert_eq!(size(0), "0 B");
        assert_eq!(share(0.001_2), "0.12 %");
        assert_eq!(share(0.999_99), "99.9 %");
        assert_eq!(share(0.000_001), "< 0.01 %");
        assert_eq!(seconds(5.0), "5 s");
    }

    #[test]
    fn what_is_no_number_is_said() {
        assert_eq!(quantile(Shown::TooFew(3)), "too few: 3 beyond");
        assert_eq!(quantile(Shown::AtLeast(1_000_000_000)), ">= 1 s");
        assert_eq!(quantile(Shown::Nothing), DASH);
    }
}
