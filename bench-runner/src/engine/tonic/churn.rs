//! Channels that are closed and opened anew during the run: a channel that is being opened takes no calls.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::tonic::client::Grpc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use reports::model::Wire;

use super::connect;
use super::content_type::Typed;
use crate::engine::Opening;
use crate::engine::tap::{Seen, Shared};

/// Closed connections whose last words may still be on their way to the tap.
const CLOSING: usize = 64;

/// A channel that has been opened anew, by its number; none where it cannot be.
type Opened = (usize, Option<Grpc<Typed>>);

/// What is being opened, and what was closed.
pub(super) struct Churn {
    openings: Vec<Opening>,
    opening: FuturesUnordered<Pin<Box<dyn Future<Output = Opened>>>>,
    closing: VecDeque<Arc<Seen>>,
    past: Wire,
}

impl Churn {
    /// Nothing yet; channels go where they went at first.
    pub(super) fn new(openings: Vec<Opening>) -> Churn {
        Churn {
            openings,
            opening: FuturesUnordered::new(),
            closing: VecDeque::new(),
            past: Wire::default(),
        }
    }

    /// Begins to open another connection for a channel; gives what will be seen of it.
    pub(super) fn begin(&mut self, channel: usize, shared: &Shared) -> Arc<Seen> {
        let seen = Seen::new(shared);
        let (to, shared) = (self.openings[channel].to.clone(), shared.clone());
        let new = Arc::clone(&seen);
        self.opening.push(Box::pin(async move {
            (channel, connect::reopen(&to, &new, &shared).await)
        }));
        seen
    }

    /// Keeps what was seen of a connection that is closed.
    pub(super) fn close(&mut self, seen: Arc<Seen>) {
        seen.close();
        self.closing.push_back(seen);
        if self.closing.len() > CLOSING
            && let Some(closed) = self.closing.pop_front()
        {
            self.past.add(&closed.wire());
        }
    }

    /// The next channel that has been opened; otherwise the task is woken when there is one.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Option<Opened> {
        if self.opening.is_empty() {
            return None;
        }
        match self.opening.poll_next_unpin(cx) {
            Poll::Ready(opened) => opened,
            Poll::Pending => None,
        }
    }

    /// Adds what went over all closed connections.
    pub(super) fn tell(&self, wire: &mut Wire) {
        if self.past.connections > 0 {
            wire.add(&self.past);
        }
        self.closing.iter().for_each(|seen| wire.add(&seen.wire()));
    }
}
