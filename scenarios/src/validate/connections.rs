//! How connections come and go, checked.

use crate::file::ClientFile;
use crate::scenario::{Balance, Target};
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
pub(super) fn check_network(has_network: bool, target: &Target) -> Result<(), Problem> {
    if !has_network || !matches!(target, Target::Addresses(_)) {
        return Ok(());
    }
    let message = "expected no `network` with `target.addresses`: the link has one far end";
    Err(Problem::new(KeyPath::of("network"), message)
        .help("write one `target.address`")
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
