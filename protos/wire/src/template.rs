//! Header lists that are made once and sent many times.

use std::sync::Arc;

use crate::hpack::{Encoder, FieldList};

/// A list of header fields to be sent again and again. Made once per run; a clone is the same template.
///
/// What it is on the wire depends on the connection: the first time its fields go into the peer's dynamic table, later
/// they are indices. Each connection keeps the block it compiled.
#[derive(Clone, Debug)]
pub struct Template {
    fields: Arc<FieldList>,
    /// Whether it is to leave nothing behind on a connection.
    is_once: bool,
    /// Where connections keep its block, of templates that are sent in turn.
    slot: Option<u32>,
}

impl Template {
    /// This is a template of these fields, in this order: pseudo-header fields first, names in lower case.
    #[must_use]
    pub fn new<'a>(fields: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut list = FieldList::new();
        for (name, value) in fields {
            list.push(name.as_bytes(), value);
        }
        Template {
            fields: Arc::new(list),
            is_once: false,
            slot: None,
        }
    }

    /// This is a list that is sent once, as its values will not come again: it is encoded each time, and takes no room
    /// in the peer's dynamic table nor among the compiled blocks.
    #[must_use]
    pub fn once<'a>(fields: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> Self {
        let mut list = FieldList::new();
        for (name, value) in fields {
            list.push(name, value);
        }
        Template {
            fields: Arc::new(list),
            is_once: true,
            slot: None,
        }
    }

    /// This is a template of the header fields that open a gRPC call.
    #[must_use]
    pub fn request(request: &Request<'_>) -> Self {
        let fixed = [
            (":method", "POST"),
            (":scheme", request.scheme),
            (":path", request.path),
            (":authority", request.authority),
            ("te", "trailers"),
            ("content-type", request.content_type),
        ];
        let user_agent =
            (!request.user_agent.is_empty()).then_some(("user-agent", request.user_agent));
        let timeout = request.timeout.map(|timeout| ("grpc-timeout", timeout));
        let fixed = fixed.into_iter().chain(user_agent).chain(timeout);
        Self::new(
            fixed
                .map(|(name, value)| (name, value.as_bytes()))
                .chain(request.metadata.iter().copied()),
        )
    }

    /// This is the same once with another timeout, where it has one.
    #[must_use]
    pub fn with_timeout(&self, timeout: &str) -> Self {
        let fields = self.fields.iter().map(|(name, value)| match name {
            b"grpc-timeout" => (name, timeout.as_bytes()),
            _ => (name, value),
        });
        Self::once(fields)
    }

    /// This is a template of the header fields that open the answer to a gRPC call.
    #[must_use]
    pub fn response(metadata: &[(&str, &[u8])]) -> Self {
        let fixed = [
            (":status", &b"200"[..]),
            ("content-type", b"application/grpc"),
        ];
        Self::new(fixed.into_iter().chain(metadata.iter().copied()))
    }

    /// This is a template of the trailers that end a call with this `grpc-status`.
    #[must_use]
    pub fn trailers(status: crate::Status, metadata: &[(&str, &[u8])]) -> Self {
        let status = status.0.to_string();
        let fixed = [("grpc-status", status.as_bytes())];
        Self::new(fixed.into_iter().chain(metadata.iter().copied()))
    }

    /// These are templates that are sent in turn, so many that each has a place of its own on every connection where its
    /// block is kept; one set of them at most for a connection.
    #[must_use]
    pub fn in_slots(templates: Vec<Template>) -> Vec<Template> {
        if templates.len() == 1 {
            return templates;
        }
        let slotted = |(slot, template)| Template {
            slot: Some(slot),
            ..template
        };
        (0..).zip(templates).map(slotted).collect()
    }

    /// The fields.
    #[must_use]
    pub fn fields(&self) -> &FieldList {
        &self.fields
    }

    #[inline]
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.fields, &other.fields)
    }
}

/// What a gRPC request says in its header fields (PROTOCOL-HTTP2.md, "Requests").
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `http` or `https`.
    pub scheme: &'a str,
    /// Host and port.
    pub authority: &'a str,
    /// `/package.Service/Method`.
    pub path: &'a str,
    /// `application/grpc`, with a suffix where messages are not protobuf.
    pub content_type: &'a str,
    /// Left out where it is empty.
    pub user_agent: &'a str,
    /// `grpc-timeout`, digits and unit: `500m`.
    pub timeout: Option<&'a str>,
    /// Everything else, names in lower case; values of `-bin` names in base64 already.
    pub metadata: &'a [(&'a str, &'a [u8])],
}

impl<'a> Request<'a> {
    /// This is a plain request for that method, without metadata.
    #[must_use]
    pub fn new(authority: &'a str, path: &'a str) -> Self {
        Request {
            scheme: "http",
            authority,
            path,
            content_type: "application/grpc",
            user_agent: concat!("bench-runner-wire/", env!("CARGO_PKG_VERSION")),
            timeout: None,
            metadata: &[],
        }
    }
}

/// How many compiled blocks a connection keeps.
const KEPT: usize = 32;

/// The blocks that a connection compiled from templates.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    compiled: Vec<Compiled>,
    next: usize,
    /// Those of templates that have slots.
    slotted: Vec<Option<Compiled>>,
    /// The block of the latest list that was sent once.
    once: Vec<u8>,
}

#[derive(Debug)]
struct Compiled {
    template: Template,
    /// The encoder's generation in which the block is right; 0 with an empty block: never compiled.
    generation: u32,
    block: Vec<u8>,
}

impl Blocks {
    /// The template's block as it is right for the next frame on this connection.
    #[inline]
    pub(crate) fn block(&mut self, template: &Template, encoder: &mut Encoder) -> &[u8] {
        if template.is_once {
            self.once.clear();
            encoder.encode_once(template.fields(), &mut self.once);
            return &self.once;
        }
        if let Some(slot) = template.slot {
            return self.in_slot(slot as usize, template, encoder);
        }
        let at = match self
            .compiled
            .iter()
            .position(|known| known.template.is(template))
        {
            Some(at) => at,
            None => self.place(template),
        };
        self.compiled[at].right(encoder)
    }

    fn in_slot(&mut self, slot: usize, template: &Template, encoder: &mut Encoder) -> &[u8] {
        if self.slotted.len() <= slot {
            self.slotted.resize_with(slot + 1, || None);
        }
        let place = &mut self.slotted[slot];
        if place
            .as_ref()
            .is_some_and(|known| !known.template.is(template))
        {
            *place = None;
        }
        place
            .get_or_insert_with(|| Compiled::new(template))
            .right(encoder)
    }

    #[cold]
    fn place(&mut self, template: &Template) -> usize {
        let compiled = Compiled::new(template);
        if self.compiled.len() < KEPT {
            self.compiled.push(compiled);
            return self.compiled.len() - 1;
        }
        self.next = (self.next + 1) % KEPT;
        self.compiled[self.next] = compiled;
        self.next
    }
}

impl Compiled {
    fn new(template: &Template) -> Self {
        Compiled {
            template: template.clone(),
            generation: 0,
            block: Vec::new(),
        }
    }

    /// The block as it is right now.
    #[inline]
    fn right(&mut self, encoder: &mut Encoder) -> &[u8] {
        if self.generation != encoder.generation() || self.block.is_empty() {
            self.block.clear();
            // The generation before: a block that inserts is right once only, and its encoding begins the next one.
            self.generation = encoder.generation();
            encoder.encode(self.template.fields(), &mut self.block);
        }
        &self.block
    }
}
