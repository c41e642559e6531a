//! Calls one by one, as ghz lists them: read from a call log.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use super::status;
use crate::model::Repetition;

/// A call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Detail {
    /// When it ended, RFC 3339.
    timestamp: String,
    /// Nanoseconds from its intended start to its end.
    latency: u64,
    /// What grpc-go would print; empty where it ended OK.
    error: String,
    /// grpc-go's name of its status.
    status: String,
}

/// Why a text is not a call log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// A column is missing.
    #[error("expected a column `{0}`")]
    Column(&'static str),
    /// A row is not one of a call.
    #[error("line {line}: expected {expected}")]
    Row {
        /// The line, from 1.
        line: usize,
        /// What should stand there.
        expected: &'static str,
    },
}

/// Where the columns stand that are wanted.
struct Columns {
    repetition: usize,
    phase: usize,
    intended: usize,
    done: usize,
    status: usize,
}

/// The measured calls of a log, in its order.
pub(super) fn read(
    text: &str,
    repetitions: &[Repetition],
    started_at: &str,
) -> Result<Vec<Detail>, LogError> {
    let mut lines = text.lines().enumerate();
    let header = lines.next().map_or("", |(_, header)| header);
    let columns = Columns::find(header)?;
    let clocks: Vec<i128> = repetitions.iter().map(|r| to_unix(r, started_at)).collect();
    let mut details = Vec::new();
    for (index, line) in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let row = columns.row(&cells, &clocks);
        let row = row.map_err(|expected| LogError::Row {
            line: index + 1,
            expected,
        })?;
        details.extend(row);
    }
    Ok(details)
}

/// What is added to a time of the log to make it one since 1970. Results of before there was such a number are dated by
/// the beginning of the run.
fn to_unix(repetition: &Repetition, started_at: &str) -> i128 {
    let Some(log) = &repetition.call_log else {
        return 0;
    };
    let began = || {
        started_at
            .parse()
            .unwrap_or(Timestamp::UNIX_EPOCH)
            .as_nanosecond()
    };
    let unix = log.clock_origin_unix_ns.map_or_else(began, i128::from);
    unix - i128::from(log.clock_origin_ns)
}

impl Columns {
    fn find(header: &str) -> Result<Columns, LogError> {
        let names: Vec<&str> = header.split(',').collect();
        let find = |name| {
            let found = names.iter().position(|known| *known == name);
            found.ok_or(LogError::Column(name))
        };
        Ok(Columns {
            repetition: find("repetition")?,
            phase: find("phase")?,
            intended: find("intended_ns")?,
            done: find("done_ns")?,
            status: find("status")?,
        })
    }

    /// The call of a row; none where it is not measured.
    fn row(&self, cells: &[&str], clocks: &[i128]) -> Result<Option<Detail>, &'static str> {
        let cell = |at: usize| cells.get(at).copied().ok_or("as many cells as the header");
        let ns = |at: usize| -> Result<u64, &'static str> {
            cell(at)?.parse().map_err(|_| "a time in nanoseconds")
        };
        let number: usize = cell(self.repetition)?.parse().map_err(|_| "a repetition")?;
        let clock = number.checked_sub(1).and_then(|index| clocks.get(index));
        let clock = clock.ok_or("a repetition of the result")?;
        if cell(self.phase)? != "measure" {
            return Ok(None);
        }
        let (intended, done) = (ns(self.intended)?, ns(self.done)?);
        let ended = cell(self.status)?;
        let error = match ended {
            "OK" => String::new(),
            "UNFINISHED" => status::unfinished(),
            other => status::error(other, ""),
        };
        Ok(Some(Detail {
            timestamp: timestamp(clock + i128::from(done)),
            latency: done.saturating_sub(intended),
            error: error.trim_end().to_owned(),
            status: status::name(ended),
        }))
    }
}

fn timestamp(unix_ns: i128) -> String {
    let time = Timestamp::from_nanosecond(unix_ns).unwrap_or(Timestamp::UNIX_EPOCH);
    time.to_string()
}

/// ghz's CSV: milliseconds with two digits, status, error.
pub(super) fn csv(details: &[Detail]) -> String {
    let mut text = "duration (ms),status,error\n".to_owned();
    for detail in details {
        let ms = detail.latency as f64 / 1e6;
        // Writing to a string does not fail.
        let _ = writeln!(text, "{ms:.2},{},{}", detail.status, detail.error);
    }
    text
}
