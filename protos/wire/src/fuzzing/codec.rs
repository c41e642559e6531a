//! Frames, messages and HPACK by themselves.

use super::Bytes;
use crate::frame::{GoAway, HEAD_LEN, Head, Ping, Reset, WindowUpdate};
use crate::hpack::{Decoder, Encoder, Indexing};
use crate::message::{Deframer, MessageFault, MessageRules};
use crate::{FieldList, Settings};

/// Frames: what loads, encodes to the same; messages are the same wherever the bytes are cut.
pub fn fuzz_frames(data: &[u8]) {
    let Some((head, rest)) = data.split_first_chunk::<HEAD_LEN>() else {
        return;
    };
    let head = Head::load(head);
    let Some(payload) = rest.get(..head.len as usize) else {
        return messages_do_not_depend_on_cuts(data);
    };
    let _ = crate::frame::strip_padding(head.flags, payload);
    let _ = crate::frame::strip_priority(head.flags, payload);
    let mut out = Vec::new();
    if let Ok(ping) = Ping::load(&head, payload) {
        ping.encode(&mut out);
        assert_eq!(&out[HEAD_LEN..], payload);
    }
    out.clear();
    if let Ok(reset) = Reset::load(&head, payload) {
        reset.encode(&mut out);
        assert_eq!(&out[HEAD_LEN..], payload);
    }
    out.clear();
    if let Ok(update) = WindowUpdate::load(&head, payload) {
        update.encode(&mut out);
        assert_eq!(out[HEAD_LEN + 1..], payload[1..]);
    }
    out.clear();
    if let Ok(away) = GoAway::load(&head, payload) {
        away.encode(&mut out);
        assert_eq!(out[HEAD_LEN + 1..], payload[1..]);
    }
    out.clear();
    let mut settings = Settings::default();
    if Settings::check(&head).is_ok() && settings.load(payload).is_ok() {
        settings.encode(&mut out);
        let mut again = Settings::default();
        assert_eq!(again.load(&out[HEAD_LEN..]), Ok(()));
        assert_eq!(again, settings);
    }
    messages_do_not_depend_on_cuts(payload);
}

fn messages_do_not_depend_on_cuts(data: &[u8]) {
    let whole = deframed(data.chunks(data.len().max(1)));
    for cut in [1, 2, 3, 5, 7] {
        assert_eq!(deframed(data.chunks(cut)), whole);
    }
}

/// Messages with their flags, and whether the bytes ended between two of them.
type Deframed = (Vec<(bool, Vec<u8>)>, Result<bool, MessageFault>);

fn deframed<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Deframed {
    let rules = MessageRules {
        max_len: 1000,
        compressed: true,
    };
    let (mut deframer, mut messages, mut part) = (Deframer::default(), Vec::new(), Vec::new());
    for chunk in chunks {
        let outcome = deframer.receive(chunk, rules, |piece| {
            assert_eq!(piece.offset, part.len());
            part.extend_from_slice(piece.bytes);
            if piece.is_last() {
                assert_eq!(part.len(), piece.len);
                messages.push((piece.compressed, std::mem::take(&mut part)));
            }
        });
        if let Err(fault) = outcome {
            return (messages, Err(fault));
        }
    }
    (messages, Ok(deframer.is_between()))
}

/// HPACK: blocks decode or fail, within the limits; what decodes survives our encoder.
pub fn fuzz_hpack(data: &[u8]) {
    const MAX_LIST: u32 = 4096;
    let mut data = Bytes(data);
    let limit = u32::from(data.byte().unwrap_or(0)) * 32;
    let mut decoder = Decoder::new(limit, MAX_LIST);
    let mut encoder = Encoder::new(Indexing::Incremental, limit % 64 == 0);
    let mut back = Decoder::default();
    let (mut fields, mut again, mut out) = (FieldList::new(), FieldList::new(), Vec::new());
    while let Some(len) = data.byte() {
        if len == 255 {
            let limit = u32::from(data.byte().unwrap_or(0)) * 32;
            decoder.set_limit(limit);
            encoder.set_peer_limit(limit);
            back.set_limit(limit.min(4096));
            continue;
        }
        let Ok(decoded) = decoder.decode(data.up_to(usize::from(len)), &mut fields) else {
            return;
        };
        assert!(decoder.table_size() <= 255 * 32);
        let size: usize = fields
            .iter()
            .map(|(name, value)| name.len() + value.len() + 32)
            .sum();
        assert!(size <= MAX_LIST as usize);
        assert!(!decoded.too_large || size > 0 || !data.0.is_empty() || len > 0);
        out.clear();
        encoder.encode(&fields, &mut out);
        assert!(back.decode(&out, &mut again).is_ok());
        assert_eq!(again, fields);
    }
}
