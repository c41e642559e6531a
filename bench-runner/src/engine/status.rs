//! How a call ended, as a small number: the gRPC status codes, and two of ours for replies that are not what was asked
//! and what was expected.

use std::fmt;

use scenarios::status::StatusCode;

/// A gRPC status code, [`Status::WRONG_REPLY`] or [`Status::CHECK_FAILED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Status(u8);

impl Status {
    /// How many there are.
    pub const KINDS: usize = 19;

    /// Success.
    pub const OK: Status = Status(0);
    /// Cancelled.
    pub const CANCELLED: Status = Status(1);
    /// Anything that has no code of its own.
    pub const UNKNOWN: Status = Status(2);
    /// The deadline came first.
    pub const DEADLINE_EXCEEDED: Status = Status(4);
    /// Something is broken.
    pub const INTERNAL: Status = Status(13);
    /// Not there now.
    pub const UNAVAILABLE: Status = Status(14);
    /// Status OK, but not the messages that were asked for. Not a gRPC code.
    pub const WRONG_REPLY: Status = Status(17);
    /// Not what the scenario expects (`call.expect`). Not a gRPC code.
    pub const CHECK_FAILED: Status = Status(18);

    /// The status of a gRPC code; a code that gRPC does not know is UNKNOWN.
    pub fn from_code(code: i32) -> Status {
        match u8::try_from(code) {
            Ok(code) if code <= 16 => Status(code),
            _ => Status::UNKNOWN,
        }
    }

    /// The status that the gRPC-over-HTTP/2 specification gives to an RST_STREAM error code.
    pub fn from_reset(reason: h2::Reason) -> Status {
        Status(wire::Status::of_reset(wire::ErrorCode(reason.into())).0)
    }

    /// Its place in a table of [`Status::KINDS`].
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// All, by index.
    pub fn all() -> impl Iterator<Item = Status> {
        (0..).take(Status::KINDS).map(Status)
    }

    /// Its name in the gRPC specification, or ours.
    pub fn name(self) -> &'static str {
        match self {
            Status::WRONG_REPLY => "WRONG_REPLY",
            Status::CHECK_FAILED => "CHECK_FAILED",
            Status(code) => StatusCode(code).name(),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_agree_with_tonic() {
        for code in 0..=16 {
            let status = Status::from_code(code);
            assert_eq!(status.index(), code as usize);
            let tonic = format!("{:?}", ::tonic::Code::from(code)).to_uppercase();
            assert_eq!(status.name().replace('_', ""), tonic);
        }
        assert_eq!(Status::from_code(99), Status::UNKNOWN);
        assert_eq!(Status::from_code(-1), Status::UNKNOWN);
        assert_eq!(
            Status::from_code(17),
            Status::UNKNOWN,
            "our own kind never comes from the wire"
        );
    }
}
