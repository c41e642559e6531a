//! The kinds of failure, with the text that came with them: enough to see what went wrong, bounded in memory.

use std::collections::HashMap;

use reports::model::Failure;

use crate::engine::status::Status;

/// Different texts that are kept apart; the rest are counted together by status.
const MOST_KINDS: usize = 32;
/// What a text is cut to.
const LONGEST: usize = 200;

/// Failures by status and text.
#[derive(Clone, Debug, Default)]
pub struct Failures(HashMap<(Status, String), u64>);

impl Failures {
    /// Counts a failure.
    pub fn add(&mut self, status: Status, detail: &str) {
        self.add_many(status, detail, 1);
    }

    /// Adds another lane's.
    pub fn merge(&mut self, other: &Failures) {
        for ((status, detail), count) in &other.0 {
            self.add_many(*status, detail, *count);
        }
    }

    /// The most frequent first.
    pub fn list(&self) -> Vec<Failure> {
        let mut list: Vec<Failure> = self
            .0
            .iter()
            .map(|((status, message), count)| Failure {
                status: status.name().to_owned(),
                message: message.clone(),
                count: *count,
            })
            .collect();
        list.sort_by(|a, b| {
            (b.count, &a.status, &a.message).cmp(&(a.count, &b.status, &b.message))
        });
        list
    }

    fn add_many(&mut self, status: Status, detail: &str, count: u64) {
        let short: String = detail.chars().take(LONGEST).collect();
        let key = (status, short);
        let key = if self.0.len() < MOST_KINDS || self.0.contains_key(&key) {
            key
        } else {
            (status, "(other texts)".to_owned())
        };
        *self.0.entry(key).or_default() += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_never_repeats_itself_does_not_fill_the_memory() {
        let mut failures = Failures::default();
        for n in 0..1_000 {
            failures.add(Status::INTERNAL, &format!("request {n} failed"));
        }
        let list = failures.list();
        assert_eq!(list.len(), MOST_KINDS + 1);
        assert_eq!(list.iter().map(|f| f.count).sum::<u64>(), 1_000);
        assert_eq!(list[0].message, "(other texts)");
    }
}
