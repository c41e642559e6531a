//! What one arrival costs: `peek` and `advance`, for the closed loop also `completed`.
//!
//! With several lanes each lane makes the arrivals of all, and pays for so many.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use scenarios::load::{Load, Pace, Pacer, Part, Segment};
use scenarios::units::Nanos;

fn pacer(load: &str, of: u32) -> Box<dyn Pacer> {
    let load: Load = serde_json::from_str(load).expect("the loads below are well formed");
    // A day, so that no pacer runs dry.
    let duration = Nanos(86_400 * Nanos::SECOND.0);
    load.pacer(&Segment {
        part: Part { index: 0, of },
        duration,
        seed: 42,
        channels: 10,
        in_flight: 0,
    })
}

fn arrivals(criterion: &mut Criterion) {
    let open = |arrivals: &str| {
        format!(r#"{{ "open": {{ "rate": "1000000/s", "arrivals": "{arrivals}" }} }}"#)
    };
    let ramp = |arrivals: &str| {
        format!(
            r#"{{ "ramp": {{ "from": "900000/s", "to": "1000000/s", "arrivals": "{arrivals}" }} }}"#
        )
    };
    let models = [
        ("open uniform", open("uniform"), 1),
        ("open poisson", open("poisson"), 1),
        ("open poisson, one of 4 lanes", open("poisson"), 4),
        ("ramp uniform", ramp("uniform"), 1),
        ("ramp poisson", ramp("poisson"), 1),
    ];
    let mut group = criterion.benchmark_group("pacer");
    for (name, load, of) in &models {
        let mut pacer = pacer(load, *of);
        group.bench_function(*name, |bencher| {
            bencher.iter(|| {
                black_box(pacer.peek());
                pacer.advance();
            });
        });
        assert!(matches!(pacer.peek(), Pace::At(_)), "{name} ran dry");
    }
    let mut pacer = pacer(r#"{ "closed": { "in_flight": 10 } }"#, 1);
    let mut now = 0;
    group.bench_function("closed", |bencher| {
        bencher.iter(|| {
            now += 1;
            black_box(pacer.peek());
            pacer.advance();
            pacer.completed(Nanos(now));
        });
    });
    assert!(matches!(pacer.peek(), Pace::At(_)));
    group.finish();
}

criterion_group!(benches, arrivals);
criterion_main!(benches);
