//! A cell before it is measured: the server answers every method as it should, and both sides count the same.

use std::time::Duration;

use prost::Message as _;
use protos::helloworld::greeter_client::GreeterClient;
use protos::helloworld::{HelloReply, HelloRequest, ReplyShape};
use reports::model::{MethodCounts, Repetition};
use scenarios::load::{Closed, Load};
use scenarios::method::Method;
use scenarios::scenario::{Behaviour, Scenario, Target as TargetOf};
use scenarios::units::Nanos;
use tonic::transport::Channel;
use tonic::{Status, Streaming};

use super::{Cell, Stack};
use crate::dial;
use crate::run::RunError;
use crate::run::repetition::Surroundings;
use crate::target::{Counted, Target};

/// How long a server may take to answer ten calls, one after the other.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the pair is tried; a fast one makes thousands of calls in it, a slow one some.
const TRIAL: Nanos = Nanos::from_millis(200);
/// How long the last call of the trial may take.
const DRAIN: Nanos = Nanos::from_millis(10_000);
/// What the streams of the check carry, and the length of shaped replies.
const MANY: u32 = 3;
const SIZE: u32 = 33;

/// Why a cell is not measured.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It could not be tried.
    #[error(transparent)]
    Run(Box<RunError>),
    /// It was, and something is wrong with it.
    #[error("{0}")]
    Wrong(String),
}

impl From<RunError> for Refusal {
    fn from(error: RunError) -> Refusal {
        Refusal::Run(Box::new(error))
    }
}

/// Calls every method of the server, then lets the client call it for a moment.
///
/// # Errors
///
/// What is not as it should be, with what was expected and what was found.
pub fn verify(cell: &Cell, around: &mut Surroundings<'_>) -> Result<(), Refusal> {
    check_server(cell, around)?;
    let trial = cell.case.with(trial(&cell.case.scenario));
    let made = Cell::run_case(&cell.client, &trial, 0, around)?;
    let tried = made.repetition;
    if let Some(death) = made.died {
        return Err(Refusal::Wrong(death.told_of(cell.server.name())));
    }
    let wrong = |what: String| Err(Refusal::Wrong(what));
    if tried.counts.ok == 0 || tried.counts.ok != tried.counts.started {
        let failures = tried
            .failures
            .iter()
            .map(|f| format!("{}: {}", f.status, f.message));
        let statuses = tried
            .counts
            .by_status
            .iter()
            .map(|(name, n)| format!("{n} {name}"));
        let said: Vec<String> = statuses.chain(failures).collect();
        return wrong(format!(
            "in a trial run {} of {} calls ended OK ({})",
            tried.counts.ok,
            tried.counts.started,
            said.join("; ")
        ));
    }
    counts_differ(&tried).map_or(Ok(()), wrong)
}

/// Both sides' counts, where all calls ended OK and they differ.
pub fn counts_differ(repetition: &Repetition) -> Option<String> {
    let counts = &repetition.counts;
    let undisturbed = counts.ok > 0 && counts.ok == counts.started;
    let (client, server) = (
        &repetition.totals.client,
        repetition.totals.server.as_ref()?,
    );
    (undisturbed && client != server).then(|| {
        format!(
            "the two sides did not count the same: the client {}; the server {}",
            say(client),
            say(server)
        )
    })
}

fn say(counts: &MethodCounts) -> String {
    format!(
        "{} calls, {} requests ({} B), {} replies ({} B)",
        counts.calls, counts.requests, counts.request_bytes, counts.replies, counts.reply_bytes
    )
}

/// The cell's work, short and undisturbed.
fn trial(scenario: &Scenario) -> Scenario {
    let mut trial = undisturbed(scenario);
    trial.phases.warm_up = Nanos::ZERO;
    trial.phases.measure = TRIAL;
    trial.phases.drain = DRAIN;
    trial.calls.iter_mut().for_each(|call| call.deadline = None);
    trial.load = Load::Closed(Closed {
        in_flight: 1,
        think_time: Nanos::ZERO,
    });
    trial
}

fn undisturbed(scenario: &Scenario) -> Scenario {
    let mut plain = scenario.clone();
    match &mut plain.target {
        TargetOf::ReferenceServer(server) => server.behaviour = Behaviour::default(),
        TargetOf::Peer(server) => server.behaviour = Behaviour::default(),
        TargetOf::Address(_) | TargetOf::Addresses(_) | TargetOf::Command(_) => {}
    }
    plain
}

fn check_server(cell: &Cell, around: &Surroundings<'_>) -> Result<(), Refusal> {
    if matches!(cell.server, Stack::Tonic | Stack::Raw) {
        // Its own tests say more than this could.
        return Ok(());
    }
    let plain = undisturbed(&cell.case.scenario);
    let mut target = Target::start(&plain, &around.program).map_err(RunError::from)?;
    let checked = check(&target);
    let died = target.stop();
    match (checked, died) {
        (Ok(()), None) => Ok(()),
        (Err(what), None) => Err(Refusal::Wrong(format!(
            "the server of `{}` {what}",
            cell.server.name()
        ))),
        (_, Some(death)) => Err(Refusal::Wrong(death.told_of(cell.server.name()))),
    }
}

fn check(target: &Target) -> Result<(), String> {
    let before = counters(target)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot be called: {error}"))?;
    let calls = runtime.block_on(async {
        tokio::time::timeout(PATIENCE, call_all(target))
            .await
            .unwrap_or_else(|_| {
                Err(format!(
                    "did not answer ten calls within {} s",
                    PATIENCE.as_secs()
                ))
            })
    })?;
    let after = counters(target)?;
    for ((before, after), (method, expected)) in before.into_iter().zip(after).zip(calls) {
        let found = after.since(&before).methods;
        if found != expected {
            return Err(format!(
                "counted of {method} {} instead of {}",
                say(&found),
                say(&expected)
            ));
        }
    }
    Ok(())
}

/// What the server has counted, method by method.
fn counters(target: &Target) -> Result<Vec<Counted>, String> {
    let counted = Method::ALL.map(|method| target.counters(&[method]));
    let counted: Option<Vec<Counted>> = counted.into_iter().collect();
    counted.ok_or_else(|| {
        "does not answer bench_runner.reference.v1.Reference/GetCounters, so nobody can tell whether both sides count \
         the same"
            .to_owned()
    })
}

/// Calls every method twice, as a stock client would and with a shape; tells what each then should have counted.
async fn call_all(target: &Target) -> Result<Vec<(Method, MethodCounts)>, String> {
    let refused = |error: tonic::transport::Error| format!("cannot be called: {error}");
    let channel = dial::channel(target.address(), target.tls()).await;
    let mut greeter = GreeterClient::new(channel.map_err(refused)?);
    let mut counted = Vec::new();
    for method in Method::ALL {
        let mut counts = MethodCounts::default();
        for shape in [None, Some(SIZE)] {
            let requests = requests(method, shape);
            let expected = expected(method, shape);
            let found = call(&mut greeter, method, requests.clone())
                .await
                .map_err(|status| {
                    format!(
                        "ended {method} with {:?}: {}",
                        status.code(),
                        status.message()
                    )
                })?;
            compare(method, shape, &found, &expected)?;
            let length = |message: &String| {
                HelloReply {
                    message: message.clone(),
                }
                .encoded_len() as u64
            };
            counts.calls += 1;
            counts.requests += requests.len() as u64;
            counts.replies += found.len() as u64;
            counts.request_bytes += requests.iter().map(|r| r.encoded_len() as u64).sum::<u64>();
            counts.reply_bytes += found.iter().map(length).sum::<u64>();
        }
        counted.push((method, counts));
    }
    Ok(counted)
}

fn requests(method: Method, size: Option<u32>) -> Vec<HelloRequest> {
    let many = if method.pattern().streams_requests() {
        MANY
    } else {
        1
    };
    let shape = ReplyShape {
        size,
        messages: (method == Method::LotsOfReplies).then_some(MANY),
        ..ReplyShape::default()
    };
    let request = |n: u32| HelloRequest {
        name: format!("peer {n}"),
        reply: size.map(|_| shape.clone()),
    };
    (0..many).map(request).collect()
}

/// The replies by the book: greetings without a shape, with it so many of so many bytes.
fn expected(method: Method, size: Option<u32>) -> Vec<String> {
    let greeting = |n: u32| match size {
        Some(size) => "x".repeat(size as usize),
        None => format!("Hello, peer {n}!"),
    };
    match method {
        Method::BidiHello => (0..MANY).map(greeting).collect(),
        Method::LotsOfReplies if size.is_some() => vec![greeting(0); MANY as usize],
        _ => vec![greeting(0)],
    }
}

/// Of a shaped reply only the length is agreed on.
fn compare(
    method: Method,
    size: Option<u32>,
    found: &[String],
    expected: &[String],
) -> Result<(), String> {
    let lengths = |texts: &[String]| texts.iter().map(String::len).collect::<Vec<_>>();
    match size {
        None if found != expected => Err(format!(
            "answered {method} with {found:?} instead of {expected:?}"
        )),
        Some(_) if lengths(found) != lengths(expected) => Err(format!(
            "answered {method} with replies of {:?} bytes instead of {:?}",
            lengths(found),
            lengths(expected)
        )),
        _ => Ok(()),
    }
}

async fn call(
    greeter: &mut GreeterClient<Channel>,
    method: Method,
    mut requests: Vec<HelloRequest>,
) -> Result<Vec<String>, Status> {
    let stream = tokio_stream(requests.clone());
    let one = |reply: HelloReply| vec![reply.message];
    match method {
        Method::SayHello => Ok(one(greeter
            .say_hello(requests.remove(0))
            .await?
            .into_inner())),
        Method::SayHelloAgain => Ok(one(greeter
            .say_hello_again(requests.remove(0))
            .await?
            .into_inner())),
        Method::LotsOfGreetings => Ok(one(greeter.lots_of_greetings(stream).await?.into_inner())),
        Method::LotsOfReplies => {
            all(greeter
                .lots_of_replies(requests.remove(0))
                .await?
                .into_inner())
            .await
        }
        Method::BidiHello => all(greeter.bidi_hello(stream).await?.into_inner()).await,
    }
}

fn tokio_stream(requests: Vec<HelloRequest>) -> impl futures_util::Stream<Item = HelloRequest> {
    futures_util::stream::iter(requests)
}

async fn all(mut replies: Streaming<HelloReply>) -> Result<Vec<String>, Status> {
    let mut texts = Vec::new();
    while let Some(reply) = replies.message().await? {
        texts.push(reply.message);
        // A server that never stops is wrong already.
        if texts.len() > 2 * MANY as usize {
            break;
        }
    }
    Ok(texts)
}
