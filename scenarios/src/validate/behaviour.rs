//! How the reference server misbehaves, checked.

use crate::behaviour::{
    Behaviour, Blackhole, Cadence, Drift, ErrorBehaviour, Queue, SlowConnection, Stall, Warmup,
};
use crate::file::{BehaviourFile, ErrorFile, QueueFile, ServiceLaw};
use crate::law::{Drawn, Exponential, Law};
use crate::scenario::Face;
use crate::status::StatusCode;
use crate::tree::KeyPath;
use crate::units::{Nanos, Share};

use super::metadata::plain_metadata;
use super::target::check_law;
use super::{DAY, HOUR, Problem, within};

pub(super) fn behaviour(
    file: BehaviourFile,
    face: Face,
    at: &KeyPath,
) -> Result<Behaviour, Problem> {
    if let Some(delay) = &file.delay {
        check_law(&at.key("delay"), delay, HOUR)?;
    }
    if let Some(spin) = file.spin {
        let range = Nanos::from_micros(1)..=Nanos::SECOND;
        within(&at.key("spin"), spin, range)?;
    }
    if let Some(delay) = file.window_update_delay {
        window_update_delay(delay, face, &at.key("window_update_delay"))?;
    }
    Ok(Behaviour {
        delay: file.delay,
        error: checked(file.error, &at.key("error"), error)?,
        require: plain_metadata(&at.key("require"), file.require.unwrap_or_default())?,
        spin: file.spin,
        stall: checked(file.stall, &at.key("stall"), stall)?,
        queue: checked(file.queue, &at.key("queue"), queue)?,
        blackhole: checked(file.blackhole, &at.key("blackhole"), blackhole)?,
        slow_connection: checked(file.slow_connection, &at.key("slow_connection"), slow)?,
        warmup: checked(file.warmup, &at.key("warmup"), warmup)?,
        drift: checked(file.drift, &at.key("drift"), drift)?,
        cadence: checked(file.cadence, &at.key("cadence"), cadence)?,
        window_update_delay: file.window_update_delay,
    })
}

/// Checks what is there.
fn checked<File, Meant>(
    file: Option<File>,
    at: &KeyPath,
    check: impl FnOnce(File, &KeyPath) -> Result<Meant, Problem>,
) -> Result<Option<Meant>, Problem> {
    file.map(|file| check(file, at)).transpose()
}

fn error(file: ErrorFile, at: &KeyPath) -> Result<ErrorBehaviour, Problem> {
    if let Some(delay) = &file.delay {
        check_law(&at.key("delay"), delay, HOUR)?;
    }
    let code = file.code.unwrap_or(StatusCode(14));
    if code == StatusCode::OK {
        return Err(Problem::new(
            at.key("code"),
            "expected a status code other than OK",
        ));
    }
    Ok(ErrorBehaviour {
        share: within(&at.key("share"), file.share, 0.0..=1.0)?,
        code,
        delay: file.delay,
    })
}

fn stall(stall: Stall, at: &KeyPath) -> Result<Stall, Problem> {
    let Stall {
        period,
        width,
        phase,
    } = stall;
    within(&at.key("period"), period, Nanos::from_millis(1)..=HOUR)?;
    if width == Nanos::ZERO || width >= period {
        let message =
            format!("expected a width above 0s and below the period of {period}, found {width}");
        return Err(Problem::new(at.key("width"), message)
            .help("a server that never answers is a `blackhole: { share: 1 }`"));
    }
    if phase >= period {
        let message = format!("expected a phase below the period of {period}, found {phase}");
        return Err(Problem::new(at.key("phase"), message));
    }
    Ok(stall)
}

fn queue(file: QueueFile, at: &KeyPath) -> Result<Queue, Problem> {
    check_law(&at.key("service"), &file.service, HOUR)?;
    let service = match (file.service, file.law) {
        (Law::Fixed(mean), Some(ServiceLaw::Exponential)) => {
            Law::Drawn(Drawn::Exponential(Exponential { mean }))
        }
        (Law::Drawn(_), Some(_)) => {
            let message = "expected no `law` beside a `service` that is a distribution already";
            return Err(Problem::new(at.key("law"), message)
                .help("leave `law` out, or write a duration as the `service`"));
        }
        (service, _) => service,
    };
    Ok(Queue {
        service,
        servers: within(&at.key("servers"), file.servers.unwrap_or(1), 1..=1024)?,
        seed: file.seed.unwrap_or(1),
    })
}

fn blackhole(blackhole: Blackhole, at: &KeyPath) -> Result<Blackhole, Problem> {
    within(&at.key("share"), blackhole.share, 0.0..=1.0)?;
    Ok(blackhole)
}

fn slow(slow: SlowConnection, at: &KeyPath) -> Result<SlowConnection, Problem> {
    within(&at.key("index"), slow.index, 0..=9999)?;
    within(&at.key("delay"), slow.delay, Nanos::ZERO..=HOUR)?;
    Ok(slow)
}

fn warmup(warmup: Warmup, at: &KeyPath) -> Result<Warmup, Problem> {
    within(&at.key("for"), warmup.length, Nanos::ZERO..=DAY)?;
    within(&at.key("factor"), warmup.factor, 0.0..=1000.0)?;
    Ok(warmup)
}

fn drift(drift: Drift, at: &KeyPath) -> Result<Drift, Problem> {
    let range = Share::new(0.0)..=Share::new(10.0);
    within(&at.key("per_second"), drift.per_second, range)?;
    Ok(drift)
}

fn cadence(cadence: Cadence, at: &KeyPath) -> Result<Cadence, Problem> {
    within(&at.key("every"), cadence.every, Nanos::ZERO..=HOUR)?;
    if let Some(number) = cadence.stall_at {
        within(&at.key("stall_at"), number, 1..=1_000_000)?;
    }
    if let Some(stall) = cadence.stall {
        within(&at.key("stall"), stall, Nanos::ZERO..=HOUR)?;
    }
    match (cadence.stall_at, cadence.stall) {
        (Some(_), None) => {
            let message = "expected `stall` beside `stall_at`: how much later that reply comes";
            Err(Problem::new(at.key("stall_at"), message))
        }
        (None, Some(_)) => {
            let message = "expected `stall_at` beside `stall`: which reply comes later";
            Err(Problem::new(at.key("stall"), message))
        }
        _ => Ok(cadence),
    }
}

fn window_update_delay(delay: Nanos, face: Face, at: &KeyPath) -> Result<(), Problem> {
    within(at, delay, Nanos::from_micros(1)..=HOUR)?;
    if face == Face::Raw {
        return Ok(());
    }
    let message =
        "expected `face: raw` with it: the HTTP/2 of the tonic face gives credit back when it will";
    Err(Problem::new(at.clone(), message)
        .in_key()
        .help("write `face: raw` beside `behaviour`"))
}
