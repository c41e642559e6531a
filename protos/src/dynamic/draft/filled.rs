//! Texts with templates, in a field of any kind.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, Value};
use serde_json::json;

use super::{Compiler, Made, encoded, mapping_of, within_written_out};
use crate::dynamic::encode::Part;
use crate::dynamic::mistake::Mistake;
use crate::dynamic::template::{Filled, Piece, Template};
use crate::dynamic::value::{self, expected};

impl Compiler<'_> {
    /// A text with templates, in a field of any kind.
    pub(super) fn filled(&self, field: &FieldDescriptor, text: &str) -> Result<Made, Mistake> {
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
