//! What went over the connections.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Timing;
use super::foreign::nullable;

/// What went over the connections of a repetition, from their opening to the end of the drain.
///
/// The raw engine counts its own frames; of the tonic engine a tap reads them as they pass. Sums are over all
/// connections.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wire {
    /// TCP or Unix connections opened.
    pub connections: u64,
    /// Connections that ended before the run did.
    pub connections_lost: u64,
    /// Bytes written, frames and all.
    pub bytes_sent: u64,
    /// Bytes read, frames and all.
    pub bytes_received: u64,
    /// HTTP/2 frames written.
    pub frames_sent: u64,
    /// HTTP/2 frames read.
    pub frames_received: u64,
    /// What the client announced on its first connection.
    pub client_settings: WireSettings,
    /// What the server announced on the first connection.
    pub server_settings: WireSettings,
    /// Bytes of header blocks written, as HPACK made them, without padding.
    pub header_bytes_sent: u64,
    /// Bytes of header blocks read, as HPACK made them, without padding.
    pub header_bytes_received: u64,
    /// Bytes of the names and values that the blocks written stand for; `None` where a block could not be decoded.
    pub header_list_bytes_sent: Option<u64>,
    /// The same of the blocks read.
    pub header_list_bytes_received: Option<u64>,
    /// Payload of DATA frames written from the run's start on: messages as they went, each with its five-byte prefix.
    pub data_bytes_sent: u64,
    /// Payload of DATA frames read from the run's start on, padding included.
    pub data_bytes_received: u64,
    /// WINDOW_UPDATE frames written.
    pub window_updates_sent: u64,
    /// WINDOW_UPDATE frames read.
    pub window_updates_received: u64,
    /// Time for which at least one stream of a connection could send nothing because the window that the server grants
    /// to that stream was used up, while its half of ours was not ended; summed over connections, so it may be longer
    /// than the run.
    ///
    /// The raw engine knows what waits: a stream with nothing queued is not stalled. The tap of the tonic engine sees
    /// only what was sent: there a stream has more to send until its END_STREAM. They differ for streams that stay
    /// open and silent with a window of exactly nothing.
    pub stalled_on_stream_window_ns: Option<u64>,
    /// The same of the connection's window: it was used up, and at least one stream had more to send and a window of
    /// its own to send it in. A stream whose both windows are used up waits for its own.
    pub stalled_on_connection_window_ns: Option<u64>,
    /// From the beginning of a connection until it was made, name resolution left out, as the client saw it.
    /// Connections are opened in groups (64 at once by the raw engine, 16 by tonic), which is part of it.
    #[serde(deserialize_with = "nullable")]
    pub connect_time: Timing,
    /// From the connection made until it was secured by TLS; nothing where it is plaintext.
    #[serde(
        deserialize_with = "nullable",
        skip_serializing_if = "Timing::is_empty"
    )]
    pub handshake_time: Timing,
    /// TLS handshakes by what they agreed on: `TLS 1.3, TLS_AES_256_GCM_SHA384`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub handshakes: BTreeMap<String, u64>,
    /// Those of them that took up an earlier session instead of verifying certificates again.
    #[serde(skip_serializing_if = "is_zero")]
    pub handshakes_resumed: u64,
    /// From the same beginning until the server's SETTINGS came: HTTP/2 is ready.
    #[serde(deserialize_with = "nullable")]
    pub ready_time: Timing,
    /// From a PING of ours to its answer, under the load of the run: what queues in front of it on either side is
    /// part of it.
    ///
    /// The raw engine sends one PING to a connection at most every half second, and at most 100 a second on each lane.
    /// The tonic engine sends them only where `client.http2.keepalive` is set, and then only to connections that have
    /// been silent for its interval.
    #[serde(deserialize_with = "nullable")]
    pub ping_time: Timing,
    /// RST_STREAM frames by who sent them and why: `server REFUSED_STREAM`.
    pub resets: BTreeMap<String, u64>,
    /// GOAWAY frames by who sent them and why: `server ENHANCE_YOUR_CALM`.
    pub goaway: BTreeMap<String, u64>,
}

impl Wire {
    /// Adds what went over other connections; the settings are those of the first.
    pub fn add(&mut self, other: &Wire) {
        let first = self.connections == 0;
        if first {
            self.client_settings = other.client_settings;
            self.server_settings = other.server_settings;
        }
        self.connections += other.connections;
        self.connections_lost += other.connections_lost;
        self.bytes_sent += other.bytes_sent;
        self.bytes_received += other.bytes_received;
        self.frames_sent += other.frames_sent;
        self.frames_received += other.frames_received;
        self.header_bytes_sent += other.header_bytes_sent;
        self.header_bytes_received += other.header_bytes_received;
        self.data_bytes_sent += other.data_bytes_sent;
        self.data_bytes_received += other.data_bytes_received;
        self.window_updates_sent += other.window_updates_sent;
        self.window_updates_received += other.window_updates_received;
        self.handshakes_resumed += other.handshakes_resumed;
        for (mine, theirs) in [
            (
                &mut self.header_list_bytes_sent,
                other.header_list_bytes_sent,
            ),
            (
                &mut self.header_list_bytes_received,
                other.header_list_bytes_received,
            ),
            (
                &mut self.stalled_on_stream_window_ns,
                other.stalled_on_stream_window_ns,
            ),
            (
                &mut self.stalled_on_connection_window_ns,
                other.stalled_on_connection_window_ns,
            ),
        ] {
            // A sum of which a part is not known is not known.
            *mine = match first {
                true => theirs,
                false => mine.zip(theirs).map(|(mine, theirs)| mine + theirs),
            };
        }
        for (mine, theirs) in [
            (&mut self.connect_time, &other.connect_time),
            (&mut self.handshake_time, &other.handshake_time),
            (&mut self.ready_time, &other.ready_time),
            (&mut self.ping_time, &other.ping_time),
        ] {
            *mine = match (mine.count, theirs.count) {
                (_, 0) => continue,
                (0, _) => theirs.clone(),
                // What cannot be read cannot be told.
                _ => Timing::merged([&*mine, theirs]).unwrap_or_default(),
            };
        }
        for (mine, theirs) in [
            (&mut self.resets, &other.resets),
            (&mut self.goaway, &other.goaway),
            (&mut self.handshakes, &other.handshakes),
        ] {
            for (reason, count) in theirs {
                *mine.entry(reason.clone()).or_default() += count;
            }
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Wire {
    /// Adds a TLS handshake that agreed on this.
    pub fn shook_hands(&mut self, suite: &str, resumed: bool) {
        *self.handshakes.entry(suite.to_owned()).or_default() += 1;
        self.handshakes_resumed += u64::from(resumed);
    }
}

/// HTTP/2 settings as announced; `None` where the side left it at the protocol's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WireSettings {
    /// SETTINGS_HEADER_TABLE_SIZE.
    pub header_table_size: Option<u32>,
    /// SETTINGS_MAX_CONCURRENT_STREAMS.
    pub max_concurrent_streams: Option<u32>,
    /// SETTINGS_INITIAL_WINDOW_SIZE: each stream's.
    pub initial_stream_window: Option<u32>,
    /// 65,535 and what the first WINDOW_UPDATE on stream 0 added, where that was more than had been sent: less would be
    /// giving back.
    pub initial_connection_window: Option<u32>,
    /// SETTINGS_MAX_FRAME_SIZE.
    pub max_frame_size: Option<u32>,
}
