//! gRPC messages (PROTOCOL-HTTP2.md, "Length-Prefixed-Message"): a flag byte, a four-byte length, the message.

use std::sync::Arc;

use crate::status::Status;
use crate::template::Template;

/// Bytes in front of every message.
pub const PREFIX_LEN: usize = 5;

/// A message ready to be sent, its prefix in front. Made once; a clone shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    framed: Arc<[u8]>,
}

impl Message {
    /// This is a message as it stands.
    ///
    /// # Panics
    /// The message is 4 GiB or longer, which gRPC cannot frame.
    #[must_use]
    pub fn new(payload: &[u8]) -> Self {
        Self::framed(0, payload)
    }

    /// This is a message that is compressed as the call's `grpc-encoding` says.
    ///
    /// # Panics
    /// The message is 4 GiB or longer, which gRPC cannot frame.
    #[must_use]
    pub fn compressed(payload: &[u8]) -> Self {
        Self::framed(1, payload)
    }

    fn framed(flag: u8, payload: &[u8]) -> Self {
        let mut framed = Vec::with_capacity(PREFIX_LEN + payload.len());
        framed.extend_from_slice(&prefix(flag, payload.len()));
        framed.extend_from_slice(payload);
        Message {
            framed: framed.into(),
        }
    }

    /// The body of an answer that is not gRPC's: bytes with nothing in front. It has no payload, so it stays in here.
    pub(crate) fn bare(body: &[u8]) -> Self {
        Message {
            framed: body.into(),
        }
    }

    /// The message without its prefix.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.framed[PREFIX_LEN..]
    }

    /// Whether it shares its bytes with another.
    #[inline]
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.framed, &other.framed)
    }

    /// The bytes as they are sent.
    #[must_use]
    pub fn as_framed(&self) -> &[u8] {
        &self.framed
    }
}

/// The five bytes in front of a message.
///
/// # Panics
/// The message is 4 GiB or longer, which gRPC cannot frame.
pub(crate) fn prefix(flag: u8, len: usize) -> [u8; PREFIX_LEN] {
    let len = u32::try_from(len).expect("gRPC messages are shorter than 4 GiB");
    let [a, b, c, d] = len.to_be_bytes();
    [flag, a, b, c, d]
}

/// What is to be sent: a [`Message`] that was made before, or bytes to be framed on the way.
///
/// Bytes are copied to the output at once where the windows let them; where they must wait, a `Message` is made of
/// them. So the former never allocates, the latter does only under back pressure.
#[derive(Clone, Copy, Debug)]
pub enum Outgoing<'a> {
    /// Framed already; shared when it must wait.
    Message(&'a Message),
    /// The bare message.
    Payload(&'a [u8]),
}

impl Outgoing<'_> {
    #[inline]
    pub(crate) fn framed_len(&self) -> usize {
        match self {
            Outgoing::Message(message) => message.framed.len(),
            Outgoing::Payload(payload) => PREFIX_LEN + payload.len(),
        }
    }

    pub(crate) fn to_message(self) -> Message {
        match self {
            Outgoing::Message(message) => message.clone(),
            Outgoing::Payload(payload) => Message::new(payload),
        }
    }
}

impl<'a> From<&'a Message> for Outgoing<'a> {
    fn from(message: &'a Message) -> Self {
        Outgoing::Message(message)
    }
}

impl<'a> From<&'a [u8]> for Outgoing<'a> {
    fn from(payload: &'a [u8]) -> Self {
        Outgoing::Payload(payload)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Outgoing<'a> {
    fn from(payload: &'a [u8; N]) -> Self {
        Outgoing::Payload(payload)
    }
}

/// A message that arrives, or a part of it: as much as one DATA frame brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Whether the message is compressed as the call's `grpc-encoding` says.
    pub compressed: bool,
    /// The length of the whole message.
    pub len: usize,
    /// Where in the message this piece stands.
    pub offset: usize,
    /// The piece.
    pub bytes: &'a [u8],
}

impl Piece<'_> {
    /// Whether this is all of the message.
    #[inline]
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.bytes.len() == self.len
    }

    /// Whether the message ends here.
    #[inline]
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.offset + self.bytes.len() == self.len
    }
}

/// What a peer can do wrong in framing messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageFault {
    /// The flag byte is neither 0 nor 1.
    Flag,
    /// A message is longer than allowed.
    TooLong,
    /// A compressed message where no encoding was named, or none is allowed.
    Compressed,
    /// The stream ended inside a message.
    Truncated,
}

impl MessageFault {
    /// The status of a call that it ends (gRPC's compression.md: INTERNAL, and what is wrong with the flag).
    pub(crate) fn status(self) -> Status {
        match self {
            MessageFault::TooLong => Status::RESOURCE_EXHAUSTED,
            _ => Status::INTERNAL,
        }
    }

    /// What a server tells the client of it; behind a head, or alone.
    pub(crate) fn trailers(self, has_head: bool) -> Template {
        let why: &[u8] = match self {
            MessageFault::Flag => b"the first byte of a message is neither 0 nor 1",
            MessageFault::TooLong => b"a message is longer than the server takes",
            MessageFault::Compressed => {
                b"a message has its Compressed-Flag set, and grpc-encoding names no encoding"
            }
            MessageFault::Truncated => b"the request breaks off inside a message",
        };
        let head = [
            (&b":status"[..], &b"200"[..]),
            (b"content-type", b"application/grpc"),
        ];
        let status = self.status().0.to_string();
        let end = [
            (&b"grpc-status"[..], status.as_bytes()),
            (b"grpc-message", why),
        ];
        Template::once(head.into_iter().filter(|_| !has_head).chain(end))
    }
}

/// Cuts a stream of DATA into messages, wherever the frames cut them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deframer {
    prefix: [u8; PREFIX_LEN],
    /// Bytes of the prefix that are there; `PREFIX_LEN` inside a message.
    have: u8,
    /// Bytes of the message that are there.
    offset: u32,
}

/// What a [`Deframer`] lets pass.
#[derive(Clone, Copy, Debug)]
pub struct MessageRules {
    /// The longest message.
    pub max_len: u32,
    /// Whether compressed messages are allowed.
    pub compressed: bool,
}

impl Deframer {
    /// Takes the next bytes and tells each piece of a message in them.
    ///
    /// # Errors
    /// The bytes are not messages that the rules allow. Pieces in front of the fault were told.
    #[inline]
    pub fn receive<'a>(
        &mut self,
        mut bytes: &'a [u8],
        rules: MessageRules,
        mut piece: impl FnMut(Piece<'a>),
    ) -> Result<(), MessageFault> {
        while !bytes.is_empty() {
            // Nearly every message comes whole and starts a frame: its prefix is read in place.
            if self.have == 0
                && let Some((prefix, rest)) = bytes.split_first_chunk()
            {
                self.prefix = *prefix;
                bytes = rest;
            } else if usize::from(self.have) < PREFIX_LEN {
                self.prefix[usize::from(self.have)] = bytes[0];
                self.have += 1;
                bytes = &bytes[1..];
                if usize::from(self.have) < PREFIX_LEN {
                    continue;
                }
            }
            let [flag, a, b, c, d] = self.prefix;
            let len = u32::from_be_bytes([a, b, c, d]);
            if self.offset == 0 {
                self.check(flag, len, rules)?;
            }
            let rest = (len - self.offset) as usize;
            let (now, later) = bytes.split_at(rest.min(bytes.len()));
            bytes = later;
            // Tell a message when there is something of it to tell, or nothing at all to wait for.
            if !now.is_empty() || rest == 0 {
                piece(Piece {
                    compressed: flag == 1,
                    len: len as usize,
                    offset: self.offset as usize,
                    bytes: now,
                });
            }
            if now.len() == rest {
                self.have = 0;
                self.offset = 0;
            } else {
                self.have = PREFIX_LEN as u8;
                self.offset += now.len() as u32;
            }
        }
        Ok(())
    }

    fn check(&self, flag: u8, len: u32, rules: MessageRules) -> Result<(), MessageFault> {
        match flag {
            _ if len > rules.max_len => Err(MessageFault::TooLong),
            0 => Ok(()),
            1 if rules.compressed => Ok(()),
            1 => Err(MessageFault::Compressed),
            _ => Err(MessageFault::Flag),
        }
    }

    /// Whether the bytes so far end between two messages.
    #[inline]
    #[must_use]
    pub fn is_between(&self) -> bool {
        self.have == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: MessageRules = MessageRules {
        max_len: 1000,
        compressed: false,
    };

    fn messages(chunks: &[&[u8]]) -> Result<Vec<Vec<u8>>, MessageFault> {
        let mut deframer = Deframer::default();
        let mut whole = Vec::new();
        let mut part = Vec::new();
        for chunk in chunks {
            deframer.receive(chunk, RULES, |piece| {
                assert_eq!(piece.offset, part.len());
                part.extend_from_slice(piece.bytes);
                if piece.is_last() {
                    assert_eq!(part.len(), piece.len);
                    whole.push(std::mem::take(&mut part));
                }
            })?;
        }
        if deframer.is_between() {
            Ok(whole)
        } else {
            Err(MessageFault::Truncated)
        }
    }

    #[test]
    fn messages_are_found_wherever_the_bytes_are_cut() {
        let expected = vec![b"one".to_vec(), Vec::new(), b"three".to_vec()];
        let bytes: Vec<u8> = expected
            .iter()
            .flat_map(|payload| Message::new(payload).as_framed().to_vec())
            .collect();
        for first in 0..=bytes.len() {
            for second in first..=bytes.len() {
                let chunks = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                assert_eq!(messages(&chunks), Ok(expected.clone()), "{first} {second}");
            }
        }
    }

    #[test]
    fn what_is_not_a_message_is_refused() {
        assert_eq!(messages(&[&[2, 0, 0, 0, 0]]), Err(MessageFault::Flag));
        assert_eq!(messages(&[&[1, 0, 0, 0, 0]]), Err(MessageFault::Compressed));
        assert_eq!(messages(&[&[0, 0, 0, 4, 0]]), Err(MessageFault::TooLong));
        assert_eq!(
            messages(&[&[0, 0, 0, 0, 2, 7]]),
            Err(MessageFault::Truncated)
        );
    }
}
