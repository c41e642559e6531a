//! What a right answer is where the scenario says so (`call.expect`), prepared.
//!
//! The engines ask it of what only they see, initial metadata, messages and trailers, and only where it
//! [`wants`](Expectation::wants) that; the lane asks the rest when a call ends.

use std::fmt;

use prost::Message as _;
use protos::helloworld::HelloReply;
use protos::json;
use scenarios::metadata::wire_value;
use scenarios::scenario::{self, Codec, Expect};
use scenarios::status::StatusCode;

use crate::engine::Traffic;
use crate::engine::status::Status;

/// What is wrong with an answer, in a few words that begin with the key of the expectation.
pub type Misfit = String;

/// Looks at a reply message as it is encoded.
pub type MessageCheck = Box<dyn Fn(&[u8]) -> Result<(), Misfit> + Send + Sync>;

/// What a right answer is.
pub struct Expectation {
    status: Status,
    /// How many reply messages.
    pub messages: Option<u64>,
    /// The length of each message.
    pub size: Option<u64>,
    metadata: Vec<(String, String)>,
    trailers: Vec<(String, String)>,
    message: Option<MessageCheck>,
}

/// What an engine is to look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// Initial metadata.
    pub metadata: bool,
    /// Reply messages, byte for byte.
    pub messages: bool,
    /// Trailing metadata.
    pub trailers: bool,
}

impl Wants {
    /// Whether it is anything.
    pub fn any(self) -> bool {
        self.metadata || self.messages || self.trailers
    }

    /// What either wants.
    pub fn or(self, other: Wants) -> Wants {
        Wants {
            metadata: self.metadata || other.metadata,
            messages: self.messages || other.messages,
            trailers: self.trailers || other.trailers,
        }
    }
}

impl Expectation {
    /// Prepares what a scenario expects of its calls.
    pub(super) fn prepare(call: &scenario::Call) -> Option<Expectation> {
        let expect = call.expect.as_ref()?;
        let wire = |metadata: &std::collections::BTreeMap<String, String>| {
            let value = |(key, value): (&String, &String)| {
                Some((key.clone(), wire_value(key, value).ok()?))
            };
            metadata.iter().filter_map(value).collect()
        };
        let StatusCode(code) = expect.status.unwrap_or(StatusCode::OK);
        Some(Expectation {
            status: Status::from_code(code.into()),
            messages: expect.messages.map(u64::from),
            size: expect.size.map(|size| size.0),
            metadata: wire(&expect.metadata),
            trailers: wire(&expect.trailers),
            message: call
                .method
                .greeter()
                .and_then(|_| greeting(expect, call.codec)),
        })
    }

    /// The same, with a look at each reply message.
    pub(super) fn of_messages(self, check: MessageCheck) -> Expectation {
        Expectation {
            message: Some(check),
            ..self
        }
    }

    /// What an engine is to look at.
    pub fn wants(&self) -> Wants {
        Wants {
            metadata: !self.metadata.is_empty(),
            messages: self.message.is_some(),
            trailers: !self.trailers.is_empty(),
        }
    }

    /// Whether calls are to end so.
    pub fn is_good(&self, status: Status) -> bool {
        self.status == status
    }

    /// Looks at initial metadata: `value` finds one by its key, as it came.
    pub fn metadata<'a>(&self, value: impl Fn(&str) -> Option<&'a [u8]>) -> Result<(), Misfit> {
        all_there("expect.metadata", &self.metadata, value)
    }

    /// Looks at trailing metadata.
    pub fn trailers<'a>(&self, value: impl Fn(&str) -> Option<&'a [u8]>) -> Result<(), Misfit> {
        all_there("expect.trailers", &self.trailers, value)
    }

    /// Looks at a reply message.
    pub fn message(&self, message: &[u8]) -> Result<(), Misfit> {
        self.message.as_ref().map_or(Ok(()), |check| check(message))
    }

    /// Looks at the length of a reply message.
    pub fn size(&self, bytes: u64) -> Result<(), Misfit> {
        match self.size {
            Some(size) if size != bytes => Err(format!(
                "expect.size: a message of {bytes} bytes instead of {size}"
            )),
            _ => Ok(()),
        }
    }

    /// Looks at how a call ended that ended OK or as expected.
    pub fn end(&self, status: Status, received: Traffic) -> Result<(), Misfit> {
        if status != self.status {
            return Err(format!(
                "expect.status: {status} instead of {}",
                self.status
            ));
        }
        match self.messages {
            Some(messages) if messages != received.messages => Err(format!(
                "expect.messages: {} instead of {messages}",
                received.messages
            )),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expectation")
            .field("status", &self.status)
            .field("messages", &self.messages)
            .field("size", &self.size)
            .field("wants", &self.wants())
            .finish()
    }
}

fn all_there<'a>(
    what: &str,
    expected: &[(String, String)],
    value: impl Fn(&str) -> Option<&'a [u8]>,
) -> Result<(), Misfit> {
    for (key, expected) in expected {
        match value(key) {
            // Padding of binary values is a matter of taste.
            Some(found) if without_padding(key, found) == expected.as_bytes() => {}
            Some(found) => {
                let found = found.escape_ascii();
                return Err(format!(
                    "{what}: `{key}` is `{found}` instead of `{expected}`"
                ));
            }
            None => return Err(format!("{what}: `{key}` did not come")),
        }
    }
    Ok(())
}

fn without_padding<'a>(key: &str, mut value: &'a [u8]) -> &'a [u8] {
    while let (true, [rest @ .., b'=']) = (key.ends_with("-bin"), value) {
        value = rest;
    }
    value
}

fn read_greeting(codec: Codec, message: &[u8]) -> Result<String, String> {
    match codec {
        Codec::Proto => HelloReply::decode(message)
            .map(|reply| reply.message)
            .map_err(|error| error.to_string()),
        Codec::Json => json::reply_message(message)
            .map(|message| message.into_owned())
            .map_err(|error| error.to_string()),
    }
}

/// The check of a greeting's one field.
fn greeting(expect: &Expect, codec: Codec) -> Option<MessageCheck> {
    let expected = expect.fields.get("message")?.as_str()?.to_owned();
    Some(Box::new(move |message| {
        let found = read_greeting(codec, message)
            .map_err(|error| format!("expect.fields: no HelloReply came: {error}"))?;
        if found == expected {
            return Ok(());
        }
        Err(format!(
            "expect.fields: `message` is `{found}` instead of `{expected}`"
        ))
    }))
}
