//! The nearest known name, for people who mistyped one.

/// The candidate that `name` was probably meant to be.
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let name = plain(name);
    let (candidate, distance) = candidates
        .into_iter()
        .map(|candidate| {
            (
                candidate,
                strsim::damerau_levenshtein(&name, &plain(candidate)),
            )
        })
        .min_by_key(|(_, distance)| *distance)?;
    let shorter = name.chars().count().min(candidate.chars().count());
    (distance <= (shorter / 3).max(1) && distance < shorter).then_some(candidate)
}

/// A name without what is mistaken for nothing: case, dashes for underscores.
fn plain(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let keys = ["channels", "lanes", "engine", "max_frame_size"];
        assert_eq!(nearest("chanels", keys), Some("channels"));
        assert_eq!(nearest("Channels", keys), Some("channels"));
        assert_eq!(nearest("max-frame-size", keys), Some("max_frame_size"));
        assert_eq!(nearest("connections", keys), None);
        assert_eq!(nearest("", keys), None);
    }
}
