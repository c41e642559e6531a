//! Paced streams and half-closed ones, checked.

use crate::file::StreamFile;
use crate::load::Arrivals;
use crate::method::Method;
use crate::scenario::{Bidi, Call, When};
use crate::semantics::HalfClose;
use crate::stream::{Length, Stream};
use crate::tree::KeyPath;
use crate::units::Nanos;

use super::{DAY, Problem, within};

const MAX_MESSAGES: u32 = 1_000_000_000;

/// The pace of a stream, of a call that can be one; `bidi` is as written.
pub(super) fn stream(
    at: &KeyPath,
    file: &StreamFile,
    call: &Call,
    bidi: Option<Bidi>,
) -> Result<Stream, Problem> {
    let wrong = |path: KeyPath, message: String| Err(Problem::new(path, message));
    // How a method of another service streams is known when its description has been read.
    let greeter = call.method.greeter();
    if let Some(method) = greeter.filter(|method| !method.pattern().streams_requests()) {
        let message = format!(
            "expected a method that streams requests, found {method}, which is {}",
            method.pattern()
        );
        let help = "LotsOfGreetings and BidiHello do; `load.open` paces calls";
        return Err(Problem::new(at.clone(), message).help(help));
    }
    if greeter.is_none_or(|method| method == Method::BidiHello) && bidi == Some(Bidi::PingPong) {
        let message = "expected `independent`: a paced stream does not wait for replies".to_owned();
        return wrong(KeyPath::of("call.bidi"), message);
    }
    if let Some(messages) = call.request.messages.filter(|messages| *messages != 1) {
        let message = format!(
            "expected no `messages` beside `stream`, which says how many there are, found {messages}"
        );
        return wrong(KeyPath::of("call.request.messages"), message);
    }
    if greeter.is_some() && file.answers_each == Some(true) {
        let message =
            "expected `answers_each` beside `service` only: of the Greeter `reply.when` says so";
        return Err(Problem::new(at.key("answers_each"), message).in_key());
    }
    let misfit = [
        ("retry", call.retry.is_some()),
        ("wait_for_ready", call.wait_for_ready),
        ("half_close", call.half_close != HalfClose::WithLast),
    ];
    if let Some((key, _)) = misfit.iter().find(|(_, is_there)| *is_there) {
        let message = format!("expected no `{key}` beside `stream`");
        return wrong(KeyPath::of("call").key(key), message);
    }
    Ok(Stream {
        rate: file.rate,
        arrivals: file.arrivals.unwrap_or(Arrivals::Uniform),
        length: length(at, file.messages, file.duration)?,
        answers_each: file.answers_each.unwrap_or_default(),
    })
}

fn length(
    at: &KeyPath,
    messages: Option<u32>,
    duration: Option<Nanos>,
) -> Result<Option<Length>, Problem> {
    match (messages, duration) {
        (None, None) => Ok(None),
        (Some(messages), None) => {
            let messages = within(&at.key("messages"), messages, 1..=MAX_MESSAGES)?;
            Ok(Some(Length::Messages(messages)))
        }
        (None, Some(duration)) => {
            let range = Nanos::from_micros(1)..=DAY;
            Ok(Some(Length::Duration(within(
                &at.key("duration"),
                duration,
                range,
            )?)))
        }
        (Some(_), Some(_)) => {
            let message = "expected one of `messages` and `duration`";
            Err(Problem::new(at.key("duration"), message))
        }
    }
}

/// Half-closing after the replies, of a call whose replies do not wait for it. What another service does, its user knows.
pub(super) fn half_close(at: &KeyPath, call: &Call) -> Result<(), Problem> {
    let when = call.reply.as_ref().map(|reply| reply.when);
    if call.half_close == HalfClose::WithLast || when.is_none_or(|when| when == Some(When::Each)) {
        return Ok(());
    }
    let message = "expected `with_last`: it is not known that each request is answered by itself";
    let help = "BidiHello that answers `each` request can be half-closed after the replies";
    Err(Problem::new(at.clone(), message).help(help))
}
