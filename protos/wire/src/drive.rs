//! Receiving: bytes to frames, and frames to what a half makes of them.
//!
//! Frames are parsed where they stand; only one that a read cuts off is copied. Hot; guarded by `benches/call.rs`.

mod settings;

use crate::conn::{Assembly, Conn};
use crate::error::{ConnectionError, ErrorCode, StreamError};
use crate::flow::{DEFAULT_WINDOW, Overflow};
use crate::frame::{
    Flags, GoAway, HEAD_LEN, Head, Kind, Ping, Reset, WindowUpdate, strip_padding, strip_priority,
};
use crate::streams::Turn;

/// What a half of the connection makes of what it receives.
pub(crate) trait Half {
    fn conn(&mut self) -> &mut Conn;
    /// The last stream of the peer that was looked at, for GOAWAY.
    fn last_stream(&mut self) -> u32;
    /// Takes what stands in front of the bytes in the ordinary way, several frames at once, and gives what is left.
    fn take_ordinary<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        bytes
    }
    /// A whole header block. The half decodes it whatever the stream's state is, for the sake of the table.
    fn on_block(&mut self, id: u32, block: &[u8], end: bool) -> Result<(), ConnectionError>;
    /// DATA on a live stream whose peer has not ended it; flow control is done already.
    fn on_data(&mut self, slot: usize, data: &[u8], end: bool) -> Result<(), StreamError>;
    fn on_reset(&mut self, slot: usize, code: ErrorCode) -> Result<(), ConnectionError>;
    /// Ends a stream by an error of the peer, RST_STREAM included.
    fn on_stream_error(&mut self, slot: usize, error: StreamError);
    fn on_settings(&mut self) -> Result<(), ConnectionError>;
    /// Our SETTINGS are in force on the other side.
    fn on_settings_acked(&mut self);
    fn on_go_away(&mut self, frame: GoAway<'_>);
    fn on_pong(&mut self, opaque: u64);
    /// Windows or room may have come: send what was queued.
    fn pump(&mut self);
}

/// Takes what was read, and fails the connection where it must.
#[inline]
pub(crate) fn receive(half: &mut impl Half, bytes: &[u8]) -> Result<(), ConnectionError> {
    if let Some(error) = half.conn().failed {
        return Err(error);
    }
    let conn = half.conn();
    conn.reads += 1;
    conn.counters.received.bytes += bytes.len() as u64;
    let outcome = frames(half, bytes);
    match outcome {
        Ok(()) => half.pump(),
        Err(error) => {
            let last = half.last_stream();
            half.conn().fail(error, last);
        }
    }
    outcome
}

fn frames(half: &mut impl Half, mut bytes: &[u8]) -> Result<(), ConnectionError> {
    if !half.conn().partial.is_empty() {
        bytes = finish_partial(half, bytes)?;
    }
    loop {
        bytes = half.take_ordinary(bytes);
        let Some((head, payload, rest)) = split(bytes, half.conn().local.max_frame_size)? else {
            break;
        };
        frame(half, &head, payload)?;
        bytes = rest;
    }
    half.conn().partial.extend_from_slice(bytes);
    Ok(())
}

/// Completes the frame of which a part is there, and gives what is left of the bytes.
#[cold]
fn finish_partial<'a>(
    half: &mut impl Half,
    mut bytes: &'a [u8],
) -> Result<&'a [u8], ConnectionError> {
    let mut partial = std::mem::take(&mut half.conn().partial);
    let max = half.conn().local.max_frame_size;
    bytes = fill(&mut partial, bytes, HEAD_LEN);
    if let Some(head) = partial.first_chunk() {
        let len = Head::load(head).len;
        if len <= max {
            bytes = fill(&mut partial, bytes, HEAD_LEN + len as usize);
        }
    }
    let outcome = match split(&partial, max)? {
        Some((head, payload, _)) => {
            let outcome = frame(half, &head, payload);
            partial.clear();
            outcome
        }
        None => Ok(()),
    };
    half.conn().partial = partial;
    outcome.map(|()| bytes)
}

/// Moves bytes over until there are `len`, and gives what is left.
fn fill<'a>(partial: &mut Vec<u8>, bytes: &'a [u8], len: usize) -> &'a [u8] {
    let missing = len.saturating_sub(partial.len()).min(bytes.len());
    let (now, later) = bytes.split_at(missing);
    partial.extend_from_slice(now);
    later
}

/// A frame, cut from the front of some bytes: its head, its payload, the bytes behind it.
type Cut<'a> = (Head, &'a [u8], &'a [u8]);

/// The first frame, if all of it is there.
#[inline]
fn split(bytes: &[u8], max: u32) -> Result<Option<Cut<'_>>, ConnectionError> {
    let Some((head, rest)) = bytes.split_first_chunk::<HEAD_LEN>() else {
        return Ok(None);
    };
    let head = Head::load(head);
    if head.len > max {
        return Err(ConnectionError::frame_size(
            "frame above our MAX_FRAME_SIZE",
        ));
    }
    Ok(rest
        .split_at_checked(head.len as usize)
        .map(|(payload, rest)| (head, payload, rest)))
}

#[inline]
fn frame(half: &mut impl Half, head: &Head, payload: &[u8]) -> Result<(), ConnectionError> {
    let conn = half.conn();
    conn.counters.received.frame(head.kind);
    if conn.assembly.stream != 0
        && (head.kind != Kind::CONTINUATION || head.stream != conn.assembly.stream)
    {
        // RFC 9113 4.3: a header block is a unit.
        return Err(ConnectionError::protocol("a frame inside a header block"));
    }
    if !conn.peer_known && head.kind != Kind::SETTINGS {
        // RFC 9113 3.4.
        return Err(ConnectionError::protocol("SETTINGS do not come first"));
    }
    match head.kind {
        Kind::DATA => data(half, head, payload),
        Kind::HEADERS => headers(half, head, payload),
        Kind::CONTINUATION => continuation(half, head, payload),
        Kind::WINDOW_UPDATE => window_update(half, WindowUpdate::load(head, payload)?),
        Kind::RST_STREAM => reset(half, Reset::load(head, payload)?),
        Kind::SETTINGS => settings::settings(half, head, payload),
        Kind::PING => ping(half, Ping::load(head, payload)?),
        Kind::GOAWAY => go_away(half, GoAway::load(head, payload)?),
        Kind::PRIORITY => priority(head),
        Kind::PUSH_PROMISE => Err(ConnectionError::protocol(
            "PUSH_PROMISE, which we never allow",
        )),
        // RFC 9113 4.1: ignored.
        _ => Ok(()),
    }
}

/// RFC 9113 6.1.
#[inline]
fn data(half: &mut impl Half, head: &Head, payload: &[u8]) -> Result<(), ConnectionError> {
    let id = head.stream;
    let end = head.flags.has(Flags::END_STREAM);
    let data = strip_padding(head.flags, payload)?;
    let conn = half.conn();
    conn.counters.received.data_bytes += u64::from(head.len);
    // Whatever the stream's state, the connection's window counts it (RFC 9113 6.9).
    if !conn.inbound.receive(payload.len()) {
        return Err(ConnectionError::flow_control(
            "DATA beyond the connection's window",
        ));
    }
    let Some(slot) = conn.streams.find(id) else {
        conn.release_connection(head.len);
        return no_stream(conn, id, "DATA on a stream that is over");
    };
    let stream = conn.streams.at(slot);
    if stream.remote_closed {
        conn.release_connection(head.len);
        return stream_error(
            half,
            slot,
            StreamError::new(ErrorCode::STREAM_CLOSED, "DATA behind END_STREAM"),
        );
    }
    if !stream.inbound.receive(payload.len()) {
        conn.release_connection(head.len);
        let error = StreamError::new(
            ErrorCode::FLOW_CONTROL_ERROR,
            "DATA beyond the stream's window",
        );
        return stream_error(half, slot, error);
    }
    if data.is_empty() && !end {
        conn.charge(|conn| &mut conn.control, "too many empty DATA frames")?;
    }
    let stream = conn.streams.at(slot);
    stream.remote_closed = end;
    stream.received.bytes += data.len() as u64;
    let misfit = stream.misfits_content_length(end);
    conn.consume(slot, head.len);
    if misfit {
        return stream_error(
            half,
            slot,
            StreamError::protocol("DATA does not fit content-length"),
        );
    }
    match half.on_data(slot, data, end) {
        Ok(()) => Ok(()),
        Err(error) => stream_error(half, slot, error),
    }
}

/// RFC 9113 6.2.
#[inline]
fn headers(half: &mut impl Half, head: &Head, payload: &[u8]) -> Result<(), ConnectionError> {
    if head.stream == 0 {
        return Err(ConnectionError::protocol("HEADERS on stream 0"));
    }
    let block = strip_priority(head.flags, strip_padding(head.flags, payload)?)?;
    let end = head.flags.has(Flags::END_STREAM);
    if head.flags.has(Flags::END_HEADERS) {
        half.conn().counters.received.header_bytes += block.len() as u64;
        return half.on_block(head.stream, block, end);
    }
    let assembly = &mut half.conn().assembly;
    assembly.stream = head.stream;
    assembly.end_stream = end;
    assembly.continuations = 0;
    assembly.block.clear();
    assembly.block.extend_from_slice(block);
    Ok(())
}

/// RFC 9113 6.10.
fn continuation(half: &mut impl Half, head: &Head, payload: &[u8]) -> Result<(), ConnectionError> {
    let conn = half.conn();
    if conn.assembly.stream == 0 {
        return Err(ConnectionError::protocol("CONTINUATION of no header block"));
    }
    conn.assembly.continuations += 1;
    if conn.assembly.continuations > conn.limits.continuations
        || conn.assembly.block.len() + payload.len() > conn.max_block_size
    {
        return Err(ConnectionError::calm("a header block that does not end"));
    }
    conn.assembly.block.extend_from_slice(payload);
    if !head.flags.has(Flags::END_HEADERS) {
        return Ok(());
    }
    let mut assembly = std::mem::take(&mut conn.assembly);
    conn.counters.received.header_bytes += assembly.block.len() as u64;
    half.on_block(assembly.stream, &assembly.block, assembly.end_stream)?;
    assembly.block.clear();
    half.conn().assembly = Assembly {
        block: assembly.block,
        ..Assembly::default()
    };
    Ok(())
}

/// RFC 9113 6.9.
fn window_update(half: &mut impl Half, frame: WindowUpdate) -> Result<(), ConnectionError> {
    let conn = half.conn();
    if frame.stream == 0 {
        conn.counters.received.connection_window_updates += 1;
        if frame.increment == 0 {
            return Err(ConnectionError::protocol("WINDOW_UPDATE of nothing"));
        }
        if conn.counters.received.connection_window_updates == 1
            && u64::from(frame.increment) > conn.counters.sent.data_bytes
        {
            conn.peer_window = DEFAULT_WINDOW.saturating_add(frame.increment);
        }
        return conn.window.widen(frame.increment).map_err(|Overflow| {
            ConnectionError::flow_control("the connection's window overflows")
        });
    }
    let Some(slot) = conn.streams.find(frame.stream) else {
        // On a stream that is over it was on its way (RFC 9113 5.1).
        return if conn.is_idle(frame.stream) {
            Err(ConnectionError::protocol("WINDOW_UPDATE on an idle stream"))
        } else {
            Ok(())
        };
    };
    if frame.increment == 0 {
        return stream_error(
            half,
            slot,
            StreamError::protocol("WINDOW_UPDATE of nothing"),
        );
    }
    let stream = conn.streams.at(slot);
    if stream.window.widen(frame.increment).is_err() {
        let error = StreamError::new(
            ErrorCode::FLOW_CONTROL_ERROR,
            "the stream's window overflows",
        );
        return stream_error(half, slot, error);
    }
    if stream.turn == Turn::Stalled && stream.window.available() > 0 {
        conn.outbox.enter(&mut conn.streams, slot);
    }
    Ok(())
}

/// RFC 9113 6.4.
fn reset(half: &mut impl Half, frame: Reset) -> Result<(), ConnectionError> {
    let conn = half.conn();
    conn.counters.received.reset(frame.code);
    let Some(slot) = conn.streams.find(frame.stream) else {
        return if conn.is_idle(frame.stream) {
            Err(ConnectionError::protocol("RST_STREAM on an idle stream"))
        } else {
            Ok(())
        };
    };
    half.on_reset(slot, frame.code)
}

/// RFC 9113 6.7.
fn ping(half: &mut impl Half, frame: Ping) -> Result<(), ConnectionError> {
    if frame.ack {
        half.on_pong(u64::from_be_bytes(frame.opaque));
        return Ok(());
    }
    let conn = half.conn();
    conn.charge(|conn| &mut conn.control, "too many PINGs")?;
    conn.send_ping(Ping { ack: true, ..frame });
    conn.answer()
}

/// RFC 9113 6.8.
fn go_away(half: &mut impl Half, frame: GoAway<'_>) -> Result<(), ConnectionError> {
    let conn = half.conn();
    conn.counters.received.go_away(frame.code);
    if conn
        .away_received
        .is_some_and(|last| frame.last_stream > last)
    {
        return Err(ConnectionError::protocol(
            "a later GOAWAY takes more streams",
        ));
    }
    conn.away_received = Some(frame.last_stream);
    conn.farewell = Some((&frame).into());
    half.on_go_away(frame);
    Ok(())
}

/// RFC 9113 5.3.2: checked for its form, and ignored.
fn priority(head: &Head) -> Result<(), ConnectionError> {
    if head.stream == 0 {
        return Err(ConnectionError::protocol("PRIORITY on stream 0"));
    }
    if head.len != 5 {
        return Err(ConnectionError::frame_size("PRIORITY is not five bytes"));
    }
    Ok(())
}

/// A frame that needs a stream, for one that is not there.
#[cold]
pub(crate) fn no_stream(conn: &Conn, id: u32, reason: &'static str) -> Result<(), ConnectionError> {
    if conn.is_idle(id) {
        Err(ConnectionError::protocol("a frame on an idle stream"))
    } else if conn.reset.may_have(id) {
        Ok(())
    } else {
        Err(ConnectionError::stream_closed(reason))
    }
}

/// Ends one stream; the connection bears so many of these.
#[cold]
pub(crate) fn stream_error(
    half: &mut impl Half,
    slot: usize,
    error: StreamError,
) -> Result<(), ConnectionError> {
    half.on_stream_error(slot, error);
    let conn = half.conn();
    conn.charge(|conn| &mut conn.stream_errors, "too many stream errors")?;
    conn.answer()
}
