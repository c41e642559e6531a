//! ghz: one flat mapping whose keys are those of its command line.
//!
//! What ghz means is taken from its `runner/config.go` and its documentation of options, load and call data.

mod call;
mod config;
mod data;
mod host;
mod keys;
mod load;
mod metadata;
mod name;
mod rates;
mod rest;
mod target;
mod template;
mod workers;

use scenarios::ScenarioError;
use serde_json::{Map, Value};

use super::{Imported, Source};
use config::Config;

/// Makes a scenario of a ghz configuration.
///
/// # Errors
///
/// Where the text is not of its format, a value is none that ghz would take, or what came of it is no scenario.
pub fn ghz(source: &Source<'_>) -> Result<Imported, ScenarioError> {
    let mut config = Config::read(source)?;
    let mut scenario = Map::new();
    name::name(&mut config, &mut scenario)?;
    let mut client = Map::new();
    let target = target::target(&mut config, &mut client)?;
    scenario.insert("target".into(), target);
    let timeout = call::timeout(&mut config)?;
    let load = load::load(&mut config, timeout, &mut client)?;
    let call = call::call(&mut config, timeout, &mut client)?;
    if !client.is_empty() {
        scenario.insert("client".into(), Value::Object(client));
    }
    scenario.insert("call".into(), call);
    scenario.insert("load".into(), load.model);
    scenario.insert("phases".into(), load.phases);
    rest::rest(&mut config);
    Ok(Imported {
        scenario,
        notes: config.into_notes(),
    })
}

/// `key: value`, for a mapping of one key.
fn entry(key: &str, value: impl Into<Value>) -> Value {
    Value::Object([(key.to_owned(), value.into())].into_iter().collect())
}
