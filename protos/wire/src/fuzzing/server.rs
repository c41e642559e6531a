//! The server half.

use super::{Bytes, Heard, by_pieces, narrow, peer_frame, settings_frame};
use crate::frame::{Flags, Head, Kind, PREFACE};
use crate::hpack::{Encoder, Indexing};
use crate::{
    Aborted, Call, ErrorCode, FieldList, Incoming, Message, Piece, Request, Server, ServerEvents,
    Status, Template,
};

/// What a server's listener heard.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Served {
    heard: Heard,
    pub(super) open: Vec<u32>,
    ended: Vec<u32>,
    aborted: usize,
}

impl ServerEvents for Served {
    fn route(&mut self, fields: &FieldList) -> u64 {
        fields.len() as u64
    }

    fn request(&mut self, stream: u32, _: &Incoming<'_>) -> u64 {
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
