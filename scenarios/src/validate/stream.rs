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
    let Some(method) = call.method.greeter() else {
        let message =
            "expected no `stream` beside `service`: only methods of the Greeter are paced so far";
        return Err(Problem::new(at.clone(), message).in_key());
    };
    let wrong = |path: KeyPath, message: String| Err(Problem::new(path, message));
    if !method.pattern().streams_requests() {
        let message = format!(
            "expected a method that streams requests, found {method}, which is {}",
            method.pattern()
        );
        let help = "LotsOfGreetings and BidiHello do; `load.open` paces calls";
        return Err(Problem::new(at.clone(), message).help(help));
    }
    if method == Method::BidiHello && bidi == Some(Bidi::PingPong) {
        let message = "expected `independent`: a paced stream does not wait for replies".to_owned();
        return wrong(KeyPath::of("call.bidi"), message);
    }
    if call.requests() != 1 {
        let message = format!(
            "expected no `messages` beside `stream`, which says how many there are, found {}",
            call.requests()
        );
        return wrong(KeyPath::of("call.request.messages"), message);
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

/// Half-closing after the replies, of a call whose replies do not wait for it.
pub(super) fn half_close(at: &KeyPath, call: &Call) -> Result<(), Problem> {
    let when = call.reply.as_ref().and_then(|reply| reply.when);
    if call.half_close == HalfClose::WithLast || when == Some(When::Each) {
        return Ok(());
    }
    let message = "expected `with_last`: it is not known that each request is answered by itself";
    let help = "BidiHello that answers `each` request can be half-closed after the replies";
    Err(Problem::new(at.clone(), message).help(help))
}
