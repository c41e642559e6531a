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
    /// Of the methods that are called, together.
    pub methods: MethodCounts,
    /// How late it released its answers against its plans, in nanoseconds.
    pub release_lateness: Histogram<u64>,
}

impl Counted {
    /// Together with what another server has counted.
    pub(super) fn and(mut self, other: &Counted) -> Counted {
        let (sum, more) = (&mut self.methods, &other.methods);
        sum.calls += more.calls;
        sum.requests += more.requests;
        sum.replies += more.replies;
        sum.request_bytes += more.request_bytes;
        sum.reply_bytes += more.reply_bytes;
        // A histogram that resizes itself takes any other.
        let _ = self.release_lateness.add(&other.release_lateness);
        self
    }

    /// What was added after `before`.
    pub fn since(mut self, before: &Counted) -> Counted {
        let (to, from) = (&mut self.methods, &before.methods);
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

/// The counts of some methods together; `None` where the target is no reference server, or is gone.
pub(super) fn fetch(address: &Address, tls: Option<&Tls>, methods: &[Method]) -> Option<Counted> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .ok()?;
    runtime.block_on(async {
        tokio::time::timeout(PATIENCE, ask(address, tls, methods))
            .await
            .ok()
            .flatten()
    })
}

async fn ask(address: &Address, tls: Option<&Tls>, methods: &[Method]) -> Option<Counted> {
    let channel = dial::channel(address, tls).await.ok()?;
    let reply = ReferenceClient::new(channel)
        .get_counters(GetCountersRequest {})
        .await
        .ok()?
        .into_inner();
    let mut sum = MethodCounts::default();
    for counted in methods
        .iter()
        .filter_map(|method| reply.methods.get(method.name()))
    {
        sum.calls += counted.calls;
        sum.requests += counted.requests;
        sum.replies += counted.replies;
        sum.request_bytes += counted.request_bytes;
        sum.reply_bytes += counted.reply_bytes;
    }
    Some(Counted {
        methods: sum,
        release_lateness: histogram(&reply.release_lateness.unwrap_or_default().histogram),
    })
}

/// A histogram as the server gives it out; an empty one where it gives none.
fn histogram(bytes: &[u8]) -> Histogram<u64> {
    let read = HdrReader::new().deserialize(&mut &bytes[..]);
    read.unwrap_or_else(|_| empty_histogram())
}
