//! Running a case: lanes on threads, phases on one clock.

mod calm;
mod churn;
mod conditions;
mod heartbeat;
pub mod lane;
mod offer;
mod ops;
pub mod repetition;
mod router;
pub mod threads;
pub mod timeline;
pub(crate) mod timer;
mod timers;
mod validity;
pub mod watch;

use std::io;

pub(crate) use conditions::of_peers as conditions_of_peers;
pub use offer::Share;

use scenarios::ScenarioError;

use crate::call::DescriptionError;
use crate::engine::ConnectError;
use crate::network::NetworkError;
use crate::peer::PeerError;
use crate::secrets::SecretError;
use crate::target::TargetError;

/// Why a repetition could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The scenario asks for what its service's description does not have.
    #[error("{0}")]
    Scenario(ScenarioError),
    /// The target does not describe its services.
    #[error(transparent)]
    Description(DescriptionError),
    /// The target could not be started or found.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A channel could not be opened.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// No target of several can be opened a channel to.
    #[error("no target answers: {}", in_turn(.0))]
    NoneAnswers(Vec<ConnectError>),
    /// There is no emulated network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A peer's client cannot be used.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// A secret is not where the scenario says.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A lane cannot be kept on the core that the scenario asks for.
    #[error("client.cpus: {0}")]
    Pin(String),
    /// A lane would spin and never give its core away.
    #[error(
        "client.idle: `spin` under a real-time policy (SCHED_FIFO or SCHED_RR) keeps its core from everybody, the \
         kernel's network threads among them; start without `chrt`, or use `idle: timer`"
    )]
    RealTimeSpin,
    /// The operating system refused something.
    #[error(
        "the operating system refused a thread, a timer or a socket: {0}; `ulimit -a` shows the limits"
    )]
    Io(#[from] io::Error),
    /// Another lane failed first.
    #[error("the run was given up before it began")]
    NotStarted,
    /// A lane panicked: a defect of ours.
    #[error(
        "a lane failed from inside; this is a defect of bench-runner, please report it with the scenario"
    )]
    LanePanicked,
}

/// Each failure after the one before it.
fn in_turn(failures: &[ConnectError]) -> String {
    let told: Vec<String> = failures.iter().map(ToString::to_string).collect();
    told.join("; ")
}

impl RunError {
    /// Whether the scenario asks for something that this machine does not have, rather than something that went wrong.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            RunError::Scenario(_)
                | RunError::Pin(_)
                | RunError::Secret(_)
                | RunError::RealTimeSpin
                | RunError::Network(NetworkError::Pin(_))
                | RunError::Target(
                    TargetError::Settings | TargetError::Program { .. } | TargetError::Tls(_)
                )
        ) || matches!(self, RunError::Target(TargetError::Peer(error)) | RunError::Peer(error) if error.is_usage())
    }
}
