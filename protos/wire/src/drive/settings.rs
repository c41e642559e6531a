//! SETTINGS, and what they change of open streams (RFC 9113 6.5).

use super::Half;
use crate::conn::Conn;
use crate::error::ConnectionError;
use crate::flow::{DEFAULT_WINDOW, Overflow};
use crate::frame::{Head, Kind};
use crate::settings::Settings;
use crate::streams::Turn;

/// RFC 9113 6.5.
pub(super) fn settings(
    half: &mut impl Half,
    head: &Head,
    payload: &[u8],
) -> Result<(), ConnectionError> {
    let conn = half.conn();
    if Settings::check(head)? {
        return settings_acked(half);
    }
    conn.charge(|conn| &mut conn.control, "too many SETTINGS")?;
    let before = conn.peer;
    conn.peer.load(payload)?;
    conn.peer_known = true;
    // The whole frame is in force at once, so only the last value of the window counts (RFC 9113 6.5.3).
    shift_windows(conn, before.initial_window_size)?;
    conn.encoder.set_peer_limit(conn.peer.header_table_size);
    conn.counters.sent.frame(Kind::SETTINGS);
    Settings::encode_ack(conn.output.frames());
    conn.answer()?;
    half.on_settings()
}

fn settings_acked(half: &mut impl Half) -> Result<(), ConnectionError> {
    let conn = half.conn();
    if !conn.peer_known {
        return Err(ConnectionError::protocol("SETTINGS do not come first"));
    }
    if conn.local_acked {
        return Err(ConnectionError::protocol("acknowledgement of no SETTINGS"));
    }
    conn.local_acked = true;
    conn.decoder.set_limit(conn.local.header_table_size);
    let granted = conn.local.initial_window_size.max(DEFAULT_WINDOW);
    for stream in conn.streams.iter_mut() {
        // Cannot overflow: it only ever narrows.
        let _ = stream
            .inbound
            .shift(granted, conn.local.initial_window_size);
    }
    half.on_settings_acked();
    Ok(())
}

/// RFC 9113 6.9.2: open streams follow a change of INITIAL_WINDOW_SIZE, below zero if need be.
fn shift_windows(conn: &mut Conn, before: u32) -> Result<(), ConnectionError> {
    let now = conn.peer.initial_window_size;
    if now == before {
        return Ok(());
    }
    for slot in 0..conn.streams.capacity() {
        if conn.streams.get(slot).id == 0 {
            continue;
        }
        let stream = conn.streams.at(slot);
        stream.window.shift(before, now).map_err(|Overflow| {
            ConnectionError::flow_control("INITIAL_WINDOW_SIZE overflows a stream's window")
        })?;
        if stream.turn == Turn::Stalled && stream.window.available() > 0 {
            conn.outbox.enter(&mut conn.streams, slot);
        }
    }
    Ok(())
}
