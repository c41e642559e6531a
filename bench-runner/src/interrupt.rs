//! Ctrl-C: the first finishes the drain and writes what was measured, the second ends at once.

use std::io;
use std::thread;

use tokio::signal::unix::{SignalKind, signal};

use crate::output;
use crate::run::watch::Stop;

/// What a shell gives to a program that Ctrl-C ended.
const ENDED_BY_INTERRUPT: i32 = 130;

/// Listens from now on.
pub fn listen(stop: Stop) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let (mut interrupt, mut terminate) = {
        let _context = runtime.enter();
        (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        )
    };
    thread::Builder::new().name("interrupt".into()).spawn(move || {
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if stop.is_asked() {
                    std::process::exit(ENDED_BY_INTERRUPT);
                }
                stop.ask();
                output::tell("interrupted: draining, then writing what was measured; once more ends at once");
            }
        });
    })?;
    Ok(())
}
