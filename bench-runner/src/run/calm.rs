//! GOAWAY with ENHANCE_YOUR_CALM, in words: which side took offence, at what, and which setting avoids it.

use reports::model::Repetition;
use scenarios::scenario::Target;

/// What the h2 library calls its defence against small DATA frames, in GOAWAY's debug data. It charges every frame that
/// is received and not read yet against a budget of half the connection's window, and ends the connection when that is
/// used up; there is no other setting for it in hyper and tonic.
const SMALL_FRAMES: &str = "too_many_data_frames";

/// What was seen and what to do about it, for each side that sent such GOAWAYs.
pub(super) fn findings(repetition: &Repetition, target: &Target) -> Vec<(String, String)> {
    let goaway = repetition.wire.iter().flat_map(|wire| &wire.goaway);
    goaway
        .filter_map(|(who, count)| Some((who.strip_suffix(" ENHANCE_YOUR_CALM")?, count)))
        .map(|(who, count)| {
            let seen = format!("the {who} ended {count} connections with GOAWAY ENHANCE_YOUR_CALM");
            match says_small_frames(repetition) {
                true => (
                    format!(
                        "{seen} ({SMALL_FRAMES}): the h2 library's defence against many small messages under a small \
                         connection window"
                    ),
                    format!(
                        "raise {} (64MiB is safe), or lower the calls in flight on a channel",
                        window_of(who, target)
                    ),
                ),
                false => (
                    format!("{seen}: what the other side sent was too much for it"),
                    "the failures say what".to_owned(),
                ),
            }
        })
        .collect()
}

/// Failures quote the debug data of the GOAWAY that caused them, whichever the engine.
fn says_small_frames(repetition: &Repetition) -> bool {
    repetition
        .failures
        .iter()
        .any(|failure| failure.message.contains(SMALL_FRAMES))
}

/// The setting that bounds what a side may have received and not read.
fn window_of(who: &str, target: &Target) -> &'static str {
    match (who, target) {
        ("client", _) => "`client.http2.initial_connection_window`",
        (_, Target::ReferenceServer(_)) => {
            "`target.reference_server.http2.initial_connection_window`"
        }
        (_, Target::Address(_) | Target::Addresses(_) | Target::Peer(_) | Target::Command(_)) => {
            "the server's HTTP/2 connection window (tonic: `initial_connection_window_size`)"
        }
    }
}
