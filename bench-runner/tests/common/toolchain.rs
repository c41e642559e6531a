//! What other languages' toolchains are needed for: setting peers up, and doing without them, loudly.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How a test that cannot run here says so.
pub(crate) const SKIPPED: &str = "SKIPPED";

/// What a peer needs, or `None`, loudly, where it is not to be had. In CI (`CI` is set) it must be, but for what
/// `BENCH_RUNNER_WITHOUT` names.
pub(crate) fn or_skipped<'a, T>(what: &str, ready: &'a Result<T, String>) -> Option<&'a T> {
    match ready {
        Ok(ready) => Some(ready),
        Err(why) if std::env::var_os("CI").is_some() && !may_be_missing(what) => {
            panic!("{what} must run in CI: {why}")
        }
        Err(why) => {
            // Written past the test harness, which would keep it to itself.
            let _ = writeln!(std::io::stderr(), "{SKIPPED}, no {what}: {why}");
            None
        }
    }
}

fn may_be_missing(what: &str) -> bool {
    let missing = std::env::var("BENCH_RUNNER_WITHOUT").unwrap_or_default();
    missing.split_whitespace().any(|name| name == what)
}

/// A folder of the build's own, filled by `fill` once: again only when what it was `made_of` has changed.
pub(crate) fn set_up(
    name: &str,
    made_of: &[&Path],
    fill: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<PathBuf, String> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let ready = home.join("ready");
    let mut wanted = Vec::new();
    for file in made_of {
        wanted.extend(std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?);
    }
    if std::fs::read(&ready).is_ok_and(|installed| installed == wanted) {
        return Ok(home);
    }
    // What an earlier try left behind is no ground to build on.
    let _ = std::fs::remove_dir_all(&home);
    std::fs::create_dir_all(&home).map_err(|error| error.to_string())?;
    fill(&home)?;
    std::fs::write(ready, wanted).map_err(|error| error.to_string())?;
    Ok(home)
}

/// Runs a command to its end; what it says on standard error is the error.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {said}"))
}
