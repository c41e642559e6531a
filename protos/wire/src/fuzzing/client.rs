//! The client half.

use super::{Bytes, Heard, by_pieces, narrow, peer_frame, settings_frame};
use crate::{Client, ErrorCode, Message, Request, Template};

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
