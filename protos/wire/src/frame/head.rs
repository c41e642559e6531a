//! The frame head (RFC 9113 4.1).

use super::MAX_STREAM_ID;

/// Bytes in front of every payload.
pub const HEAD_LEN: usize = 9;

/// A frame type. Types that RFC 9113 does not know are kept as they came, to be ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind(pub u8);

impl Kind {
    /// Message bytes (6.1).
    pub const DATA: Self = Self(0);
    /// A header block, or its beginning (6.2).
    pub const HEADERS: Self = Self(1);
    /// Deprecated, ignored (6.3).
    pub const PRIORITY: Self = Self(2);
    /// The end of a stream by an error (6.4).
    pub const RST_STREAM: Self = Self(3);
    /// What the sender asks of its peer (6.5).
    pub const SETTINGS: Self = Self(4);
    /// A server's announcement of a stream (6.6): we never allow it.
    pub const PUSH_PROMISE: Self = Self(5);
    /// Are you there (6.7)?
    pub const PING: Self = Self(6);
    /// No new streams, or none at all (6.8).
    pub const GOAWAY: Self = Self(7);
    /// More may be sent (6.9).
    pub const WINDOW_UPDATE: Self = Self(8);
    /// The rest of a header block (6.10).
    pub const CONTINUATION: Self = Self(9);

    /// How many types have a name.
    pub const KNOWN: usize = 10;

    /// The type's name in RFC 9113, or `UNKNOWN`.
    #[must_use]
    pub fn name(self) -> &'static str {
        const NAMES: [&str; Kind::KNOWN] = [
            "DATA",
            "HEADERS",
            "PRIORITY",
            "RST_STREAM",
            "SETTINGS",
            "PUSH_PROMISE",
            "PING",
            "GOAWAY",
            "WINDOW_UPDATE",
            "CONTINUATION",
        ];
        NAMES.get(usize::from(self.0)).copied().unwrap_or("UNKNOWN")
    }
}

/// A frame's flags. What a bit means depends on the type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    /// None set.
    pub const NONE: Self = Self(0);
    /// DATA and HEADERS: the sender's half of the stream ends here.
    pub const END_STREAM: Self = Self(0x1);
    /// SETTINGS and PING: this answers one of yours.
    pub const ACK: Self = Self(0x1);
    /// HEADERS and CONTINUATION: the block ends here.
    pub const END_HEADERS: Self = Self(0x4);
    /// DATA and HEADERS: a pad length in front, padding behind.
    pub const PADDED: Self = Self(0x8);
    /// HEADERS: five bytes of deprecated priority in front.
    pub const PRIORITY: Self = Self(0x20);

    /// Whether all of these are set.
    #[inline]
    #[must_use]
    pub fn has(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// These and those.
    #[must_use]
    pub const fn and(self, flags: Self) -> Self {
        Self(self.0 | flags.0)
    }

    /// These flags, and END_STREAM if `end`.
    #[inline]
    #[must_use]
    pub const fn ending(self, end: bool) -> Self {
        Self(self.0 | end as u8)
    }
}

/// What stands in front of every payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Bytes of payload; 24 bits.
    pub len: u32,
    /// The type.
    pub kind: Kind,
    /// The flags.
    pub flags: Flags,
    /// The stream, 0 for the connection.
    pub stream: u32,
}

impl Head {
    /// This is the head of a frame.
    #[inline]
    #[must_use]
    pub const fn new(kind: Kind, flags: Flags, stream: u32, len: usize) -> Self {
        Head {
            len: len as u32,
            kind,
            flags,
            stream,
        }
    }

    /// Reads a head. The reserved bit is ignored (RFC 9113 4.1).
    #[inline]
    #[must_use]
    pub fn load(bytes: &[u8; HEAD_LEN]) -> Self {
        // All but the last byte in one load, which is cheaper than nine.
        let [first @ .., last] = *bytes;
        let first = u64::from_be_bytes(first);
        Head {
            len: (first >> 40) as u32,
            kind: Kind((first >> 32) as u8),
            flags: Flags((first >> 24) as u8),
            stream: ((first as u32) << 8 | u32::from(last)) & MAX_STREAM_ID,
        }
    }

    /// The head as it is sent.
    #[inline]
    #[must_use]
    pub fn bytes(&self) -> [u8; HEAD_LEN] {
        let [_, a, b, c] = self.len.to_be_bytes();
        let [s0, s1, s2, s3] = self.stream.to_be_bytes();
        [a, b, c, self.kind.0, self.flags.0, s0, s1, s2, s3]
    }

    /// Appends the head.
    #[inline]
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_survives() {
        let head = Head::new(
            Kind::HEADERS,
            Flags::END_HEADERS.ending(true),
            MAX_STREAM_ID,
            0x00ab_cdef,
        );
        assert_eq!(Head::load(&head.bytes()), head);
        let mut reserved = head.bytes();
        reserved[5] |= 0x80;
        assert_eq!(Head::load(&reserved), head);
    }
}
