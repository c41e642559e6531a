//! What a tonic status means: which of them came from the server, and which are a connection or a deadline in disguise.

use std::error::Error;

use tonic::{Code, ConnectError as NotConnected, Status as TonicStatus};

use crate::engine::status::Status;

/// A status and whether it means that the connection is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) status: Status,
    pub(super) connection_lost: bool,
    /// That it never was: the call has reached nobody.
    pub(super) unconnected: bool,
}

/// What a status means for a call that has a deadline, or none.
pub(super) fn classify(status: &TonicStatus, has_deadline: bool) -> Meaning {
    let answered = |status| Meaning {
        status,
        connection_lost: false,
        unconnected: false,
    };
    // tonic answers CANCELLED for a timeout of its own, on both sides, and gives no other sign of it.
    if has_deadline && status.code() == Code::Cancelled && status.message() == "Timeout expired" {
        return answered(Status::DEADLINE_EXCEEDED);
    }
    if let Some(h2) = find::<h2::Error>(status) {
        return match h2.reason() {
            Some(reason) if h2.is_reset() => answered(Status::from_reset(reason)),
            _ => Meaning {
                status: Status::UNAVAILABLE,
                connection_lost: true,
                unconnected: false,
            },
        };
    }
    // Whatever else has a source is tonic's or hyper's word for a connection that failed; a server's answer has none.
    if status.source().is_some() {
        return Meaning {
            status: Status::UNAVAILABLE,
            connection_lost: true,
            unconnected: never_connected(status),
        };
    }
    match http_status(status) {
        Some(http) => answered(Status::from_code(wire::Status::of_http(http).0.into())),
        None => answered(Status::from_code(status.code().into())),
    }
}

/// Whether the call waited for a connection that took no more calls, and nothing of it was sent: hyper's word for it.
///
/// gRPC makes such a call anew, whatever its retry policy says (gRFC A6, "Transparent Retries").
pub(super) fn never_left(status: &TonicStatus) -> bool {
    find::<hyper::Error>(status).is_some_and(hyper::Error::is_canceled)
}

/// The HTTP status of an answer that is no gRPC, as a proxy's "503" is none: tonic takes its body for a message, says
/// INTERNAL, and tells the HTTP status only in its words.
fn http_status(status: &TonicStatus) -> Option<u16> {
    let words = status
        .message()
        .strip_prefix("protocol error: received message with invalid compression flag")?;
    let (_, behind) = words.split_once("while receiving response with status: ")?;
    let http = behind.get(..3)?.parse().ok()?;
    (http != 200).then_some(http)
}

/// What to tell a person: the server's message, or the innermost reason of a failed connection.
pub(super) fn describe(status: &TonicStatus) -> String {
    let mut innermost: Option<&(dyn Error + 'static)> = status.source();
    while let Some(source) = innermost.and_then(Error::source) {
        innermost = Some(source);
    }
    match innermost {
        None => status.message().to_owned(),
        Some(reason) if status.message().contains(&reason.to_string()) => {
            status.message().to_owned()
        }
        Some(reason) => format!("{}: {reason}", status.message()),
    }
}

/// Whether the error is that of the connector: a socket that was refused, or took too long.
fn never_connected(status: &TonicStatus) -> bool {
    find::<NotConnected>(status).is_some()
}

fn find<E: Error + 'static>(status: &TonicStatus) -> Option<&E> {
    let mut source = status.source();
    while let Some(error) = source {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        source = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(source: impl Error + Send + Sync + 'static) -> Meaning {
        classify(&TonicStatus::from_error(Box::new(source)), false)
    }

    #[test]
    fn a_timeout_of_tonics_own_is_a_deadline_only_where_there_is_one() {
        let status = TonicStatus::cancelled("Timeout expired");
        assert_eq!(classify(&status, true).status, Status::DEADLINE_EXCEEDED);
        assert_eq!(classify(&status, false).status, Status::CANCELLED);
        assert_eq!(
            classify(&TonicStatus::cancelled("by the server"), true).status,
            Status::CANCELLED
        );
    }

    #[test]
    fn a_reset_keeps_the_connection_and_a_goaway_does_not() {
        let reset = lost(h2::Error::from(h2::Reason::REFUSED_STREAM));
        assert_eq!(reset.status, Status::UNAVAILABLE);
        assert!(
            reset.connection_lost,
            "an error without a stream is the connection's"
        );
        let io = lost(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
        assert_eq!(
            io,
            Meaning {
                status: Status::UNAVAILABLE,
                connection_lost: true,
                unconnected: false
            }
        );
    }

    #[test]
    fn a_servers_answer_is_taken_as_it_is() {
        let status = TonicStatus::new(Code::NotFound, "no such greeting");
        assert_eq!(
            classify(&status, true),
            Meaning {
                status: Status::from_code(5),
                connection_lost: false,
                unconnected: false
            }
        );
        assert_eq!(describe(&status), "no such greeting");
    }
}
