//! A compiled message to bytes: what is fixed is copied, what is filled in is drawn and encoded. Nothing is allocated but
//! where the output grows.

use std::io::Write as _;
use std::sync::Arc;

use prost::encoding::{WireType, encode_key, encode_varint};
use prost_reflect::Kind;

use super::draft::Columns;
use super::draw::Draw;
use super::template::{Filled, Piece, Template};

/// A part of a message.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// Fields that never change, encoded.
    Fixed(Vec<u8>),
    /// A field from a column of this index, encoded for each row; calls take rows in turn.
    Row(Arc<[Vec<u8>]>, usize),
    /// A field whose value is one of these at random, encoded.
    Pick(Vec<Vec<u8>>),
    /// A field of text.
    Text { number: u32, template: Template },
    /// A field of another kind.
    Filled {
        number: u32,
        kind: Kind,
        filled: Filled,
    },
    /// A `google.protobuf.Timestamp` of now.
    Now(u32),
    /// A message that holds such parts.
    Message {
        number: u32,
        group: bool,
        parts: Vec<Part>,
    },
}

impl Part {
    /// Tells of everything that is filled in.
    pub(super) fn each_filled(&self, tell: &mut impl FnMut(&Filled)) {
        match self {
            Part::Fixed(_) => {}
            Part::Row(_, column) => tell(&Filled::Column(*column)),
            Part::Pick(_) => tell(&Filled::Pick(Vec::new())),
            Part::Filled { filled, .. } => tell(filled),
            Part::Now(_) => tell(&Filled::Now),
            Part::Text { template, .. } => {
                for piece in template.pieces() {
                    if let Piece::Filled(filled) = piece {
                        tell(filled);
                    }
                }
            }
            Part::Message { parts, .. } => parts.iter().for_each(|part| part.each_filled(tell)),
        }
    }
}

/// Appends parts, one after the other.
pub(super) fn parts(parts: &[Part], columns: &Columns, draw: &mut Draw, out: &mut Vec<u8>) {
    for part in parts {
        self::part(part, columns, draw, out);
    }
}

fn part(part: &Part, columns: &Columns, draw: &mut Draw, out: &mut Vec<u8>) {
    match part {
        Part::Fixed(bytes) => out.extend_from_slice(bytes),
        Part::Row(rows, _) => out.extend_from_slice(&rows[row(draw, rows.len())]),
        Part::Pick(choices) => out.extend_from_slice(&choices[draw.index(choices.len())]),
        Part::Text { number, template } => {
            encode_key(*number, WireType::LengthDelimited, out);
            with_length(out, |out| text(template, columns, draw, out));
        }
        Part::Filled {
            number,
            kind,
            filled,
        } => field(*number, kind, filled, draw, out),
        Part::Now(number) => {
            encode_key(*number, WireType::LengthDelimited, out);
            let now = draw.now();
            with_length(out, |out| {
                // Into a vector this cannot fail.
                let _ = prost::Message::encode(&now, out);
            });
        }
        Part::Message {
            number,
            group: true,
            parts,
        } => {
            encode_key(*number, WireType::StartGroup, out);
            self::parts(parts, columns, draw, out);
            encode_key(*number, WireType::EndGroup, out);
        }
        Part::Message { number, parts, .. } => {
            encode_key(*number, WireType::LengthDelimited, out);
            with_length(out, |out| self::parts(parts, columns, draw, out));
        }
    }
}

/// Calls take the rows in turn.
fn row(draw: &Draw, rows: usize) -> usize {
    (draw.seq % rows.max(1) as u64) as usize
}

/// Appends what `write` appends, its length in front.
fn with_length(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    // Most lengths take one byte; a longer one pushes the content back.
    out.push(0);
    write(out);
    let mut length = (out.len() - start - 1) as u64;
    let more = (64 - (length | 1).leading_zeros()).div_ceil(7) as usize - 1;
    if more > 0 {
        let end = out.len();
        out.resize(end + more, 0);
        out.copy_within(start + 1..end, start + 1 + more);
    }
    for byte in &mut out[start..=start + more] {
        *byte = (length as u8 & 0x7f) | 0x80;
        length >>= 7;
    }
    out[start + more] &= 0x7f;
}

fn text(template: &Template, columns: &Columns, draw: &mut Draw, out: &mut Vec<u8>) {
    for piece in template.pieces() {
        match piece {
            Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
            Piece::Filled(filled) => filled_text(filled, columns, draw, out),
        }
    }
}

fn filled_text(filled: &Filled, columns: &Columns, draw: &mut Draw, out: &mut Vec<u8>) {
    // Into a vector nothing fails to be written.
    let _ = match filled {
        Filled::Seq => write!(out, "{}", draw.seq),
        Filled::Message => write!(out, "{}", draw.message),
        Filled::Lane => write!(out, "{}", draw.lane),
        Filled::Uuid => write!(out, "{}", draw.uuid()),
        Filled::Now => write!(out, "{}", draw.now()),
        Filled::NowIn(unit) => write!(out, "{}", draw.now_ns / unit),
        Filled::Int(from, to) => write!(out, "{}", draw.int(*from, *to)),
        Filled::Float(from, to) => write!(out, "{}", draw.float(*from, *to)),
        Filled::Bool => write!(out, "{}", draw.bool()),
        Filled::Letters(length) => {
            draw.letters(*length, out);
            Ok(())
        }
        // Bytes are no text, which is found out before.
        Filled::Bytes(_) => Ok(()),
        Filled::Pick(values) => out.write_all(values[draw.index(values.len())].as_bytes()),
        Filled::Column(column) => {
            let row = row(draw, columns.rows.len());
            let value = columns.rows.get(row).map(|row| row[*column].as_bytes());
            out.write_all(value.unwrap_or_default())
        }
    };
}

/// A field that is neither text nor a message.
fn field(number: u32, kind: &Kind, filled: &Filled, draw: &mut Draw, out: &mut Vec<u8>) {
    match filled {
        Filled::Bytes(length) => {
            encode_key(number, WireType::LengthDelimited, out);
            encode_varint(*length as u64, out);
            let bytes = draw.bytes(*length);
            out.extend_from_slice(&bytes);
        }
        Filled::Bool => {
            encode_key(number, WireType::Varint, out);
            out.push(draw.bool().into());
        }
        Filled::Float(from, to) => float(number, kind, draw.float(*from, *to), out),
        other => {
            let value = whole(other, draw);
            match kind {
                Kind::Double | Kind::Float => float(number, kind, value as f64, out),
                _ => integer(number, kind, value, out),
            }
        }
    }
}

fn whole(filled: &Filled, draw: &mut Draw) -> i64 {
    match filled {
        Filled::Seq => draw.seq as i64,
        Filled::Message => draw.message.into(),
        Filled::Lane => draw.lane.into(),
        Filled::NowIn(unit) => (draw.now_ns / unit) as i64,
        Filled::Int(from, to) => draw.int(*from, *to),
        _ => 0,
    }
}

fn float(number: u32, kind: &Kind, value: f64, out: &mut Vec<u8>) {
    if *kind == Kind::Float {
        encode_key(number, WireType::ThirtyTwoBit, out);
        out.extend_from_slice(&(value as f32).to_le_bytes());
    } else {
        encode_key(number, WireType::SixtyFourBit, out);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// A number of a call beyond the field's range begins again at 0.
fn integer(number: u32, kind: &Kind, value: i64, out: &mut Vec<u8>) {
    let small = i32::try_from(value).unwrap_or((value % (1 << 31)) as i32);
    match kind {
        Kind::Fixed32 | Kind::Sfixed32 => {
            encode_key(number, WireType::ThirtyTwoBit, out);
            let bytes = if *kind == Kind::Fixed32 {
                (value as u32).to_le_bytes()
            } else {
                small.to_le_bytes()
            };
            out.extend_from_slice(&bytes);
        }
        Kind::Fixed64 | Kind::Sfixed64 => {
            encode_key(number, WireType::SixtyFourBit, out);
            out.extend_from_slice(&value.to_le_bytes());
        }
        _ => {
            encode_key(number, WireType::Varint, out);
            let value = match kind {
                Kind::Sint32 => u64::from(((small << 1) ^ (small >> 31)) as u32),
                Kind::Sint64 => ((value << 1) ^ (value >> 63)) as u64,
                Kind::Int32 => i64::from(small) as u64,
                Kind::Uint32 => u64::from(value as u32),
                _ => value as u64,
            };
            encode_varint(value, out);
        }
    }
}
