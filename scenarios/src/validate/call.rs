//! One call, checked.

use std::collections::BTreeMap;

use crate::file::{CallFile, ReplyFile, RequestFile};
use crate::law::Law;
use crate::method::{Method, Pattern};
use crate::scenario::{Bidi, Call, Reply, ReplyStatus, Request, When};
use crate::tree::KeyPath;
use crate::units::{Bytes, Nanos};

use super::target::check_law;
use super::{DAY, Problem, within};

const MAX_MESSAGES: u32 = 1_000_000;
const MAX_SIZE: Bytes = Bytes(1 << 30);
const DEFAULT_SIZE: Law<Bytes> = Law::Fixed(Bytes(16));

/// One call, which stands at `at`: the only one, or one of a mix.
pub(super) fn call(file: CallFile, at: &KeyPath) -> Result<Call, Problem> {
    let method = file.method.unwrap_or(Method::SayHello);
    let request = request(method, file.request.unwrap_or_default(), &at.key("request"))?;
    let bidi = bidi(method, file.bidi);
    let reply = reply(
        method,
        bidi,
        file.reply.unwrap_or_default(),
        &at.key("reply"),
    )?;
    if let Some(deadline) = file.deadline {
        within(&at.key("deadline"), deadline, Nanos::from_micros(1)..=DAY)?;
    }
    let metadata = metadata(&at.key("metadata"), file.metadata)?;
    Ok(Call {
        method,
        request,
        reply,
        bidi,
        metadata,
        deadline: file.deadline,
        stamps: file.stamps.unwrap_or_default(),
    })
}

fn request(method: Method, file: RequestFile, at: &KeyPath) -> Result<Request, Problem> {
    let messages = messages(
        at,
        method,
        file.messages,
        Pattern::streams_requests,
        "requests",
    )?;
    Ok(Request {
        size: size(at, file.size)?,
        messages,
    })
}

fn reply(
    method: Method,
    bidi: Option<Bidi>,
    file: ReplyFile,
    at: &KeyPath,
) -> Result<Reply, Problem> {
    let messages = messages(
        at,
        method,
        file.messages,
        Pattern::streams_replies,
        "replies",
    )?;
    let when = when(method, bidi, file.when, &at.key("when"))?;
    if messages != 1 && matches!(when, Some(When::Each | When::Every(_))) {
        let message = format!(
            "expected no `messages` here, found {messages}: each reply belongs to its requests"
        );
        let help = "write `when: after_all` and `bidi: independent` for a fixed number of replies";
        return Err(Problem::new(at.key("messages"), message).help(help));
    }
    Ok(Reply {
        size: size(at, file.size)?,
        messages,
        when,
        headers: file.headers.unwrap_or_default(),
        status: file.status.map(|s| ReplyStatus {
            code: s.code,
            message: s.message.unwrap_or_default(),
        }),
        trailers: metadata(&at.key("trailers"), file.trailers)?,
    })
}

fn size(at: &KeyPath, size: Option<Law<Bytes>>) -> Result<Law<Bytes>, Problem> {
    let size = size.unwrap_or(DEFAULT_SIZE);
    check_law(&at.key("size"), &size, MAX_SIZE)?;
    Ok(size)
}

/// More than one message only in a direction that streams.
fn messages(
    at: &KeyPath,
    method: Method,
    messages: Option<u32>,
    streams: fn(Pattern) -> bool,
    what: &str,
) -> Result<u32, Problem> {
    let messages = within(&at.key("messages"), messages.unwrap_or(1), 1..=MAX_MESSAGES)?;
    if messages == 1 || streams(method.pattern()) {
        return Ok(messages);
    }
    let message = format!(
        "expected 1, since {method} is {} and does not stream {what}, found {messages}",
        method.pattern()
    );
    let methods: Vec<&str> = Method::ALL
        .iter()
        .filter(|m| streams(m.pattern()))
        .map(|m| m.name())
        .collect();
    Err(Problem::new(at.key("messages"), message).help(format!("{} do", methods.join(" and "))))
}

/// Other methods have no use for it, and may have it all the same: a matrix sweeps `call.method` over one `call`.
fn bidi(method: Method, bidi: Option<Bidi>) -> Option<Bidi> {
    (method == Method::BidiHello).then(|| bidi.unwrap_or_default())
}

fn when(
    method: Method,
    bidi: Option<Bidi>,
    when: Option<When>,
    at: &KeyPath,
) -> Result<Option<When>, Problem> {
    let wrong = |expected: &str| Err(Problem::new(at.clone(), format!("expected {expected}")));
    match (method.pattern(), when) {
        (Pattern::Unary | Pattern::ServerStreaming, None) => Ok(None),
        (Pattern::Unary | Pattern::ServerStreaming, Some(_)) => {
            wrong(&format!("no `when`: {method} has one request to answer"))
        }
        (Pattern::ClientStreaming, Some(When::Each | When::Every(_))) => wrong(&format!(
            "`after_all` or `after_first`: {method} gives one reply"
        )),
        (Pattern::ClientStreaming, when) => Ok(Some(when.unwrap_or(When::AfterAll))),
        (Pattern::Bidirectional, Some(When::AfterFirst)) => {
            wrong(&format!("`each`, `after_all` or `every: N` with {method}"))
        }
        (Pattern::Bidirectional, when) => {
            let when = when.unwrap_or(When::Each);
            if bidi == Some(Bidi::PingPong) && when != When::Each {
                let problem =
                    wrong("`each`, since a ping-pong waits for the reply to each request");
                return problem.map_err(|problem| {
                    problem.help("write `bidi: independent` to stream both ways")
                });
            }
            Ok(Some(when))
        }
    }
}

/// Metadata as gRPC allows it, less what gRPC and HTTP/2 keep for themselves.
fn metadata(
    at: &KeyPath,
    file: Option<BTreeMap<String, String>>,
) -> Result<BTreeMap<String, String>, Problem> {
    let metadata = file.unwrap_or_default();
    for (key, value) in &metadata {
        let path = at.key(key);
        if let Some(expected) = key_fault(key) {
            let message = format!("expected a metadata key {expected}, found `{key}`");
            return Err(Problem::new(path, message).in_key());
        }
        if value.len() > 4096 || !value.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            return Err(Problem::new(
                path,
                "expected at most 4096 characters of printable ASCII",
            ));
        }
        if value.trim() != value {
            return Err(Problem::new(
                path,
                "expected a value without blanks at its ends, which HTTP/2 does not keep",
            ));
        }
    }
    Ok(metadata)
}

/// What a metadata key should be, and is not.
fn key_fault(key: &str) -> Option<&'static str> {
    const RESERVED: [&str; 8] = [
        "te",
        "content-type",
        "user-agent",
        "host",
        "connection",
        "keep-alive",
        "transfer-encoding",
        "upgrade",
    ];
    if key.is_empty()
        || !key
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b))
    {
        Some("of lowercase letters, digits, `-`, `_` and `.`")
    } else if key.starts_with("grpc-") {
        Some("that does not begin with `grpc-`, which gRPC keeps for itself")
    } else if key.ends_with("-bin") {
        Some("that does not end in `-bin`: binary metadata is not supported in this version")
    } else if RESERVED.contains(&key) {
        Some("that the transport does not set itself")
    } else {
        None
    }
}
