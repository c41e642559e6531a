//! What a connection is made with.

use crate::flow::MAX_WINDOW;
use crate::frame::{DEFAULT_MAX_FRAME_SIZE, LARGEST_MAX_FRAME_SIZE};
use crate::hpack::{DEFAULT_TABLE_SIZE, Indexing};
use crate::settings::Settings;

/// What a connection is made with; the same for both halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// What our HPACK decoder keeps. 0 makes the peer's blocks stand for themselves.
    pub header_table_size: u32,
    /// The window of each stream, for what we receive.
    pub initial_stream_window: u32,
    /// The window of the connection, for what we receive. Less than the 65,535 that it starts with counts as that.
    pub connection_window: u32,
    /// The largest payload of a frame that we take: 16,384 to 16,777,215.
    pub max_frame_size: u32,
    /// The largest header list that we take.
    pub max_header_list_size: u32,
    /// Streams that a client may have open (server half).
    pub max_concurrent_streams: u32,
    /// The longest message that we take.
    pub max_message_size: u32,
    /// Whether messages may be compressed in an encoding that the peer names. They are handed over as they came.
    pub compressed_messages: bool,
    /// What we leave in the peer's dynamic table.
    pub indexing: Indexing,
    /// Whether strings in our header blocks are Huffman-coded where that is shorter.
    pub huffman: bool,
    /// Whether small messages of a stream that are sent one behind the other share a DATA frame.
    pub coalesce: bool,
    /// Whether streams begin held: what comes is given back to the peer's windows when the reader says so.
    pub hold_streams: bool,
    /// Whether what a held stream owes counts against the connection's window too, so that one slow reader can hold up
    /// all streams; else the connection's is given back as DATA comes.
    pub hold_connection: bool,
    /// Queued messages are put into the output until it is this long; the rest follows when that is written.
    pub output_high_water: usize,
    /// How much bad manners are borne.
    pub limits: Limits,
}

/// How much bad manners are borne, before the connection ends with ENHANCE_YOUR_CALM.
///
/// There is no clock, so these are allowances, not rates. Each has a full allowance at first; it shrinks with each
/// frame of the kind and grows again by [`refill`](Self::refill) with each read and by one with each message. A peer that sends such frames now and then, however long, never uses it up; one that packs thousands of them
/// into one read does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// PING and SETTINGS, DATA that is empty and not final, informational header blocks.
    pub control: u32,
    /// Streams that are reset in the very read that opened them (CVE-2023-44487).
    pub rapid_resets: u32,
    /// Streams that we had to reset for an error of the peer (CVE-2025-8671).
    pub stream_errors: u32,
    /// What each allowance grows by with each read.
    pub refill: u32,
    /// Answers to PING and SETTINGS and resets that wait in the output because the peer does not read.
    pub unread_answers: u32,
    /// CONTINUATION frames of one header block (CVE-2024-27316).
    pub continuations: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            control: 4096,
            rapid_resets: 1024,
            stream_errors: 1024,
            refill: 32,
            unread_answers: 8192,
            continuations: 32,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Config {
            header_table_size: DEFAULT_TABLE_SIZE,
            initial_stream_window: 1 << 20,
            connection_window: 64 << 20,
            max_frame_size: DEFAULT_MAX_FRAME_SIZE,
            max_header_list_size: 64 << 10,
            max_concurrent_streams: 1000,
            max_message_size: 64 << 20,
            compressed_messages: true,
            indexing: Indexing::Incremental,
            huffman: true,
            coalesce: true,
            hold_streams: false,
            hold_connection: true,
            output_high_water: 256 << 10,
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// The settings that this tells the peer, values brought into range.
    pub(crate) fn settings(&self, client: bool) -> Settings {
        let default = Settings::default();
        Settings {
            header_table_size: self.header_table_size,
            // Only a client may say it, and it must say 0 to be spared pushes (RFC 9113 6.5.2).
            enable_push: !client && default.enable_push,
            max_concurrent_streams: if client {
                default.max_concurrent_streams
            } else {
                self.max_concurrent_streams
            },
            initial_window_size: self.initial_stream_window.min(MAX_WINDOW),
            max_frame_size: self
                .max_frame_size
                .clamp(DEFAULT_MAX_FRAME_SIZE, LARGEST_MAX_FRAME_SIZE),
            max_header_list_size: self.max_header_list_size,
        }
    }

    /// The longest header block that is put together from several frames: no list within the limit needs more.
    pub(crate) fn max_block_size(&self) -> usize {
        (self.max_header_list_size as usize).max(DEFAULT_MAX_FRAME_SIZE as usize)
    }
}
