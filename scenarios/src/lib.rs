//! What to run, and when: the scenario language, its cases and its load models.
//!
//! Pure: no runtime, no clock, no socket. A scenario file becomes a [`Suite`] of [`Case`]s, one for each point of its
//! matrix, and a case's [`load::Load`] becomes the [`load::Pacer`] of each lane.
//!
//! # Layout
//!
//! | module | what it holds |
//! |---|---|
//! | [`scenario`], [`method`], [`mod@service`], [`metadata`], [`semantics`] | a scenario as meant |
//! | [`status`], [`law`], [`units`] | and its values |
//! | [`load`] | when calls start |
//! | [`limits`], [`metric`] | what decides between exit codes 0 and 1 |
//! | [`gate`] | what is compared with what, and how much worse it may become |
//! | `document`, `tree`, `overrides`, `matrix` | text to a tree with places, and what is put over it |
//! | `typed`, `file`, `validate` | the tree as written, and its meaning |
//! | `explain`, `error`, `source`, `nearest` | what is wrong, where, and what was meant |
//!
//! # Example
//!
//! ```
//! let text = "name: sweep\nmatrix: { client.channels: [1, 10] }";
//! let suite = scenarios::Suite::parse("sweep.yaml", text, &["phases.measure=3s".into()])?;
//! assert_eq!(suite.cases[1].name, "sweep/client.channels=10");
//! assert_eq!(suite.cases[1].scenario.client.channels, 10);
//! # Ok::<(), scenarios::ScenarioError>(())
//! ```

pub mod behaviour;
mod calls;
pub mod catalogue;
mod document;
mod encoding;
mod error;
mod explain;
mod file;
mod fingerprint;
pub mod gate;
pub mod law;
pub mod limits;
pub mod load;
mod matrix;
pub mod metadata;
pub mod method;
pub mod metric;
mod nearest;
mod origin;
mod overrides;
pub mod scenario;
mod schema;
mod security;
pub mod semantics;
pub mod service;
mod source;
pub mod status;
pub mod stream;
mod suite;
mod tree;
mod typed;
pub mod units;
mod validate;

pub use error::ScenarioError;
pub use gate::Gate;
pub use limits::{Limit, LimitValue, Op};
pub use metric::Metric;
pub use nearest::nearest;
pub use origin::Origin;
pub use scenario::{ReferenceServer, Scenario};
pub use schema::{gate_schema, schema};
pub use suite::{Case, Suite, read_yaml, reference_server, yaml_value};
pub use tree::{KeyPath, Step};
