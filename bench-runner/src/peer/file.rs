//! `peer.yaml`, as written.

use std::collections::BTreeMap;

use scenarios::units::Nanos;
use serde::Deserialize;

/// One stack.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PeerFile {
    /// The name, which is the folder's too.
    pub(super) name: String,
    /// One sentence.
    pub(super) about: String,
    /// What must be installed.
    #[serde(default)]
    pub(super) needs: Vec<Need>,
    /// What sets it up, in this order.
    #[serde(default)]
    pub(super) setup: Vec<Vec<String>>,
    /// Prints its version.
    pub(super) version: Vec<String>,
    /// The server, where the stack has one.
    pub(super) server: Option<SideFile>,
    /// The client, where the stack has one.
    pub(super) client: Option<SideFile>,
    /// Other names for the same folder.
    #[serde(default)]
    pub(super) variants: BTreeMap<String, VariantFile>,
}

/// Something that must be installed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Need {
    /// A command that succeeds where it is.
    pub(super) run: Vec<String>,
    /// What to install where it is not.
    pub(super) install: String,
}

/// A program.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SideFile {
    /// The program and its arguments.
    pub(super) run: Vec<String>,
    /// The least warm-up that its runtime needs.
    #[serde(default)]
    pub(super) warm_up: Nanos,
    /// Whether it speaks TLS where it is told to.
    #[serde(default)]
    pub(super) tls: bool,
    /// How long a server may take to listen, and a client beyond the phases of its case; left out: 30 s.
    pub(super) patience: Option<Nanos>,
}

/// The same programs with other arguments.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VariantFile {
    /// One sentence.
    pub(super) about: Option<String>,
    /// What is different at the server.
    pub(super) server: Option<VariantSideFile>,
    /// What is different at the client.
    pub(super) client: Option<VariantSideFile>,
}

/// What is different.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VariantSideFile {
    /// Further arguments.
    pub(super) args: Vec<String>,
    /// The least warm-up, where it is another.
    pub(super) warm_up: Option<Nanos>,
}
