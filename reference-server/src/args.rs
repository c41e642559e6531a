//! The command: its arguments, which both binaries share, and the life of the process that it runs in.

use std::io::{self, Read};
use std::path::PathBuf;

use clap::Args;
use scenarios::scenario::ReferenceServer;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::counters::to_json;
use crate::cpus;
use crate::error::ServeError;
use crate::listen::Listen;
use crate::output;
use crate::server::Server;

/// What `reference-server` and `bench-runner serve` take.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Where to listen: `127.0.0.1:0` (any free port), `[::1]:50051`, `unix:/path`
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:50051")]
    pub listen: Listen,

    /// Which implementation answers
    #[arg(long, value_name = "FACE", value_parser = ["tonic", "raw"])]
    pub face: Option<String>,

    /// Serves TLS with a certificate that is made for this server; standard error says how to trust it
    #[arg(long)]
    pub tls: bool,

    /// The server's certificate and those between it and its authority, PEM: serves TLS
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// Its key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// Authorities, PEM, of which clients must show a certificate
    #[arg(long, value_name = "FILE")]
    pub tls_client_ca: Option<PathBuf>,

    /// Worker threads
    #[arg(long, value_name = "N")]
    pub threads: Option<u32>,

    /// A setting, by its path below `target.reference_server`: `behaviour.delay=2ms`
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,

    /// All settings at once, as the runner passes them to the server that it starts
    #[arg(long, value_name = "JSON", hide = true, conflicts_with_all = ["face", "threads", "sets", "tls", "tls_cert", "tls_client_ca"])]
    pub settings: Option<String>,

    /// Stops when standard input ends, so that the server goes with the process that started it
    #[arg(long, hide = true)]
    pub until_stdin_closes: bool,
}

impl ServeArgs {
    /// The settings that the arguments amount to.
    fn settings(&self) -> Result<ReferenceServer, ServeError> {
        let read = match &self.settings {
            Some(json) => ReferenceServer::from_json(json),
            None => scenarios::reference_server(&self.all_sets()),
        };
        let color = io::IsTerminal::is_terminal(&io::stderr());
        read.map_err(|error| ServeError::Settings(error.render(color)))
    }

    /// The flags are short for settings; a setting by its path comes later and wins.
    fn all_sets(&self) -> Vec<String> {
        let face = self.face.iter().map(|face| format!("face={face}"));
        let threads = self
            .threads
            .iter()
            .map(|threads| format!("threads={threads}"));
        face.chain(threads)
            .chain(self.tls_sets())
            .chain(self.sets.iter().cloned())
            .collect()
    }

    fn tls_sets(&self) -> Vec<String> {
        let files = [
            ("cert", &self.tls_cert),
            ("key", &self.tls_key),
            ("client_ca", &self.tls_client_ca),
        ];
        let named = files.into_iter().filter_map(|(key, path)| {
            // As JSON, whatever a path is spelt with.
            let path = serde_json::to_string(path.as_ref()?).ok()?;
            Some(format!("tls.{key}={path}"))
        });
        let made = self.tls.then(|| "tls={}".to_owned());
        made.into_iter().chain(named).collect()
    }
}

/// Runs the server in this process until SIGTERM, SIGINT or the end of standard input, whichever it was told to heed.
///
/// Prints the address on the first line of standard output, and what was counted on the last, as JSON. Call it before
/// the process starts threads: only threads to come are pinned.
///
/// # Errors
///
/// Where the settings are wrong, the address cannot be had, or the system refuses what a server needs;
/// [`ServeError::exit_code`] tells whose fault it is.
pub fn serve(args: &ServeArgs) -> Result<(), ServeError> {
    let settings = args.settings()?;
    if args.settings.is_none() && settings.listen == scenarios::scenario::Listen::Unix {
        return Err(ServeError::Socket);
    }
    cpus::pin(&settings.cpus)?;
    let server = Server::bind(&args.listen, &settings)?;
    let runtime =
        runtime(settings.threads).map_err(|error| ServeError::System("start threads", error))?;
    let counters = runtime.block_on(async {
        let stop = Stop::new(args.until_stdin_closes)
            .map_err(|error| ServeError::System("heed signals", error))?;
        output::result(&server.address())
            .map_err(|error| ServeError::System("print the address", error))?;
        server.serve(stop.wait()).await
    })?;
    // Calls that outlasted the drain end here, with their tasks.
    runtime.shutdown_background();
    // Whoever reads standard output may be gone, and the server has ended well all the same.
    let _ = output::result(&to_json(&counters));
    Ok(())
}

fn runtime(threads: u32) -> io::Result<Runtime> {
    let mut builder = match threads {
        0 | 1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    if threads > 1 {
        builder.worker_threads(threads as usize);
    }
    builder.enable_all().build()
}

/// What the process waits for.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
    /// There where the server goes with its parent. Ctrl-C reaches both, and then the parent decides when to stop.
    parent: Option<oneshot::Receiver<()>>,
}

impl Stop {
    /// Heeds signals from now on.
    fn new(until_stdin_closes: bool) -> io::Result<Stop> {
        Ok(Stop {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            parent: if until_stdin_closes {
                Some(stdin_end()?)
            } else {
                None
            },
        })
    }

    async fn wait(mut self) {
        let asked = async {
            match self.parent {
                // Either the end was read, or the reader is gone: nobody is there to be served.
                Some(parent) => drop(parent.await),
                None => drop(self.interrupt.recv().await),
            }
        };
        tokio::select! {
            () = asked => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Resolves when standard input ends. The thread that reads it ends with the process.
fn stdin_end() -> io::Result<oneshot::Receiver<()>> {
    let (ended, end) = oneshot::channel();
    std::thread::Builder::new()
        .name("stdin".into())
        .spawn(move || {
            let mut stdin = io::stdin().lock();
            let mut ignored = [0; 256];
            while stdin.read(&mut ignored).is_ok_and(|read| read > 0) {}
            let _ = ended.send(());
        })?;
    Ok(end)
}
