//! Frames and header blocks against h2's codec: what one writes the other reads, both ways.

use std::future::poll_fn;

use bytes::Bytes;
use futures_util::StreamExt;
use h2::Codec;
use h2::frame::{self as theirs, Frame, Pseudo, StreamId};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use wire::frame::{Flags, GoAway, HEAD_LEN, Head, Kind, Ping, Reset, WindowUpdate};
use wire::hpack::{Decoder, Encoder, Indexing};
use wire::{ErrorCode, FieldList, Settings};

type H2 = Codec<DuplexStream, Bytes>;

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(work)
}

/// A codec of h2's, and the other end of its stream.
fn codec() -> (H2, DuplexStream) {
    let (ours, io) = duplex(1 << 20);
    (Codec::new(io), ours)
}

/// The frame as h2 writes it.
async fn write(codec: &mut H2, ours: &mut DuplexStream, frame: Frame<Bytes>) -> (Head, Vec<u8>) {
    codec.buffer(frame).expect("a frame h2 can send");
    poll_fn(|cx| codec.flush(cx)).await.expect("room");
    let mut head = [0; HEAD_LEN];
    ours.read_exact(&mut head).await.expect("a head");
    let head = Head::load(&head);
    let mut payload = vec![0; head.len as usize];
    ours.read_exact(&mut payload).await.expect("a payload");
    (head, payload)
}

/// The frame as h2 reads it.
async fn read(codec: &mut H2, ours: &mut DuplexStream, frame: &[u8]) -> Frame<()> {
    ours.write_all(frame).await.expect("room");
    let frame = codec.next().await.expect("a frame").expect("a good frame");
    frame.map(|_| ())
}

/// Names and values.
type List = Vec<(String, Vec<u8>)>;

fn fields() -> impl Strategy<Value = List> {
    // Few names and values, so that tables are hit; odd ones, so that they are not.
    let name = prop_oneof![
        // Three letters at least: `te` is a name that HTTP/2 has its own rules for.
        "[a-z][a-z0-9-]{2,20}",
        Just("content-type".to_string()),
        Just("grpc-status".to_string()),
        Just("x-tenant".to_string()),
    ];
    let value = prop_oneof![
        proptest::collection::vec(prop_oneof![0x20u8..0x7f, 0x80u8..], 0..60),
        Just(b"application/grpc".to_vec()),
        Just(b"0".to_vec()),
    ];
    proptest::collection::vec((name, value), 0..12)
}

fn map(fields: &[(String, Vec<u8>)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        map.append(name, HeaderValue::from_bytes(value).expect("a value"));
    }
    map
}

fn sorted<'a>(fields: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut fields: Vec<_> = fields
        .into_iter()
        .map(|(name, value)| (name.to_vec(), value.to_vec()))
        .collect();
    fields.sort();
    fields
}

fn sorted_map(map: &HeaderMap) -> Vec<(Vec<u8>, Vec<u8>)> {
    sorted(
        map.iter()
            .map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes())),
    )
}

/// Header lists on one connection, with a table size in force before each.
fn lists() -> impl Strategy<Value = Vec<(List, Option<u32>)>> {
    let size = prop_oneof![4 => Just(None), 1 => (0u32..5000).prop_map(Some)];
    proptest::collection::vec((fields(), size), 1..10)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn we_decode_what_h2_encodes(lists in lists()) {
        run(async {
            let (mut codec, mut ours) = codec();
            let (mut decoder, mut decoded) = (Decoder::new(4096, u32::MAX), FieldList::new());
            for (list, size) in lists {
                if let Some(size) = size {
                    codec.set_send_header_table_size(size as usize);
                    // h2 never uses more than the default, and says nothing of a change beyond it.
                    decoder.set_limit(size.min(4096));
                }
                let map = map(&list);
                let frame = theirs::Headers::trailers(StreamId::from(1), map.clone());
                let (head, block) = write(&mut codec, &mut ours, frame.into()).await;
                prop_assert!(head.flags.has(Flags::END_HEADERS));
                prop_assert!(decoder.decode(&block, &mut decoded).is_ok());
                prop_assert_eq!(sorted(&decoded), sorted_map(&map));
            }
            Ok(())
        })?;
    }

    #[test]
    fn h2_decodes_what_we_encode(lists in lists(), incremental: bool, huffman: bool) {
        run(async {
            let (mut codec, mut ours) = codec();
            let indexing = if incremental { Indexing::Incremental } else { Indexing::Stateless };
            let mut encoder = Encoder::new(indexing, huffman);
            for (list, size) in lists {
                if let Some(size) = size {
                    codec.set_recv_header_table_size(size as usize);
                    encoder.set_peer_limit(size);
                }
                let map = map(&list);
                let mut block = Vec::new();
                let fields = map.iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes()));
                encoder.encode([(&b":status"[..], &b"200"[..])].into_iter().chain(fields), &mut block);
                let mut frame = Head::new(Kind::HEADERS, Flags::END_HEADERS, 1, block.len()).bytes().to_vec();
                frame.extend_from_slice(&block);
                let Frame::Headers(headers) = read(&mut codec, &mut ours, &frame).await else {
                    panic!("not HEADERS");
                };
                let (pseudo, fields) = headers.into_parts();
                prop_assert_eq!(pseudo.status.expect("a status"), 200);
                prop_assert_eq!(sorted_map(&fields), sorted_map(&map));
            }
            Ok(())
        })?;
    }

    #[test]
    fn frames_are_the_same_to_both(
        stream in 1u32..1 << 31,
        word in 1u32..1 << 31,
        code in 0u32..20,
        opaque: [u8; 8],
        payload in proptest::collection::vec(any::<u8>(), 0..200),
        end: bool,
    ) {
        run(async {
            let (mut codec, mut ours) = codec();
            let id = StreamId::from(stream);

            let mut data = theirs::Data::new(id, Bytes::from(payload.clone()));
            data.set_end_stream(end);
            let (head, written) = write(&mut codec, &mut ours, data.into()).await;
            prop_assert_eq!(head, Head::new(Kind::DATA, Flags::NONE.ending(end), stream, payload.len()));
            prop_assert_eq!(&written, &payload);

            let (head, written) = write(&mut codec, &mut ours, theirs::Reset::new(id, code.into()).into()).await;
            let reset = Reset { stream, code: ErrorCode(code) };
            prop_assert_eq!(Reset::load(&head, &written), Ok(reset));
            let mut out = Vec::new();
            reset.encode(&mut out);
            match read(&mut codec, &mut ours, &out).await {
                Frame::Reset(read) => prop_assert_eq!((read.stream_id(), read.reason()), (id, code.into())),
                other => panic!("{other:?}"),
            }

            let (head, written) = write(&mut codec, &mut ours, theirs::WindowUpdate::new(id, word).into()).await;
            let update = WindowUpdate { stream, increment: word };
            prop_assert_eq!(WindowUpdate::load(&head, &written), Ok(update));
            out.clear();
            update.encode(&mut out);
            match read(&mut codec, &mut ours, &out).await {
                Frame::WindowUpdate(read) => prop_assert_eq!((read.stream_id(), read.size_increment()), (id, word)),
                other => panic!("{other:?}"),
            }

            let (head, written) = write(&mut codec, &mut ours, theirs::Ping::new(opaque).into()).await;
            let ping = Ping { ack: false, opaque };
            prop_assert_eq!(Ping::load(&head, &written), Ok(ping));
            out.clear();
            Ping { ack: true, ..ping }.encode(&mut out);
            match read(&mut codec, &mut ours, &out).await {
                Frame::Ping(read) => prop_assert!(read.is_ack() && *read.payload() == opaque),
                other => panic!("{other:?}"),
            }

            let away = theirs::GoAway::with_debug_data(id, code.into(), Bytes::from(payload.clone()));
            let (head, written) = write(&mut codec, &mut ours, away.into()).await;
            let away = GoAway { last_stream: stream, code: ErrorCode(code), debug: &payload };
            prop_assert_eq!(GoAway::load(&head, &written), Ok(away));
            out.clear();
            away.encode(&mut out);
            match read(&mut codec, &mut ours, &out).await {
                Frame::GoAway(read) => {
                    prop_assert_eq!((read.last_stream_id(), read.reason()), (id, code.into()));
                    prop_assert_eq!(&read.debug_data()[..], &payload[..]);
                }
                other => panic!("{other:?}"),
            }
            Ok(())
        })?;
    }

    #[test]
    fn settings_are_the_same_to_both(table: u32, streams: u32, window in 0u32..1 << 31, frame in 16_384u32..1 << 24, list: u32) {
        run(async {
            let (mut codec, mut ours) = codec();
            let mut settings = theirs::Settings::default();
            settings.set_header_table_size(Some(table));
            settings.set_max_concurrent_streams(Some(streams));
            settings.set_initial_window_size(Some(window));
            settings.set_max_frame_size(Some(frame));
            settings.set_max_header_list_size(Some(list));
            settings.set_enable_push(false);
            let (head, written) = write(&mut codec, &mut ours, settings.into()).await;
            let mut loaded = Settings::default();
            prop_assert_eq!(Settings::check(&head), Ok(false));
            prop_assert_eq!(loaded.load(&written), Ok(()));
            let expected = Settings {
                header_table_size: table,
                enable_push: false,
                max_concurrent_streams: streams,
                initial_window_size: window,
                max_frame_size: frame,
                max_header_list_size: list,
            };
            prop_assert_eq!(loaded, expected);
            let mut out = Vec::new();
            expected.encode(&mut out);
            let Frame::Settings(read) = read(&mut codec, &mut ours, &out).await else { panic!("not SETTINGS") };
            let default = Settings::default();
            prop_assert_eq!(read.header_table_size().unwrap_or(default.header_table_size), table);
            prop_assert_eq!(read.max_concurrent_streams().unwrap_or(default.max_concurrent_streams), streams);
            prop_assert_eq!(read.initial_window_size().unwrap_or(default.initial_window_size), window);
            prop_assert_eq!(read.max_frame_size().unwrap_or(default.max_frame_size), frame);
            prop_assert_eq!(read.max_header_list_size().unwrap_or(default.max_header_list_size), list);
            prop_assert_eq!(read.is_push_enabled(), Some(false));
            Ok(())
        })?;
    }
}

/// h2's own type for pseudo-header fields: named here so that a request block is compared too.
#[test]
fn a_request_block_of_h2_is_understood() {
    run(async {
        let (mut codec, mut ours) = codec();
        let uri = "http://localhost:50051/a.B/C".parse().expect("a URI");
        let pseudo = Pseudo::request(http::Method::POST, uri, None);
        let frame = theirs::Headers::new(StreamId::from(1), pseudo, HeaderMap::new());
        let (_, block) = write(&mut codec, &mut ours, frame.into()).await;
        let mut fields = FieldList::new();
        Decoder::default()
            .decode(&block, &mut fields)
            .expect("HPACK");
        assert_eq!(fields.get(":path"), Some(&b"/a.B/C"[..]));
        assert_eq!(fields.get(":authority"), Some(&b"localhost:50051"[..]));
    });
}
