//! Protobuf JSON against a message type, compiled: what stays as it is becomes bytes at once, what is filled in later
//! becomes a [`Part`].

use std::collections::HashMap;
use std::sync::Arc;

use prost::Message as _;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _, Value,
};
use serde_json::{Map, Value as Json, json};

use super::encode::{self, Part};
use super::mistake::{Mistake, Step};
use super::template::{Draw, Filled, Piece, Template, is_template};
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

    /// A text with templates, in a field of any kind.
    fn filled(&self, field: &FieldDescriptor, text: &str) -> Result<Made, Mistake> {
        let template = Template::parse(text, &self.columns.names)?;
        let number = field.number();
        if let Some(plain) = template.plain() {
            return fixed(field, plain).map(Made::Value);
        }
        if let Kind::Message(message) = field.kind() {
            if template.alone() == Some(&Filled::Now)
                && message.full_name() == "google.protobuf.Timestamp"
            {
                return Ok(Made::Part(Part::Now(number)));
            }
            if value::is_wrapper(&message) {
                return self.message(&message, number, field.is_group(), &json!(text));
            }
            if message.full_name() == "google.protobuf.Value" {
                let json = json!({ "stringValue": text });
                let read = self.fields(&message, number, field.is_group(), &json);
                return read.map_err(within_written_out);
            }
        }
        match template.alone() {
            Some(Filled::Column(column)) => self.rows(field, *column),
            Some(Filled::Pick(values)) => {
                let all = values.iter().map(|value| choice(field, value));
                Ok(Made::Part(Part::Pick(all.collect::<Result<_, _>>()?)))
            }
            Some(filled) if field.kind() != Kind::String => {
                check_kind(field, filled).map_err(|mistake| Mistake {
                    focus: Some(text.to_owned()),
                    ..mistake
                })?;
                Ok(Made::Part(Part::Filled {
                    number,
                    kind: field.kind(),
                    filled: filled.clone(),
                }))
            }
            _ if field.kind() == Kind::String => {
                let bytes = |piece: &Piece| matches!(piece, Piece::Filled(Filled::Bytes(_)));
                if template.pieces().iter().any(bytes) {
                    let mistake = Mistake::new(
                        "expected text, found `rand_bytes`, which is for fields of bytes",
                    );
                    return Err(mistake.help("write `rand_string` for letters and digits"));
                }
                Ok(Made::Part(Part::Text { number, template }))
            }
            _ => Err(expected(
                &format!(
                    "one template and nothing around it, for a field of type `{}`",
                    kind_name(&field.kind())
                ),
                &json!(text),
            )),
        }
    }

    /// The values of a column, all of them encoded now, so that a wrong one is found now.
    fn rows(&self, field: &FieldDescriptor, column: usize) -> Result<Made, Mistake> {
        let mut rows = Vec::with_capacity(self.columns.rows.len());
        for (index, row) in self.columns.rows.iter().enumerate() {
            let encoded = choice(field, &row[column]).map_err(|mistake| {
                let place = format!(
                    "row {} of the column `{}`",
                    index + 1,
                    self.columns.names[column]
                );
                Mistake {
                    message: format!("{place}: {}", mistake.message),
                    ..mistake
                }
            })?;
            rows.push(encoded);
        }
        if rows.is_empty() {
            return Err(Mistake::new(
                "expected rows in the file, found its line of names only",
            ));
        }
        Ok(Made::Part(Part::Row(rows.into(), column)))
    }
}

/// A value of text, fixed.
fn fixed(field: &FieldDescriptor, text: &str) -> Result<Value, Mistake> {
    let json = match (field.kind(), text) {
        (Kind::Bool, "true") => json!(true),
        (Kind::Bool, "false") => json!(false),
        _ => json!(text),
    };
    match field.kind() {
        Kind::Message(message) if value::is_wrapper(&message) => {
            let inner = message
                .get_field_by_name("value")
                .expect("wrappers have a value");
            let mut wrapper = DynamicMessage::new(message);
            wrapper.set_field(&inner, fixed(&inner, text)?);
            Ok(Value::Message(wrapper))
        }
        Kind::Message(message) => match value::well_known(&message, &json) {
            Some(read) => read.map(Value::Message),
            None => Err(expected(&mapping_of(&message), &json)),
        },
        kind => value::scalar(&kind, &json),
    }
}

/// A field with one of the values that it may take, encoded.
fn choice(field: &FieldDescriptor, text: &str) -> Result<Vec<u8>, Mistake> {
    let value = fixed(field, text)?;
    Ok(encoded(
        field,
        if field.is_list() {
            Value::List(vec![value])
        } else {
            value
        },
    ))
}

/// A field by itself, encoded.
fn encoded(field: &FieldDescriptor, value: Value) -> Vec<u8> {
    let mut message = DynamicMessage::new(field.parent_message().clone());
    message.set_field(field, value);
    message.encode_to_vec()
}

/// The field of a name, as in the .proto file or in lowerCamelCase.
fn find(message: &MessageDescriptor, name: &str) -> Result<FieldDescriptor, Mistake> {
    let field = message
        .get_field_by_json_name(name)
        .or_else(|| message.get_field_by_name(name));
    field.ok_or_else(|| {
        let known = message
            .fields()
            .map(|field| field.name().to_owned())
            .collect();
        let mistake = match message.fields().len() {
            0 => Mistake::new(format!(
                "expected nothing in `{}`, which has no fields",
                message.full_name()
            )),
            _ => Mistake::new(format!(
                "expected a field of `{}`, found `{name}`",
                message.full_name()
            )),
        };
        Mistake {
            unknown: Some(Box::new((name.to_owned(), known))),
            ..mistake.in_key()
        }
    })
}

/// A field is set once, and with it no other of its oneof.
fn once(
    set: &[(FieldDescriptor, &str)],
    field: &FieldDescriptor,
    name: &str,
) -> Result<(), Mistake> {
    if let Some((_, before)) = set.iter().find(|(other, _)| other == field) {
        let message = format!(
            "expected each field once, found `{name}` beside `{before}`, which is the same"
        );
        return Err(Mistake::new(message).help("keep one of the two").in_key());
    }
    let Some(oneof) = field.containing_oneof() else {
        return Ok(());
    };
    if let Some((_, before)) = set
        .iter()
        .find(|(other, _)| other.containing_oneof().as_ref() == Some(&oneof))
    {
        let message = format!(
            "expected one field of the oneof `{}`, found `{name}` beside `{before}`",
            oneof.name()
        );
        return Err(Mistake::new(message).help("keep one of the two").in_key());
    }
    Ok(())
}

/// proto2 has fields that must be there.
fn all_required(
    message: &MessageDescriptor,
    set: &[(FieldDescriptor, &str)],
) -> Result<(), Mistake> {
    let is_set = |field: &FieldDescriptor| set.iter().any(|(other, _)| other == field);
    match message
        .fields()
        .find(|field| field.is_required() && !is_set(field))
    {
        Some(missing) => Err(Mistake::new(format!(
            "expected the field `{}`, which `{}` requires",
            missing.name(),
            message.full_name()
        ))),
        None => Ok(()),
    }
}

/// Sets an extension of proto2, without templates.
fn extend(
    message: &mut DynamicMessage,
    extension: &str,
    name: &str,
    json: &Json,
) -> Result<(), Mistake> {
    let descriptor = message.descriptor();
    let Some(field) = descriptor.get_extension_by_full_name(extension) else {
        let known = descriptor
            .extensions()
            .map(|e| e.json_name().to_owned())
            .collect();
        let text = format!(
            "expected an extension of `{}`, found `{name}`",
            descriptor.full_name()
        );
        return Err(Mistake {
            unknown: Some(Box::new((name.to_owned(), known))),
            ..Mistake::new(text).in_key()
        });
    };
    let one = |json: &Json| match field.kind() {
        Kind::Message(inner) => match (Compiler {
            columns: &Columns::default(),
            is_part: false,
        })
        .message(&inner, 0, false, json)?
        {
            Made::Value(value) => Ok(value),
            Made::Part(_) => Err(Mistake::new("expected no templates in an extension")),
        },
        kind => value::scalar(&kind, json),
    };
    let value = match json {
        Json::Array(items) if field.is_list() => {
            let items = items.iter().enumerate();
            let values =
                items.map(|(index, item)| one(item).map_err(|m| m.below(Step::Index(index))));
            Value::List(values.collect::<Result<_, _>>()?)
        }
        other if field.is_list() => return Err(expected("a list", other)),
        json => one(json)?,
    };
    message.set_extension(&field, value);
    Ok(())
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

/// Whether a field of a kind other than text can hold what a template gives.
fn check_kind(field: &FieldDescriptor, filled: &Filled) -> Result<(), Mistake> {
    let kind = field.kind();
    let range = match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            Some((i64::from(i32::MIN), i64::from(i32::MAX)))
        }
        Kind::Uint32 | Kind::Fixed32 => Some((0, i64::from(u32::MAX))),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Some((i64::MIN, i64::MAX)),
        Kind::Uint64 | Kind::Fixed64 => Some((0, i64::MAX)),
        _ => None,
    };
    let fits = match (filled, &kind) {
        (Filled::Int(from, to), _)
            if range.is_some_and(|(least, most)| *from < least || *to > most) =>
        {
            let (least, most) = range.unwrap_or_default();
            let name = kind_name(&kind);
            let message = format!(
                "expected numbers from {least} to {most} ({name}), found `rand_int {from} {to}`"
            );
            return Err(Mistake::new(message));
        }
        (Filled::NowIn(_), Kind::Double) => true,
        (Filled::NowIn(_), _) => range.is_some_and(|(_, most)| most == i64::MAX),
        (
            Filled::Seq | Filled::Message | Filled::Lane | Filled::Int(..),
            Kind::Double | Kind::Float,
        ) => true,
        (Filled::Seq | Filled::Message | Filled::Lane | Filled::Int(..), _) => range.is_some(),
        (Filled::Float(..), Kind::Double | Kind::Float) => true,
        (Filled::Bool, Kind::Bool) | (Filled::Bytes(_), Kind::Bytes) => true,
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let (name, found) = (kind_name(&kind), filled.name());
    let fitting = match kind {
        Kind::Bool => "`rand_bool`, ",
        Kind::Bytes => "`rand_bytes`, ",
        Kind::Float | Kind::Double => "`rand_float`, `rand_int`, `seq`, ",
        Kind::Message(_) if name == "google.protobuf.Timestamp" => "`now`, ",
        _ if range.is_some() => "`rand_int`, `seq`, ",
        _ => "",
    };
    let message = format!(
        "expected {fitting}`pick` or `csv.column` for a field of type `{name}`, found `{found}`"
    );
    Err(Mistake::new(message))
}

fn kind_name(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(names) => names.full_name().to_owned(),
        other => format!("{other:?}"),
    }
}
