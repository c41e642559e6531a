//! The JSON Schema of the scenario file, for editors.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::file::ScenarioFile;

/// The JSON Schema (draft 2020-12) of the scenario file, with descriptions, defaults and ranges.
pub fn schema() -> Value {
    let schema = SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<ScenarioFile>();
    let mut value = schema.to_value();
    if let Value::Object(root) = &mut value {
        root.insert(
            "$id".to_owned(),
            "https://bench-runner.example/schema/scenario/v1".into(),
        );
    }
    value
}
