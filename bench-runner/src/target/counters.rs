//! What a reference server has counted, asked of the server itself.

use std::time::Duration;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer as HdrReader;
use protos::reference::GetCountersRequest;
use protos::reference::reference_client::ReferenceClient;
use reports::model::{MethodCounts, empty_histogram};
use scenarios::method::Method;
use scenarios::scenario::Address;

use crate::dial;
use crate::tls::Tls;

/// How long a server may take to say that it does not know the method.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a reference server has counted since it started.
#[derive(Clone, Debug)]
pub struct Counted {
    /// Of one method.
    pub method: MethodCounts,
    /// How late it released its answers against its plans, in nanoseconds.
    pub release_lateness: Histogram<u64>,
}

impl Counted {
    /// What was added after `before`.
    pub fn since(mut self, before: &Counted) -> Counted {
        let (to, from) = (&mut self.method, &before.method);
        to.calls = to.calls.saturating_sub(from.calls);
        to.requests = to.requests.saturating_sub(from.requests);
        to.replies = to.replies.saturating_sub(from.replies);
        to.request_bytes = to.request_bytes.saturating_sub(from.request_bytes);
        to.reply_bytes = to.reply_bytes.saturating_sub(from.reply_bytes);
        // Fails where the server was started anew in between, and then all that it has counted is new.
        let _ = self.release_lateness.subtract(&before.release_lateness);
        self
    }
}

/// The counts of one method; `None` where the target is no reference server, or is gone.
pub(super) fn fetch(address: &Address, tls: Option<&Tls>, method: Method) -> Option<Counted> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .ok()?;
    runtime.block_on(async {
        tokio::time::timeout(PATIENCE, ask(address, tls, method))
            .await
            .ok()
            .flatten()
    })
}

async fn ask(address: &Address, tls: Option<&Tls>, method: Method) -> Option<Counted> {
    let channel = dial::channel(address, tls).await.ok()?;
    let reply = ReferenceClient::new(channel)
        .get_counters(GetCountersRequest {})
        .await
        .ok()?
        .into_inner();
    let counted = reply
        .methods
        .get(method.name())
        .copied()
        .unwrap_or_default();
    Some(Counted {
        method: MethodCounts {
            calls: counted.calls,
            requests: counted.requests,
            replies: counted.replies,
            request_bytes: counted.request_bytes,
            reply_bytes: counted.reply_bytes,
        },
        release_lateness: histogram(&reply.release_lateness.unwrap_or_default().histogram),
    })
}

/// A histogram as the server gives it out; an empty one where it gives none.
fn histogram(bytes: &[u8]) -> Histogram<u64> {
    let read = HdrReader::new().deserialize(&mut &bytes[..]);
    read.unwrap_or_else(|_| empty_histogram())
}
