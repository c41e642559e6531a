//! From the records of all lanes to one repetition of the result file.

use reports::model::{
    ChannelStats, Conditions, Cost, FirstReply, Heartbeat, MethodCounts, Network, Repetition,
    Stage, Timing, Totals, Validity, Verdict, Wire,
};
use scenarios::units::Nanos;

use super::{Recorder, Tally};
use crate::call::Written;
use crate::run::timeline::{Segment, Timeline};

/// What was measured besides the calls.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// When the measured time really ended; earlier than planned where the run was interrupted.
    pub measure_end: Nanos,
    /// CPU time of the lanes over the measured time.
    pub client_cpu: Nanos,
    /// What it took to encode messages of calls that had none prepared.
    pub encoded: Written,
    /// The runner's peak memory.
    pub client_rss: Option<u64>,
    /// CPU time of the server over the measured time, where it is a process of ours.
    pub server_cpu: Option<Nanos>,
    /// The server's peak memory.
    pub server_rss: Option<u64>,
    /// What the server counted over the whole repetition.
    pub server_counts: Option<MethodCounts>,
    /// How late the server released its answers against its plans.
    pub release_lateness: Option<Timing>,
    /// What went over the wire.
    pub wire: Option<Wire>,
    /// What the emulated network did.
    pub network: Option<Network>,
    /// What came with the first reply.
    pub first_reply: Option<FirstReply>,
    /// How busy client, server and machine were.
    pub conditions: Option<Conditions>,
    /// Whether the runner itself was ever late.
    pub heartbeat: Option<Heartbeat>,
    /// Each channel by its number.
    pub channels: Vec<ChannelStats>,
}

/// Summarises a repetition; its validity is judged afterwards.
pub fn summarise(recorder: &Recorder, timeline: &Timeline, measured: &Measured) -> Repetition {
    let length = measured.measure_end.since(timeline.measure_start);
    let mut whole = Tally::new();
    recorder
        .measured()
        .iter()
        .for_each(|tally| whole.merge(tally));
    let (counts, timings) = (whole.counts(), whole.timings());
    let per_call =
        |cpu: Nanos| (counts.finished() > 0).then(|| cpu.0 as f64 / counts.finished() as f64);
    Repetition {
        validity: Validity {
            verdict: Verdict::Valid,
            reasons: Vec::new(),
            findings: Vec::new(),
        },
        measured_s: length.as_secs_f64(),
        offered_per_s: per_second(counts.started + counts.shed, length),
        achieved_per_s: per_second(counts.ok, length),
        response_time: timings.response_time,
        service_time: timings.service_time,
        start_lag: timings.start_lag,
        time_to_first_message: timings.time_to_first_message,
        message_gap: timings.message_gap,
        exchange_time: timings.exchange_time,
        client: Cost {
            cpu_ns_per_call: per_call(measured.client_cpu),
            peak_rss_bytes: measured.client_rss,
            encode_ns_per_call: measured.encoded.ns_per_call(),
        },
        server: (measured.server_cpu.is_some() || measured.server_rss.is_some()).then(|| Cost {
            cpu_ns_per_call: measured.server_cpu.and_then(per_call),
            peak_rss_bytes: measured.server_rss,
            ..Cost::default()
        }),
        intervals: recorder.intervals.list(length),
        stages: stages(recorder, timeline, measured.measure_end),
        failures: recorder.failures.list(),
        call_log: None,
        totals: Totals {
            client: recorder.totals(),
            server: measured.server_counts,
        },
        release_lateness: measured
            .release_lateness
            .clone()
            .filter(|late| late.count > 0),
        wire: measured.wire.clone(),
        network: measured.network.clone(),
        first_reply: measured.first_reply.clone(),
        conditions: measured.conditions.clone(),
        heartbeat: measured.heartbeat.clone(),
        windows: recorder.intervals.windows(length),
        channels: measured.channels.clone(),
        counts,
    }
}

/// The stages' own statistics; none where the load has no stages.
fn stages(recorder: &Recorder, timeline: &Timeline, measure_end: Nanos) -> Vec<Stage> {
    let named = timeline
        .measured()
        .iter()
        .zip(recorder.measured())
        .filter(|(segment, _)| !segment.name.is_empty());
    named
        .map(|(segment, tally)| stage(segment, tally, timeline, measure_end))
        .collect()
}

fn stage(segment: &Segment, tally: &Tally, timeline: &Timeline, measure_end: Nanos) -> Stage {
    let length = segment.end.min(measure_end).since(segment.start);
    let (counts, timings) = (tally.counts(), tally.timings());
    Stage {
        name: segment.name.clone(),
        start_s: segment.start.since(timeline.measure_start).as_secs_f64(),
        length_s: length.as_secs_f64(),
        offered_per_s: per_second(counts.started + counts.shed, length),
        achieved_per_s: per_second(counts.ok, length),
        response_time: timings.response_time,
        service_time: timings.service_time,
        start_lag: timings.start_lag,
        counts,
    }
}

fn per_second(count: u64, length: Nanos) -> f64 {
    if length == Nanos::ZERO {
        0.0
    } else {
        count as f64 / length.as_secs_f64()
    }
}
