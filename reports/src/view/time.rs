//! The times that a repetition keeps, and what each of them means to a reader.

use scenarios::metric::TimeMetric;

use crate::model::{CallStats, Repetition, Timing};

/// A time that is kept of every call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// Done minus intended start.
    Response,
    /// Done minus started.
    Service,
    /// Started minus intended start.
    StartLag,
    /// First reply message minus intended start.
    FirstMessage,
    /// One reply message to the next.
    MessageGap,
    /// A request to its reply on a ping-pong stream, or a paced one.
    Exchange,
    /// The intended time of a request of a paced stream to its reply.
    MessageResponse,
}

impl Time {
    /// All of them, in the order of the tables.
    pub const ALL: [Time; 7] = [
        Time::Response,
        Time::Service,
        Time::StartLag,
        Time::FirstMessage,
        Time::MessageGap,
        Time::Exchange,
        Time::MessageResponse,
    ];

    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Time::Response => "response time",
            Time::Service => "service time",
            Time::StartLag => "start lag",
            Time::FirstMessage => "time to first message",
            Time::MessageGap => "message gap",
            Time::Exchange => "exchange time",
            Time::MessageResponse => "message response time",
        }
    }

    /// The field of `result.json`.
    pub const fn field(self) -> &'static str {
        match self {
            Time::Response => "response_time",
            Time::Service => "service_time",
            Time::StartLag => "start_lag",
            Time::FirstMessage => "time_to_first_message",
            Time::MessageGap => "message_gap",
            Time::Exchange => "exchange_time",
            Time::MessageResponse => "message_response_time",
        }
    }

    /// From where to where it is measured, in one sentence.
    pub const fn meaning(self) -> &'static str {
        match self {
            Time::Response => {
                "From the moment the load model meant a call to start until its status arrived: what a user of the \
                 service feels, waiting included."
            }
            Time::Service => {
                "From handing the call to the transport until its status arrived: what the network and the server took."
            }
            Time::StartLag => {
                "From the intended start to the real one: what the runner, or a lack of free streams, added."
            }
            Time::FirstMessage => "From the intended start to the first reply message.",
            Time::MessageGap => "From one reply message of a call to the next.",
            Time::Exchange => {
                "From one request to its reply on a ping-pong stream, or a paced one."
            }
            Time::MessageResponse => {
                "From the moment a request of a paced stream was meant to be sent until its reply arrived: what a user of \
                 the stream feels, waiting included."
            }
        }
    }

    /// What a repetition measured of it.
    pub const fn of(self, repetition: &Repetition) -> &Timing {
        match self {
            Time::Response => &repetition.response_time,
            Time::Service => &repetition.service_time,
            Time::StartLag => &repetition.start_lag,
            Time::FirstMessage => &repetition.time_to_first_message,
            Time::MessageGap => &repetition.message_gap,
            Time::Exchange => &repetition.exchange_time,
            Time::MessageResponse => &repetition.message_response_time,
        }
    }

    /// What was measured of it for one call of a mix.
    pub const fn of_call(self, call: &CallStats) -> &Timing {
        match self {
            Time::Response => &call.response_time,
            Time::Service => &call.service_time,
            Time::StartLag => &call.start_lag,
            Time::FirstMessage => &call.time_to_first_message,
            Time::MessageGap => &call.message_gap,
            Time::Exchange => &call.exchange_time,
            Time::MessageResponse => &call.message_response_time,
        }
    }
}

impl From<TimeMetric> for Time {
    fn from(metric: TimeMetric) -> Time {
        match metric {
            TimeMetric::ResponseTime => Time::Response,
            TimeMetric::ServiceTime => Time::Service,
            TimeMetric::StartLag => Time::StartLag,
            TimeMetric::TimeToFirstMessage => Time::FirstMessage,
            TimeMetric::MessageGap => Time::MessageGap,
            TimeMetric::ExchangeTime => Time::Exchange,
            TimeMetric::MessageResponseTime => Time::MessageResponse,
        }
    }
}
