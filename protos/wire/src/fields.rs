//! What every header field must look like (RFC 9113 8.2).

/// The rules that span the fields of one block.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    /// A regular field has come, so no pseudo-header field may follow (RFC 9113 8.3).
    regular: bool,
}

impl Shape {
    /// Whether this field may come next.
    pub(crate) fn allows(&mut self, name: &[u8], value: &[u8]) -> bool {
        if let [b':', ..] = name {
            return !self.regular && is_value(value);
        }
        self.regular = true;
        is_name(name) && is_value(value) && !is_connection_specific(name, value)
    }
}

/// RFC 9113 8.2.1: no upper case, no control characters, no spaces, no colon.
fn is_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name
            .iter()
            .all(|&byte| byte > b' ' && byte < 0x7f && byte != b':' && !byte.is_ascii_uppercase())
}

/// RFC 9113 8.2.1: no NUL, CR or LF.
fn is_value(value: &[u8]) -> bool {
    !value.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n'))
}

/// RFC 9113 8.2.2.
fn is_connection_specific(name: &[u8], value: &[u8]) -> bool {
    match name {
        b"connection" | b"proxy-connection" | b"keep-alive" | b"transfer-encoding" | b"upgrade" => {
            true
        }
        b"te" => value != b"trailers",
        _ => false,
    }
}

/// Whether a `content-type` is gRPC's: `application/grpc`, alone or with a suffix or parameters.
pub(crate) fn is_grpc(value: &[u8]) -> bool {
    matches!(
        value.strip_prefix(b"application/grpc"),
        Some([] | [b'+' | b';', ..])
    )
}

/// A decimal number.
pub(crate) fn number(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > 18 {
        return None;
    }
    value.iter().try_fold(0, |number: u64, &byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + u64::from(byte - b'0'))
    })
}
