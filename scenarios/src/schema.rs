//! The JSON Schemas of the scenario file and the gate file, for editors.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::file::ScenarioFile;
use crate::gate::GateFile;

/// The JSON Schema (draft 2020-12) of the scenario file, with descriptions, defaults and ranges.
pub fn schema() -> Value {
    schema_of::<ScenarioFile>("scenario")
}

/// The same of the gate file.
pub fn gate_schema() -> Value {
    schema_of::<GateFile>("gate")
}

fn schema_of<T: JsonSchema>(name: &str) -> Value {
    let schema = SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<T>();
    let mut value = schema.to_value();
    if let Value::Object(root) = &mut value {
        root.insert(
            "$id".to_owned(),
            format!("https://bench-runner.example/schema/{name}/v1").into(),
        );
    }
    value
}
