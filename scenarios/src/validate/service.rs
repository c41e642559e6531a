//! A call of another service than the Greeter, checked as far as that goes without its description.

use crate::file::CallFile;
use crate::scenario::{Call, Codec, Fill, Request};
use crate::service::{Called, Foreign};
use crate::tree::KeyPath;

use super::call::MAX_MESSAGES;
use super::{Problem, within};

const DESCRIPTIONS: &str = "write `proto: [my.proto]` for files, `protoset: my.binpb` for encoded descriptors, or \
                            `reflection: true` to ask the server";

pub(super) fn call(at: &KeyPath, file: CallFile) -> Result<Call, Problem> {
    without_the_greeters_own(at, &file)?;
    described_once(at, &file)?;
    given_once(at, &file)?;
    let messages = file.request.unwrap_or_default().messages;
    if let Some(messages) = messages {
        within(&at.join("request.messages"), messages, 1..=MAX_MESSAGES)?;
    }
    let service = file.service.unwrap_or_default();
    let Some(method) = file.method else {
        let message = format!("expected the `method` of `{service}` beside it");
        return Err(Problem::new(at.key("service"), message));
    };
    names(at, &service, &method)?;
    let method = Called::Foreign(Box::new(Foreign {
        service,
        method,
        proto: file.proto.unwrap_or_default(),
        import_paths: file.import_paths.unwrap_or_default(),
        protoset: file.protoset,
        reflection: file.reflection.unwrap_or_default(),
        message: file.message,
        messages: file.messages.unwrap_or_default(),
        messages_file: file.messages_file,
        fresh: file.fresh.unwrap_or_default(),
    }));
    Ok(Call {
        request: Request {
            size: None,
            fill: Fill::default(),
            messages,
        },
        bidi: file.bidi,
        ..Call::of(method)
    })
}

/// The Greeter needs no description, and its messages are made from sizes.
pub(super) fn without(at: &KeyPath, file: &CallFile) -> Result<(), Problem> {
    let there = [
        ("proto", file.proto.is_some()),
        ("import_paths", file.import_paths.is_some()),
        ("protoset", file.protoset.is_some()),
        ("reflection", file.reflection == Some(true)),
        ("message", file.message.is_some()),
        ("messages", file.messages.is_some()),
        ("messages_file", file.messages_file.is_some()),
        ("fresh", file.fresh == Some(true)),
    ];
    let Some(key) = first(there) else {
        return Ok(());
    };
    let message = format!(
        "expected `call.service` beside `{key}`: the Greeter's messages are made of `request` and `reply`"
    );
    Err(Problem::new(at.key(key), message)
        .help("write the full name of the service: `service: my.pkg.Service`")
        .in_key())
}

fn without_the_greeters_own(at: &KeyPath, file: &CallFile) -> Result<(), Problem> {
    let size = file
        .request
        .as_ref()
        .is_some_and(|request| request.size.is_some());
    let fill = file
        .request
        .as_ref()
        .is_some_and(|request| request.fill.is_some());
    let there = [
        ("request.size", size),
        ("request.fill", fill),
        ("codec", file.codec == Some(Codec::Json)),
        ("reply", file.reply.is_some()),
        ("stamps", file.stamps == Some(true)),
    ];
    let Some(key) = first(there) else {
        return Ok(());
    };
    let message =
        format!("expected no `{key}` beside `service`: only the Greeter of this project knows it");
    Err(Problem::new(at.join(key), message)
        .help("say what is sent with `message`, `messages` or `messages_file`")
        .in_key())
}

fn described_once(at: &KeyPath, file: &CallFile) -> Result<(), Problem> {
    let there = [
        ("proto", file.proto.as_ref().is_some_and(|f| !f.is_empty())),
        ("protoset", file.protoset.is_some()),
        ("reflection", file.reflection == Some(true)),
    ];
    let mut keys = there.iter().filter(|(_, is_there)| *is_there);
    let Some((one, _)) = keys.next() else {
        let message = "expected a description of the service beside its name, found none";
        return Err(Problem::new(at.key("service"), message).help(DESCRIPTIONS));
    };
    if let Some((other, _)) = keys.next() {
        let message =
            format!("expected one description of the service, found `{one}` and `{other}`");
        return Err(Problem::new(at.key(other), message)
            .help("keep one of the two")
            .in_key());
    }
    if file.import_paths.is_some() && *one != "proto" {
        let message = format!("expected `import_paths` beside `proto` only, found `{one}`");
        return Err(Problem::new(at.key("import_paths"), message)
            .help("leave it out")
            .in_key());
    }
    Ok(())
}

fn given_once(at: &KeyPath, file: &CallFile) -> Result<(), Problem> {
    let many = file.messages.is_some();
    let others = [
        ("message", file.message.is_some()),
        ("messages_file", file.messages_file.is_some()),
    ];
    if let (true, Some(other)) = (many, first(others)) {
        let message = format!("expected either `messages` or `{other}`, found both");
        return Err(Problem::new(at.key("messages"), message)
            .help("keep one of the two")
            .in_key());
    }
    if file.messages.as_ref().is_some_and(Vec::is_empty) {
        let message = "expected at least one message, found an empty list";
        return Err(Problem::new(at.key("messages"), message)
            .help("write `message: {}` for an empty message"));
    }
    Ok(())
}

/// Names as protobuf has them.
fn names(at: &KeyPath, service: &str, method: &str) -> Result<(), Problem> {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if !service.split('.').all(is_name) {
        let message = format!("expected a full name such as `my.pkg.Service`, found `{service}`");
        return Err(Problem::new(at.key("service"), message)
            .help("the method goes into `method`, the server into `target.address`"));
    }
    if !is_name(method) {
        let message = format!("expected a method's name such as `Do`, found `{method}`");
        return Err(
            Problem::new(at.key("method"), message).help("the service's name goes into `service`")
        );
    }
    Ok(())
}

/// The first that is there.
fn first<const N: usize>(there: [(&'static str, bool); N]) -> Option<&'static str> {
    there.iter().find(|(_, is)| *is).map(|(key, _)| *key)
}
