//! Whole unary answers, taken in one step.
//!
//! Under load nearly every answer is three frames of one read: HEADERS, DATA with one message, HEADERS that end the
//! stream, of blocks that are known by heart. Taken one by one they ask the same questions three times. Whatever is
//! out of the ordinary is left to [`drive`](crate::drive), frame by frame; what is heard is the same either way. Hot;
//! guarded by `benches/call.rs`.

use crate::frame::{Flags, HEAD_LEN, Head, Kind};
use crate::message::PREFIX_LEN;

/// Three frames that answer a call as they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer<'a> {
    pub(crate) stream: u32,
    pub(crate) head: &'a [u8],
    /// The message without its prefix.
    pub(crate) message: &'a [u8],
    pub(crate) trailers: &'a [u8],
}

impl<'a> Answer<'a> {
    /// The answer in front of the bytes, and the bytes behind it; nothing where anything else stands there, or only a
    /// part of one.
    #[inline]
    pub(crate) fn split(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        const ENDS: Flags = Flags::END_HEADERS.and(Flags::END_STREAM);
        let (stream, head, rest) = frame(bytes, Kind::HEADERS, Flags::END_HEADERS)?;
        let (second, data, rest) = frame(rest, Kind::DATA, Flags::NONE)?;
        let (third, trailers, rest) = frame(rest, Kind::HEADERS, ENDS)?;
        let (&[flag, a, b, c, d], message) = data.split_first_chunk::<PREFIX_LEN>()?;
        let whole = flag == 0 && u32::from_be_bytes([a, b, c, d]) as usize == message.len();
        (whole && second == stream && third == stream).then_some((
            Answer {
                stream,
                head,
                message,
                trailers,
            },
            rest,
        ))
    }

    /// What its DATA counts for in the windows.
    #[inline]
    pub(crate) fn data_len(&self) -> usize {
        PREFIX_LEN + self.message.len()
    }
}

/// A frame of just this type with just these flags: its stream, its payload, the bytes behind it.
#[inline]
fn frame(bytes: &[u8], kind: Kind, flags: Flags) -> Option<(u32, &[u8], &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<HEAD_LEN>()?;
    let head = Head::load(head);
    if head.kind != kind || head.flags != flags {
        return None;
    }
    let (payload, rest) = rest.split_at_checked(head.len as usize)?;
    Some((head.stream, payload, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(message: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut put = |kind, flags, payload: &[u8]| {
            Head::new(kind, flags, 7, payload.len()).encode(&mut bytes);
            bytes.extend_from_slice(payload);
        };
        put(Kind::HEADERS, Flags::END_HEADERS, b"head");
        put(Kind::DATA, Flags::NONE, message);
        put(Kind::HEADERS, Flags::END_HEADERS.ending(true), b"tail");
        bytes
    }

    #[test]
    fn an_answer_is_cut_off_the_front() {
        let mut bytes = answer(b"\0\0\0\0\x02hi");
        bytes.extend_from_slice(b"more");
        let (found, rest) = Answer::split(&bytes).expect("it is whole");
        assert_eq!((found.stream, found.data_len()), (7, 7));
        assert_eq!(
            (found.head, found.message, found.trailers),
            (&b"head"[..], &b"hi"[..], &b"tail"[..])
        );
        assert_eq!(rest, b"more");
    }

    #[test]
    fn anything_else_is_left_alone() {
        let bytes = answer(b"\0\0\0\0\x02hi");
        for len in 0..bytes.len() {
            assert_eq!(Answer::split(&bytes[..len]), None, "cut to {len}");
        }
        for (message, what) in [
            (&b"\x01\0\0\0\x02hi"[..], "compressed"),
            (b"\0\0\0\0\x03hi", "part of a message"),
            (b"\0\0\0\0\x01hi", "more than a message"),
            (b"\0\0", "part of a prefix"),
        ] {
            assert_eq!(Answer::split(&answer(message)), None, "{what}");
        }
        let second = HEAD_LEN + 4;
        for at in [3, 4, 8, second + 3, second + 4, second + 8] {
            let mut other = bytes.clone();
            other[at] ^= 2;
            assert_eq!(Answer::split(&other), None, "byte {at}");
        }
    }
}
