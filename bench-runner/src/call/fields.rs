//! Fields of another service's replies that are to have a value (`call.expect.fields`): paths and values held against the
//! reply's type before the load, replies decoded and looked at during it.

use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage as _, Value};
use protos::dynamic::{Draft, Draw};
use scenarios::Step;
use scenarios::scenario::Expect;

use super::expect::MessageCheck;
use super::given::help;
use super::{Mistake, path};

/// A field, and what it is to be.
struct Wanted {
    path: String,
    steps: Vec<Step>,
    value: Value,
}

/// The check of a reply's fields; `None` where none are expected.
pub(super) fn check(
    expect: &Expect,
    reply: &MessageDescriptor,
) -> Result<Option<MessageCheck>, Mistake> {
    if expect.fields.is_empty() {
        return Ok(None);
    }
    let fields = expect.fields.iter();
    let wanted = fields.map(|(path, json)| {
        wanted(path, json, reply)
            .map_err(|mistake| mistake.within(&["expect", "fields", path.as_str()]))
    });
    let wanted: Vec<Wanted> = wanted.collect::<Result<_, _>>()?;
    let reply = reply.clone();
    Ok(Some(Box::new(move |bytes| look(bytes, &reply, &wanted))))
}

fn wanted(
    path: &str,
    json: &serde_json::Value,
    reply: &MessageDescriptor,
) -> Result<Wanted, Mistake> {
    let steps = path::steps(path).ok_or_else(|| Mistake {
        message: "expected a path of fields such as `price.units` or `items[0].name`".to_owned(),
        in_key: true,
        ..Mistake::default()
    })?;
    let draft = Draft::compile_part(reply, &path::around(&steps, json));
    let draft = draft.map_err(|mistake| Mistake {
        help: help(&mistake),
        message: mistake.message,
        in_key: mistake.in_key,
        ..Mistake::default()
    })?;
    if !draft.is_fixed() {
        let message = "expected a value, found a template";
        return Err(Mistake {
            message: message.to_owned(),
            ..Mistake::default()
        });
    }
    let mut bytes = Vec::new();
    draft.encode(&mut Draw::first(0), &mut bytes);
    let message = DynamicMessage::decode(reply.clone(), bytes.as_slice());
    let value = message.ok().and_then(|message| at(&message, &steps));
    let value = value.ok_or_else(|| Mistake {
        message: "expected a path to a value".to_owned(),
        in_key: true,
        ..Mistake::default()
    })?;
    Ok(Wanted {
        path: path.to_owned(),
        steps,
        value,
    })
}

fn look(bytes: &[u8], reply: &MessageDescriptor, wanted: &[Wanted]) -> Result<(), String> {
    let message = DynamicMessage::decode(reply.clone(), bytes)
        .map_err(|error| format!("expect.fields: no `{}` came: {error}", reply.full_name()))?;
    for Wanted { path, steps, value } in wanted {
        match at(&message, steps) {
            Some(found) if found == *value => {}
            Some(found) => {
                let (found, value) = (show(&found), show(value));
                return Err(format!(
                    "expect.fields: `{path}` is {found} instead of {value}"
                ));
            }
            None => return Err(format!("expect.fields: `{path}` did not come")),
        }
    }
    Ok(())
}

/// The value at a path; a field that was not sent has its default.
fn at(message: &DynamicMessage, steps: &[Step]) -> Option<Value> {
    let mut value = Value::Message(message.clone());
    for step in steps {
        value = match (step, &value) {
            (Step::Key(name), Value::Message(message)) => {
                let descriptor = message.descriptor();
                let field = descriptor
                    .get_field_by_name(name)
                    .or_else(|| descriptor.get_field_by_json_name(name))?;
                message.get_field(&field).into_owned()
            }
            (Step::Key(name), Value::Map(entries)) => {
                let is_it =
                    |key: &prost_reflect::MapKey| show(&key.clone().into()) == format!("`{name}`");
                entries.iter().find(|(key, _)| is_it(key))?.1.clone()
            }
            (Step::Index(index), Value::List(items)) => items.get(*index)?.clone(),
            _ => return None,
        };
    }
    Some(value)
}

fn show(value: &Value) -> String {
    match value {
        Value::Bool(value) => format!("`{value}`"),
        Value::I32(value) | Value::EnumNumber(value) => format!("`{value}`"),
        Value::I64(value) => format!("`{value}`"),
        Value::U32(value) => format!("`{value}`"),
        Value::U64(value) => format!("`{value}`"),
        Value::F32(value) => format!("`{value}`"),
        Value::F64(value) => format!("`{value}`"),
        Value::String(value) => format!("`{value}`"),
        Value::Bytes(value) => format!("`{}`", value.escape_ascii()),
        Value::Message(message) => format!("another `{}`", message.descriptor().full_name()),
        Value::List(items) => format!("a list of {}", items.len()),
        Value::Map(entries) => format!("a mapping of {}", entries.len()),
    }
}
