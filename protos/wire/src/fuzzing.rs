//! Bodies of the fuzz targets: plain functions, which the tests replay over a corpus and random bytes.
//!
//! Each panics where a law is broken.

use crate::frame::{Flags, GoAway, HEAD_LEN, Head, Kind, PREFACE, Ping, Reset, WindowUpdate};
use crate::hpack::{Decoder, Encoder, Indexing};
use crate::message::{Deframer, MessageFault, MessageRules};
use crate::{
    Aborted, Call, Cause, Client, ClientEvents, Config, ConnectionError, ErrorCode, FieldList,
    Message, Outcome, Piece, Request, Server, ServerEvents, Settings, Status, Template,
};

/// Input, taken from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn up_to(&mut self, len: usize) -> &'a [u8] {
        let (now, later) = self.0.split_at(len.min(self.0.len()));
        self.0 = later;
        now
    }
}

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

/// What a client's listener heard, and that it heard it right.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    ended: Vec<(u64, Status, Cause)>,
    part: std::collections::BTreeMap<u64, usize>,
    messages: Vec<(u64, usize)>,
}

impl Heard {
    fn piece(&mut self, token: u64, piece: Piece<'_>) {
        let part = self.part.entry(token).or_default();
        assert_eq!(*part, piece.offset);
        *part += piece.bytes.len();
        assert!(*part <= piece.len);
        if piece.is_last() {
            *part = 0;
            self.messages.push((token, piece.len));
        }
    }
}

impl ClientEvents for Heard {
    fn message(&mut self, call: Call, piece: Piece<'_>) {
        self.piece(call.token, piece);
    }

    fn end(&mut self, call: Call, outcome: &Outcome<'_>) {
        assert!(
            self.ended.iter().all(|(token, ..)| *token != call.token),
            "ended twice"
        );
        self.ended.push((call.token, outcome.status, outcome.cause));
    }
}

/// A configuration with narrow limits, so that they are met.
fn narrow(choice: u8) -> Config {
    Config {
        header_table_size: [4096, 0, 100, 8192][usize::from(choice & 3)],
        initial_stream_window: [65_535, 10, 1000, 1 << 20][usize::from(choice >> 2 & 3)],
        connection_window: 65_535,
        max_header_list_size: 2000,
        max_concurrent_streams: 4,
        max_message_size: 2000,
        indexing: if choice & 16 == 0 {
            Indexing::Incremental
        } else {
            Indexing::Stateless
        },
        huffman: choice & 32 == 0,
        coalesce: choice & 64 == 0,
        output_high_water: if choice & 128 == 0 { 100 } else { 1 << 16 },
        ..Config::default()
    }
}

/// One frame whose head is put together from a few bytes of the input, so that it is nearly right.
fn peer_frame(data: &mut Bytes<'_>, out: &mut Vec<u8>) -> Option<()> {
    let kind = data.byte()?;
    let flags = data.byte()?;
    let stream = data.byte()?;
    let len = data.byte()?;
    let payload = data.up_to(usize::from(len));
    let head = Head::new(
        Kind(kind % 12),
        Flags(flags),
        u32::from(stream & 0x1f),
        payload.len(),
    );
    head.encode(out);
    out.extend_from_slice(payload);
    Some(())
}

fn settings_frame(out: &mut Vec<u8>) {
    Settings::default().encode(out);
}

/// The client half against a peer that says anything: no panic, every call ends once, cuts make no difference.
pub fn fuzz_client(data: &[u8]) {
    let mut data = Bytes(data);
    let Some(choice) = data.byte() else { return };
    let config = narrow(choice);
    let request = Template::request(&Request::new("h", "/a.B/C"));
    let mut halves = vec![Client::new(&config), Client::new(&config)];
    let mut heard = [Heard::default(), Heard::default()];
    let message = Message::new(&[7; 300]);
    let (mut started, mut given_up) = (0, 0);
    let mut turn = Vec::new();
    settings_frame(&mut turn);
    while let Some(op) = data.byte() {
        if op & 0xf0 != 0 {
            if op & 0xf0 == 0xf0 {
                turn.extend_from_slice(data.up_to(usize::from(op & 0x0f)));
            } else if peer_frame(&mut data, &mut turn).is_none() {
                break;
            }
            continue;
        }
        let outcome = halves[0].receive(&turn, &mut heard[0]);
        if let Some(half) = halves.get_mut(1) {
            let cut = by_pieces(&turn, 1 + usize::from(op), |bytes| {
                half.receive(bytes, &mut heard[1])
            });
            assert_eq!(outcome, cut);
            assert_eq!(heard[0], heard[1]);
        }
        turn.clear();
        if outcome.is_err() {
            break;
        }
        let stream = u32::from(op) * 2 + 1;
        let mut answers = Vec::new();
        for half in &mut halves {
            answers.push(match op & 7 {
                0 | 1 => half.start(&request, started, &message, op == 0).is_ok(),
                2 => half.open(&request, started, false).is_ok(),
                3 => half.send(stream, &[7; 50], false).is_ok(),
                4 => half.finish(stream).is_ok(),
                5 => half.reset(stream, ErrorCode::CANCEL).is_some(),
                6 => {
                    half.hold(stream, op & 8 == 0);
                    false
                }
                _ => {
                    let len = half.output().len();
                    half.advance(len);
                    false
                }
            });
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
        started += u64::from(answers[0] && op & 7 < 3);
        given_up += u64::from(answers[0] && op & 7 == 5);
        // What is queued goes out when a read is over, so from here on it matters where reads are cut: whether a stream
        // that is answered still counts, or that is over still had to be reset.
        if halves.iter().any(|half| half.conn.is_queueing()) {
            halves.truncate(1);
        }
    }
    for (half, heard) in halves.iter_mut().zip(&mut heard) {
        half.disconnect(heard);
        assert_eq!(half.open_streams(), 0);
        assert_eq!(heard.ended.len() as u64 + given_up, started);
        let stalls = half.stalls();
        assert_eq!((stalls.streams, stalls.connection), (0, false));
        assert_whole_frames(half.output_len(), |out| drain_client(half, out));
    }
}

fn by_pieces(
    bytes: &[u8],
    len: usize,
    mut receive: impl FnMut(&[u8]) -> Result<(), ConnectionError>,
) -> Result<(), ConnectionError> {
    bytes.chunks(len).try_for_each(&mut receive)
}

fn drain_client(client: &mut Client, out: &mut Vec<u8>) {
    while client.output_len() > 0 {
        let piece = client.output();
        let len = piece.len();
        out.extend_from_slice(piece);
        client.advance(len);
    }
}

/// What is left of an output ends with a whole frame. It may begin anywhere, so only its length is known.
fn assert_whole_frames(len: usize, drain: impl FnOnce(&mut Vec<u8>)) {
    let mut out = Vec::new();
    drain(&mut out);
    assert_eq!(out.len(), len);
}

/// What a server's listener heard.
#[derive(Debug, Default, PartialEq)]
struct Served {
    heard: Heard,
    open: Vec<u32>,
    ended: Vec<u32>,
    aborted: usize,
}

impl ServerEvents for Served {
    fn route(&mut self, fields: &FieldList) -> u64 {
        fields.len() as u64
    }

    fn request(&mut self, stream: u32, _: &crate::Incoming<'_>) -> u64 {
        self.open.push(stream);
        u64::from(stream)
    }

    fn message(&mut self, call: Call, piece: Piece<'_>) {
        self.heard.piece(call.token, piece);
    }

    fn end(&mut self, call: Call) {
        assert!(self.open.contains(&call.stream));
        assert!(!self.ended.contains(&call.stream), "ended twice");
        self.ended.push(call.stream);
    }

    fn aborted(&mut self, call: Call, _: Aborted) {
        assert!(self.open.contains(&call.stream));
        self.open.retain(|stream| *stream != call.stream);
        self.aborted += 1;
    }
}

/// The server half against a peer that says anything: no panic, streams are bounded, cuts make no difference.
pub fn fuzz_server(data: &[u8]) {
    let mut data = Bytes(data);
    let Some(choice) = data.byte() else { return };
    let config = narrow(choice);
    let mut halves = vec![Server::new(&config), Server::new(&config)];
    let mut heard = [Served::default(), Served::default()];
    let (head, trailers) = (Template::response(&[]), Template::trailers(Status::OK, &[]));
    let message = Message::new(&[7; 300]);
    let mut block = Vec::new();
    let request = Template::request(&Request::new("h", "/a.B/C"));
    Encoder::new(Indexing::Stateless, false).encode(request.fields(), &mut block);
    let (mut turn, mut next) = (PREFACE.to_vec(), 1);
    settings_frame(&mut turn);
    while let Some(op) = data.byte() {
        match op & 0xf0 {
            0 => {}
            0xf0 => {
                turn.extend_from_slice(data.up_to(usize::from(op & 0x0f)));
                continue;
            }
            0x10 => {
                let flags = Flags::END_HEADERS.ending(op & 1 == 1);
                Head::new(Kind::HEADERS, flags, next, block.len()).encode(&mut turn);
                turn.extend_from_slice(&block);
                next += 2;
                continue;
            }
            _ => match peer_frame(&mut data, &mut turn) {
                Some(()) => continue,
                None => break,
            },
        }
        let outcome = halves[0].receive(&turn, &mut heard[0]);
        if let Some(half) = halves.get_mut(1) {
            let cut = by_pieces(&turn, 1 + usize::from(op), |bytes| {
                half.receive(bytes, &mut heard[1])
            });
            assert_eq!(outcome, cut);
            assert_eq!(heard[0], heard[1]);
        }
        turn.clear();
        if outcome.is_err() {
            break;
        }
        let stream = heard[0]
            .open
            .get(usize::from(op >> 3))
            .copied()
            .unwrap_or(1);
        for (half, heard) in halves.iter_mut().zip(&mut heard) {
            assert!(half.open_streams() <= config.max_concurrent_streams as usize);
            let _ = match op & 7 {
                0 => half
                    .respond_unary(stream, &head, &message, &trailers)
                    .is_ok(),
                1 => half.respond(stream, &head).is_ok(),
                2 => half.send(stream, &[7; 50]).is_ok(),
                3 => half.trailers(stream, &trailers).is_ok(),
                4 => half.finish(stream).is_ok(),
                5 => half.reset(stream, ErrorCode::CANCEL).is_some(),
                6 => {
                    half.hold(stream, op & 8 == 0);
                    false
                }
                _ => {
                    let len = half.output().len();
                    half.advance(len);
                    half.pump(heard);
                    false
                }
            };
        }
        // What is queued goes out when a read is over, so from here on it matters where reads are cut: whether a stream
        // that is answered still counts, or that is over still had to be reset.
        if halves.iter().any(|half| half.conn.is_queueing()) {
            halves.truncate(1);
        }
    }
    for (half, heard) in halves.iter_mut().zip(&mut heard) {
        half.disconnect(heard);
        assert_eq!(half.open_streams(), 0);
        let stalls = half.stalls();
        assert_eq!((stalls.streams, stalls.connection), (0, false));
    }
}

/// Both halves against each other, whatever is called when and wherever the bytes are cut: no error, nothing lost.
pub fn fuzz_pair(data: &[u8]) {
    let mut data = Bytes(data);
    let (Some(one), Some(other)) = (data.byte(), data.byte()) else {
        return;
    };
    let request = Template::request(&Request::new("h", "/a.B/C"));
    let (head, trailers) = (
        Template::response(&[("x", b"y")]),
        Template::trailers(Status::OK, &[]),
    );
    let (mut client, mut heard) = (Client::new(&narrow(one)), Heard::default());
    let (mut server, mut served) = (Server::new(&narrow(other)), Served::default());
    let (mut started, mut given_up, mut refused) = (0u64, 0u64, 0u64);
    while let Some(op) = data.byte() {
        let arg = usize::from(data.byte().unwrap_or(0));
        let stream = served.open.get(arg % 4).copied().unwrap_or(1);
        match op % 10 {
            0 => {
                started += u64::from(
                    client
                        .start(&request, started, &vec![7; arg * 7][..], op & 16 == 0)
                        .is_ok(),
                );
            }
            1 => {
                let _ = client.send(
                    arg as u32 * 2 + 1,
                    &Message::new(&vec![7; arg * 7]),
                    op & 16 == 0,
                );
            }
            2 => {
                let _ = client.finish(arg as u32 * 2 + 1);
            }
            3 => {
                given_up += u64::from(
                    client
                        .reset(arg as u32 * 2 + 1, ErrorCode::CANCEL)
                        .is_some(),
                );
            }
            4 => {
                let _ = server.respond_unary(
                    stream,
                    &head,
                    &Message::new(&vec![7; arg * 7]),
                    &trailers,
                );
            }
            5 => {
                let _ = server.respond(stream, &head);
            }
            6 => {
                // A server sends no message in front of its head: that is the caller's to know.
                if server.respond(stream, &head).is_ok() {
                    let _ = server.send(stream, &vec![7; arg * 7][..]);
                    let _ = server.trailers(stream, &trailers);
                }
            }
            7 => refused += u64::from(server.reset(stream, ErrorCode::REFUSED_STREAM).is_some()),
            8 => {
                client.pump(&mut heard);
                let len = client.output().len().min(1 + arg * 8);
                assert_eq!(server.receive(&client.output()[..len], &mut served), Ok(()));
                client.advance(len);
            }
            _ => {
                server.pump(&mut served);
                let len = server.output().len().min(1 + arg * 8);
                assert_eq!(client.receive(&server.output()[..len], &mut heard), Ok(()));
                server.advance(len);
            }
        }
    }
    let _ = refused;
    // Let what is under way arrive.
    loop {
        client.pump(&mut heard);
        server.pump(&mut served);
        let len = client.output().len();
        assert_eq!(server.receive(client.output(), &mut served), Ok(()));
        client.advance(len);
        let len = server.output().len();
        assert_eq!(client.receive(server.output(), &mut heard), Ok(()));
        server.advance(len);
        if client.output_len() + server.output_len() == 0 {
            break;
        }
    }
    assert!(heard.ended.iter().all(|(_, _, cause)| matches!(
        cause,
        Cause::Trailers
            | Cause::TrailersOnly
            | Cause::Reset(_)
            | Cause::Malformed(_)
            | Cause::Message(_)
    )));
    client.disconnect(&mut heard);
    assert_eq!(heard.ended.len() as u64 + given_up, started);
}
