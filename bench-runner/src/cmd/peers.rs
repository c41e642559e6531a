//! `bench-runner peers`: the other stacks of the gRPC family, and setting them up.

use crate::exit::{Exit, Failure};
use crate::output;
use crate::peer::{Peer, PeerError, Peers, Standing};

/// Shows the other stacks of the gRPC family, or sets them up.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Show which peers are ready, and what the others need.
    List,
    /// Set peers up, from their package registries, into peers/.ready.
    Setup {
        /// Stacks or variants; without any, all whose toolchain is present.
        names: Vec<String>,
    },
}

/// Lists peers, or sets them up.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let peers = Peers::find()?;
    match &args.action {
        Action::List => list(&peers),
        Action::Setup { names } if names.is_empty() => set_up_all(&peers),
        Action::Setup { names } => set_up(&peers, names),
    }
}

/// A line for each stack and variant: its name, how it stands, what it has.
fn list(peers: &Peers) -> Result<Exit, Failure> {
    let mut rows = vec![["NAME", "STATE", "HAS", ""].map(str::to_owned)];
    for (stack, read) in peers.all() {
        match read {
            Err(error) => rows.push([stack, "broken".into(), String::new(), first_line(&error)]),
            Ok(list) => {
                let [state, note] = standing(&list[0]);
                rows.extend(list.iter().map(|peer| {
                    let note = if note.is_empty() { &peer.about } else { &note };
                    [peer.name.clone(), state.clone(), peer.sides(), note.clone()]
                }));
            }
        }
    }
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let (name, state, has) = (width(0), width(1), width(2));
    for [a, b, c, d] in &rows {
        let line = format!("{a:name$}  {b:state$}  {c:has$}  {d}");
        output::print(&format!("{}\n", line.trim_end()))?;
    }
    Ok(Exit::Good)
}

/// How a stack stands, and its version or what it needs.
fn standing(peer: &Peer) -> [String; 2] {
    match peer.standing() {
        Ok(Standing::Ready) => match peer.version() {
            Ok(version) => ["ready".to_owned(), version.to_string()],
            Err(error) => ["broken".to_owned(), first_line(&error)],
        },
        Ok(Standing::NotSetUp) => ["not set up".to_owned(), String::new()],
        Ok(Standing::Missing(install)) => ["missing".to_owned(), format!("needs {install}")],
        Err(error) => ["broken".to_owned(), first_line(&error)],
    }
}

fn first_line(error: &PeerError) -> String {
    let text = error.to_string();
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    line.unwrap_or_default().to_owned()
}

/// Each of those named, or the first failure.
fn set_up(peers: &Peers, names: &[String]) -> Result<Exit, Failure> {
    // A name that is wrong is known before the first minute is spent.
    let chosen: Result<Vec<Peer>, PeerError> = names.iter().map(|name| peers.get(name)).collect();
    let mut exit = Exit::Good;
    for peer in chosen? {
        if let Err(error) = ready(&peer) {
            output::tell(&format!("error: {error}"));
            exit = Exit::Untrusted;
        }
    }
    Ok(exit)
}

/// All that can be: what is missing is said, and the rest goes on.
fn set_up_all(peers: &Peers) -> Result<Exit, Failure> {
    let mut exit = Exit::Good;
    for (stack, read) in peers.all() {
        match read.and_then(|list| ready(&list[0])) {
            Ok(()) => {}
            Err(PeerError::Missing { install, .. }) => {
                output::tell(&format!("{stack}: left out, it needs {install}"));
            }
            Err(error) => {
                output::tell(&format!("error: {error}"));
                exit = Exit::Untrusted;
            }
        }
    }
    Ok(exit)
}

/// Sets a peer up and prints its version.
fn ready(peer: &Peer) -> Result<(), PeerError> {
    peer.set_up()?;
    let version = peer.version()?;
    // A reader that has had enough is no failure of the set-up.
    let _ = output::print(&format!("{}: {version}\n", peer.name));
    Ok(())
}
