//! What passed over a connection. Plain counts, read whenever wanted.

use crate::answer::Answer;
use crate::error::ErrorCode;
use crate::frame::Kind;

/// Counts of one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// All bytes.
    pub bytes: u64,
    /// Frames by type; the last place is for types without a name.
    pub frames: [u64; Kind::KNOWN + 1],
    /// Payload of DATA, padding included: what flow control counts.
    pub data_bytes: u64,
    /// Whole gRPC messages.
    pub messages: u64,
    /// Header blocks as HPACK makes them.
    pub header_bytes: u64,
    /// Names and values that the blocks stand for.
    pub header_list_bytes: u64,
    /// WINDOW_UPDATE frames for the connection; those for streams are the rest.
    pub connection_window_updates: u64,
    /// RST_STREAM by code; the last place is for codes without a name.
    pub resets: [u64; ErrorCode::KNOWN + 1],
    /// GOAWAY by code; the last place is for codes without a name.
    pub go_aways: [u64; ErrorCode::KNOWN + 1],
}

impl Traffic {
    /// Frames of all types.
    #[must_use]
    pub fn all_frames(&self) -> u64 {
        self.frames.iter().sum()
    }

    /// Frames of one type.
    #[must_use]
    pub fn frames_of(&self, kind: Kind) -> u64 {
        self.frames[usize::from(kind.0).min(Kind::KNOWN)]
    }

    /// RST_STREAM frames with that code.
    #[must_use]
    pub fn resets_with(&self, code: ErrorCode) -> u64 {
        self.resets[place(code)]
    }

    #[inline]
    pub(crate) fn frame(&mut self, kind: Kind) {
        self.frames[usize::from(kind.0).min(Kind::KNOWN)] += 1;
    }

    #[inline]
    pub(crate) fn answer(&mut self, answer: &Answer<'_>, list_len: usize) {
        self.frames[usize::from(Kind::HEADERS.0)] += 2;
        self.frames[usize::from(Kind::DATA.0)] += 1;
        self.header_bytes += (answer.head.len() + answer.trailers.len()) as u64;
        self.header_list_bytes += list_len as u64;
        self.data_bytes += answer.data_len() as u64;
        self.messages += 1;
    }

    pub(crate) fn reset(&mut self, code: ErrorCode) {
        self.resets[place(code)] += 1;
    }

    pub(crate) fn go_away(&mut self, code: ErrorCode) {
        self.go_aways[place(code)] += 1;
    }
}

fn place(code: ErrorCode) -> usize {
    (code.0 as usize).min(ErrorCode::KNOWN)
}

/// Counts of both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// From the peer.
    pub received: Traffic,
    /// To the peer. Counted as the frames are made, bytes as they are written.
    pub sent: Traffic,
}

/// What holds queued messages back at this moment.
///
/// There is no clock here: whoever has one adds up how long each was the case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stalls {
    /// Streams whose own window is used up.
    pub streams: u32,
    /// Whether streams that could send wait for the connection's window.
    pub connection: bool,
}
