//! Integers with a prefix of some bits (RFC 7541 5.1).

use super::HpackError;

/// Reads an integer whose first byte's low `prefix` bits belong to it, and moves `at` behind it.
///
/// Values beyond `u32` are refused: nothing in HTTP/2 needs them, and an endless run of continuation bytes ends here.
#[inline]
pub(super) fn decode(bytes: &[u8], at: &mut usize, prefix: u32) -> Result<u32, HpackError> {
    let mask = (1u32 << prefix) - 1;
    let first = u32::from(*bytes.get(*at).ok_or(HpackError::Truncated)?) & mask;
    *at += 1;
    if first < mask {
        return Ok(first);
    }
    let mut value = u64::from(mask);
    let mut shift = 0;
    loop {
        let byte = *bytes.get(*at).ok_or(HpackError::Truncated)?;
        *at += 1;
        value += u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return u32::try_from(value).map_err(|_| HpackError::IntegerOverflow);
        }
        shift += 7;
        if shift > 28 {
            return Err(HpackError::IntegerOverflow);
        }
    }
}

/// Writes an integer; `flags` are the bits of the first byte above the prefix.
pub(super) fn encode(value: usize, prefix: u32, flags: u8, out: &mut Vec<u8>) {
    let mask = (1usize << prefix) - 1;
    if value < mask {
        out.push(flags | value as u8);
        return;
    }
    out.push(flags | mask as u8);
    let mut rest = value - mask;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_rfc_7541_c_1() {
        for (value, prefix, bytes) in [
            (10, 5, &[0b01010][..]),
            (1337, 5, &[0b11111, 0b1001_1010, 0b0000_1010]),
            (42, 8, &[42]),
        ] {
            let mut out = Vec::new();
            encode(value, prefix, 0, &mut out);
            assert_eq!(out, bytes);
            let mut at = 0;
            assert_eq!(decode(bytes, &mut at, prefix), Ok(value as u32));
            assert_eq!(at, bytes.len());
        }
    }

    #[test]
    fn an_endless_integer_is_refused() {
        let mut at = 0;
        let bytes = [0xff; 64];
        assert_eq!(decode(&bytes, &mut at, 7), Err(HpackError::IntegerOverflow));
    }
}
