//! The Huffman code of HPACK (RFC 7541 5.2 and appendix B).
//!
//! The code is canonical, so the lengths alone give the codes, and both tables are made at compile time. Decoding looks
//! ten bits ahead: every symbol that headers are made of is at most that long. Hot on a miss of the block memo; guarded
//! by `benches/hpack.rs`.

use super::HpackError;

/// Code lengths in bits by symbol (appendix B). The end-of-string symbol, 30 ones, is not in it: it is never sent.
const LENGTHS: [u8; 256] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, //
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, //
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, //
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, //
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, //
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, //
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, //
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, //
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, //
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, //
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, //
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, //
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, //
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, //
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, //
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];

const MAX_LENGTH: usize = 30;
const LOOKAHEAD: u32 = 10;

/// The canonical code, seen from both sides.
struct Code {
    /// The code of each symbol, right-aligned.
    codes: [u32; 256],
    /// Symbols in the order of their codes.
    order: [u8; 256],
    /// For each length, the first code of that length.
    first: [u32; MAX_LENGTH + 1],
    /// For each length, where its symbols begin in `order`.
    start: [u16; MAX_LENGTH + 1],
    /// For each length, how many symbols have it.
    count: [u16; MAX_LENGTH + 1],
    /// By the next ten bits: symbol and length, length 0 where the code is longer.
    fast: [(u8, u8); 1 << LOOKAHEAD],
}

static CODE: Code = canonical();

const fn canonical() -> Code {
    let mut code = Code {
        codes: [0; 256],
        order: [0; 256],
        first: [0; MAX_LENGTH + 1],
        start: [0; MAX_LENGTH + 1],
        count: [0; MAX_LENGTH + 1],
        fast: [(0, 0); 1 << LOOKAHEAD],
    };
    let mut next = 0u32;
    let mut placed = 0usize;
    let mut length = 1;
    while length <= MAX_LENGTH {
        next <<= 1;
        code.first[length] = next;
        code.start[length] = placed as u16;
        let mut symbol = 0;
        while symbol < 256 {
            if LENGTHS[symbol] as usize == length {
                code.codes[symbol] = next;
                code.order[placed] = symbol as u8;
                if length as u32 <= LOOKAHEAD {
                    let spare = LOOKAHEAD - length as u32;
                    let mut low = 0;
                    while low < 1 << spare {
                        code.fast[((next << spare) | low) as usize] = (symbol as u8, length as u8);
                        low += 1;
                    }
                }
                next += 1;
                placed += 1;
                code.count[length] += 1;
            }
            symbol += 1;
        }
        length += 1;
    }
    code
}

/// Appends the decoded form of `coded` to `out`.
///
/// # Errors
/// A code that stands for end-of-string, or a padding that is not at most seven ones (RFC 7541 5.2).
pub fn decode(coded: &[u8], out: &mut Vec<u8>) -> Result<(), HpackError> {
    // The next `have` bits of the text, left-aligned in `bits`.
    let mut bits = 0u64;
    let mut have = 0u32;
    let mut rest = coded.iter();
    loop {
        while have <= 56 {
            let Some(&byte) = rest.next() else { break };
            bits |= u64::from(byte) << (56 - have);
            have += 8;
        }
        if have == 0 {
            return Ok(());
        }
        let (symbol, length) = CODE.fast[(bits >> (64 - LOOKAHEAD)) as usize];
        let (symbol, length) = if length != 0 {
            (symbol, u32::from(length))
        } else {
            match long(bits) {
                Some(found) => found,
                None => return padding(bits, have),
            }
        };
        if length > have {
            return padding(bits, have);
        }
        out.push(symbol);
        bits <<= length;
        have -= length;
    }
}

/// A symbol whose code is longer than the look-ahead.
#[cold]
fn long(bits: u64) -> Option<(u8, u32)> {
    for length in LOOKAHEAD as usize + 1..=MAX_LENGTH {
        let value = (bits >> (64 - length)) as u32;
        let nth = value.wrapping_sub(CODE.first[length]);
        if nth < u32::from(CODE.count[length]) {
            let at = usize::from(CODE.start[length]) + nth as usize;
            return Some((CODE.order[at], length as u32));
        }
    }
    None
}

/// What remains must be fewer than eight bits, all ones.
fn padding(bits: u64, have: u32) -> Result<(), HpackError> {
    if have < 8 && bits >> (64 - have) == (1 << have) - 1 {
        Ok(())
    } else {
        Err(HpackError::Huffman)
    }
}

/// How many bytes [`encode`] would append.
#[must_use]
pub fn encoded_len(text: &[u8]) -> usize {
    let bits: usize = text
        .iter()
        .map(|&byte| usize::from(LENGTHS[usize::from(byte)]))
        .sum();
    bits.div_ceil(8)
}

/// Appends the coded form of `text` to `out`, padded with ones.
pub fn encode(text: &[u8], out: &mut Vec<u8>) {
    let mut bits = 0u64;
    let mut have = 0u32;
    for &byte in text {
        let length = u32::from(LENGTHS[usize::from(byte)]);
        bits = (bits << length) | u64::from(CODE.codes[usize::from(byte)]);
        have += length;
        while have >= 8 {
            have -= 8;
            out.push((bits >> have) as u8);
        }
    }
    if have > 0 {
        let spare = 8 - have;
        out.push(((bits << spare) | ((1 << spare) - 1)) as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives() {
        let all: Vec<u8> = (0..=255).collect();
        let mut coded = Vec::new();
        encode(&all, &mut coded);
        assert_eq!(coded.len(), encoded_len(&all));
        let mut back = Vec::new();
        decode(&coded, &mut back).expect("our own code");
        assert_eq!(back, all);
    }

    #[test]
    fn padding_must_be_short_and_all_ones() {
        let decoded = |bytes: &[u8]| {
            let mut out = Vec::new();
            decode(bytes, &mut out).map(|()| out)
        };
        // "0" is 00000: five bits, then three of padding.
        assert_eq!(decoded(&[0b0000_0111]), Ok(b"0".to_vec()));
        assert_eq!(decoded(&[0b0000_0110]), Err(HpackError::Huffman));
        assert_eq!(decoded(&[0b0000_0111, 0xff]), Err(HpackError::Huffman));
        assert_eq!(decoded(&[0xff]), Err(HpackError::Huffman));
        // End-of-string itself is an error (RFC 7541 5.2).
        assert_eq!(decoded(&[0xff, 0xff, 0xff, 0xff]), Err(HpackError::Huffman));
    }
}
