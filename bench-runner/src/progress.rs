//! Life during the run: a line that moves where there is a terminal, a plain line every few seconds where there is none.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reports::view::format;
use scenarios::Suite;
use scenarios::units::Nanos;

use crate::clock::Clock;
use crate::output;
use crate::record::Recent;
use crate::run::repetition::Watcher;

/// How often a moving line is drawn anew, and how often a plain one is printed.
const REFRESH: Nanos = Nanos::from_millis(500);
const PLAIN: Nanos = Nanos::from_millis(3_000);

/// Shows how the run gets on, on standard error.
pub struct Progress {
    shown: Shown,
    total: usize,
    begun: usize,
    title: String,
    phase: String,
    length: Nanos,
    clock: Clock,
    recent: Recent,
    since: Nanos,
}

enum Shown {
    Nothing,
    Lines,
    Bar(ProgressBar),
}

impl Progress {
    /// Shows nothing where `quiet`.
    pub fn new(quiet: bool, suite: &Suite) -> Progress {
        let repetitions = suite
            .cases
            .iter()
            .map(|case| case.scenario.repetitions as usize);
        Progress::of(quiet, repetitions.sum())
    }

    /// Of so many repetitions, or of 0 where nobody knows; shows nothing where `quiet`.
    pub fn of(quiet: bool, total: usize) -> Progress {
        let shown = match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Shown::Nothing,
            (false, true) => Shown::Bar(bar()),
            (false, false) => Shown::Lines,
        };
        Progress {
            shown,
            total,
            begun: 0,
            title: String::new(),
            phase: String::new(),
            length: Nanos::ZERO,
            clock: Clock::starting_in(Duration::ZERO),
            recent: Recent::new(),
            since: Nanos::ZERO,
        }
    }

    /// Whether it shows nothing.
    pub fn is_quiet(&self) -> bool {
        matches!(self.shown, Shown::Nothing)
    }

    /// The next repetition begins.
    pub fn begin(&mut self, case: &str, number: u32, of: u32) {
        self.begun += 1;
        let repetition = if of > 1 && number < of {
            format!(" (repetition {} of {of})", number + 1)
        } else if of > 1 {
            " (once more)".to_owned()
        } else {
            String::new()
        };
        let of = match self.total {
            0 => String::new(),
            total => format!("/{total}"),
        };
        self.title = format!("[{}{of}] {case}{repetition}", self.begun);
        if matches!(self.shown, Shown::Lines) {
            output::tell(&self.title);
        }
    }

    /// There is nothing more to show, however many repetitions there were.
    pub fn close(&mut self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }

    fn show(&self, text: &str) {
        match &self.shown {
            Shown::Nothing => {}
            Shown::Lines => output::tell(&format!("  {text}")),
            Shown::Bar(bar) => bar.set_message(format!("{} {text}", self.title)),
        }
    }

    /// What has happened since the last line, as a line.
    fn line(&self, now: Nanos) -> String {
        let seconds = now.since(self.since).as_secs_f64().max(1e-9);
        let times = self.recent.response_time.histogram();
        let p99 = (!times.is_empty()).then(|| times.value_at_quantile(0.99));
        format!(
            "{}: {} calls/s, response p99 {}, {} errors, {:.0} s left",
            self.phase,
            format::count((self.recent.ended as f64 / seconds).round() as u64),
            format::or_dash(p99, |ns| format::duration(ns as f64)),
            format::count(self.recent.failed),
            self.length.since(now).as_secs_f64().ceil(),
        )
    }
}

impl Watcher for Progress {
    fn phase(&mut self, name: &str, length: Duration) {
        self.clock = Clock::starting_in(Duration::ZERO);
        self.since = Nanos::ZERO;
        self.recent = Recent::new();
        self.length = length.into();
        self.phase = name.to_owned();
        if let Shown::Bar(_) = self.shown {
            self.show(name);
        }
    }

    fn tick(&mut self, recent: &Recent) {
        self.recent.add(recent);
        let now = self.clock.now();
        let every = if matches!(self.shown, Shown::Bar(_)) {
            REFRESH
        } else {
            PLAIN
        };
        if now.since(self.since) < every || matches!(self.shown, Shown::Nothing) {
            return;
        }
        let line = self.line(now);
        self.show(&line);
        self.since = now;
        self.recent = Recent::new();
    }

    fn finished(&mut self) {
        if let Shown::Bar(bar) = &self.shown
            && self.begun == self.total
        {
            bar.finish_and_clear();
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_draw_target(ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}
