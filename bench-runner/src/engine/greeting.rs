//! What a server speaks, where its first bytes are not HTTP/2's.

use super::ConnectFailure;

/// What the first bytes of a server are, where they are not those of an HTTP/2 server.
pub(super) fn spoken(greeting: &[u8]) -> Option<ConnectFailure> {
    const TLS_ALERT: &[u8] = &[0x15, 0x03];
    const TLS_HANDSHAKE: &[u8] = &[0x16, 0x03];
    const SETTINGS: u8 = 4;
    if greeting.starts_with(TLS_ALERT) || greeting.starts_with(TLS_HANDSHAKE) {
        Some(ConnectFailure::Tls)
    } else if greeting.starts_with(b"HTTP/1") {
        Some(ConnectFailure::Http1)
    } else if greeting.get(3).is_some_and(|kind| *kind != SETTINGS) {
        Some(ConnectFailure::NotHttp2(format!(
            "it began with `{}`",
            greeting.escape_ascii()
        )))
    } else {
        None
    }
}
