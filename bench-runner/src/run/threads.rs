//! The lanes' threads: each opens its channels, says so, waits for the common start, and runs its lane to the end.

use std::future::poll_fn;
use std::io;
use std::sync::mpsc;
use std::task::{Context, Poll, ready};
use std::thread::{self, JoinHandle};

use scenarios::load::Part;
use scenarios::scenario::Idle;
use scenarios::units::Nanos;
use tokio::sync::oneshot;

use super::RunError;
use super::lane::{Lane, LaneRecord, Turn};
use super::timer::Timer;
use super::watch::{Board, Stop, Watch};
use crate::clock::Clock;
use crate::engine::raw::Raw;
use crate::engine::tonic::Tonic;
use crate::engine::{Channels, Engine, Opening};
use crate::host::{affinity, scheduling};
use crate::plan::{LanePlan, Plan};
use crate::record::CallLog;

/// Lanes whose channels are open, waiting for the start.
pub struct Lanes(Vec<LaneThread>);

/// Lanes at work.
pub struct Running(Vec<JoinHandle<Result<LaneRecord, RunError>>>);

struct LaneThread {
    start: oneshot::Sender<Clock>,
    thread: JoinHandle<Result<LaneRecord, RunError>>,
}

/// Finds the first target that answers.
///
/// # Errors
///
/// Why none does.
pub fn first_that_answers(plan: &Plan) -> Result<usize, RunError> {
    match plan.engine {
        scenarios::scenario::Engine::Tonic => first_with::<Tonic>(plan),
        scenarios::scenario::Engine::Raw => first_with::<Raw>(plan),
    }
}

fn first_with<E: Engine>(plan: &Plan) -> Result<usize, RunError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut failures = Vec::new();
    for (number, to) in plan.endpoints.iter().enumerate() {
        let opening = Opening {
            to: to.clone(),
            after: Nanos::ZERO,
        };
        match runtime.block_on(E::open(&[opening])) {
            Ok(_) => return Ok(number),
            Err(error) => failures.push(error),
        }
    }
    Err(RunError::NoneAnswers(failures))
}

/// Starts the lanes' threads and waits until all channels are open and have answered.
pub fn open(plan: &Plan, stop: &Stop, board: &Board) -> Result<Lanes, RunError> {
    match plan.engine {
        scenarios::scenario::Engine::Tonic => open_with::<Tonic>(plan, stop, board),
        scenarios::scenario::Engine::Raw => open_with::<Raw>(plan, stop, board),
    }
}

fn open_with<E: Engine>(plan: &Plan, stop: &Stop, board: &Board) -> Result<Lanes, RunError> {
    let (opened, all_opened) = mpsc::channel();
    let mut lanes = Vec::with_capacity(plan.lanes.len());
    for lane in &plan.lanes {
        let (start, started) = oneshot::channel();
        let (plan, lane, opened) = (plan.clone(), *lane, opened.clone());
        let watch = Watch::new(stop.clone(), board.clone());
        let work = move || run::<E>(&plan, &lane, watch, &opened, started);
        let name = format!("lane-{}", lane.share.part.index);
        lanes.push(LaneThread {
            start,
            thread: thread::Builder::new().name(name).spawn(work)?,
        });
    }
    drop(opened);
    if all_opened.iter().take(lanes.len()).count() == lanes.len() {
        return Ok(Lanes(lanes));
    }
    // A lane has ended instead of opening its channels: it knows why. Those that wait are let go without a start.
    let threads: Vec<_> = lanes.into_iter().map(|lane| lane.thread).collect();
    let failures = threads.into_iter().filter_map(|thread| join(thread).err());
    let cause = failures
        .filter(|failure| !matches!(failure, RunError::NotStarted))
        .last();
    Err(cause.unwrap_or(RunError::LanePanicked))
}

impl Lanes {
    /// Lets all lanes begin on one clock.
    pub fn begin(self, clock: &Clock) -> Running {
        Running(
            self.0
                .into_iter()
                .map(|lane| {
                    // A lane that has ended does not listen; joining it tells why.
                    let _ = lane.start.send(clock.clone());
                    lane.thread
                })
                .collect(),
        )
    }
}

impl Running {
    /// Whether all lanes have ended.
    pub fn is_finished(&self) -> bool {
        self.0.iter().all(JoinHandle::is_finished)
    }

    /// Waits for all lanes.
    pub fn join(self) -> Result<Vec<LaneRecord>, RunError> {
        self.0.into_iter().map(join).collect()
    }
}

fn join(thread: JoinHandle<Result<LaneRecord, RunError>>) -> Result<LaneRecord, RunError> {
    thread.join().unwrap_or(Err(RunError::LanePanicked))
}

fn run<E: Engine>(
    plan: &Plan,
    lane: &LanePlan,
    watch: Watch,
    opened: &mpsc::Sender<()>,
    started: oneshot::Receiver<Clock>,
) -> Result<LaneRecord, RunError> {
    if let Some(core) = lane.core {
        affinity::pin(core).map_err(RunError::Pin)?;
    }
    if plan.idle == Idle::Spin && scheduling::is_real_time() {
        return Err(RunError::RealTimeSpin);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let log = plan.logged_calls.map(|calls| {
            let Part { index, of } = lane.share.part;
            let names = plan.mix.named().iter().map(|named| named.name.clone());
            CallLog::new(index, calls.div_ceil(of) as usize).naming(names, plan.parts())
        });
        let engine = E::open(&plan.openings(lane)).await?;
        let begin = engine.prepare(plan.mix.clone());
        let _ = opened.send(());
        // The other lanes may have failed: then nobody starts this one.
        let clock = started.await.map_err(|_| RunError::NotStarted)?;
        // Until its start the clock stands at zero: what began before would seem to have taken less time than it did.
        thread::sleep(clock.until(Nanos::ZERO));
        let mut timer = Timer::new(clock.clone(), plan.idle)?;
        let channels = begin(clock.clone());
        let targets = plan.targets_of(lane);
        let mut lane = Lane::new(
            clock,
            channels,
            plan.mix.clone(),
            plan.timeline.clone(),
            lane.share,
            watch,
        )
        .idling(plan.idle)
        .with_log(log)
        .with_targets(plan.parts().targets, targets)
        .with_calls_per_channel(plan.calls_per_channel);
        poll_fn(|cx| turn(&mut lane, &mut timer, cx)).await?;
        Ok(lane.into_record())
    })
}

/// Turns the lane until it has to wait for its timer or its connections.
fn turn<C: Channels>(
    lane: &mut Lane<C>,
    timer: &mut Timer,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    loop {
        match lane.turn(cx) {
            Turn::Finished => return Poll::Ready(Ok(())),
            Turn::Until(at) => ready!(timer.poll_until(cx, at))?,
            Turn::AtOnce => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }
}
