//! The server's own times of a call, for those who ask: trailers with nanoseconds of CLOCK_MONOTONIC, so that a client
//! on the same host can compare them with its own.

use scenarios::units::Nanos;

use super::Plan;

/// What the trailers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamps {
    pub(crate) plan: Plan,
    /// When the answer truly began.
    pub(crate) released: Nanos,
    pub(crate) connection: u32,
    /// The timeout that came with the call.
    pub(crate) timeout: Option<Nanos>,
}

impl Stamps {
    /// The trailers, names and values.
    pub(crate) fn trailers(&self) -> Vec<(&'static str, String)> {
        let mut trailers = vec![
            ("bench-arrival-ns", self.plan.arrival.0.to_string()),
            ("bench-planned-ns", self.plan.planned.0.to_string()),
            ("bench-released-ns", self.released.0.to_string()),
            ("bench-connection", self.connection.to_string()),
        ];
        let timeout = self.timeout.map(|timeout| timeout.0.to_string());
        trailers.extend(timeout.map(|ns| ("bench-timeout-ns", ns)));
        trailers
    }
}
