//! Counts and histograms of one measured segment of one lane. Hot: see the module above.

use reports::model::{Counts, MethodCounts, Timing};
use reports::mutant::{self, Mutant};
use scenarios::units::Nanos;

use super::{Counted, Fine, Sample};
use crate::engine::Traffic;
use crate::engine::status::Status;

/// Counts and histograms of one measured segment.
#[derive(Clone)]
pub struct Tally {
    started: u64,
    by_status: [u64; Status::KINDS],
    unfinished: u64,
    shed: u64,
    /// Of other statuses than OK, those that were expected; of those cancelled, those that were meant to be.
    expected: u64,
    on_purpose: u64,
    /// Of calls that may be made again.
    attempts: u64,
    sent: Traffic,
    received: Traffic,
    response_time: Fine,
    service_time: Fine,
    start_lag: Fine,
    time_to_first_message: Fine,
    message_gap: Fine,
    exchange_time: Fine,
    /// Lower bounds of the response times of calls that were cut off.
    cut_off_response: Fine,
    /// The same of their service times.
    cut_off_service: Fine,
    /// Of the requests of paced streams; and lower bounds, of those that were not answered.
    message_response_time: Fine,
    message_lag: Fine,
    cut_off_message: Fine,
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
    /// Of requests of paced streams, with those that were not answered as lower bounds.
    pub message_response_time: Timing,
    /// Of the same, from when they were meant to be sent until they were.
    pub message_lag: Timing,
}

impl Tally {
    /// Nothing yet.
    pub fn new() -> Tally {
        Tally {
            started: 0,
            by_status: [0; Status::KINDS],
            unfinished: 0,
            shed: 0,
            expected: 0,
            on_purpose: 0,
            attempts: 0,
            sent: Traffic::default(),
            received: Traffic::default(),
            response_time: Fine::new(),
            service_time: Fine::new(),
            start_lag: Fine::new(),
            time_to_first_message: Fine::new(),
            message_gap: Fine::new(),
            exchange_time: Fine::new(),
            cut_off_response: Fine::new(),
            cut_off_service: Fine::new(),
            message_response_time: Fine::new(),
            message_lag: Fine::new(),
            cut_off_message: Fine::new(),
        }
    }

    /// Adds what its calls came to.
    pub(super) fn add_to(&self, totals: &mut MethodCounts) {
        totals.calls += self.started.max(self.attempts);
        totals.requests += self.sent.messages;
        totals.request_bytes += self.sent.bytes;
        totals.replies += self.received.messages;
        totals.reply_bytes += self.received.bytes;
    }

    /// Calls begun so far.
    pub(super) fn count_started(&self) -> u64 {
        self.started
    }

    pub(super) fn started(&mut self, lag: Nanos) {
        self.started += 1;
        self.start_lag.record(lag);
    }

    pub(super) fn finished(&mut self, sample: &Sample) {
        self.sent.add(sample.sent);
        self.received.add(sample.received);
        match sample.status {
            Some(status) => self.by_status[status.index()] += 1,
            None => self.unfinished += 1,
        }
        match sample.counted {
            Counted::AsItIs => {}
            Counted::AsOk => self.expected += 1,
            Counted::OnPurpose => self.on_purpose += 1,
        }
        if self.leaves_out(sample) {
            return;
        }
        let response = Fine::place(sample.response_time());
        match sample.status {
            _ if sample.is_ok() => {
                self.response_time.record_at(response);
                self.service_time.record(sample.service_time());
            }
            Some(Status::DEADLINE_EXCEEDED) | None => {
                self.cut_off_response.record_at(response);
                self.cut_off_service.record(sample.service_time());
            }
            Some(_) if mutant::is(Mutant::CountErrors) => {
                self.response_time.record_at(response);
            }
            Some(_) => {}
        }
        if let Some(first) = sample.first_message {
            self.time_to_first_message
                .record(first.since(sample.intended));
        }
    }

    /// Whether a lie leaves a call out of the times.
    fn leaves_out(&self, sample: &Sample) -> bool {
        let cut_off = matches!(sample.status, Some(Status::DEADLINE_EXCEEDED) | None);
        (mutant::is(Mutant::DropTimeouts) && cut_off)
            || (mutant::is(Mutant::Truncate) && self.by_status[Status::OK.index()] > 1_000)
    }

    pub(super) fn attempted(&mut self) {
        self.attempts += 1;
    }

    pub(super) fn shed(&mut self) {
        self.shed += 1;
    }

    pub(super) fn message_gap(&mut self, gap: Nanos) {
        self.message_gap.record(gap);
    }

    pub(super) fn exchange_time(&mut self, time: Nanos) {
        self.exchange_time.record(time);
    }

    pub(super) fn message_sent(&mut self, lag: Nanos) {
        self.message_lag.record(lag);
    }

    pub(super) fn message_answered(&mut self, response: Nanos, service: Nanos) {
        self.message_response_time.record(response);
        self.exchange_time.record(service);
    }

    pub(super) fn message_lost(&mut self, waited: Nanos) {
        self.cut_off_message.record(waited);
    }

    /// Adds another tally of the same population.
    pub fn merge(&mut self, other: &Tally) {
        self.started += other.started;
        for (mine, theirs) in self.by_status.iter_mut().zip(other.by_status) {
            *mine += theirs;
        }
        self.unfinished += other.unfinished;
        self.shed += other.shed;
        self.expected += other.expected;
        self.on_purpose += other.on_purpose;
        self.attempts += other.attempts;
        self.sent.add(other.sent);
        self.received.add(other.received);
        for (mine, theirs) in self.all_times().into_iter().zip(other.clone().all_times()) {
            if mutant::is(Mutant::AveragePercentiles) {
                average(mine, theirs);
            } else {
                mine.add(theirs);
            }
        }
    }

    /// The counts as the result file has them.
    pub fn counts(&self) -> Counts {
        let of = |status: Status| self.by_status[status.index()];
        let (ok, deadline_exceeded, cancelled) = (
            of(Status::OK) + self.expected,
            of(Status::DEADLINE_EXCEEDED),
            of(Status::CANCELLED),
        );
        Counts {
            started: self.started,
            ok,
            failed: self.by_status.iter().sum::<u64>() - ok - deadline_exceeded - cancelled,
            deadline_exceeded,
            cancelled,
            cancelled_on_purpose: self.on_purpose,
            attempts: self.attempts,
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
            response_time: with_censored(&self.response_time, &self.cut_off_response),
            service_time: with_censored(&self.service_time, &self.cut_off_service),
            start_lag: Timing::new(&self.start_lag.histogram()),
            time_to_first_message: Timing::new(&self.time_to_first_message.histogram()),
            message_gap: Timing::new(&self.message_gap.histogram()),
            exchange_time: Timing::new(&self.exchange_time.histogram()),
            message_response_time: with_censored(
                &self.message_response_time,
                &self.cut_off_message,
            ),
            message_lag: Timing::new(&self.message_lag.histogram()),
        }
    }

    fn all_times(&mut self) -> [&mut Fine; 11] {
        [
            &mut self.response_time,
            &mut self.service_time,
            &mut self.start_lag,
            &mut self.time_to_first_message,
            &mut self.message_gap,
            &mut self.exchange_time,
            &mut self.cut_off_response,
            &mut self.cut_off_service,
            &mut self.message_response_time,
            &mut self.message_lag,
            &mut self.cut_off_message,
        ]
    }
}

impl Default for Tally {
    fn default() -> Tally {
        Tally::new()
    }
}

impl Traffic {
    pub(crate) fn add(&mut self, other: Traffic) {
        self.messages += other.messages;
        self.bytes += other.bytes;
    }
}

fn with_censored(complete: &Fine, bounds: &Fine) -> Timing {
    Timing::with_censored(&complete.histogram(), &bounds.histogram())
}

/// A lie: see the mutant.
fn average(mine: &mut Fine, theirs: &Fine) {
    let mut average = mine.histogram();
    mutant::average(&mut average, &theirs.histogram());
    mine.clear();
    for value in average.iter_recorded() {
        let time = Nanos(value.value_iterated_to());
        (0..value.count_at_value()).for_each(|_| mine.record(time));
    }
}
