//! `bench-runner import`: a configuration of another generator as a scenario.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::exit::{Exit, Failure};
use crate::import::{Format, Imported, Source, ghz};
use crate::output;

/// Makes a scenario of another generator's configuration.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    generator: Generator,
}

#[derive(Debug, clap::Subcommand)]
enum Generator {
    /// A configuration file of ghz, as `ghz --config` reads it.
    Ghz(Ghz),
}

#[derive(Debug, clap::Args)]
struct Ghz {
    /// The file; its ending says whether it is JSON, YAML or TOML.
    #[arg(value_name = "CONFIG.{json,yaml,toml}")]
    config: PathBuf,
    /// Where the scenario goes; without it to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Prints or writes the scenario, and lists what it does not say on standard error.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let Generator::Ghz(Ghz { config, out }) = &args.generator;
    let name = config.display().to_string();
    let Some(format) = Format::of(config) else {
        return Err(Failure::usage(format!(
            "expected a file that ends in .json, .yaml, .yml or .toml, found `{name}`"
        )));
    };
    let text = std::fs::read_to_string(config).with_context(|| format!("cannot read `{name}`"))?;
    let imported = ghz(&Source {
        name: &name,
        format,
        text: &text,
    })?;
    deliver(&imported, config, out.as_deref())?;
    for note in &imported.notes {
        output::tell(&note.to_string());
    }
    Ok(Exit::Good)
}

fn deliver(imported: &Imported, config: &Path, out: Option<&Path>) -> Result<(), Failure> {
    let file = config.file_name().unwrap_or_default().to_string_lossy();
    let yaml = imported.yaml(&file);
    match out {
        None => output::print(&yaml)?,
        Some(out) => {
            output::write(out, yaml.as_bytes())?;
            output::tell(&format!("scenario: {}", out.display()));
        }
    }
    Ok(())
}
