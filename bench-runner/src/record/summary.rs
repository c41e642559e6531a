//! From the records of all lanes to one repetition of the result file.

use reports::model::{
    CallStats, ChannelStats, Conditions, Cost, Counts, FirstReply, Heartbeat, MethodCounts,
    Network, Paced, Repetition, Stage, TargetStats, Timing, Totals, Validity, Verdict, Wire,
};
use scenarios::units::Nanos;

use super::tally::Timings;
use super::{Recorder, Tally};
use crate::call::Written;
use crate::mix::Named;
use crate::run::timeline::{Segment, Timeline};

/// What was measured besides the calls.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// When the measured time really ended; earlier than planned where the run was interrupted.
    pub measure_end: Nanos,
    /// The calls of the mix by number; none where there is one call only.
    pub mix: Vec<Named>,
    /// The targets by number, each with its channels; none where the target is one server.
    pub targets: Vec<(String, u32)>,
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
    let whole = sum(recorder.measured());
    let (counts, timings) = (whole.counts(), whole.timings());
    let paced = paced(&timings, length);
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
        paced,
        message_response_time: timings.message_response_time,
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
        calls: calls(recorder, &measured.mix, length),
        targets: targets(recorder, &measured.targets, length),
        counts,
    }
}

/// The requests of paced streams; none where there are none.
fn paced(timings: &Timings, length: Nanos) -> Option<Paced> {
    let (sent, answered) = (
        timings.message_lag.count,
        timings.message_response_time.count,
    );
    (sent > 0).then(|| Paced {
        sent,
        answered,
        sent_per_s: per_second(sent, length),
        answered_per_s: per_second(answered, length),
        send_lag: timings.message_lag.clone(),
    })
}

/// The stages' own statistics; none where the load has no stages.
fn stages(recorder: &Recorder, timeline: &Timeline, measure_end: Nanos) -> Vec<Stage> {
    let named = timeline
        .measured()
        .iter()
        .zip(recorder.segments())
        .filter(|(segment, _)| !segment.name.is_empty());
    named
        .map(|(segment, parts)| stage(segment, &sum(parts), timeline, measure_end))
        .collect()
}

/// What tallies come to together.
fn sum<'a>(tallies: impl IntoIterator<Item = &'a Tally>) -> Tally {
    let mut whole = Tally::new();
    tallies.into_iter().for_each(|tally| whole.merge(tally));
    whole
}

/// The statistics of each target.
fn targets(recorder: &Recorder, targets: &[(String, u32)], length: Nanos) -> Vec<TargetStats> {
    let one = |(number, (address, channels)): (usize, &(String, u32))| {
        let tally = sum(recorder.of_target(number));
        let (counts, timings) = (tally.counts(), tally.timings());
        TargetStats {
            address: address.clone(),
            channels: *channels,
            achieved_per_s: per_second(counts.ok, length),
            response_time: timings.response_time,
            service_time: timings.service_time,
            // What was shed had no target, wherever it is counted.
            counts: Counts { shed: 0, ..counts },
        }
    };
    targets.iter().enumerate().map(one).collect()
}

/// The statistics of each call of a mix.
fn calls(recorder: &Recorder, mix: &[Named], length: Nanos) -> Vec<CallStats> {
    let one = |(number, named): (usize, &Named)| {
        let tally = sum(recorder.of_call(number));
        let (counts, timings) = (tally.counts(), tally.timings());
        CallStats {
            name: named.name.clone(),
            weight: named.weight,
            offered_per_s: per_second(counts.started + counts.shed, length),
            achieved_per_s: per_second(counts.ok, length),
            response_time: timings.response_time,
            service_time: timings.service_time,
            start_lag: timings.start_lag,
            time_to_first_message: timings.time_to_first_message,
            message_gap: timings.message_gap,
            exchange_time: timings.exchange_time,
            message_response_time: timings.message_response_time,
            counts,
        }
    };
    mix.iter().enumerate().map(one).collect()
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
