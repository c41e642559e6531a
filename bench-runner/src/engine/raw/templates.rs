//! What the calls of a run send, framed once: each call's header block and its messages.

use scenarios::units::Nanos;
use wire::{Message, Request, Template};

use super::authorities::Authorities;
use crate::call::Call;
use crate::mix::Mix;

/// What the calls of a run send.
pub(super) struct Templates {
    calls: Vec<CallTemplate>,
    authorities: Authorities,
}

/// What one call sends.
pub(super) struct CallTemplate {
    /// One for each authority.
    heads: Vec<Template>,
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
    pub(super) fn new(mix: &Mix, authorities: Authorities) -> Templates {
        let calls = mix.calls().iter();
        Templates {
            calls: calls
                .map(|call| CallTemplate::new(call, &authorities))
                .collect(),
            authorities,
        }
    }

    /// The authority of a channel's calls, by number.
    #[inline]
    pub(super) fn authority(&self, channel: usize) -> usize {
        self.authorities.of(channel)
    }

    /// Of the call that a request is of.
    #[inline]
    pub(super) fn of(&self, request: u32) -> &CallTemplate {
        &self.calls[Mix::number(request)]
    }
}

impl CallTemplate {
    fn new(call: &Call, authorities: &Authorities) -> CallTemplate {
        let timeout = call.deadline.map(timeout);
        let metadata: Vec<(&str, &[u8])> = call
            .metadata
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_bytes()))
            .collect();
        let head = |authority: &String| {
            Template::request(&Request {
                user_agent: concat!("bench-runner/", env!("CARGO_PKG_VERSION")),
                timeout: timeout.as_deref(),
                metadata: &metadata,
                ..Request::new(authority, call.method.path())
            })
        };
        let pool = call
            .requests()
            .iter()
            .map(|request| Messages {
                first: Message::new(&request.first),
                further: Message::new(&request.further),
                count: request.messages,
            })
            .collect();
        CallTemplate {
            heads: authorities.names().iter().map(head).collect(),
            ping_pong: call.is_ping_pong(),
            pool,
        }
    }

    /// The header block of a call to this authority.
    #[inline]
    pub(super) fn head(&self, authority: usize) -> &Template {
        &self.heads[authority]
    }

    /// The messages of a request.
    #[inline]
    pub(super) fn messages(&self, request: u32) -> &Messages {
        &self.pool[Mix::within(request) as usize]
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
