//! From a scenario as written to one as meant: all defaults are filled in here, once, and all ranges checked.

mod behaviour;
mod call;
mod connections;
mod load;
mod metadata;
mod mix;
mod network;
mod peer;
mod security;
mod semantics;
mod service;
mod stream;
mod target;

use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::file::{ClientFile, ClientHttp2File, PhasesFile, RecordFile, ScenarioFile};
use crate::load::Load;
use crate::scenario::{Client, ClientHttp2, Phases, Record, Scenario, Target};
use crate::tree::KeyPath;
use crate::units::{Bytes, Nanos};

pub(crate) use peer::beyond_a_peer;
pub(crate) use target::{reference_server, target};

/// What is wrong with a value whose name and type are right.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) path: KeyPath,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    /// Whether it is the key that is wrong, rather than its value.
    pub(crate) in_key: bool,
}

impl Problem {
    pub(crate) fn new(path: KeyPath, message: impl Into<String>) -> Problem {
        Problem {
            path,
            message: message.into(),
            help: None,
            in_key: false,
        }
    }

    fn help(self, help: impl Into<String>) -> Problem {
        Problem {
            help: Some(help.into()),
            ..self
        }
    }

    fn in_key(self) -> Problem {
        Problem {
            in_key: true,
            ..self
        }
    }
}

const HOUR: Nanos = Nanos(3600 * Nanos::SECOND.0);
const DAY: Nanos = Nanos(24 * 3600 * Nanos::SECOND.0);
/// The largest window that HTTP/2 can announce, RFC 9113 section 6.9.1.
const MAX_WINDOW: Bytes = Bytes((1 << 31) - 1);
/// The window that a connection begins with, RFC 9113 section 6.9.2; no setting makes it smaller.
const MIN_CONNECTION_WINDOW: Bytes = Bytes((1 << 16) - 1);
/// The bounds of SETTINGS_MAX_FRAME_SIZE, RFC 9113 section 6.5.2.
const FRAME_SIZES: RangeInclusive<Bytes> = Bytes(1 << 14)..=Bytes((1 << 24) - 1);

/// Gives a scenario its meaning.
pub(crate) fn scenario(file: ScenarioFile) -> Result<Scenario, Problem> {
    check_name(&file.name)?;
    let target = target(file.target)?;
    let client = client(file.client.unwrap_or_default(), &target)?;
    security::both(&target, &client)?;
    if file.network.is_some() {
        connections::check_network(&client, &target)?;
    }
    let network = file.network.map(network::network).transpose()?;
    let calls = mix::calls(file.call, file.calls)?;
    let load = load::load(file.load, client.channels)?;
    let phases = phases(&file.phases.unwrap_or_default(), &load)?;
    let record = record(&file.record.unwrap_or_default())?;
    let limits = file.limits.unwrap_or_default();
    mix::check_limits(&limits, &calls)?;
    let repetitions = within(
        &KeyPath::of("repetitions"),
        file.repetitions.unwrap_or(1),
        1..=1000,
    )?;
    Ok(Scenario {
        name: file.name,
        about: file.about.unwrap_or_default(),
        target,
        client,
        network,
        calls,
        load,
        phases,
        record,
        repetitions,
        seed: file.seed.unwrap_or(42),
        limits,
    })
}

/// A name becomes a folder, so it is spelt with what is harmless there.
pub(crate) fn check_name(name: &str) -> Result<(), Problem> {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if (1..=80).contains(&name.len()) && !name.starts_with(['.', '-']) && name.chars().all(harmless)
    {
        return Ok(());
    }
    let message = format!(
        "expected a name of 1 to 80 letters, digits, `-`, `_` and `.`, beginning with a letter or digit, found `{name}`"
    );
    Err(Problem::new(KeyPath::of("name"), message).help("sentences go into `about`"))
}

fn client(file: ClientFile, target: &Target) -> Result<Client, Problem> {
    let at = KeyPath::of("client");
    let channels = within(&at.key("channels"), file.channels.unwrap_or(1), 1..=10_000)?;
    let lanes = within(&at.key("lanes"), file.lanes.unwrap_or(1), 1..=1024)?;
    if lanes > channels {
        let message = format!(
            "expected at most one lane for each channel, found {lanes} lanes for {channels}"
        );
        return Err(Problem::new(at.key("lanes"), message)
            .help("raise `client.channels` or lower `client.lanes`"));
    }
    let connect_ramp = connections::connect_ramp(&file)?;
    let calls_per_channel = connections::calls_per_channel(&file)?;
    let balance = connections::balance(&file, target);
    let cpus = cpus(&at.key("cpus"), file.cpus)?;
    let http2 = client_http2(&file.http2.unwrap_or_default())?;
    let tls = file
        .tls
        .map(|tls| security::client_tls(tls, &at.key("tls")))
        .transpose()?;
    let tcp = security::tcp(&file.tcp.unwrap_or_default(), &at.key("tcp"))?;
    Ok(Client {
        engine: file.engine.unwrap_or_default(),
        lanes,
        cpus,
        channels,
        idle: file.idle.unwrap_or_default(),
        connect_ramp,
        balance,
        calls_per_channel,
        user_agent: semantics::user_agent(&at.key("user_agent"), file.user_agent)?,
        http2,
        tls,
        tcp,
    })
}

fn client_http2(file: &ClientHttp2File) -> Result<ClientHttp2, Problem> {
    let at = KeyPath::of("client.http2");
    if let Some(keepalive) = &file.keepalive {
        within(
            &at.join("keepalive.interval"),
            keepalive.interval,
            Nanos::from_millis(1)..=DAY,
        )?;
        within(
            &at.join("keepalive.timeout"),
            keepalive.timeout,
            Nanos::from_millis(1)..=DAY,
        )?;
    }
    let table = file.header_table_size.unwrap_or(Bytes(4096));
    Ok(ClientHttp2 {
        initial_stream_window: stream_window(&at, file.initial_stream_window, Bytes(2 << 20))?,
        initial_connection_window: connection_window(&at, file.initial_connection_window)?,
        max_frame_size: frame_size(&at, file.max_frame_size)?,
        header_table_size: within(
            &at.key("header_table_size"),
            table,
            Bytes(0)..=Bytes(16 << 20),
        )?,
        keepalive: file.keepalive,
    })
}

fn stream_window(http2: &KeyPath, window: Option<Bytes>, default: Bytes) -> Result<Bytes, Problem> {
    within(
        &http2.key("initial_stream_window"),
        window.unwrap_or(default),
        Bytes(1)..=MAX_WINDOW,
    )
}

fn connection_window(http2: &KeyPath, window: Option<Bytes>) -> Result<Bytes, Problem> {
    let window = window.unwrap_or(Bytes(64 << 20));
    within(
        &http2.key("initial_connection_window"),
        window,
        MIN_CONNECTION_WINDOW..=MAX_WINDOW,
    )
}

fn frame_size(http2: &KeyPath, size: Option<Bytes>) -> Result<Bytes, Problem> {
    within(
        &http2.key("max_frame_size"),
        size.unwrap_or(*FRAME_SIZES.start()),
        FRAME_SIZES,
    )
}

fn phases(file: &PhasesFile, load: &Load) -> Result<Phases, Problem> {
    let at = KeyPath::of("phases");
    let measure = match load {
        Load::Stages(stages) => {
            let sum = stages
                .iter()
                .fold(Nanos::ZERO, |sum, stage| sum + stage.duration);
            if let Some(measure) = file.measure.filter(|measure| *measure != sum) {
                let message = format!(
                    "expected no `measure` beside stages, which last {sum}, found `{measure}`"
                );
                return Err(Problem::new(at.key("measure"), message).help("leave `measure` out"));
            }
            sum
        }
        _ => file.measure.unwrap_or(Nanos(5 * Nanos::SECOND.0)),
    };
    Ok(Phases {
        warm_up: within(
            &at.key("warm_up"),
            file.warm_up.unwrap_or(Nanos::SECOND),
            Nanos::ZERO..=DAY,
        )?,
        measure: within(&at.key("measure"), measure, Nanos::from_millis(1)..=DAY)?,
        drain: within(
            &at.key("drain"),
            file.drain.unwrap_or(Nanos::SECOND),
            Nanos::ZERO..=DAY,
        )?,
    })
}

fn record(file: &RecordFile) -> Result<Record, Problem> {
    let at = KeyPath::of("record.calls");
    let calls = file
        .calls
        .map(|calls| within(&at, calls, 1..=10_000_000))
        .transpose()?;
    Ok(Record { calls })
}

fn cpus(at: &KeyPath, cpus: Option<Vec<usize>>) -> Result<Vec<usize>, Problem> {
    let cpus = cpus.unwrap_or_default();
    for (index, cpu) in cpus.iter().enumerate() {
        within(&at.index(index), *cpu, 0..=1023)?;
    }
    Ok(cpus)
}

/// Passes a value on that is in its range.
pub(crate) fn within<T: PartialOrd + Display>(
    path: &KeyPath,
    value: T,
    range: RangeInclusive<T>,
) -> Result<T, Problem> {
    if range.contains(&value) {
        return Ok(value);
    }
    let message = format!(
        "expected a value from {} to {}, found {value}",
        range.start(),
        range.end()
    );
    Err(Problem::new(path.clone(), message))
}
