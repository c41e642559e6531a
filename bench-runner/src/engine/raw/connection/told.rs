//! What is told of a channel's connections: counts of the wire, over all that it has had.

use reports::model::{Wire, WireSettings};
use scenarios::units::Nanos;
use wire::flow::DEFAULT_WINDOW;
use wire::frame::Kind;
use wire::{Client, ErrorCode};

use super::{Connection, Stage};

impl Connection {
    /// The run begins: what was said before is none of its messages.
    pub(in crate::engine::raw) fn begin_run(&mut self) {
        let wire = self.wire(Nanos::ZERO);
        self.before = [wire.data_bytes_sent, wire.data_bytes_received];
    }

    /// What went over all connections that the channel has had.
    pub(in crate::engine::raw) fn wire(&self, now: Nanos) -> Wire {
        let mut wire = self.past.clone();
        if self.stage != Stage::Lost {
            add(&mut wire, &self.client);
        }
        wire.data_bytes_sent -= self.before[0];
        wire.data_bytes_received -= self.before[1];
        let [stream, connection] = self.stalled.map(|stall| stall.total(now).0);
        wire.stalled_on_stream_window_ns = Some(stream);
        wire.stalled_on_connection_window_ns = Some(connection);
        wire
    }
}

/// Adds what went over one connection.
pub(super) fn add(wire: &mut Wire, client: &Client) {
    let counters = client.counters();
    wire.bytes_sent += counters.sent.bytes;
    wire.bytes_received += counters.received.bytes;
    wire.frames_sent += counters.sent.all_frames();
    wire.frames_received += counters.received.all_frames();
    if let Some(settings) = client.peer_settings() {
        wire.server_settings = WireSettings {
            header_table_size: Some(settings.header_table_size),
            max_concurrent_streams: Some(settings.max_concurrent_streams)
                .filter(|most| *most != u32::MAX),
            initial_stream_window: Some(settings.initial_window_size),
            initial_connection_window: Some(client.peer_connection_window())
                .filter(|window| *window != DEFAULT_WINDOW),
            max_frame_size: Some(settings.max_frame_size),
        };
    }
    wire.header_bytes_sent += counters.sent.header_bytes;
    wire.header_bytes_received += counters.received.header_bytes;
    *wire.header_list_bytes_sent.get_or_insert(0) += counters.sent.header_list_bytes;
    *wire.header_list_bytes_received.get_or_insert(0) += counters.received.header_list_bytes;
    wire.data_bytes_sent += counters.sent.data_bytes;
    wire.data_bytes_received += counters.received.data_bytes;
    wire.window_updates_sent += counters.sent.frames_of(Kind::WINDOW_UPDATE);
    wire.window_updates_received += counters.received.frames_of(Kind::WINDOW_UPDATE);
    for (who, traffic) in [("client", &counters.sent), ("server", &counters.received)] {
        for code in (0..ErrorCode::KNOWN as u32).map(ErrorCode) {
            let resets = traffic.resets_with(code);
            if resets > 0 {
                *wire.resets.entry(format!("{who} {code}")).or_default() += resets;
            }
            let count = traffic.go_aways[code.0 as usize];
            if count > 0 && (who == "server" || code != ErrorCode::NO_ERROR) {
                *wire.goaway.entry(format!("{who} {code}")).or_default() += count;
            }
        }
    }
}
