//! YAML text into a [`Tree`] whose every key and value knows where it stands.
//!
//! The only module that knows the YAML crate. It reads the crate's events rather than its serde face, because serde
//! has no place for positions of keys, and an override must be grafted onto the tree before it is given a meaning.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use serde_yaml::granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span};

use crate::tree::{Entry, Kind, Node, Place};

/// The largest text that is read: a scenario is a page, and a mistaken argument can be a disk image.
pub(crate) const MAX_TEXT: usize = 1 << 20;
/// How deep lists and mappings may nest.
const MAX_DEPTH: usize = 64;
/// How many values a document may have once its aliases are written out; they can multiply without end.
const MAX_NODES: usize = 20_000;

/// Why a text is not a document, and where.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    pub(crate) place: Place,
    /// A second place that belongs to it.
    pub(crate) also: Option<Place>,
}

/// Reads the one document of `text`, which is the source number `source`, from byte `offset` of it on.
pub(crate) fn parse(text: &str, source: usize, offset: usize) -> Result<Node, Fault> {
    let events = Parser::new_from_str(text);
    let mut reader = Reader {
        events,
        source,
        offset,
        end: text.len(),
        nodes: 0,
        anchors: HashMap::new(),
    };
    reader.document()
}

struct Reader<I> {
    events: I,
    source: usize,
    offset: usize,
    end: usize,
    nodes: usize,
    anchors: HashMap<usize, Node>,
}

impl<'t, I: Iterator<Item = Result<(Event<'t>, Span), ScanError>>> Reader<I> {
    fn document(&mut self) -> Result<Node, Fault> {
        let mut root = None;
        loop {
            let (event, range) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                _ if root.is_some() => {
                    return Err(self.fault("expected one document, found a second", range));
                }
                event => root = Some(self.node(event, range, 0)?),
            }
        }
        Ok(root.unwrap_or(Node {
            kind: Kind::Null,
            place: self.place(0..0),
        }))
    }

    fn next(&mut self) -> Result<(Event<'t>, Range<usize>), Fault> {
        match self.events.next() {
            None => Ok((Event::StreamEnd, self.end..self.end)),
            Some(Ok((event, span))) => {
                if let Some(tag) = span.tag_span() {
                    let range = tag.byte_range().unwrap_or(0..0);
                    return Err(self.fault("expected a plain value, found a YAML tag", range));
                }
                Ok((event, span.byte_range().unwrap_or(0..0)))
            }
            Some(Err(error)) => Err(self.syntax(&error)),
        }
    }

    fn node(&mut self, event: Event<'t>, range: Range<usize>, depth: usize) -> Result<Node, Fault> {
        self.nodes += 1;
        self.check_depth(depth, &range)?;
        self.check_count(&range)?;
        let (anchor, kind) = match event {
            Event::Scalar(text, style, anchor, _) => (anchor, scalar(text, style)),
            Event::SequenceStart(_, anchor, _) => return self.list(range, anchor, depth),
            Event::MappingStart(_, anchor, _) => return self.map(range, anchor, depth),
            Event::Alias(anchor) => return self.alias(anchor, range, depth),
            _ => return Err(self.fault("expected a value", range)),
        };
        Ok(self.keep(
            anchor,
            Node {
                kind,
                place: self.place(range),
            },
        ))
    }

    fn list(&mut self, start: Range<usize>, anchor: usize, depth: usize) -> Result<Node, Fault> {
        let mut items = Vec::new();
        loop {
            let (event, range) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                let place = self.place(start.start..range.end.max(start.end));
                return Ok(self.keep(
                    anchor,
                    Node {
                        kind: Kind::List(items),
                        place,
                    },
                ));
            }
            items.push(self.node(event, range, depth + 1)?);
        }
    }

    fn map(&mut self, start: Range<usize>, anchor: usize, depth: usize) -> Result<Node, Fault> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (event, range) = self.next()?;
            let key = match event {
                Event::MappingEnd => {
                    let place = self.place(start.start..range.end.max(start.end));
                    return Ok(self.keep(
                        anchor,
                        Node {
                            kind: Kind::Map(entries),
                            place,
                        },
                    ));
                }
                Event::Scalar(text, _, 0, None) => text.into_owned(),
                _ => return Err(self.fault("expected a key, which is plain text", range)),
            };
            if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                let mut fault = self.fault(
                    format!("expected each key once, found `{key}` again"),
                    range,
                );
                fault.also = Some(first.key_place.clone());
                fault.help = Some("keep one of the two".to_owned());
                return Err(fault);
            }
            let (event, value) = self.next()?;
            let value = self.node(event, value, depth + 1)?;
            entries.push(Entry {
                key,
                key_place: self.place(range),
                value,
            });
        }
    }

    /// Writes out an alias, and points at where it is used.
    fn alias(&mut self, anchor: usize, range: Range<usize>, depth: usize) -> Result<Node, Fault> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err(self.fault("this alias stands inside the value that it repeats", range));
        };
        self.nodes += node.count();
        self.check_depth(depth + node.depth(), &range)?;
        self.check_count(&range)?;
        Ok(Node {
            place: self.place(range),
            ..node
        })
    }

    fn keep(&mut self, anchor: usize, node: Node) -> Node {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        node
    }

    fn check_depth(&self, depth: usize, range: &Range<usize>) -> Result<(), Fault> {
        if depth <= MAX_DEPTH {
            return Ok(());
        }
        Err(self.fault(
            format!("expected at most {MAX_DEPTH} levels of lists and mappings"),
            range.clone(),
        ))
    }

    fn check_count(&self, range: &Range<usize>) -> Result<(), Fault> {
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        let message = format!("expected at most {MAX_NODES} values, aliases written out");
        Err(self.fault(message, range.clone()))
    }

    fn place(&self, range: Range<usize>) -> Place {
        Place {
            source: self.source,
            range: range.start + self.offset..range.end + self.offset,
        }
    }

    fn fault(&self, message: impl Into<String>, range: Range<usize>) -> Fault {
        Fault {
            message: message.into(),
            help: None,
            place: self.place(range),
            also: None,
        }
    }

    fn syntax(&self, error: &ScanError) -> Fault {
        let at = error
            .marker()
            .byte_offset()
            .unwrap_or(self.end)
            .min(self.end);
        let (message, help) = explain(error.kind());
        Fault {
            message,
            help: help.map(str::to_owned),
            place: self.place(at..at),
            also: None,
        }
    }
}

/// Says in plain words what the parser ran into.
fn explain(kind: &ErrorKind) -> (String, Option<&'static str>) {
    const UNCLOSED: Option<&str> = Some("is a bracket above not closed?");
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => (
            "expected spaces, found a tab".to_owned(),
            Some("YAML does not indent with tabs"),
        ),
        ErrorKind::UnclosedQuotedScalar => {
            ("expected a closing quote for this one".to_owned(), None)
        }
        ErrorKind::UnclosedFlowCollection { open } => {
            let close = if *open == '{' { '}' } else { ']' };
            (
                format!("expected a closing `{close}` for this `{open}`"),
                None,
            )
        }
        ErrorKind::ExpectedFlowMappingSeparator => {
            ("expected `,` or `}` before this".to_owned(), UNCLOSED)
        }
        ErrorKind::ExpectedFlowSequenceSeparator => {
            ("expected `,` or `]` before this".to_owned(), UNCLOSED)
        }
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => (
            "expected a key at the indentation of the keys above".to_owned(),
            None,
        ),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            ("expected `: ` after a key".to_owned(), None)
        }
        ErrorKind::UnknownAnchor => (
            "unknown alias: no value before it has this anchor".to_owned(),
            None,
        ),
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => (
            "expected one `key: value` here, found a second colon".to_owned(),
            Some("put text that holds a colon and a blank into quotes"),
        ),
        other => (format!("this is not YAML: {other}"), None),
    }
}

/// What a scalar means, by the core schema of YAML 1.2: only a plain one can be other than text.
fn scalar(text: Cow<'_, str>, style: ScalarStyle) -> Kind {
    if style != ScalarStyle::Plain {
        return Kind::Text(text.into_owned());
    }
    match text.as_ref() {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        plain => number(plain).map_or_else(|| Kind::Text(text.clone().into_owned()), Kind::Number),
    }
}

fn number(text: &str) -> Option<serde_json::Number> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok().map(Into::into);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return u64::from_str_radix(octal, 8).ok().map(Into::into);
    }
    let whole = text
        .parse::<u64>()
        .map(Into::into)
        .or_else(|_| text.parse::<i64>().map(Into::into));
    whole
        .ok()
        .or_else(|| text.parse().ok().and_then(serde_json::Number::from_f64))
}
