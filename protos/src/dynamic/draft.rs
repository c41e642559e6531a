//! Protobuf JSON against a message type, compiled: what stays as it is becomes bytes at once, what is filled in later
//! becomes a [`Part`].

mod extension;
mod fields;
mod filled;

use std::collections::HashMap;
use std::sync::Arc;

use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use serde_json::{Map, Value as Json, json};

use self::extension::extend;
use self::fields::{all_required, find, once};
use super::draw::Draw;
use super::encode::{self, Part};
use super::mistake::{Mistake, Step};
use super::template::{Filled, is_template};
use super::value::{self, expected};

/// A table whose columns fill `{{csv.column}}`; calls take its rows in turn. A clone shares the rows.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// The names of the columns.
    pub names: Vec<String>,
    /// The rows, each with a value for every column.
    pub rows: Arc<Vec<Vec<String>>>,
}

/// A message, compiled.
#[derive(Clone, Debug)]
pub struct Draft {
    parts: Vec<Part>,
    columns: Columns,
}

/// A value of a field: known, or filled in for each message.
enum Made {
    Value(Value),
    Part(Part),
}

/// What one compilation knows.
struct Compiler<'a> {
    columns: &'a Columns,
    /// Whether fields may be missing that are required.
    is_part: bool,
}

impl Draft {
    /// Compiles protobuf JSON, whose text may hold templates.
    ///
    /// # Errors
    ///
    /// The first mistake, with the path of its field.
    pub fn compile(
        message: &MessageDescriptor,
        json: &Json,
        columns: &Columns,
    ) -> Result<Draft, Mistake> {
        let compiler = Compiler {
            columns,
            is_part: false,
        };
        compiler.draft(message, json)
    }

    /// Compiles a part of a message: fields that are required may be missing.
    ///
    /// # Errors
    ///
    /// As [`compile`](Draft::compile).
    pub fn compile_part(message: &MessageDescriptor, json: &Json) -> Result<Draft, Mistake> {
        let compiler = Compiler {
            columns: &Columns::default(),
            is_part: true,
        };
        compiler.draft(message, json)
    }

    /// A message that is encoded already.
    pub fn encoded(bytes: Vec<u8>) -> Draft {
        Draft {
            parts: vec![Part::Fixed(bytes)],
            columns: Columns::default(),
        }
    }

    /// Appends the message, filled in.
    pub fn encode(&self, draw: &mut Draw, out: &mut Vec<u8>) {
        encode::parts(&self.parts, &self.columns, draw, out);
    }

    /// Whether nothing is filled in: every encoding is like the first.
    pub fn is_fixed(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Fixed(_)))
    }

    /// Whether rows of the table are.
    pub fn takes_rows(&self) -> bool {
        let mut takes = false;
        self.parts.iter().for_each(|part| {
            part.each_filled(&mut |filled| takes |= matches!(filled, Filled::Column(_)));
        });
        takes
    }

    /// The names of the templates that are to be others with every call.
    pub fn fresh(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        self.parts.iter().for_each(|part| {
            part.each_filled(&mut |filled| {
                if filled.is_fresh() && !names.contains(&filled.name()) {
                    names.push(filled.name());
                }
            });
        });
        names
    }
}

impl Compiler<'_> {
    fn draft(&self, message: &MessageDescriptor, json: &Json) -> Result<Draft, Mistake> {
        let parts = match self.whole(message, json)? {
            Made::Part(Part::Message { parts, .. }) => parts,
            Made::Part(part) => vec![part],
            Made::Value(Value::Message(fixed)) => vec![Part::Fixed(fixed.encode_to_vec())],
            Made::Value(_) => Vec::new(),
        };
        Ok(Draft {
            parts,
            columns: self.columns.clone(),
        })
    }

    /// A message that no field holds.
    fn whole(&self, message: &MessageDescriptor, json: &Json) -> Result<Made, Mistake> {
        if let Json::String(text) = json
            && is_template(text)
        {
            return Err(expected(&mapping_of(message), json));
        }
        self.message(message, 0, false, json)
    }

    /// A field of any kind.
    fn field(&self, field: &FieldDescriptor, json: &Json) -> Result<Vec<Made>, Mistake> {
        match json {
            Json::Object(entries) if field.is_map() => self.map(field, entries),
            Json::Array(items) if field.is_list() => self.list(field, items),
            other if field.is_map() => Err(expected("a mapping", other)),
            other if field.is_list() => Err(expected("a list", other)),
            one => Ok(vec![self.element(field, one)?]),
        }
    }

    fn list(&self, field: &FieldDescriptor, items: &[Json]) -> Result<Vec<Made>, Mistake> {
        let items = items.iter().enumerate().map(|(index, item)| {
            self.element(field, item)
                .map_err(|mistake| mistake.below(Step::Index(index)))
        });
        let items: Vec<Made> = items.collect::<Result<_, _>>()?;
        if items.iter().any(|item| matches!(item, Made::Part(_))) {
            let part = |item| match item {
                Made::Value(value) => {
                    Made::Part(Part::Fixed(encoded(field, Value::List(vec![value]))))
                }
                part => part,
            };
            return Ok(items.into_iter().map(part).collect());
        }
        let value = |item| match item {
            Made::Value(value) => Some(value),
            Made::Part(_) => None,
        };
        let values = items.into_iter().filter_map(value).collect();
        Ok(vec![Made::Value(Value::List(values))])
    }

    fn map(
        &self,
        field: &FieldDescriptor,
        entries: &Map<String, Json>,
    ) -> Result<Vec<Made>, Mistake> {
        let Kind::Message(entry) = field.kind() else {
            return Err(Mistake::new("expected a map's entries to be messages"));
        };
        let (key_field, value_field) = (entry.map_entry_key_field(), entry.map_entry_value_field());
        let (mut known, mut made) = (HashMap::new(), Vec::new());
        for (name, json) in entries {
            let (key, value) = value::map_key(&key_field.kind(), name)
                .and_then(|key| Ok((key, self.element(&value_field, json)?)))
                .map_err(|mistake| mistake.below_key(name))?;
            match value {
                Made::Value(value) => drop(known.insert(key, value)),
                Made::Part(part) => {
                    let key = Part::Fixed(encoded(&key_field, key.into()));
                    made.push(Made::Part(Part::Message {
                        number: field.number(),
                        group: false,
                        parts: vec![key, part],
                    }));
                }
            }
        }
        if !known.is_empty() {
            made.push(Made::Value(Value::Map(known)));
        }
        Ok(made)
    }

    /// A value by itself, of a list or of a map.
    fn element(&self, field: &FieldDescriptor, json: &Json) -> Result<Made, Mistake> {
        if let Json::String(text) = json
            && is_template(text)
        {
            return self.filled(field, text);
        }
        match field.kind() {
            Kind::Message(message) => {
                self.message(&message, field.number(), field.is_group(), json)
            }
            kind => value::scalar(&kind, json).map(Made::Value),
        }
    }

    fn message(
        &self,
        message: &MessageDescriptor,
        number: u32,
        group: bool,
        json: &Json,
    ) -> Result<Made, Mistake> {
        if value::is_wrapper(message) {
            let inner = Json::Object(Map::from_iter([("value".to_owned(), json.clone())]));
            // The path is that of the bare value.
            return self
                .fields(message, number, group, &inner)
                .map_err(|mut mistake| {
                    mistake.path.clear();
                    mistake
                });
        }
        if !holds_template(json) {
            if let Some(read) = value::well_known(message, json) {
                return read.map(|message| Made::Value(Value::Message(message)));
            }
            return self.fields(message, number, group, json);
        }
        match written_out(message, json)? {
            Some(json) => self
                .fields(message, number, group, &json)
                .map_err(within_written_out),
            None => self.fields(message, number, group, json),
        }
    }

    /// A message from the mapping of its fields.
    fn fields(
        &self,
        message: &MessageDescriptor,
        number: u32,
        group: bool,
        json: &Json,
    ) -> Result<Made, Mistake> {
        let Json::Object(entries) = json else {
            return Err(expected(&mapping_of(message), json));
        };
        let mut fixed = DynamicMessage::new(message.clone());
        let mut parts = Vec::new();
        let mut set: Vec<(FieldDescriptor, &str)> = Vec::new();
        for (name, json) in entries {
            if let Some(extension) = name
                .strip_prefix('[')
                .and_then(|name| name.strip_suffix(']'))
            {
                extend(&mut fixed, extension, name, json)
                    .map_err(|mistake| mistake.below_key(name))?;
                continue;
            }
            let field = find(message, name).map_err(|mistake| mistake.below_key(name))?;
            if json.is_null() && !takes_null(&field) {
                continue;
            }
            let made = once(&set, &field, name)
                .and_then(|()| self.field(&field, json))
                .map_err(|mistake| mistake.below_key(name))?;
            for made in made {
                match made {
                    Made::Value(value) => fixed.set_field(&field, value),
                    Made::Part(part) => parts.push(part),
                }
            }
            set.push((field, name));
        }
        if !self.is_part {
            all_required(message, &set)?;
        }
        if parts.is_empty() {
            return Ok(Made::Value(Value::Message(fixed)));
        }
        let bytes = fixed.encode_to_vec();
        if !bytes.is_empty() {
            parts.insert(0, Part::Fixed(bytes));
        }
        Ok(Made::Part(Part::Message {
            number,
            group,
            parts,
        }))
    }
}

/// A field by itself, encoded.
fn encoded(field: &FieldDescriptor, value: Value) -> Vec<u8> {
    let mut message = DynamicMessage::new(field.parent_message().clone());
    message.set_field(field, value);
    message.encode_to_vec()
}

/// Whether `null` is a value of the field, rather than none.
fn takes_null(field: &FieldDescriptor) -> bool {
    let is_null = match field.kind() {
        Kind::Message(message) => message.full_name() == "google.protobuf.Value",
        Kind::Enum(names) => names.full_name() == "google.protobuf.NullValue",
        _ => false,
    };
    is_null && !field.is_list() && !field.is_map()
}

fn holds_template(json: &Json) -> bool {
    match json {
        Json::String(text) => is_template(text),
        Json::Array(items) => items.iter().any(holds_template),
        Json::Object(entries) => entries.values().any(holds_template),
        _ => false,
    }
}

/// The fields of a message of protobuf's own, whose JSON is not the mapping of those; `None` where it is.
fn written_out(message: &MessageDescriptor, json: &Json) -> Result<Option<Json>, Mistake> {
    Ok(Some(match (message.full_name(), json) {
        ("google.protobuf.Struct", Json::Object(_)) => json!({ "fields": json }),
        ("google.protobuf.ListValue", Json::Array(_)) => json!({ "values": json }),
        ("google.protobuf.Value", Json::Object(_)) => json!({ "structValue": json }),
        ("google.protobuf.Value", Json::Array(_)) => json!({ "listValue": json }),
        (name @ ("google.protobuf.Any" | "google.protobuf.FieldMask"), _) => {
            return Err(Mistake::new(format!("expected no templates in a `{name}`")));
        }
        _ => return Ok(None),
    }))
}

/// The step that [`written_out`] put in is none that anybody wrote.
fn within_written_out(mut mistake: Mistake) -> Mistake {
    if !mistake.path.is_empty() {
        mistake.path.remove(0);
    }
    mistake
}

fn mapping_of(message: &MessageDescriptor) -> String {
    format!("a mapping of the fields of `{}`", message.full_name())
}
