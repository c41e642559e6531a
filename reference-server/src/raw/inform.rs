//! What the server says of itself: its health, and its counts.

use prost::Message;
use tonic_health::pb::HealthCheckResponse;
use tonic_health::pb::health_check_response::ServingStatus;
use wire::Closed;

use crate::raw::call::Call;
use crate::raw::request::Purpose;
use crate::raw::speak::{Life, Turn, no_request};

impl Call {
    /// Health and counts.
    #[cold]
    pub(super) fn inform(&self, turn: &mut Turn<'_>) -> Result<Life, Closed> {
        if !self.has_ended {
            return Ok(Life::GoesOn);
        }
        if let Some(status) = &self.fault {
            return self.fail(status, turn);
        }
        if !self.has_begun {
            return self.fail(&no_request(), turn);
        }
        let reply = match self.purpose {
            Purpose::Counters => {
                turn.tally.hand_over(&turn.thread.counts);
                turn.thread.counts.snapshot().encode_to_vec()
            }
            _ => HealthCheckResponse {
                status: ServingStatus::Serving.into(),
            }
            .encode_to_vec(),
        };
        let blocks = &turn.thread.blocks;
        turn.wire.respond_unary(
            self.stream,
            &blocks.heads.plain,
            &reply[..],
            &blocks.ok.trailers,
        )?;
        Ok(Life::Over)
    }
}
