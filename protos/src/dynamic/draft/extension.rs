//! Extensions of proto2: `"[my.pkg.name]": value`.

use prost_reflect::{DynamicMessage, Kind, ReflectMessage as _, Value};
use serde_json::Value as Json;

use super::{Columns, Compiler, Made};
use crate::dynamic::mistake::{Mistake, Step};
use crate::dynamic::value::{self, expected};

/// Sets an extension of proto2, without templates.
pub(super) fn extend(
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
