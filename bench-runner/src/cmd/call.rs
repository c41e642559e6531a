//! `bench-runner call`: one call, and everything that comes back.

use std::collections::BTreeMap;

use anyhow::Context as _;
use bytes::Bytes;
use prost_reflect::{DynamicMessage, MessageDescriptor, SerializeOptions};
use protos::dynamic::description;
use reports::view::format::{duration, plural};
use scenarios::units::Nanos;
use scenarios::{Case, Suite};
use serde_json::{Value, json};
use tonic::Code;
use tonic::metadata::{KeyAndValueRef, MetadataMap};

use super::secured::Secured;
use crate::call::{Call, Known};
use crate::engine::status::Status;
use crate::engine::tonic::{Looked, once};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::run::RunError;
use crate::secrets::Secrets;
use crate::target::Target;

/// Makes one call and shows all that comes back: replies as JSON, metadata, trailers, status and times.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A scenario, as `run` takes it, or the address of a server: `http://host:port`, `https://host:port` or
    /// `unix:/path`.
    #[arg(value_name = "SCENARIO|ADDRESS")]
    subject: String,
    #[command(flatten)]
    about: Described,
    #[command(flatten)]
    secured: Secured,
    /// The method.
    #[arg(long, value_name = "NAME")]
    method: Option<String>,
    /// The message, as protobuf JSON.
    #[arg(long, short = 'd', value_name = "JSON")]
    message: Option<String>,
    /// Sets a scenario key by its path, as `run` does.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Prints one JSON object instead.
    #[arg(long)]
    json: bool,
}

/// Which service, and where it is described; without a description the server is asked.
#[derive(Debug, clap::Args)]
pub struct Described {
    /// The full name of the service: `my.pkg.Service`.
    #[arg(long, value_name = "NAME")]
    pub(super) service: Option<String>,
    /// A .proto file that describes it.
    #[arg(long, value_name = "FILE")]
    pub(super) proto: Vec<String>,
    /// A folder in which imports are found.
    #[arg(long, value_name = "DIR", requires = "proto")]
    pub(super) import_path: Vec<String>,
    /// A file with an encoded FileDescriptorSet.
    #[arg(long, value_name = "FILE", conflicts_with = "proto")]
    pub(super) protoset: Option<String>,
}

impl Described {
    /// The description as settings of a scenario; none where nothing is said.
    pub(super) fn sets(&self) -> Vec<String> {
        let text = |key: &str, value: &str| format!("call.{key}={}", json!(value));
        let mut sets: Vec<String> = Vec::new();
        sets.extend(self.service.iter().map(|name| text("service", name)));
        if !self.proto.is_empty() {
            sets.push(format!("call.proto={}", json!(self.proto)));
        }
        if !self.import_path.is_empty() {
            sets.push(format!("call.import_paths={}", json!(self.import_path)));
        }
        sets.extend(self.protoset.iter().map(|file| text("protoset", file)));
        sets
    }

    /// Whether the server is to be asked.
    pub(super) fn is_by_server(&self) -> bool {
        self.proto.is_empty() && self.protoset.is_none()
    }
}

/// Makes the call; a status other than OK is exit code 1.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let suite = suite(args)?;
    let case = suite.cases.first().context("there is no case")?;
    if suite.cases.len() > 1 {
        let others = plural(suite.cases.len() as u64 - 1, "other case");
        output::tell(&format!("calling as in {}; {others} left out", case.name));
    }
    let (call, looked) = make(case)?;
    let replies = replies(&call, &looked)?;
    let shown = if args.json {
        as_json(&looked, &replies)
    } else {
        as_text(case, &call, &looked, &replies)
    };
    output::print(&call.without_secrets(&shown))?;
    let wrong = replies
        .iter()
        .filter_map(|reply| reply.as_ref().err())
        .next();
    if let Some(wrong) = wrong {
        output::tell(&format!("error: {wrong}"));
    }
    let is_good = looked.status == Code::Ok && wrong.is_none();
    Ok(if is_good { Exit::Good } else { Exit::Broken })
}

/// The scenario, or the one that an address and the other arguments make.
fn suite(args: &Args) -> Result<Suite, Failure> {
    let mut sets = args.about.sets();
    sets.extend(args.secured.sets());
    let text = |key: &str, value: &str| format!("call.{key}={}", json!(value));
    sets.extend(args.method.iter().map(|method| text("method", method)));
    sets.extend(
        args.message
            .iter()
            .map(|message| format!("call.message={message}")),
    );
    let subject = &args.subject;
    if !subject.contains("://") && !subject.starts_with("unix:") {
        sets.extend_from_slice(&args.sets);
        return super::load(subject, &sets);
    }
    let (Some(_), Some(_)) = (&args.about.service, &args.method) else {
        return Err(Failure::usage(format!(
            "expected --service and --method beside an address; `bench-runner init {subject}` shows what the server offers"
        )));
    };
    if args.about.is_by_server() {
        sets.push("call.reflection=true".to_owned());
    }
    sets.push(format!("target.address={subject}"));
    sets.extend_from_slice(&args.sets);
    let suite = Suite::parse("call", "name: call", &sets)?;
    suite.cases.iter().try_for_each(super::check_messages)?;
    Ok(suite)
}

/// Starts the target, if it is to be started, and calls it once.
fn make(case: &Case) -> Result<(Call, Looked), Failure> {
    let scenario = &case.scenario;
    let program = std::env::current_exe().context("cannot tell which program this is")?;
    let mut target = Target::start(scenario, &program).map_err(RunError::from)?;
    let made = call(case, &target);
    target.stop();
    made
}

fn call(case: &Case, target: &Target) -> Result<(Call, Looked), Failure> {
    let scenario = &case.scenario;
    let endpoint = target.endpoint(scenario);
    let secrets = Secrets::of(case).map_err(RunError::from)?;
    let known = Known {
        server: Some(&endpoint),
        origin: Some(&case.origin),
        secrets: secrets.first(),
        ..Known::default()
    };
    let call = Call::prepare(scenario.calls.first(), scenario.seed, &known)
        .map_err(|error| error.in_case(case, &scenario.calls.path(0)))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(RunError::Io)?;
    let looked = runtime
        .block_on(once(&endpoint, &call))
        .map_err(RunError::from)?;
    Ok((call, looked))
}

/// Each reply as JSON, or why it is none.
fn replies(call: &Call, looked: &Looked) -> Result<Vec<Result<Value, String>>, Failure> {
    let message = match call.reply_type() {
        Some(message) => message.clone(),
        None => greetings_reply().context("the Greeter is not described")?,
    };
    let read = |bytes: &Bytes| match call.encodings.json {
        true => serde_json::from_slice(bytes)
            .map_err(|error| format!("a reply of {} bytes is no JSON: {error}", bytes.len())),
        false => reply(&message, bytes),
    };
    Ok(looked.replies.iter().map(read).collect())
}

fn greetings_reply() -> anyhow::Result<MessageDescriptor> {
    let pool = description::decode(protos::DESCRIPTORS)?;
    let reply = pool.get_message_by_name("helloworld.HelloReply");
    reply.context("no HelloReply")
}

fn reply(message: &MessageDescriptor, bytes: &[u8]) -> Result<Value, String> {
    let name = message.full_name();
    let read = DynamicMessage::decode(message.clone(), bytes).map_err(|error| {
        format!(
            "a reply of {} bytes does not decode as `{name}`: {error}",
            bytes.len()
        )
    })?;
    let options = SerializeOptions::new().use_proto_field_name(true);
    read.serialize_with_options(serde_json::value::Serializer, &options)
        .map_err(|error| format!("a reply cannot be shown as JSON: {error}"))
}

fn as_json(looked: &Looked, replies: &[Result<Value, String>]) -> String {
    let replies: Vec<Value> = replies
        .iter()
        .map(|reply| {
            reply
                .clone()
                .unwrap_or_else(|wrong| json!({ "error": wrong }))
        })
        .collect();
    let ns = |time: Option<Nanos>| time.map(|time| time.0);
    let value = json!({
        "status": status(looked.status),
        "message": looked.message,
        "metadata": listed(&looked.metadata),
        "replies": replies,
        "trailers": listed(&looked.trailers),
        "connect_ns": looked.connect.0,
        "initial_metadata_ns": ns(looked.headers),
        "first_message_ns": ns(looked.first_message),
        "done_ns": looked.done.0,
    });
    format!("{value:#}\n")
}

fn as_text(case: &Case, call: &Call, looked: &Looked, replies: &[Result<Value, String>]) -> String {
    let mut text = format!(
        "{} ({})\n",
        case.scenario.calls.first().method,
        call.pattern
    );
    section(&mut text, "initial metadata", &looked.metadata);
    for (index, reply) in replies.iter().enumerate() {
        let number = if replies.len() > 1 {
            format!(" {}", index + 1)
        } else {
            String::new()
        };
        match reply {
            Ok(reply) => text += &format!("reply{number}\n{reply:#}\n"),
            Err(wrong) => text += &format!("reply{number}\n  {wrong}\n"),
        }
    }
    if replies.is_empty() {
        text += "no reply\n";
    }
    section(&mut text, "trailers", &looked.trailers);
    text += &format!("status {}", status(looked.status));
    if !looked.message.is_empty() {
        text += &format!(": {}", looked.message);
    }
    let time = |what: &str, time: Nanos| format!("{what} {}", duration(time.0 as f64));
    let mut times = vec![time("connect", looked.connect)];
    times.extend(looked.headers.map(|at| time("initial metadata", at)));
    times.extend(looked.first_message.map(|at| time("first message", at)));
    times.push(time("done", looked.done));
    text + &format!("\n{}\n", times.join(", "))
}

fn section(text: &mut String, title: &str, metadata: &MetadataMap) {
    let listed = listed(metadata);
    if listed.is_empty() {
        return;
    }
    *text += &format!("{title}\n");
    for (key, values) in listed {
        for value in values {
            *text += &format!("  {key}: {value}\n");
        }
    }
}

/// Metadata as it travels: a binary value is base64 there already.
fn listed(metadata: &MetadataMap) -> BTreeMap<String, Vec<String>> {
    let mut listed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in metadata.iter() {
        let (key, value) = match pair {
            KeyAndValueRef::Ascii(key, value) => (key.as_str(), value.as_encoded_bytes()),
            KeyAndValueRef::Binary(key, value) => (key.as_str(), value.as_encoded_bytes()),
        };
        let value = String::from_utf8_lossy(value).into_owned();
        // The status is told by itself.
        if !matches!(key, "grpc-status" | "grpc-message") {
            listed.entry(key.to_owned()).or_default().push(value);
        }
    }
    listed
}

/// The name of a code as gRPC spells it.
fn status(code: Code) -> &'static str {
    Status::from_code(code.into()).name()
}
