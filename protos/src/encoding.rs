//! Message encodings: gzip, deflate and zstd, as gRPC names them, at the levels that tonic uses.
//!
//! # Source
//!
//! gRPC's compression.md and PROTOCOL-HTTP2.md, "Message-Encoding". `deflate` is the zlib format (RFC 1950), as in HTTP.

use std::fmt;
use std::io::{self, Read};

use flate2::bufread::{GzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};

/// The header field that names the encoding of the messages of one direction.
pub const ENCODING: &str = "grpc-encoding";
/// The header field that lists the encodings that may come back.
pub const ACCEPT_ENCODING: &str = "grpc-accept-encoding";
/// The header field that asks the reference server for an encoding of its replies; other servers ignore it.
pub const REPLY_ENCODING: &str = "bench-reply-encoding";
/// What [`ACCEPT_ENCODING`] says where every encoding is known.
pub const ALL_ACCEPTED: &str = "gzip,deflate,zstd,identity";

/// What tonic compresses with: gzip and deflate at 6, zstd at 3.
const DEFLATE_LEVEL: u32 = 6;
const ZSTD_LEVEL: i32 = 3;

/// How the messages of a call are compressed, where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// gzip (RFC 1952).
    Gzip,
    /// deflate in the zlib format (RFC 1950).
    Deflate,
    /// zstd (RFC 8878).
    Zstd,
}

/// Why a message cannot be decompressed.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// It is longer than its reader takes.
    #[error("it is longer than {0} bytes once it is decompressed")]
    TooLong(usize),
    /// It is not what its encoding says, or not all of it.
    #[error("it is no {0}: {1}")]
    Malformed(Encoding, #[source] io::Error),
}

impl Encoding {
    /// All of them, in the order of preference.
    pub const ALL: [Encoding; 3] = [Encoding::Gzip, Encoding::Deflate, Encoding::Zstd];

    /// The name in header fields.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Gzip => "gzip",
            Encoding::Deflate => "deflate",
            Encoding::Zstd => "zstd",
        }
    }

    /// The encoding of that name; `identity` is none.
    #[must_use]
    pub fn named(name: &[u8]) -> Option<Encoding> {
        Encoding::ALL
            .into_iter()
            .find(|encoding| encoding.name().as_bytes() == name)
    }

    /// Whether a list of names, as [`ACCEPT_ENCODING`] has it, has this one.
    #[must_use]
    pub fn is_among(self, accepted: &[u8]) -> bool {
        accepted
            .split(|byte| *byte == b',')
            .any(|name| name.trim_ascii() == self.name().as_bytes())
    }

    /// Compresses a message.
    ///
    /// # Panics
    /// Never for want of a right message: any bytes can be compressed. zstd may fail to get memory.
    #[must_use]
    pub fn compress(self, message: &[u8]) -> Vec<u8> {
        let level = flate2::Compression::new(DEFLATE_LEVEL);
        match self {
            Encoding::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), level);
                io::Write::write_all(&mut encoder, message).and_then(|()| encoder.finish())
            }
            Encoding::Deflate => {
                let mut encoder = ZlibEncoder::new(Vec::new(), level);
                io::Write::write_all(&mut encoder, message).and_then(|()| encoder.finish())
            }
            Encoding::Zstd => zstd::stream::encode_all(message, ZSTD_LEVEL),
        }
        .expect("a vector takes all that is written")
    }

    /// Appends a message decompressed, of at most `most` bytes.
    ///
    /// # Errors
    /// It is longer, or broken; what was appended until then stays.
    pub fn decompress(self, message: &[u8], most: usize, into: &mut Vec<u8>) -> Result<(), Broken> {
        let malformed = |error| Broken::Malformed(self, error);
        match self {
            Encoding::Gzip => self.read(GzDecoder::new(message), most, into),
            Encoding::Deflate => self.read(ZlibDecoder::new(message), most, into),
            Encoding::Zstd => {
                let decoder = zstd::stream::read::Decoder::with_buffer(message);
                self.read(decoder.map_err(malformed)?, most, into)
            }
        }
    }

    fn read(self, from: impl Read, most: usize, into: &mut Vec<u8>) -> Result<(), Broken> {
        let before = into.len();
        // One more than allowed tells what is too long, and no bomb gets further.
        let mut bounded = from.take((most as u64).saturating_add(1));
        bounded
            .read_to_end(into)
            .map_err(|error| Broken::Malformed(self, error))?;
        if into.len() - before > most {
            return Err(Broken::TooLong(most));
        }
        Ok(())
    }
}

impl Broken {
    /// The `grpc-status` that tells of it: RESOURCE_EXHAUSTED or INTERNAL, as tonic has it.
    #[must_use]
    pub fn code(&self) -> tonic::Code {
        match self {
            Broken::TooLong(_) => tonic::Code::ResourceExhausted,
            Broken::Malformed(..) => tonic::Code::Internal,
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(encoding: Encoding, bytes: &[u8], most: usize) -> Result<Vec<u8>, Broken> {
        let mut plain = Vec::new();
        encoding.decompress(bytes, most, &mut plain).map(|()| plain)
    }

    #[test]
    fn messages_survive() {
        for encoding in Encoding::ALL {
            for message in [&b""[..], b"x", &b"hello ".repeat(10_000)] {
                let packed = encoding.compress(message);
                let back = plain(encoding, &packed, message.len()).unwrap();
                assert!(back == message, "{encoding}");
            }
        }
    }

    #[test]
    fn a_bomb_goes_off_at_the_bound() {
        for encoding in Encoding::ALL {
            let bomb = encoding.compress(&vec![0; 20 << 20]);
            let mut into = Vec::new();
            let error = encoding.decompress(&bomb, 1 << 20, &mut into).unwrap_err();
            assert!(matches!(error, Broken::TooLong(most) if most == 1 << 20));
            assert!(into.len() <= (1 << 20) + 1, "{encoding}: {}", into.len());
        }
    }

    #[test]
    fn what_is_cut_or_other_is_told() {
        for encoding in Encoding::ALL {
            let packed = encoding.compress(&b"hello ".repeat(100));
            for len in 1..packed.len() {
                let cut = plain(encoding, &packed[..len], 1 << 20);
                assert!(
                    matches!(cut, Err(Broken::Malformed(..))),
                    "{encoding} {len}"
                );
            }
            let other = plain(encoding, b"no such thing", 1 << 20);
            assert!(matches!(other, Err(Broken::Malformed(..))), "{encoding}");
        }
    }

    #[test]
    fn names_are_those_of_the_header_fields() {
        for encoding in Encoding::ALL {
            assert_eq!(Encoding::named(encoding.name().as_bytes()), Some(encoding));
            assert!(encoding.is_among(ALL_ACCEPTED.as_bytes()));
            assert!(encoding.is_among(format!("br , {encoding}").as_bytes()));
            assert!(!encoding.is_among(b"gzippo, identity"));
        }
        assert_eq!(Encoding::named(b"identity"), None);
    }
}
