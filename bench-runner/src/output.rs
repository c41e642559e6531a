//! What goes to standard output, and files that are written whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context as _;
use reports::Artifact;

/// Prints a result. A reader that has had enough, such as `head`, is no failure.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = anstream::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to standard output"),
    }
}

/// Tells something on standard error.
pub fn tell(text: &str) {
    // With standard error closed there is nobody to tell.
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Whether standard output takes colours.
pub fn has_color() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

/// Writes files into a folder, each whole or not at all.
pub fn write_all(folder: &Path, artifacts: &[Artifact]) -> anyhow::Result<()> {
    for artifact in artifacts {
        write(&folder.join(&artifact.path), &artifact.bytes)?;
    }
    Ok(())
}

/// Writes a file beside its place and then puts it there, so that a reader never sees half of it.
pub fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent)
        .with_context(|| format!("cannot make the folder {}", parent.display()))?;
    let draft = path.with_extension("part");
    fs::write(&draft, bytes)
        .and_then(|()| fs::rename(&draft, path))
        .with_context(|| format!("cannot write {}", path.display()))
}
