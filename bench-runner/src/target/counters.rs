//! What a reference server has counted, asked of the server itself.

use std::time::Duration;

use protos::reference::GetCountersRequest;
use protos::reference::reference_client::ReferenceClient;
use reports::model::MethodCounts;
use scenarios::method::Method;
use scenarios::scenario::Address;
use tonic::transport::{Channel, Endpoint};

/// How long a server may take to say that it does not know the method.
const PATIENCE: Duration = Duration::from_secs(2);

/// The counts of one method; `None` where the target is no reference server, or is gone.
pub(super) fn fetch(address: &Address, method: Method) -> Option<MethodCounts> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .ok()?;
    runtime.block_on(async {
        tokio::time::timeout(PATIENCE, ask(address, method))
            .await
            .ok()
            .flatten()
    })
}

async fn ask(address: &Address, method: Method) -> Option<MethodCounts> {
    let endpoint = Endpoint::from_shared(address.to_string()).ok()?;
    let channel: Channel = endpoint.connect().await.ok()?;
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
    Some(MethodCounts {
        calls: counted.calls,
        requests: counted.requests,
        replies: counted.replies,
        request_bytes: counted.request_bytes,
        reply_bytes: counted.reply_bytes,
    })
}
