//! SETTINGS (RFC 9113 6.5): what each side asks of the other.

use crate::error::ConnectionError;
use crate::flow::{DEFAULT_WINDOW, MAX_WINDOW};
use crate::frame::{DEFAULT_MAX_FRAME_SIZE, Flags, Head, Kind, LARGEST_MAX_FRAME_SIZE};
use crate::hpack::DEFAULT_TABLE_SIZE;

/// One side's settings in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What the sender's HPACK decoder keeps.
    pub header_table_size: u32,
    /// Whether the sender takes pushes.
    pub enable_push: bool,
    /// Streams the receiver may have open.
    pub max_concurrent_streams: u32,
    /// The window that each new stream starts with.
    pub initial_window_size: u32,
    /// The largest payload the sender takes.
    pub max_frame_size: u32,
    /// The largest header list the sender takes; advice.
    pub max_header_list_size: u32,
}

impl Default for Settings {
    /// What holds before SETTINGS arrive (RFC 9113 6.5.2).
    fn default() -> Self {
        Settings {
            header_table_size: DEFAULT_TABLE_SIZE,
            enable_push: true,
            max_concurrent_streams: u32::MAX,
            initial_window_size: DEFAULT_WINDOW,
            max_frame_size: DEFAULT_MAX_FRAME_SIZE,
            max_header_list_size: u32::MAX,
        }
    }
}

const HEADER_TABLE_SIZE: u16 = 1;
const ENABLE_PUSH: u16 = 2;
const MAX_CONCURRENT_STREAMS: u16 = 3;
const INITIAL_WINDOW_SIZE: u16 = 4;
const MAX_FRAME_SIZE: u16 = 5;
const MAX_HEADER_LIST_SIZE: u16 = 6;

impl Settings {
    /// Checks what holds for every SETTINGS frame and says whether it is an acknowledgement.
    ///
    /// # Errors
    /// The frame belongs to a stream, or has an impossible length.
    pub fn check(head: &Head) -> Result<bool, ConnectionError> {
        if head.stream != 0 {
            return Err(ConnectionError::protocol("SETTINGS on a stream"));
        }
        let ack = head.flags.has(Flags::ACK);
        if ack && head.len != 0 {
            return Err(ConnectionError::frame_size(
                "SETTINGS acknowledgement with a payload",
            ));
        }
        if !head.len.is_multiple_of(6) {
            return Err(ConnectionError::frame_size(
                "SETTINGS are not whole entries",
            ));
        }
        Ok(ack)
    }

    /// Takes over what the payload says, entry by entry; unknown ones are ignored (RFC 9113 6.5.2).
    ///
    /// # Errors
    /// A value that its entry does not allow.
    pub fn load(&mut self, payload: &[u8]) -> Result<(), ConnectionError> {
        for entry in payload.chunks_exact(6) {
            let id = u16::from_be_bytes([entry[0], entry[1]]);
            let value = u32::from_be_bytes([entry[2], entry[3], entry[4], entry[5]]);
            self.set(id, value)?;
        }
        Ok(())
    }

    fn set(&mut self, id: u16, value: u32) -> Result<(), ConnectionError> {
        match id {
            HEADER_TABLE_SIZE => self.header_table_size = value,
            ENABLE_PUSH if value > 1 => {
                return Err(ConnectionError::protocol("ENABLE_PUSH is neither 0 nor 1"));
            }
            ENABLE_PUSH => self.enable_push = value == 1,
            MAX_CONCURRENT_STREAMS => self.max_concurrent_streams = value,
            INITIAL_WINDOW_SIZE if value > MAX_WINDOW => {
                return Err(ConnectionError::flow_control(
                    "INITIAL_WINDOW_SIZE above the maximum",
                ));
            }
            INITIAL_WINDOW_SIZE => self.initial_window_size = value,
            MAX_FRAME_SIZE
                if !(DEFAULT_MAX_FRAME_SIZE..=LARGEST_MAX_FRAME_SIZE).contains(&value) =>
            {
                return Err(ConnectionError::protocol("MAX_FRAME_SIZE out of range"));
            }
            MAX_FRAME_SIZE => self.max_frame_size = value,
            MAX_HEADER_LIST_SIZE => self.max_header_list_size = value,
            _ => {}
        }
        Ok(())
    }

    /// Appends a SETTINGS frame that says how these differ from the defaults.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let default = Settings::default();
        let entries = [
            (
                HEADER_TABLE_SIZE,
                self.header_table_size,
                default.header_table_size,
            ),
            (
                ENABLE_PUSH,
                self.enable_push.into(),
                default.enable_push.into(),
            ),
            (
                MAX_CONCURRENT_STREAMS,
                self.max_concurrent_streams,
                default.max_concurrent_streams,
            ),
            (
                INITIAL_WINDOW_SIZE,
                self.initial_window_size,
                default.initial_window_size,
            ),
            (MAX_FRAME_SIZE, self.max_frame_size, default.max_frame_size),
            (
                MAX_HEADER_LIST_SIZE,
                self.max_header_list_size,
                default.max_header_list_size,
            ),
        ];
        let told = || {
            entries
                .iter()
                .filter(|(_, value, default)| value != default)
        };
        Head::new(Kind::SETTINGS, Flags::NONE, 0, 6 * told().count()).encode(out);
        for (id, value, _) in told() {
            out.extend_from_slice(&id.to_be_bytes());
            out.extend_from_slice(&value.to_be_bytes());
        }
    }

    /// Appends an acknowledgement.
    pub fn encode_ack(out: &mut Vec<u8>) {
        Head::new(Kind::SETTINGS, Flags::ACK, 0, 0).encode(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::HEAD_LEN;

    #[test]
    fn settings_survive() {
        let told = Settings {
            header_table_size: 0,
            enable_push: false,
            max_concurrent_streams: 7,
            initial_window_size: 1 << 20,
            max_frame_size: 1 << 15,
            max_header_list_size: 1 << 14,
        };
        let mut out = Vec::new();
        told.encode(&mut out);
        let mut heard = Settings::default();
        heard.load(&out[HEAD_LEN..]).expect("our own settings");
        assert_eq!(heard, told);
    }

    #[test]
    fn unknown_settings_are_ignored() {
        let mut heard = Settings::default();
        heard.load(&[0, 99, 1, 2, 3, 4]).expect("ignored");
        assert_eq!(heard, Settings::default());
    }
}
