//! Writes the reports of made-up results, and of result files, into a folder, to be looked at:
//! `cargo run -p reports --example fixtures -- DIR [RESULT.json...]`.

#[path = "../tests/common/mod.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod common;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use reports::Artifact;
use reports::model::RunResult;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = std::env::args_os().nth(1).ok_or("expected a folder")?;
    let root = PathBuf::from(root);
    let fixtures = common::all();
    for (name, result) in &fixtures {
        write(&root.join(name), &reports::artifacts(result)?)?;
        let text = reports::terminal(std::slice::from_ref(result), true)?;
        writeln!(std::io::stdout(), "──── {name}\n{text}")?;
    }
    let both = [common::single(), common::channels()];
    write(&root.join("side-by-side"), &reports::side_by_side(&both)?)?;
    let again = [common::single(), common::failing(), common::few()];
    write(&root.join("runs"), &reports::side_by_side(&again)?)?;
    for (i, path) in std::env::args_os().skip(2).enumerate() {
        let result = RunResult::from_json(&std::fs::read_to_string(path)?)?;
        write(
            &root.join(format!("file-{i}")),
            &reports::artifacts(&result)?,
        )?;
    }
    Ok(())
}

fn write(folder: &Path, artifacts: &[Artifact]) -> std::io::Result<()> {
    for artifact in artifacts {
        let path = folder.join(&artifact.path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, &artifact.bytes)?;
    }
    Ok(())
}
