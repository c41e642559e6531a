//! How connections come and go, checked.

use crate::file::ClientFile;
use crate::scenario::{Balance, Client, Target};
use crate::tree::KeyPath;
use crate::units::Nanos;

use super::{HOUR, Problem, within};

/// Over how long the channels are opened.
pub(super) fn connect_ramp(file: &ClientFile) -> Result<Nanos, Problem> {
    let at = KeyPath::of("client.connect_ramp");
    within(
        &at,
        file.connect_ramp.unwrap_or(Nanos::ZERO),
        Nanos::ZERO..=HOUR,
    )
}

/// How channels are spread over the addresses of a target.
pub(super) fn balance(file: &ClientFile, target: &Target) -> Option<Balance> {
    let several = matches!(target, Target::Addresses(_));
    file.balance.or(several.then_some(Balance::RoundRobin))
}

/// The emulated network has one far end.
pub(super) fn check_network(client: &Client, target: &Target) -> Result<(), Problem> {
    let (several, remedy) = match target {
        Target::Addresses(_) => ("target.addresses", "write one `target.address`"),
        _ if client.balance.is_some() => (
            "client.balance",
            "leave `client.balance` out: the link goes to the first address that answers",
        ),
        _ => return Ok(()),
    };
    let message = format!("expected no `network` with `{several}`: the link has one far end");
    Err(Problem::new(KeyPath::of("network"), message)
        .help(remedy)
        .in_key())
}

/// After how many calls a channel is opened anew.
pub(super) fn calls_per_channel(file: &ClientFile) -> Result<Option<u32>, Problem> {
    let at = KeyPath::of("client.calls_per_channel");
    let calls = file.calls_per_channel;
    calls
        .map(|calls| within(&at, calls, 1..=1_000_000_000))
        .transpose()
}
