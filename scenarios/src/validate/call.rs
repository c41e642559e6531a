//! One call, checked.

use crate::encoding::Compression;
use crate::file::{CallFile, ReplyFile, RequestFile};
use crate::law::Law;
use crate::method::{Method, Pattern};
use crate::nearest::nearest;
use crate::scenario::{Bidi, Call, Reply, ReplyStatus, Request, When};
use crate::service::Called;
use crate::tree::KeyPath;
use crate::units::Bytes;

use super::metadata::{metadata, reply_trailers};
use super::semantics::{authority, cancel, deadline, expect, read, retry};
use super::service;
use super::stream::{half_close, stream};
use super::target::check_law;
use super::{Problem, within};

pub(super) const MAX_MESSAGES: u32 = 1_000_000;
const MAX_SIZE: Bytes = Bytes(1 << 30);
const DEFAULT_SIZE: Law<Bytes> = Law::Fixed(Bytes(16));

/// One call, which stands at `at`: the only one, or one of a mix.
pub(super) fn call(mut file: CallFile, at: &KeyPath) -> Result<Call, Problem> {
    let (cancelled, expected) = (file.cancel.take(), file.expect.take());
    let carried = carried(at, &mut file)?;
    let (paced, bidi) = (file.stream.take(), file.bidi);
    if paced.is_some() || file.read.is_some() {
        // A paced stream waits for nothing, and who reads slowly is sent more than is read.
        file.bidi = bidi.or(Some(Bidi::Independent));
    }
    let call = match file.service {
        Some(_) => service::call(at, file)?,
        None => greeter(at, file)?,
    };
    let mut call = Call {
        method: call.method,
        request: call.request,
        reply: call.reply,
        bidi: call.bidi,
        stamps: call.stamps,
        ..carried
    };
    half_close(&at.key("half_close"), &call)?;
    if let Some(file) = paced {
        call.stream = Some(stream(&at.key("stream"), &file, &call, bidi)?);
    }
    if let Some(reply) = &mut call.reply {
        reply.compression = reply_compression(call.compression, reply.compression);
    }
    read(&at.key("read"), &call)?;
    call.cancel = cancel(&at.key("cancel"), cancelled, &call)?;
    call.expect = expect(&at.key("expect"), expected, &call)?;
    Ok(call)
}

/// What a call of any service has, taken from the file; what is left is its method and what that is sent.
fn carried(at: &KeyPath, file: &mut CallFile) -> Result<Call, Problem> {
    let retried = file.retry.take();
    Ok(Call {
        metadata: metadata(&at.key("metadata"), file.metadata.take())?,
        authority: authority(&at.key("authority"), file.authority.take())?,
        deadline: deadline(&at.key("deadline"), file.deadline.take())?,
        wait_for_ready: file.wait_for_ready.unwrap_or_default(),
        half_close: file.half_close.unwrap_or_default(),
        read: file.read,
        retry: retried
            .map(|file| retry(&at.key("retry"), file))
            .transpose()?,
        compression: file.compression.unwrap_or_default(),
        codec: file.codec.unwrap_or_default(),
        ..Call::of(Called::Greeter(Method::SayHello))
    })
}

fn greeter(at: &KeyPath, file: CallFile) -> Result<Call, Problem> {
    service::without(at, &file)?;
    let method = method(&at.key("method"), file.method.as_deref())?;
    let request = request(method, file.request.unwrap_or_default(), &at.key("request"))?;
    let bidi = bidi(method, file.bidi);
    let reply = reply(
        method,
        bidi,
        file.reply.unwrap_or_default(),
        &at.key("reply"),
    )?;
    Ok(Call {
        request,
        reply: Some(reply),
        bidi,
        stamps: file.stamps.unwrap_or_default(),
        ..Call::of(Called::Greeter(method))
    })
}

/// A method of the Greeter, by its name.
fn method(at: &KeyPath, name: Option<&str>) -> Result<Method, Problem> {
    let Some(name) = name else {
        return Ok(Method::SayHello);
    };
    let found = Method::ALL.into_iter().find(|method| method.name() == name);
    found.ok_or_else(|| {
        let names = Method::ALL.map(Method::name);
        let near = nearest(name, names).map(|near| format!("did you mean `{near}`?\n"));
        let help = format!(
            "{}expected one of `{}`; a method of another service needs its `service`",
            near.unwrap_or_default(),
            names.join("`, `")
        );
        Problem::new(at.clone(), format!("unknown name `{name}`")).help(help)
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
        size: Some(size(at, file.size)?),
        fill: file.fill.unwrap_or_default(),
        messages: Some(messages),
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
        compression: file.compression,
        trailers: reply_trailers(&at.key("trailers"), file.trailers.unwrap_or_default())?,
    })
}

/// Replies come back as requests go, where nothing else is said; `None` where nothing is compressed either way.
fn reply_compression(sent: Compression, asked: Option<Compression>) -> Option<Compression> {
    let replies = asked.unwrap_or(sent);
    (!sent.is_identity() || !replies.is_identity()).then_some(replies)
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
