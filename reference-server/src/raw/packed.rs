//! Compressed replies, made once: a server that is there to be quiet does not pay for compressing.

use protos::encoding::Encoding;
use wire::Message;

/// How many are kept, and beyond which length only one.
const KEPT: usize = 8;
const LARGE: usize = 4 << 20;

/// Compressed replies: the same text is compressed once.
#[derive(Debug, Default)]
pub(super) struct Packed {
    kept: Vec<Kept>,
    next: usize,
}

#[derive(Debug)]
struct Kept {
    encoding: Encoding,
    plain: Vec<u8>,
    message: Message,
}

impl Packed {
    /// A reply compressed, and its length before.
    pub(super) fn of(&mut self, encoding: Encoding, plain: &[u8]) -> (usize, &Message) {
        let is_it = |kept: &Kept| kept.encoding == encoding && kept.plain == plain;
        let at = match self.kept.iter().position(is_it) {
            Some(at) => at,
            None => self.keep(encoding, plain),
        };
        let kept = &self.kept[at];
        (kept.plain.len(), &kept.message)
    }

    fn keep(&mut self, encoding: Encoding, plain: &[u8]) -> usize {
        let kept = Kept {
            encoding,
            plain: plain.to_vec(),
            message: Message::compressed(&encoding.compress(plain)),
        };
        if plain.len() > LARGE {
            // One such is enough to keep.
            self.kept.clear();
        }
        if self.kept.len() < KEPT {
            self.kept.push(kept);
            return self.kept.len() - 1;
        }
        self.next = (self.next + 1) % KEPT;
        self.kept[self.next] = kept;
        self.next
    }
}
