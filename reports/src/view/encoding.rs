//! What compression and the codec make of a call's messages, where a case is about that.

use super::CaseView;
use super::facts::Pair;
use super::format::{DASH, count, or_dash, share, size};
use super::headline::Figure;
use crate::model::{CaseResult, Repetition};

/// Bytes in front of every message.
const PREFIX: u64 = 5;

/// Messages of one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Way {
    /// As they are.
    plain: u64,
    /// As they went.
    wire: u64,
}

impl Way {
    fn add(&mut self, other: Way) {
        self.plain += other.plain;
        self.wire += other.wire;
    }

    fn ratio(self) -> Option<f64> {
        (self.plain > 0).then(|| self.wire as f64 / self.plain as f64)
    }
}

/// Whether a case, or what it is held against, has messages that are compressed or not protobuf.
pub(super) fn concerns(case: &CaseResult) -> bool {
    const KEYS: [&str; 3] = ["compression", "codec", "reply.compression"];
    let call = &case.case["call"];
    KEYS.iter().any(|key| {
        let swept = case.point.contains_key(&format!("call.{key}"));
        let value = key.split('.').fold(call, |value, key| &value[key]);
        swept || !value.is_null()
    })
}

/// Whether its messages are compressed.
fn compresses(case: &CaseResult) -> bool {
    // The result of a scenario names it as soon as either direction is compressed.
    !case.case["call"]["reply"]["compression"].is_null()
}

/// What went over the wire for each call, both ways, frames and all; `None` where the case is about other things.
pub(super) fn bytes_per_call(case: &CaseResult) -> Option<Figure> {
    if !concerns(case) {
        return None;
    }
    let mut sums = [0, 0];
    for repetition in &case.repetitions {
        let wire = repetition.wire.as_ref()?;
        sums[0] += wire.bytes_sent + wire.bytes_received;
        sums[1] += repetition.totals.client.calls;
    }
    let [bytes, calls] = sums;
    Some(Figure {
        label: "wire bytes per call",
        value: count(bytes.checked_div(calls)?),
        ci95: None,
        note: None,
    })
}

/// Messages sent and received; `None` where nobody counted what went over the wire.
fn ways(repetition: &Repetition) -> Option<[Way; 2]> {
    let (wire, totals) = (repetition.wire.as_ref()?, &repetition.totals.client);
    let way = |plain, data: u64, messages: u64| Way {
        plain,
        wire: data.saturating_sub(PREFIX * messages),
    };
    Some([
        way(totals.request_bytes, wire.data_bytes_sent, totals.requests),
        way(totals.reply_bytes, wire.data_bytes_received, totals.replies),
    ])
}

/// Messages before compression and after it, repetition by repetition; `None` where nothing is compressed.
pub fn pairs(case: &CaseView<'_>, repetition: &Repetition) -> Option<Vec<Pair>> {
    if !compresses(case.case) {
        return None;
    }
    let [sent, received] = ways(repetition)?;
    let pair = |name, print: fn(Way) -> String| Pair {
        name,
        client: print(sent),
        server: print(received),
    };
    Some(vec![
        pair("bytes", |way| size(way.plain)),
        pair("the same compressed", |way| size(way.wire)),
        pair("share", |way| or_dash(way.ratio(), share)),
    ])
}

/// `messages compressed to 61 % out, 7 % in`; `None` where nothing is compressed.
pub fn sentence(case: &CaseView<'_>) -> Option<String> {
    if !compresses(case.case) {
        return None;
    }
    let mut all = [Way::default(); 2];
    for repetition in &case.case.repetitions {
        let ways = ways(repetition)?;
        all.iter_mut().zip(ways).for_each(|(sum, way)| sum.add(way));
    }
    let [out, back] = all.map(|way| way.ratio().map_or_else(|| DASH.to_owned(), share));
    Some(format!("messages compressed to {out} out, {back} in"))
}
