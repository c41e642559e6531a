//! Counts and histograms of one measured segment of one lane. Hot: see the module above.

use hdrhistogram::Histogram;
use reports::model::{Counts, Timing, empty_histogram};
use scenarios::units::Nanos;

use super::Sample;
use crate::engine::Traffic;
use crate::engine::status::Status;

/// Counts and histograms of one measured segment.
#[derive(Clone)]
pub struct Tally {
    started: u64,
    by_status: [u64; Status::KINDS],
    unfinished: u64,
    shed: u64,
    sent: Traffic,
    received: Traffic,
    response_time: Histogram<u64>,
    service_time: Histogram<u64>,
    start_lag: Histogram<u64>,
    time_to_first_message: Histogram<u64>,
    message_gap: Histogram<u64>,
    exchange_time: Histogram<u64>,
    /// Lower bounds of the response times of calls that were cut off.
    cut_off_response: Histogram<u64>,
    /// The same of their service times.
    cut_off_service: Histogram<u64>,
}

/// The distributions of a tally, summarised.
pub struct Timings {
    /// Of OK calls, with the cut-off ones as lower bounds.
    pub response_time: Timing,
    /// Of OK calls, with the cut-off ones as lower bounds.
    pub service_time: Timing,
    /// Of all started calls.
    pub start_lag: Timing,
    /// Of calls that got a message.
    pub time_to_first_message: Timing,
    /// Between messages of a call.
    pub message_gap: Timing,
    /// Of ping-pong exchanges.
    pub exchange_time: Timing,
}

impl Tally {
    /// Nothing yet.
    pub fn new() -> Tally {
        Tally {
            started: 0,
            by_status: [0; Status::KINDS],
            unfinished: 0,
            shed: 0,
            sent: Traffic::default(),
            received: Traffic::default(),
            response_time: empty_histogram(),
            service_time: empty_histogram(),
            start_lag: empty_histogram(),
            time_to_first_message: empty_histogram(),
            message_gap: empty_histogram(),
            exchange_time: empty_histogram(),
            cut_off_response: empty_histogram(),
            cut_off_service: empty_histogram(),
        }
    }

    pub(super) fn started(&mut self, lag: Nanos) {
        self.started += 1;
        record(&mut self.start_lag, lag);
    }

    pub(super) fn finished(&mut self, sample: &Sample) {
        self.sent.add(sample.sent);
        self.received.add(sample.received);
        match sample.status {
            Some(status) => self.by_status[status.index()] += 1,
            None => self.unfinished += 1,
        }
        match sample.status {
            Some(Status::OK) => {
                record(&mut self.response_time, sample.response_time());
                record(&mut self.service_time, sample.service_time());
            }
            Some(Status::DEADLINE_EXCEEDED) | None => {
                record(&mut self.cut_off_response, sample.response_time());
                record(&mut self.cut_off_service, sample.service_time());
            }
            Some(_) => {}
        }
        if let Some(first) = sample.first_message {
            record(
                &mut self.time_to_first_message,
                first.since(sample.intended),
            );
        }
    }

    pub(super) fn shed(&mut self) {
        self.shed += 1;
    }

    pub(super) fn message_gap(&mut self, gap: Nanos) {
        record(&mut self.message_gap, gap);
    }

    pub(super) fn exchange_time(&mut self, time: Nanos) {
        record(&mut self.exchange_time, time);
    }

    /// Adds another tally of the same population.
    pub fn merge(&mut self, other: &Tally) {
        self.started += other.started;
        for (mine, theirs) in self.by_status.iter_mut().zip(other.by_status) {
            *mine += theirs;
        }
        self.unfinished += other.unfinished;
        self.shed += other.shed;
        self.sent.add(other.sent);
        self.received.add(other.received);
        for (mine, theirs) in self
            .histograms()
            .into_iter()
            .zip(other.clone().histograms())
        {
            mine.add(&*theirs).expect("the histogram resizes itself");
        }
    }

    /// The counts as the result file has them.
    pub fn counts(&self) -> Counts {
        let of = |status: Status| self.by_status[status.index()];
        let (ok, deadline_exceeded, cancelled) = (
            of(Status::OK),
            of(Status::DEADLINE_EXCEEDED),
            of(Status::CANCELLED),
        );
        Counts {
            started: self.started,
            ok,
            failed: self.by_status.iter().sum::<u64>() - ok - deadline_exceeded - cancelled,
            deadline_exceeded,
            cancelled,
            unfinished: self.unfinished,
            shed: self.shed,
            by_status: Status::all()
                .filter(|s| of(*s) > 0)
                .map(|s| (s.name().to_owned(), of(s)))
                .collect(),
            messages_sent: self.sent.messages,
            messages_received: self.received.messages,
            bytes_sent: self.sent.bytes,
            bytes_received: self.received.bytes,
        }
    }

    /// The distributions as the result file has them.
    pub fn timings(&self) -> Timings {
        Timings {
            response_time: Timing::with_censored(&self.response_time, &self.cut_off_response),
            service_time: Timing::with_censored(&self.service_time, &self.cut_off_service),
            start_lag: Timing::new(&self.start_lag),
            time_to_first_message: Timing::new(&self.time_to_first_message),
            message_gap: Timing::new(&self.message_gap),
            exchange_time: Timing::new(&self.exchange_time),
        }
    }

    fn histograms(&mut self) -> [&mut Histogram<u64>; 8] {
        [
            &mut self.response_time,
            &mut self.service_time,
            &mut self.start_lag,
            &mut self.time_to_first_message,
            &mut self.message_gap,
            &mut self.exchange_time,
            &mut self.cut_off_response,
            &mut self.cut_off_service,
        ]
    }
}

impl Default for Tally {
    fn default() -> Tally {
        Tally::new()
    }
}

impl Traffic {
    fn add(&mut self, other: Traffic) {
        self.messages += other.messages;
        self.bytes += other.bytes;
    }
}

fn record(histogram: &mut Histogram<u64>, time: Nanos) {
    histogram
        .record(time.0)
        .expect("the histogram resizes itself");
}
