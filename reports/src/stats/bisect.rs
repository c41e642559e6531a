//! Where a rising function reaches a value.

/// The place between `low` and `high` below which `is_below` holds and above which it does not.
pub(super) fn bisect(mut low: f64, mut high: f64, is_below: impl Fn(f64) -> bool) -> f64 {
    // Sixty halvings are more than the digits of the number.
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        match is_below(middle) {
            true => low = middle,
            false => high = middle,
        }
    }
    f64::midpoint(low, high)
}
