//! How a result that another program wrote is read: what it could not know is `null`, or is left out.

use serde::{Deserialize, Deserializer};

/// Reads `null` as nothing: no samples, no counts, no text.
pub(super) fn nullable<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads `null` as not-a-number, which JSON writes as `null` again and reports print as a dash.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// A number that the file leaves out.
pub(super) fn nan() -> f64 {
    f64::NAN
}
