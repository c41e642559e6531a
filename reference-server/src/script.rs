//! What one call is to do next: read, reply or end. Delay, errors and status aside, this is all the rules of replying,
//! and both faces go by it.
//!
//! Hot, and pure: a state machine that owns no stream and waits for nothing.

use tonic::Status;

use crate::reply::Reply;
use crate::shape::{Rule, Shape, checked_size};

/// The replies of one call.
#[derive(Debug)]
pub(crate) struct Script {
    rule: Rule,
    /// The size that the first request asked for.
    size: Option<u32>,
    /// The size and the name of the latest request that is to be answered.
    latest_size: Option<u32>,
    latest_name: String,
    /// Requests since the last reply, for [`Rule::Every`].
    unanswered: u32,
    /// The client has sent everything.
    ended: bool,
}

/// What a call is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Give the next request, or say that there is none.
    Read,
    /// Send [`Script::reply`].
    Reply,
    /// End: everything is said.
    Done,
}

impl Default for Script {
    /// The script of a call that has nothing to say.
    fn default() -> Script {
        Script {
            rule: Rule::AfterAll(0),
            size: None,
            latest_size: None,
            latest_name: String::new(),
            unanswered: 0,
            ended: false,
        }
    }
}

impl Script {
    /// Begins anew, for a call whose first request asked for `shape`; that request is taken in like the others.
    #[inline]
    pub(crate) fn begin(&mut self, shape: &Shape) {
        self.rule = shape.rule;
        self.size = shape.size;
        self.latest_size = None;
        self.latest_name.clear();
        self.unanswered = 0;
        self.ended = false;
    }

    /// Gives the memory of a long name back.
    #[inline]
    pub(crate) fn trim(&mut self, keep: usize) {
        if self.latest_name.capacity() > keep {
            self.latest_name = String::new();
        }
    }

    /// Says what to do next. After [`Step::Reply`] the reply counts as sent.
    #[inline]
    pub(crate) fn step(&mut self) -> Step {
        if self.is_reading() {
            return Step::Read;
        }
        match self.rule {
            Rule::AfterAll(replies) => match replies.checked_sub(1) {
                Some(left) => {
                    self.rule = Rule::AfterAll(left);
                    Step::Reply
                }
                None => Step::Done,
            },
            Rule::AfterFirst => {
                self.rule = Rule::AfterAll(0);
                Step::Reply
            }
            Rule::Every(_) if self.unanswered == 0 => Step::Done,
            Rule::Every(_) => {
                self.unanswered = 0;
                Step::Reply
            }
        }
    }

    /// Whether the next step is [`Step::Read`].
    #[inline]
    pub(crate) fn is_reading(&self) -> bool {
        !self.ended
            && match self.rule {
                Rule::AfterAll(_) => true,
                Rule::AfterFirst => self.unanswered == 0,
                Rule::Every(every) => self.unanswered < every.get(),
            }
    }

    /// Takes a request in, and remembers what a reply needs to know of it. A single reply greets the first.
    #[inline]
    pub(crate) fn take_in(&mut self, size: Option<u32>, name: &str) -> Result<(), Status> {
        self.unanswered = self.unanswered.saturating_add(1);
        let is_echo = matches!(self.rule, Rule::Every(_));
        if is_echo || self.unanswered == 1 {
            self.latest_size = checked_size(size)?;
            self.latest_name.clear();
            if self.filled().is_none() {
                self.latest_name.push_str(name);
            }
        }
        Ok(())
    }

    /// The client has sent everything.
    #[inline]
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    /// The reply of the last [`Step::Reply`].
    #[inline]
    pub(crate) fn reply(&self) -> Reply<&str> {
        match self.filled() {
            Some(size) => Reply::Filled(size),
            None => Reply::Greeting(&self.latest_name),
        }
    }

    /// Whether nothing but the end is left to come.
    #[inline]
    pub(crate) fn is_told(&self) -> bool {
        self.ended && matches!(self.rule, Rule::AfterAll(0))
    }

    fn filled(&self) -> Option<u32> {
        self.latest_size.or(self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    /// What a call does, `?` for a request read, `!` for a reply, while the client sends so many requests.
    fn told(rule: Rule, requests: u32) -> String {
        let mut script = Script::default();
        script.begin(&Shape {
            size: Some(1),
            rule,
            headers: crate::shape::Headers::WithFirst,
            end: None,
            stamps: false,
        });
        let (mut sent, mut steps) = (0, String::new());
        loop {
            assert_eq!(script.is_reading(), script.next_step() == Step::Read);
            match script.step() {
                Step::Read if sent < requests => {
                    sent += 1;
                    script.take_in(None, "").unwrap();
                    steps.push('?');
                }
                Step::Read => script.end(),
                Step::Reply => steps.push('!'),
                Step::Done => return steps,
            }
        }
    }

    impl Script {
        /// The next step, not taken.
        fn next_step(&self) -> Step {
            let mut copy = Script {
                latest_name: String::new(),
                ..*self
            };
            copy.step()
        }
    }

    #[test]
    fn replies_come_when_their_rule_says_so() {
        let every = |k| Rule::Every(NonZeroU32::new(k).unwrap());
        for (rule, requests, steps) in [
            (Rule::AfterAll(0), 2, "??"),
            (Rule::AfterAll(3), 2, "??!!!"),
            (Rule::AfterAll(1), 0, "!"),
            (Rule::AfterFirst, 3, "?!??"),
            (Rule::AfterFirst, 0, "!"),
            (every(1), 3, "?!?!?!"),
            (every(2), 3, "??!?!"),
            (every(2), 0, ""),
        ] {
            assert_eq!(told(rule, requests), steps, "{rule:?} {requests}");
        }
    }

    #[test]
    fn an_echo_has_the_size_of_its_own_request_and_a_single_reply_that_of_the_first() {
        let mut script = Script::default();
        let mut shape = Shape {
            size: None,
            rule: Rule::Every(NonZeroU32::MIN),
            headers: crate::shape::Headers::WithFirst,
            end: None,
            stamps: false,
        };
        script.begin(&shape);
        script.take_in(Some(3), "a").unwrap();
        assert_eq!(script.reply(), Reply::Filled(3));
        script.take_in(None, "b").unwrap();
        assert_eq!(script.reply(), Reply::Greeting("b"));
        assert!(script.take_in(Some(u32::MAX), "c").is_err());
        shape.rule = Rule::AfterAll(1);
        script.begin(&shape);
        script.take_in(None, "first").unwrap();
        script.take_in(Some(7), "second").unwrap();
        script.end();
        assert_eq!(script.step(), Step::Reply);
        assert_eq!(script.reply(), Reply::Greeting("first"));
        assert!(script.is_told());
    }
}
