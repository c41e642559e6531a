//! Templates: what `{{...}}` in a text stands for, read once, filled in call by call.
//!
//! | template | stands for |
//! |---|---|
//! | `{{seq}}` | the number of the call, from 0, over all lanes |
//! | `{{message}}` | the number of the message in its call, from 0 |
//! | `{{lane}}` | the number of the lane; in messages that are encoded ahead, 0 |
//! | `{{uuid}}` | a random UUID, version 4 |
//! | `{{now}}` | the time, RFC 3339; in a `google.protobuf.Timestamp` as such |
//! | `{{now_ms}}` `{{now_us}}` `{{now_ns}}` | the time since 1970, a whole number |
//! | `{{rand_int 1 9}}` | a whole number, both ends among them |
//! | `{{rand_float 0 1}}` | a number, from the first up to the second |
//! | `{{rand_bool}}` | `true` or `false` |
//! | `{{rand_string 16}}` | so many letters and digits |
//! | `{{rand_bytes 16}}` | so many bytes; alone in a field of bytes |
//! | `{{pick red green "dark blue"}}` | one of these |
//! | `{{csv.column}}` | the value of a column; each call takes the next row |
//!
//! `\{{` is two braces and nothing more. What is random comes from one seed.

use super::mistake::Mistake;

/// A text with templates in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Template(Vec<Piece>);

/// A part of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// As it stands.
    Text(String),
    /// To be filled in.
    Filled(Filled),
}

/// What is filled in.
#[derive(Clone, Debug, PartialEq)]
pub enum Filled {
    /// The number of the call.
    Seq,
    /// The number of the message in its call.
    Message,
    /// The number of the lane.
    Lane,
    /// A random UUID.
    Uuid,
    /// The time, as text or as a timestamp.
    Now,
    /// The time since 1970 in units of so many nanoseconds.
    NowIn(u64),
    /// A whole number between two, both among them.
    Int(i64, i64),
    /// A number between two.
    Float(f64, f64),
    /// `true` or `false`.
    Bool,
    /// So many letters and digits.
    Letters(usize),
    /// So many bytes.
    Bytes(usize),
    /// One of these.
    Pick(Vec<String>),
    /// The column of this index.
    Column(usize),
}

/// The names that a template may begin with, for those who mistyped one.
const NAMES: [&str; 13] = [
    "seq",
    "message",
    "lane",
    "uuid",
    "now",
    "now_ms",
    "now_us",
    "now_ns",
    "rand_int",
    "rand_float",
    "rand_bool",
    "rand_string",
    "rand_bytes",
];
/// The longest text that a template draws.
const LONGEST: usize = 16 << 20;

/// Whether there is anything to be filled in, or an escape from it.
pub fn is_template(text: &str) -> bool {
    text.contains("{{")
}

impl Template {
    /// Reads a text; `columns` are the names that `csv.` may be followed by.
    ///
    /// # Errors
    ///
    /// An unknown name, wrong arguments, or braces that are not closed, with the part that is wrong.
    pub fn parse(text: &str, columns: &[String]) -> Result<Template, Mistake> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("{{") {
            if let Some(before) = rest[..at].strip_suffix('\\') {
                plain.push_str(before);
                plain.push_str("{{");
                rest = &rest[at + 2..];
                continue;
            }
            plain.push_str(&rest[..at]);
            let inside = &rest[at + 2..];
            let Some(end) = inside.find("}}") else {
                let mistake = Mistake::new("expected `}}` after this `{{`");
                return Err(focused(mistake, &rest[at..])
                    .help("write `\\{{` for two braces that begin no template"));
            };
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            let whole = &rest[at..at + 2 + end + 2];
            let filled = filled(inside[..end].trim(), columns);
            pieces.push(Piece::Filled(
                filled.map_err(|mistake| focused(mistake, whole))?,
            ));
            rest = &inside[end + 2..];
        }
        plain.push_str(rest);
        if !plain.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Template(pieces))
    }

    /// Its parts.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// What it is, where there is nothing around one template.
    pub fn alone(&self) -> Option<&Filled> {
        match self.0.as_slice() {
            [Piece::Filled(filled)] => Some(filled),
            _ => None,
        }
    }

    /// The text, where nothing is to be filled in.
    pub fn plain(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }
}

impl Filled {
    /// Whether it is another with every call, so that 1024 requests encoded ahead are not enough.
    pub fn is_fresh(&self) -> bool {
        matches!(
            self,
            Filled::Seq | Filled::Uuid | Filled::Now | Filled::NowIn(_) | Filled::Lane
        )
    }

    /// The template as it is written, without its arguments.
    pub fn name(&self) -> &'static str {
        match self {
            Filled::Seq => "seq",
            Filled::Message => "message",
            Filled::Lane => "lane",
            Filled::Uuid => "uuid",
            Filled::Now => "now",
            Filled::NowIn(1_000_000) => "now_ms",
            Filled::NowIn(1_000) => "now_us",
            Filled::NowIn(_) => "now_ns",
            Filled::Int(..) => "rand_int",
            Filled::Float(..) => "rand_float",
            Filled::Bool => "rand_bool",
            Filled::Letters(_) => "rand_string",
            Filled::Bytes(_) => "rand_bytes",
            Filled::Pick(_) => "pick",
            Filled::Column(_) => "csv",
        }
    }
}

fn focused(mistake: Mistake, part: &str) -> Mistake {
    Mistake {
        focus: Some(part.to_owned()),
        ..mistake
    }
}

/// What stands between the braces.
fn filled(inside: &str, columns: &[String]) -> Result<Filled, Mistake> {
    if let Some(name) = inside.strip_prefix("csv.") {
        return column(name.trim(), columns);
    }
    let words = words(inside)?;
    let Some((name, arguments)) = words.split_first() else {
        return Err(Mistake::new(
            "expected a template between the braces, such as `seq`, found nothing",
        ));
    };
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let none = |filled| match arguments.first() {
        None => Ok(filled),
        Some(found) => Err(Mistake::new(format!(
            "expected nothing after `{name}`, found `{found}`"
        ))),
    };
    match name.as_str() {
        "seq" => none(Filled::Seq),
        "message" => none(Filled::Message),
        "lane" => none(Filled::Lane),
        "uuid" => none(Filled::Uuid),
        "now" => none(Filled::Now),
        "now_ms" => none(Filled::NowIn(1_000_000)),
        "now_us" => none(Filled::NowIn(1_000)),
        "now_ns" => none(Filled::NowIn(1)),
        "rand_bool" => none(Filled::Bool),
        "rand_int" => {
            bounds(name, &arguments, "whole numbers").map(|(from, to)| Filled::Int(from, to))
        }
        "rand_float" => {
            let (from, to): (f64, f64) = bounds(name, &arguments, "numbers")?;
            if from.is_finite() && to.is_finite() && (to - from).is_finite() {
                Ok(Filled::Float(from, to))
            } else {
                Err(Mistake::new(format!(
                    "expected two finite numbers after `{name}`"
                )))
            }
        }
        "rand_string" => length(name, &arguments).map(Filled::Letters),
        "rand_bytes" => length(name, &arguments).map(Filled::Bytes),
        "pick" if arguments.is_empty() => Err(Mistake::new(
            "expected values after `pick`, such as `pick red green`",
        )),
        "pick" => Ok(Filled::Pick(
            arguments.iter().map(|&value| value.to_owned()).collect(),
        )),
        unknown => {
            let names = NAMES.iter().chain(&["pick", "csv.COLUMN"]);
            let known = names.map(|name| (*name).to_owned()).collect();
            Err(Mistake {
                unknown: Some(Box::new((unknown.to_owned(), known))),
                ..Mistake::new(format!("unknown template `{unknown}`"))
            })
        }
    }
}

fn column(name: &str, columns: &[String]) -> Result<Filled, Mistake> {
    if let Some(index) = columns.iter().position(|column| column == name) {
        return Ok(Filled::Column(index));
    }
    if columns.is_empty() {
        let mistake = Mistake::new(format!("expected a file with the column `{name}`"));
        return Err(mistake
            .help("name it in `call.messages_file`: a `.csv` with a line of names at its top"));
    }
    Err(Mistake {
        unknown: Some(Box::new((name.to_owned(), columns.to_vec()))),
        ..Mistake::new(format!("unknown column `{name}`"))
    })
}

fn bounds<T: std::str::FromStr + PartialOrd>(
    name: &str,
    arguments: &[&str],
    what: &str,
) -> Result<(T, T), Mistake> {
    let wanted =
        || format!("expected two {what} after `{name}`, the smaller first, such as `{name} 1 9`");
    let [from, to] = arguments else {
        return Err(Mistake::new(format!(
            "{}, found {}",
            wanted(),
            count(arguments.len())
        )));
    };
    match (from.parse::<T>(), to.parse::<T>()) {
        (Ok(from), Ok(to)) if from <= to => Ok((from, to)),
        _ => Err(Mistake::new(format!("{}, found `{from} {to}`", wanted()))),
    }
}

fn length(name: &str, arguments: &[&str]) -> Result<usize, Mistake> {
    let wanted =
        || format!("expected a length up to {LONGEST} after `{name}`, such as `{name} 16`");
    let [length] = arguments else {
        return Err(Mistake::new(format!(
            "{}, found {}",
            wanted(),
            count(arguments.len())
        )));
    };
    match length.parse() {
        Ok(length) if length <= LONGEST => Ok(length),
        _ => Err(Mistake::new(format!("{}, found `{length}`", wanted()))),
    }
}

fn count(arguments: usize) -> String {
    match arguments {
        0 => "nothing".to_owned(),
        1 => "one value".to_owned(),
        many => format!("{many} values"),
    }
}

/// Words with blanks between; quotes keep blanks together.
fn words(text: &str) -> Result<Vec<String>, Mistake> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted
                .split_once('"')
                .ok_or_else(|| Mistake::new("expected a closing quote"))?,
            None => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                rest.split_at(end)
            }
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    Ok(words)
}
