//! What may stand around the payload of DATA and HEADERS (RFC 9113 6.1 and 6.2).

use super::Flags;
use crate::error::ConnectionError;

/// The payload without its padding.
///
/// # Errors
/// The padding is as long as the payload or longer (6.1), or there is no pad length.
#[inline]
pub fn strip_padding(flags: Flags, payload: &[u8]) -> Result<&[u8], ConnectionError> {
    if !flags.has(Flags::PADDED) {
        return Ok(payload);
    }
    let Some((&padding, rest)) = payload.split_first() else {
        return Err(ConnectionError::frame_size(
            "padded frame without pad length",
        ));
    };
    rest.len()
        .checked_sub(usize::from(padding))
        .map(|end| &rest[..end])
        .ok_or(ConnectionError::protocol("padding exceeds the payload"))
}

/// The header block without the deprecated priority in front of it.
///
/// # Errors
/// The block is too short to hold one.
#[inline]
pub fn strip_priority(flags: Flags, block: &[u8]) -> Result<&[u8], ConnectionError> {
    if !flags.has(Flags::PRIORITY) {
        return Ok(block);
    }
    block
        .get(5..)
        .ok_or(ConnectionError::frame_size("priority is cut short"))
}
