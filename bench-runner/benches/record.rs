//! What recording one call costs: the start, the end with all its histograms, and the interval.

use bench_runner::engine::Traffic;
use bench_runner::engine::status::Status;
use bench_runner::record::{Cell, Recorder, Sample};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use scenarios::units::Nanos;

/// Times spread over four decades, so that the histograms' buckets are not all in one cache line.
fn samples() -> Vec<Sample> {
    (0..4096u64)
        .map(|n| {
            let intended = Nanos(n * 250_000);
            let started = Nanos(intended.0 + 200 + n * 37 % 4_000);
            let done = Nanos(started.0 + (20_000 << (n % 11)) + n * 7919 % 10_000);
            let one = Traffic {
                messages: 1,
                bytes: 23,
            };
            Sample {
                cell: Cell {
                    segment: 1,
                    part: 0,
                },
                channel: 0,
                intended,
                started,
                first_message: Some(done),
                done,
                status: Some(Status::OK),
                sent: one,
                received: one,
                ..Sample::BLANK
            }
        })
        .collect()
}

fn record(c: &mut Criterion) {
    let samples = samples();
    let mut recorder = Recorder::new(1, Nanos::ZERO, Nanos::SECOND);
    let mut group = c.benchmark_group("record");
    group.throughput(Throughput::Elements(samples.len() as u64));
    group.bench_function("4096 calls", |b| {
        b.iter(|| {
            for sample in &samples {
                recorder.started(sample.cell, sample.start_lag());
                recorder.finished(sample, "");
            }
        });
    });
    group.finish();
}

criterion_group!(benches, record);
criterion_main!(benches);
