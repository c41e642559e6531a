//! How a call that did not end well is told to a person.

use wire::{Cause, FieldList, MessageFault};

use crate::call::Call;

/// What to tell a person: the server's message, or what happened to the stream.
pub(super) fn describe(outcome: &wire::Outcome<'_>, lost: &str, call: &Call) -> String {
    match outcome.message() {
        Some(message) => percent_decoded(message),
        None => match outcome.cause {
            Cause::Trailers | Cause::TrailersOnly => unknown_status(outcome.trailers),
            Cause::MissingStatus => format!(
                "no grpc-status came; the HTTP status was {}",
                outcome.http_status
            ),
            Cause::Message(fault) => {
                no_message(fault, call.encodings.received.is_some()).to_owned()
            }
            Cause::Reset(code) => format!("the server reset the stream: {code}"),
            Cause::Malformed(error) => error.to_string(),
            Cause::Refused | Cause::Disconnected => lost.to_owned(),
        },
    }
}

/// A `grpc-status` that is none, which counts as UNKNOWN.
fn unknown_status(trailers: &FieldList) -> String {
    let value = trailers.get("grpc-status").unwrap_or_default();
    let is_known = value == b"2" || wire::Status::load(value) != wire::Status::UNKNOWN;
    if is_known {
        return String::new();
    }
    format!("`{}` is no grpc-status", value.escape_ascii())
}

/// What is wrong with a message of a call that accepts compressed ones, or does not.
fn no_message(fault: MessageFault, compressed: bool) -> &'static str {
    match fault {
        MessageFault::Compressed if compressed => {
            "the answer has a compressed message, and its grpc-encoding names no encoding"
        }
        MessageFault::Flag => "the answer is no gRPC message: its first byte is neither 0 nor 1",
        MessageFault::TooLong => "the answer is longer than the runner takes",
        MessageFault::Compressed => "the answer is compressed, which the runner did not ask for",
        MessageFault::Truncated => "the answer breaks off inside a message",
    }
}

/// `grpc-message` decoded; a percent sign that encodes nothing stays.
fn percent_decoded(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_message_is_percent_decoded() {
        assert_eq!(percent_decoded(b"50%25 off%2C caf%C3%A9"), "50% off, café");
        assert_eq!(
            percent_decoded(b"100% and %zz and %4"),
            "100% and %zz and %4"
        );
    }
}
