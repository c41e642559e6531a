//! What a call asks for besides its messages, checked.

use crate::file::RetryFile;
use crate::law::Law;
use crate::method::Pattern;
use crate::scenario::{Bidi, Call};
use crate::semantics::{Cancel, Expect, Retry};
use crate::status::StatusCode;
use crate::tree::KeyPath;
use crate::units::{Bytes, Nanos};

use super::metadata::plain_metadata;
use super::target::check_law;
use super::{DAY, HOUR, Problem, within};

const MAX_MESSAGES: u32 = 1_000_000;
const MAX_SIZE: Bytes = Bytes(1 << 30);
/// The shortest timeout and the shortest time to cancellation.
const SHORTEST: Nanos = Nanos::from_micros(1);

/// A timeout, fixed or drawn.
pub(super) fn deadline(
    at: &KeyPath,
    deadline: Option<Law<Nanos>>,
) -> Result<Option<Law<Nanos>>, Problem> {
    match &deadline {
        Some(Law::Fixed(fixed)) => drop(within(at, *fixed, SHORTEST..=DAY)?),
        Some(drawn) => check_law(at, drawn, DAY)?,
        None => {}
    }
    Ok(deadline)
}

/// Host and port as a URI has them (RFC 3986 3.2), whatever they name.
pub(super) fn authority(at: &KeyPath, name: Option<String>) -> Result<Option<String>, Problem> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:[]%".contains(c);
    match &name {
        Some(text) if text.is_empty() || text.len() > 255 || !text.chars().all(allowed) => {
            let message = format!("expected a host, with a port perhaps, found `{text}`");
            Err(Problem::new(at.clone(), message).help("such as `greeter.example.com:443`"))
        }
        _ => Ok(name),
    }
}

pub(super) fn user_agent(at: &KeyPath, name: Option<String>) -> Result<Option<String>, Problem> {
    if let Some(text) = &name {
        let is_plain = text.bytes().all(|b| (b' '..=b'~').contains(&b)) && text.trim() == text;
        if text.is_empty() || text.len() > 255 || !is_plain {
            let message =
                "expected 1 to 255 characters of printable ASCII without blanks at their ends";
            return Err(Problem::new(at.clone(), message));
        }
    }
    Ok(name)
}

pub(super) fn retry(at: &KeyPath, file: RetryFile) -> Result<Retry, Problem> {
    let on = file.on.unwrap_or_else(|| vec![StatusCode::UNAVAILABLE]);
    if on.is_empty() {
        return Err(Problem::new(at.key("on"), "expected at least one status"));
    }
    if let Some(index) = on.iter().position(|code| *code == StatusCode::OK) {
        let message = "expected statuses of failure, found `OK`";
        return Err(Problem::new(at.key("on").index(index), message));
    }
    Ok(Retry {
        attempts: within(&at.key("attempts"), file.attempts, 2..=100)?,
        backoff: within(
            &at.key("backoff"),
            file.backoff.unwrap_or(Nanos::from_millis(10)),
            Nanos::ZERO..=HOUR,
        )?,
        on,
    })
}

/// A cancellation that can come before the call's own end.
pub(super) fn cancel(
    at: &KeyPath,
    cancel: Option<Cancel>,
    call: &Call,
) -> Result<Option<Cancel>, Problem> {
    match cancel {
        Some(Cancel::After(after)) => drop(within(&at.key("after"), after, SHORTEST..=DAY)?),
        Some(Cancel::AfterMessages(messages)) => {
            let wrong = |message: String| Problem::new(at.key("after_messages"), message);
            // Of another service's method nobody knows yet how it answers.
            let (Some(method), replies) = (call.method.greeter(), call.replies()) else {
                return Ok(Some(Cancel::AfterMessages(messages)));
            };
            if !method.pattern().streams_replies() {
                let message = format!(
                    "expected a method that streams replies, found {method}, which is {}",
                    method.pattern()
                );
                return Err(wrong(message).help("write `after: 10ms` to cancel after a time"));
            }
            if call.stream.is_none() && messages.get() >= replies {
                let message = format!(
                    "expected fewer messages than the {replies} with which the call ends by itself, found {messages}"
                );
                return Err(wrong(message).help(match method.pattern() {
                    Pattern::Bidirectional => "raise `call.request.messages`",
                    _ => "raise `call.reply.messages`",
                }));
            }
        }
        None => {}
    }
    Ok(cancel)
}

/// Replies are taken slowly where there are several, and none is waited for.
pub(super) fn read(at: &KeyPath, call: &Call) -> Result<(), Problem> {
    let Some(read) = call.read else {
        return Ok(());
    };
    within(&at.key("delay"), read.delay, SHORTEST..=HOUR)?;
    if let Some(method) = call.method.greeter()
        && !method.pattern().streams_replies()
    {
        let message = format!(
            "expected a method that streams replies, found {method}, which is {}",
            method.pattern()
        );
        let help = "LotsOfReplies and BidiHello do; a reply that comes alone fills no window";
        return Err(Problem::new(at.clone(), message).help(help));
    }
    if call.bidi == Some(Bidi::PingPong) {
        let message =
            "expected no `read` beside `bidi: ping_pong`, which has one reply under way at a time";
        let help = "write `bidi: independent` to have replies come faster than they are read";
        return Err(Problem::new(at.clone(), message).help(help).in_key());
    }
    Ok(())
}

/// What can be expected of this call.
pub(super) fn expect(
    at: &KeyPath,
    expect: Option<Expect>,
    call: &Call,
) -> Result<Option<Expect>, Problem> {
    let Some(mut expect) = expect else {
        return Ok(None);
    };
    // OK goes without saying, and what expects nothing else is no expectation.
    expect.status = expect.status.filter(|status| *status != StatusCode::OK);
    if expect == Expect::default() {
        return Ok(None);
    }
    check_status(&at.key("status"), &expect, call)?;
    if let Some(messages) = expect.messages {
        within(&at.key("messages"), messages, 0..=MAX_MESSAGES)?;
    }
    if let Some(size) = expect.size {
        within(&at.key("size"), size, Bytes(0)..=MAX_SIZE)?;
    }
    if call.method.greeter().is_some() {
        check_fields(&at.key("fields"), &expect)?;
    }
    plain_metadata(&at.key("metadata"), expect.metadata.clone())?;
    plain_metadata(&at.key("trailers"), expect.trailers.clone())?;
    Ok(Some(expect))
}

fn check_status(at: &KeyPath, expect: &Expect, call: &Call) -> Result<(), Problem> {
    let Some(status) = expect.status else {
        return Ok(());
    };
    if [StatusCode::CANCELLED, StatusCode::DEADLINE_EXCEEDED].contains(&status) {
        let message =
            format!("expected another status than `{status}`, which is counted by itself");
        let help = "the result has `counts.cancelled` and `counts.deadline_exceeded`; limits can be set on both";
        return Err(Problem::new(at.clone(), message).help(help));
    }
    if call
        .retry
        .as_ref()
        .is_some_and(|retry| retry.on.contains(&status))
    {
        let message = format!("expected a status that is not tried again, found `{status}`");
        return Err(Problem::new(at.clone(), message).help("leave it out of `call.retry.on`"));
    }
    Ok(())
}

/// A `HelloReply` has one field, a text.
fn check_fields(at: &KeyPath, expect: &Expect) -> Result<(), Problem> {
    for (name, value) in &expect.fields {
        let path = at.key(name);
        if name != "message" {
            let message = format!("expected a field of `HelloReply`, found `{name}`");
            return Err(Problem::new(path, message)
                .in_key()
                .help("it has `message`"));
        }
        if !value.is_string() {
            let message = format!("expected text, found `{value}`");
            return Err(Problem::new(path, message));
        }
    }
    Ok(())
}
