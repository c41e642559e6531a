//! What a method has to stream for what is asked of its calls. Of a method of the Greeter `scenarios` knows that; of another
//! service's it is known when that is described.

use scenarios::method::Pattern;
use scenarios::scenario::{self, Cancel, HalfClose};

use super::Mistake;

/// Something that is asked of a call.
struct Asked {
    is_there: bool,
    fits: bool,
    key: &'static str,
    below: Option<&'static str>,
    streams: &'static str,
    help: &'static str,
}

/// The first thing that a method of this pattern cannot do.
pub(super) fn check(call: &scenario::Call, name: &str, pattern: Pattern) -> Result<(), Mistake> {
    let misfit = asked(call, pattern)
        .into_iter()
        .find(|asked| asked.is_there && !asked.fits);
    let Some(misfit) = misfit else {
        return Ok(());
    };
    let message = format!(
        "expected a method that streams {}, found `{name}`, which is {pattern}",
        misfit.streams
    );
    let mistake = Mistake::at(misfit.key, message).help(misfit.help);
    Err(misfit.below.into_iter().fold(mistake, Mistake::below))
}

fn asked(call: &scenario::Call, pattern: Pattern) -> [Asked; 5] {
    let (requests, replies) = (pattern.streams_requests(), pattern.streams_replies());
    [
        Asked {
            is_there: matches!(call.cancel, Some(Cancel::AfterMessages(_))),
            fits: replies,
            key: "cancel",
            below: Some("after_messages"),
            streams: "replies",
            help: "write `after: 10ms` to cancel after a time",
        },
        Asked {
            is_there: call.read.is_some(),
            fits: replies,
            key: "read",
            below: None,
            streams: "replies",
            help: "a reply that comes alone fills no window",
        },
        Asked {
            is_there: call.stream.is_some(),
            fits: requests,
            key: "stream",
            below: None,
            streams: "requests",
            help: "`load.open` paces calls",
        },
        Asked {
            is_there: call.stream.is_some_and(|stream| stream.answers_each),
            fits: requests && replies,
            key: "stream",
            below: Some("answers_each"),
            streams: "both ways",
            help: "leave it out: there is one reply to all requests",
        },
        Asked {
            is_there: call.half_close == HalfClose::AfterReplies,
            fits: requests && replies,
            key: "half_close",
            below: None,
            streams: "both ways",
            help: "others are half-closed with their last request",
        },
    ]
}
