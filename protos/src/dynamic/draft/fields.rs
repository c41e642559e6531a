//! Which field a name means, and which fields a message may and must have.

use prost_reflect::{FieldDescriptor, MessageDescriptor};

use crate::dynamic::mistake::Mistake;

/// The field of a name, as in the .proto file or in lowerCamelCase.
pub(super) fn find(message: &MessageDescriptor, name: &str) -> Result<FieldDescriptor, Mistake> {
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
pub(super) fn once(
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
pub(super) fn all_required(
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
