//! The HTTP/2 settings as they really go over the wire, read frame by frame (RFC 9113, sections 4.1, 6.5 and 6.9).

mod common;

use std::collections::BTreeMap;

use common::{Running, settings};
use scenarios::scenario::{Face, ReferenceServer, ServerHttp2};
use scenarios::units::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

on_both_faces!(windows_streams_and_frames_are_announced_as_set,);

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const EMPTY_SETTINGS: [u8; 9] = [0, 0, 0, SETTINGS, 0, 0, 0, 0, 0];

const SETTINGS: u8 = 4;
const WINDOW_UPDATE: u8 = 8;
const ACK: u8 = 1;

const MAX_CONCURRENT_STREAMS: u16 = 3;
const INITIAL_WINDOW_SIZE: u16 = 4;
const MAX_FRAME_SIZE: u16 = 5;

const DEFAULT_FRAME_SIZE: u64 = 16 << 10;

/// What a connection may carry before any update.
const FIRST_CONNECTION_WINDOW: u64 = 65_535;

/// What the server says first: its settings, and its connection window.
async fn opening(address: &str) -> (BTreeMap<u16, u64>, u64) {
    let mut connection = TcpStream::connect(address.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    connection
        .write_all(&[PREFACE, &EMPTY_SETTINGS].concat())
        .await
        .unwrap();
    let (mut settings, mut window) = (BTreeMap::new(), FIRST_CONNECTION_WINDOW);
    while settings.is_empty() || window == FIRST_CONNECTION_WINDOW {
        let mut head = [0; 9];
        connection.read_exact(&mut head).await.unwrap();
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        connection.read_exact(&mut payload).await.unwrap();
        match (head[3], head[4], &head[5..]) {
            (SETTINGS, flags, _) if flags & ACK == 0 => {
                settings.extend(payload.chunks_exact(6).map(|setting| {
                    let value =
                        u32::from_be_bytes([setting[2], setting[3], setting[4], setting[5]]);
                    (u16::from_be_bytes([setting[0], setting[1]]), value.into())
                }));
            }
            (WINDOW_UPDATE, _, [0, 0, 0, 0]) => {
                window += u64::from(u32::from_be_bytes(payload.as_slice().try_into().unwrap()));
            }
            _ => {}
        }
    }
    (settings, window)
}

async fn windows_streams_and_frames_are_announced_as_set(face: Face) {
    for (stream_window, connection_window, streams, frame) in [
        (64 << 10, 1 << 20, 100, 16 << 10),
        (1 << 20, 64 << 20, 1000, 1 << 20),
    ] {
        let http2 = ServerHttp2 {
            initial_stream_window: Bytes(stream_window),
            initial_connection_window: Bytes(connection_window),
            max_concurrent_streams: streams,
            max_frame_size: Bytes(frame),
        };
        let server = Running::on(
            "127.0.0.1:0",
            &ReferenceServer {
                http2,
                ..settings(face)
            },
        );
        let (announced, window) = opening(&server.address).await;
        assert_eq!(announced[&INITIAL_WINDOW_SIZE], stream_window);
        assert_eq!(announced[&MAX_CONCURRENT_STREAMS], u64::from(streams));
        // What is the default need not be said.
        let announced_frame = announced.get(&MAX_FRAME_SIZE).copied();
        assert_eq!(announced_frame.unwrap_or(DEFAULT_FRAME_SIZE), frame);
        assert_eq!(window, connection_window);
    }
}
