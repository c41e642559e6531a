//! What the calls of a run send, framed once: the request's header block and its messages.

use scenarios::units::Nanos;
use wire::{Message, Request, Template};

use crate::call::Call;

/// What the calls of a run send.
pub(super) struct Templates {
    pub(super) head: Template,
    pub(super) ping_pong: bool,
    pool: Vec<Messages>,
}

/// The messages of one call.
pub(super) struct Messages {
    pub(super) first: Message,
    pub(super) further: Message,
    pub(super) count: u32,
}

impl Templates {
    pub(super) fn new(call: &Call, scheme: &str, authority: &str) -> Templates {
        let timeout = call.deadline.map(timeout);
        let metadata: Vec<(&str, &[u8])> = call
            .metadata
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_bytes()))
            .collect();
        let head = Template::request(&Request {
            scheme,
            user_agent: concat!("bench-runner/", env!("CARGO_PKG_VERSION")),
            timeout: timeout.as_deref(),
            metadata: &metadata,
            ..Request::new(authority, call.method.path())
        });
        let pool = call
            .requests()
            .iter()
            .map(|request| Messages {
                first: Message::new(&request.first),
                further: Message::new(&request.further),
                count: request.messages,
            })
            .collect();
        Templates {
            head,
            ping_pong: call.is_ping_pong(),
            pool,
        }
    }

    pub(super) fn messages(&self, request: u32) -> &Messages {
        &self.pool[request as usize]
    }
}

/// A timeout as `grpc-timeout` has it: at most eight digits and a unit; rounded up where the digits do not suffice.
fn timeout(timeout: Nanos) -> String {
    const UNITS: [(&str, u64); 4] = [
        ("n", 1),
        ("u", 1_000),
        ("m", 1_000_000),
        ("S", 1_000_000_000),
    ];
    let fits = |(_, scale): &&(&str, u64)| timeout.0.div_ceil(*scale) <= 99_999_999;
    let (unit, scale) = UNITS.iter().find(fits).unwrap_or(&UNITS[3]);
    format!("{}{unit}", timeout.0.div_ceil(*scale).min(99_999_999))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_has_at_most_eight_digits() {
        assert_eq!(timeout(Nanos::from_millis(50)), "50000000n");
        assert_eq!(timeout(Nanos::from_millis(250)), "250000u");
        assert_eq!(
            timeout(Nanos(100_000_001)),
            "100001u",
            "never shorter than asked"
        );
        assert_eq!(timeout(Nanos(3_600 * Nanos::SECOND.0)), "3600000m");
    }
}
