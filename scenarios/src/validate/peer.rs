//! The server of another stack, checked.

use crate::behaviour::Behaviour;
use crate::file::PeerFile;
use crate::law::Law;
use crate::scenario::{Face, PeerServer};
use crate::tree::KeyPath;
use crate::units::Nanos;

use super::behaviour::behaviour;
use super::security::server_tls;
use super::{Problem, cpus};

pub(super) fn peer(PeerFile(file): PeerFile, at: &KeyPath) -> Result<PeerServer, Problem> {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if file.name.is_empty() || !file.name.chars().all(harmless) {
        let message = format!("expected the name of a peer, found `{}`", file.name);
        return Err(Problem::new(at.clone(), message).help("`bench-runner peers list` shows them"));
    }
    let behaviour = behaviour(
        file.behaviour.unwrap_or_default(),
        Face::Tonic,
        &at.key("behaviour"),
    )?;
    if let Some((key, what)) = beyond_a_peer(&behaviour) {
        let message = format!("expected `delay` and `error` with durations only, found {what}");
        return Err(Problem::new(at.key("behaviour").join(key), message)
            .in_key()
            .help("peers know these two and `require`; the reference server knows all"));
    }
    Ok(PeerServer {
        name: file.name,
        cpus: cpus(&at.key("cpus"), file.cpus)?,
        tls: file
            .tls
            .map(|tls| server_tls(tls, &at.key("tls")))
            .transpose()?,
        behaviour,
    })
}

/// The first behaviour that no peer knows: its key, and what it is.
pub(crate) fn beyond_a_peer(behaviour: &Behaviour) -> Option<(&'static str, String)> {
    let drawn = |law: &Option<Law<Nanos>>| law.as_ref().is_some_and(|law| law.fixed().is_none());
    let error_delay = behaviour.error.as_ref().map(|error| &error.delay);
    let others = [
        ("spin", behaviour.spin.is_some()),
        ("stall", behaviour.stall.is_some()),
        ("queue", behaviour.queue.is_some()),
        ("blackhole", behaviour.blackhole.is_some()),
        ("slow_connection", behaviour.slow_connection.is_some()),
        ("warmup", behaviour.warmup.is_some()),
        ("drift", behaviour.drift.is_some()),
        ("cadence", behaviour.cadence.is_some()),
        (
            "window_update_delay",
            behaviour.window_update_delay.is_some(),
        ),
    ];
    if drawn(&behaviour.delay) {
        return Some(("delay", "a distribution".to_owned()));
    }
    if error_delay.is_some_and(drawn) {
        return Some(("error.delay", "a distribution".to_owned()));
    }
    let (key, _) = others.into_iter().find(|(_, is_there)| *is_there)?;
    Some((key, format!("`{key}`")))
}
