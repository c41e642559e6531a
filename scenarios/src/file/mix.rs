//! The calls of a mix, as written: what one call is, and its name and weight.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::CallFile;

/// A list of calls, each of which may have a name and a weight besides.
///
/// serde's `flatten` would lose the places of mistakes, so [`CallFile`] has both keys, and only here they are shown.
pub(super) fn schema(generator: &mut SchemaGenerator) -> Schema {
    let mut call = CallFile::json_schema(generator);
    let own = json_schema!({
        "name": {
            "description": "The name in reports and limits: letters, digits, `-` and `_`. Left out: the method's.",
            "type": ["string", "null"],
        },
        "weight": {
            "description": "So many parts of all calls are this one, against the weights of the others.",
            "type": ["integer", "null"],
            "minimum": 1,
            "maximum": 1000,
            "default": 1,
        },
    });
    if let (Some(call), Some(own)) = (
        call.get_mut("properties")
            .and_then(|keys| keys.as_object_mut()),
        own.as_object(),
    ) {
        call.extend(own.clone());
    }
    json_schema!({
        "description": "Several calls in the shares of their weights, instead of `call`; each has statistics of its own.",
        "type": ["array", "null"],
        "items": call,
        "minItems": 1,
        "maxItems": 64,
    })
}
