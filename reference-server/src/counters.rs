//! What the server counts for each method, and how it gives the counts out.
//!
//! Hot: relaxed atomics, nothing else. A call's counts stand before its trailers leave, so whoever has the status of
//! every call reads counts that are complete.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use protos::reference::reference_server::Reference;
use protos::reference::{Counters, GetCountersRequest, MethodCounters};
use scenarios::method::Method;
use tonic::{Request, Response, Status};

use crate::lateness::Lateness;

/// The counts of all methods, and the lateness of all releases.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    methods: [MethodCounts; Method::ALL.len()],
    pub(crate) lateness: Lateness,
}

/// The counts of one method, on cache lines of their own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct MethodCounts {
    calls: AtomicU64,
    ok: AtomicU64,
    requests: AtomicU64,
    replies: AtomicU64,
    request_bytes: AtomicU64,
    reply_bytes: AtomicU64,
}

impl Counts {
    /// The counts of one method.
    pub(crate) fn of(&self, method: Method) -> &MethodCounts {
        // `Method::ALL` is in the order of the enum, so a discriminant is an index into it.
        &self.methods[method as usize]
    }

    /// All counts as they are now.
    pub(crate) fn snapshot(&self) -> Counters {
        let methods =
            Method::ALL.map(|method| (method.name().to_owned(), self.of(method).snapshot()));
        Counters {
            methods: methods.into(),
            release_lateness: Some(self.lateness.snapshot()),
        }
    }
}

impl MethodCounts {
    /// A call has begun.
    pub(crate) fn call(&self) {
        self.calls.fetch_add(1, Relaxed);
    }

    /// A call ends with status OK.
    pub(crate) fn ok(&self) {
        self.ok.fetch_add(1, Relaxed);
    }

    /// A request of so many bytes has come.
    pub(crate) fn request(&self, bytes: usize) {
        self.requests.fetch_add(1, Relaxed);
        self.request_bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// A reply of so many bytes is handed to the transport.
    pub(crate) fn reply(&self, bytes: usize) {
        self.replies.fetch_add(1, Relaxed);
        self.reply_bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// Adds what a connection has counted by itself.
    pub(crate) fn add(&self, counted: &MethodCounters) {
        self.calls.fetch_add(counted.calls, Relaxed);
        self.ok.fetch_add(counted.ok, Relaxed);
        self.requests.fetch_add(counted.requests, Relaxed);
        self.replies.fetch_add(counted.replies, Relaxed);
        self.request_bytes.fetch_add(counted.request_bytes, Relaxed);
        self.reply_bytes.fetch_add(counted.reply_bytes, Relaxed);
    }

    fn snapshot(&self) -> MethodCounters {
        MethodCounters {
            calls: self.calls.load(Relaxed),
            ok: self.ok.load(Relaxed),
            requests: self.requests.load(Relaxed),
            replies: self.replies.load(Relaxed),
            request_bytes: self.request_bytes.load(Relaxed),
            reply_bytes: self.reply_bytes.load(Relaxed),
        }
    }
}

/// The service that gives the counts out.
#[derive(Debug)]
pub(crate) struct CountsService(pub(crate) Arc<Counts>);

#[tonic::async_trait]
impl Reference for CountsService {
    async fn get_counters(
        &self,
        _: Request<GetCountersRequest>,
    ) -> Result<Response<Counters>, Status> {
        Ok(Response::new(self.0.snapshot()))
    }
}

/// The counts as one line of JSON, in the names of `reference.proto`.
pub fn to_json(counters: &Counters) -> String {
    let method = |counts: &MethodCounters| {
        serde_json::json!({
            "calls": counts.calls,
            "ok": counts.ok,
            "requests": counts.requests,
            "replies": counts.replies,
            "request_bytes": counts.request_bytes,
            "reply_bytes": counts.reply_bytes,
        })
    };
    let methods: serde_json::Map<_, _> = counters
        .methods
        .iter()
        .map(|(name, counts)| (name.clone(), method(counts)))
        .collect();
    let late = counters.release_lateness.clone().unwrap_or_default();
    let late = serde_json::json!({
        "count": late.count,
        "p50_ns": late.p50_ns,
        "p99_ns": late.p99_ns,
        "max_ns": late.max_ns,
    });
    serde_json::json!({ "methods": methods, "release_lateness": late }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_method_has_counts_of_its_own() {
        let counts = Counts::default();
        counts.of(Method::LotsOfReplies).call();
        counts.of(Method::LotsOfReplies).request(7);
        counts.of(Method::LotsOfReplies).reply(3);
        counts.of(Method::LotsOfReplies).reply(4);
        counts.of(Method::BidiHello).ok();

        let seen = counts.snapshot();
        let expected = MethodCounters {
            calls: 1,
            ok: 0,
            requests: 1,
            replies: 2,
            request_bytes: 7,
            reply_bytes: 7,
        };
        assert_eq!(seen.methods["LotsOfReplies"], expected);
        assert_eq!(
            seen.methods["BidiHello"],
            MethodCounters {
                ok: 1,
                ..MethodCounters::default()
            }
        );
        assert_eq!(seen.methods.len(), 5);
    }

    #[test]
    fn the_counts_are_one_line_of_json() {
        let line = to_json(&Counts::default().snapshot());
        assert!(!line.contains('\n'));
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["methods"]["SayHello"]["reply_bytes"], 0);
    }
}
