//! How late waits for points in time end, on the very timer that lanes wait on and with nothing else to do.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};
use std::thread;
use std::time::Duration;

use reports::model::{Wakes, empty_histogram};
use scenarios::scenario::Idle;
use scenarios::units::Nanos;

use super::ways;
use crate::clock::Clock;
use crate::host::affinity;
use crate::host::cpu::thread_cpu;
use crate::run::RunError;
use crate::run::timer::Timer;

/// Waits a second.
const RATES: [u64; 2] = [1_000, 10_000];
/// From the making of the clock to the first wait.
const LEAD: Duration = Duration::from_millis(5);

/// Waits for `length` at each rate, in each way.
pub(super) fn measure(length: Nanos, core: Option<usize>) -> Result<Vec<Wakes>, RunError> {
    let mut rows = Vec::new();
    for (idle, name) in ways() {
        for rate_per_s in RATES {
            let wait = move || wait(idle, rate_per_s, length, core);
            let row = thread::spawn(wait)
                .join()
                .unwrap_or(Err(RunError::LanePanicked))?;
            rows.push(Wakes {
                idle: name.to_owned(),
                ..row
            });
        }
    }
    Ok(rows)
}

/// On the calling thread, which it keeps on `core`.
fn wait(
    idle: Idle,
    rate_per_s: u64,
    length: Nanos,
    core: Option<usize>,
) -> Result<Wakes, RunError> {
    if let Some(core) = core {
        affinity::pin(core).map_err(RunError::Pin)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let clock = Clock::starting_in(LEAD);
    let gap = Nanos(Nanos::SECOND.0 / rate_per_s);
    let mut late = empty_histogram();
    let cpu = runtime.block_on(async {
        let mut timer = Timer::new(clock.clone(), idle)?;
        let begin = thread_cpu();
        for number in 1..=length.0 / gap.0 {
            let at = Nanos(number * gap.0);
            poll_fn(|cx| until(at, &clock, &mut timer, cx)).await?;
            late.saturating_record(clock.now().since(at).0.max(1));
        }
        io::Result::Ok(thread_cpu().since(begin))
    })?;
    Ok(Wakes {
        idle: String::new(),
        rate_per_s,
        count: late.len(),
        p50_ns: late.value_at_quantile(0.5),
        p99_ns: late.value_at_quantile(0.99),
        max_ns: late.max(),
        cpu_share: cpu.as_secs_f64() / clock.now().as_secs_f64(),
    })
}

fn until(
    at: Nanos,
    clock: &Clock,
    timer: &mut Timer,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    while clock.now() < at {
        ready!(timer.poll_until(cx, at))?;
    }
    Poll::Ready(Ok(()))
}
