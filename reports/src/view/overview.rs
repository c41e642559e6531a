//! The overview of all cases: a row for each, a column for each headline number that some case has.

use super::{Figure, Headline, View};

/// A column of the overview.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Calls that ended OK, a second.
    Achieved,
    /// Calls meant to start, a second.
    Offered,
    /// Messages a second.
    Messages,
    /// Median message response time of paced streams.
    MessageP50,
    /// 99th percentile of it.
    MessageP99,
    /// Median response time.
    P50,
    /// 99th percentile of the response time.
    P99,
    /// Calls that did not end OK.
    Errors,
    /// CPU time of the client for each call.
    ClientCpu,
    /// CPU time of the server for each call.
    ServerCpu,
    /// Bytes on the wire for each call.
    WireBytes,
}

impl Column {
    const ALL: [Column; 11] = [
        Column::Achieved,
        Column::Offered,
        Column::Messages,
        Column::MessageP50,
        Column::MessageP99,
        Column::P50,
        Column::P99,
        Column::Errors,
        Column::ClientCpu,
        Column::ServerCpu,
        Column::WireBytes,
    ];

    /// What stands over it.
    pub const fn heading(self) -> &'static str {
        match self {
            Column::Achieved => "calls OK",
            Column::Offered => "offered",
            Column::Messages => "messages",
            Column::MessageP50 => "message p50",
            Column::MessageP99 => "message p99",
            Column::P50 => "response p50",
            Column::P99 => "response p99",
            Column::Errors => "errors",
            Column::ClientCpu => "client CPU/call",
            Column::ServerCpu => "server CPU/call",
            Column::WireBytes => "wire bytes/call",
        }
    }

    /// Whether it is of what a call cost.
    pub const fn is_cost(self) -> bool {
        matches!(
            self,
            Column::ClientCpu | Column::ServerCpu | Column::WireBytes
        )
    }
}

impl Headline {
    /// The number in a column, where the case has it.
    pub const fn figure(&self, column: Column) -> Option<&Figure> {
        match column {
            Column::Achieved => Some(&self.achieved),
            Column::Offered => self.offered.as_ref(),
            Column::Messages => self.messages.as_ref(),
            Column::MessageP50 => self.message_p50.as_ref(),
            Column::MessageP99 => self.message_p99.as_ref(),
            Column::P50 => Some(&self.p50),
            Column::P99 => Some(&self.p99),
            Column::Errors => Some(&self.errors),
            Column::ClientCpu => self.client_cpu.as_ref(),
            Column::ServerCpu => self.server_cpu.as_ref(),
            Column::WireBytes => self.wire_bytes.as_ref(),
        }
    }

    /// All of them, in the order of reading.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        Column::ALL.into_iter().filter_map(|c| self.figure(c))
    }

    /// What a call cost, and what it put on the wire where that is the question.
    pub fn cost(&self) -> impl Iterator<Item = &Figure> {
        let cost = Column::ALL.into_iter().filter(|column| column.is_cost());
        cost.filter_map(|column| self.figure(column))
    }
}

impl View<'_> {
    /// The columns that some case fills.
    pub fn overview(&self) -> Vec<Column> {
        let filled = |column: &Column| {
            let mut cases = self.cases.iter();
            cases.any(|case| case.headline.figure(*column).is_some())
        };
        Column::ALL.into_iter().filter(filled).collect()
    }
}
