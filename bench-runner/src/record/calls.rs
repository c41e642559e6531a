//! The call log: every call by itself, for whoever wants more than distributions, and for tests that hold the recorder
//! against the truth.
//!
//! One a lane, made before the run begins, of a size that is fixed then. Hot where it is asked for: nothing is allocated.

use std::io::{self, Write};

use scenarios::units::Nanos;

use super::{Parts, Sample};
use crate::engine::Stamps;

const HEADER: &str = "repetition,lane,channel,phase,intended_ns,started_ns,first_message_ns,done_ns,status,\
    messages_sent,bytes_sent,messages_received,bytes_received,\
    server_connection,server_arrival_ns,server_planned_ns,server_released_ns,server_timeout_ns";

/// Calls one by one: those of a lane in the order in which they ended, or those of all in the order of their intended
/// starts.
pub struct CallLog {
    lane: u32,
    calls: Vec<LoggedCall>,
    left_out: u64,
    /// The calls of the mix by number; none where there is one call only.
    mix: Vec<String>,
    parts: Parts,
    stamps: Option<Stamps>,
}

/// A call of the log.
#[derive(Clone, Copy, Debug)]
pub struct LoggedCall {
    /// Its times and what became of it.
    pub sample: Sample,
    /// Its lane.
    pub lane: u32,
    /// When the server saw it, where that was asked.
    pub stamps: Option<Stamps>,
}

impl CallLog {
    /// A log of one lane with room for so many calls. The memory is taken and touched now, not during the run.
    pub fn new(lane: u32, room: usize) -> CallLog {
        let mut calls = vec![LoggedCall::BLANK; room];
        calls.clear();
        CallLog {
            lane,
            calls,
            left_out: 0,
            mix: Vec::new(),
            parts: Parts::ONE,
            stamps: None,
        }
    }

    /// Names the calls of a mix, by number.
    #[must_use]
    pub fn naming(mut self, mix: impl IntoIterator<Item = String>, parts: Parts) -> CallLog {
        self.parts = parts;
        self.mix = mix.into_iter().collect();
        self
    }

    /// The server's stamps of the call that ends next.
    pub fn stamp(&mut self, stamps: Stamps) {
        self.stamps = Some(stamps);
    }

    /// Keeps a call, if there is room for it.
    pub fn keep(&mut self, sample: &Sample) {
        let stamps = self.stamps.take();
        if self.calls.len() == self.calls.capacity() {
            self.left_out += 1;
            return;
        }
        self.calls.push(LoggedCall {
            sample: *sample,
            lane: self.lane,
            stamps,
        });
    }

    /// The log of all lanes, by intended start; `None` where no lane has one.
    pub fn merged(logs: impl IntoIterator<Item = CallLog>) -> Option<CallLog> {
        let mut logs = logs.into_iter();
        let mut all = logs.next()?;
        for log in logs {
            all.calls.extend(log.calls);
            all.left_out += log.left_out;
        }
        all.calls.sort_by_key(|call| call.sample.intended);
        Some(all)
    }

    /// The calls.
    pub fn calls(&self) -> &[LoggedCall] {
        &self.calls
    }

    /// How many calls it had no room for.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Writes the calls of a repetition (counted from 1) as CSV, its times in nanoseconds of CLOCK_MONOTONIC: the run
    /// began at `origin`. The header comes before the first repetition.
    pub fn write_csv(&self, repetition: u32, origin: Nanos, to: &mut impl Write) -> io::Result<()> {
        if repetition == 1 {
            writeln!(
                to,
                "{HEADER}{}",
                if self.mix.is_empty() { "" } else { ",call" }
            )?;
        }
        for call in &self.calls {
            call.write_csv(repetition, origin, to)?;
            match self
                .mix
                .get(usize::from(self.parts.call_of(call.sample.cell)))
            {
                Some(name) => writeln!(to, ",{name}")?,
                None => writeln!(to)?,
            }
        }
        Ok(())
    }
}

impl LoggedCall {
    const BLANK: LoggedCall = LoggedCall {
        sample: Sample::BLANK,
        lane: 0,
        stamps: None,
    };

    fn write_csv(&self, repetition: u32, origin: Nanos, to: &mut impl Write) -> io::Result<()> {
        let Sample {
            cell,
            channel,
            intended,
            started,
            first_message,
            done,
            status,
            sent,
            received,
            ..
        } = self.sample;
        let at = |time: Nanos| (origin + time).0;
        let phase = if cell.segment == 0 {
            "warm_up"
        } else {
            "measure"
        };
        write!(
            to,
            "{repetition},{},{},{phase},{},{},",
            self.lane,
            channel,
            at(intended),
            at(started)
        )?;
        if let Some(first) = first_message {
            write!(to, "{}", at(first))?;
        }
        let status = status.map_or("UNFINISHED", |status| status.name());
        write!(
            to,
            ",{},{status},{},{},{},{},",
            at(done),
            sent.messages,
            sent.bytes,
            received.messages,
            received.bytes
        )?;
        match self.stamps {
            None => write!(to, ",,,,"),
            Some(Stamps {
                connection,
                arrival,
                planned,
                released,
                timeout,
            }) => {
                write!(to, "{connection},{arrival},{planned},{released},")?;
                match timeout {
                    Some(timeout) => write!(to, "{timeout}"),
                    None => Ok(()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Traffic;
    use crate::engine::status::Status;
    use crate::record::Cell;

    fn call(intended: u64, channel: u32) -> Sample {
        Sample {
            cell: Cell {
                segment: 1,
                part: 0,
            },
            channel,
            intended: Nanos(intended),
            started: Nanos(intended + 1),
            done: Nanos(intended + 5),
            status: Some(Status::OK),
            sent: Traffic {
                messages: 1,
                bytes: 16,
            },
            ..Sample::BLANK
        }
    }

    fn csv(log: &CallLog, repetition: u32) -> String {
        let mut text = Vec::new();
        log.write_csv(repetition, Nanos(1_000), &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_full_log_says_how_many_calls_it_left_out_and_never_grows() {
        let mut log = CallLog::new(0, 2);
        (0..5).for_each(|n| log.keep(&call(n, 0)));
        assert_eq!((log.calls().len(), log.left_out()), (2, 3));
        assert_eq!(log.calls.capacity(), 2);
    }

    #[test]
    fn lanes_come_together_in_the_order_of_intended_starts() {
        let mut logs = [CallLog::new(0, 9), CallLog::new(1, 9)];
        for n in 0..6 {
            logs[n % 2].keep(&call(60 - 10 * n as u64, n as u32));
        }
        let merged = CallLog::merged(logs).unwrap();
        let order: Vec<_> = merged.calls().iter().map(|c| c.sample.intended.0).collect();
        assert_eq!(order, [10, 20, 30, 40, 50, 60]);
        assert_eq!((merged.calls()[0].lane, merged.calls()[5].lane), (1, 0));
        assert!(CallLog::merged([]).is_none());
    }

    #[test]
    fn a_row_has_as_many_cells_as_the_header_and_times_on_the_machines_clock() {
        let mut log = CallLog::new(3, 9);
        log.stamp(Stamps {
            connection: 7,
            arrival: 1_012,
            planned: 1_013,
            released: 1_014,
            timeout: Some(50),
        });
        log.keep(&call(10, 4));
        log.keep(&Sample {
            status: None,
            first_message: Some(Nanos(21)),
            cell: Cell {
                segment: 0,
                part: 0,
            },
            ..call(20, 5)
        });
        let text = csv(&log, 1);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[1..],
            [
                "1,3,4,measure,1010,1011,,1015,OK,1,16,0,0,7,1012,1013,1014,50",
                "1,3,5,warm_up,1020,1021,1021,1025,UNFINISHED,1,16,0,0,,,,,"
            ]
        );
        let cells = |line: &str| line.split(',').count();
        assert!(lines.iter().all(|line| cells(line) == cells(HEADER)));
        assert!(!csv(&log, 2).contains("repetition"), "one header a file");
    }
}
