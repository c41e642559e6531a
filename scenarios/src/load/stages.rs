//! Stages: the other models, one after another, each with its own duration and its own statistics.

use schemars::JsonSchema;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use super::{Closed, Load, Open, Ramp, Stretch};
use crate::units::Nanos;

/// One stage, in the file `{ name: low, duration: 5s, open: { rate: 100/s } }`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "StageFile")]
pub struct Stage {
    /// Its name in the report; as long as it is empty, nobody has named it.
    pub name: String,
    /// How long it is.
    pub duration: Nanos,
    /// What is offered; never [`Load::Stages`].
    pub load: Load,
}

impl Stage {
    /// The stage as a stretch of the measured time.
    pub fn stretch(&self) -> Stretch {
        Stretch {
            name: self.name.clone(),
            load: self.load.clone(),
            duration: self.duration,
        }
    }
}

/// A stage as written: its load model stands beside its name and duration, and exactly one must be there.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Stage")]
struct StageFile {
    /// The name in the report; `stage-1`, `stage-2` ... if left out.
    name: Option<String>,
    /// How long the stage is.
    duration: Nanos,
    /// So many calls in flight on each channel; the next starts when one ends.
    closed: Option<Closed>,
    /// Calls start at a rate, whether or not earlier ones have ended.
    open: Option<Open>,
    /// An open loop whose rate changes evenly over the stage.
    ramp: Option<Ramp>,
}

impl TryFrom<StageFile> for Stage {
    type Error = &'static str;

    fn try_from(file: StageFile) -> Result<Stage, &'static str> {
        let load = match (file.closed, file.open, file.ramp) {
            (Some(closed), None, None) => Load::Closed(closed),
            (None, Some(open), None) => Load::Open(open),
            (None, None, Some(ramp)) => Load::Ramp(ramp),
            (None, None, None) => {
                return Err("a stage needs a load: one of `closed`, `open`, `ramp`");
            }
            _ => return Err("a stage has one load: only one of `closed`, `open`, `ramp`"),
        };
        Ok(Stage {
            name: file.name.unwrap_or_default(),
            duration: file.duration,
            load,
        })
    }
}

impl JsonSchema for Stage {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        StageFile::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        StageFile::json_schema(generator)
    }
}

impl Serialize for Stage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut stage = serializer.serialize_struct("Stage", 3)?;
        stage.serialize_field("name", &self.name)?;
        stage.serialize_field("duration", &self.duration)?;
        match &self.load {
            Load::Closed(closed) => stage.serialize_field("closed", closed)?,
            Load::Open(open) => stage.serialize_field("open", open)?,
            Load::Ramp(ramp) => stage.serialize_field("ramp", ramp)?,
            Load::Stages(_) => return Err(serde::ser::Error::custom("stages do not nest")),
        }
        stage.end()
    }
}
