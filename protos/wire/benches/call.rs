//! Unary calls between both halves in memory, a hundred to a turn, and each half alone.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wire::{
    Call, Client, ClientEvents, Config, FieldList, Message, Outcome, Piece, Request, Server,
    ServerEvents, Status, Template,
};

const BATCH: u64 = 100;

#[derive(Default)]
struct Caller {
    ok: u64,
    bytes: u64,
}

impl ClientEvents for Caller {
    fn message(&mut self, _: Call, piece: Piece<'_>) {
        self.bytes += piece.bytes.len() as u64;
    }
    fn end(&mut self, _: Call, outcome: &Outcome<'_>) {
        self.ok += u64::from(outcome.status == Status::OK);
    }
}

#[derive(Default)]
struct Sink {
    due: Vec<u32>,
}

impl ServerEvents for Sink {
    fn route(&mut self, _: &FieldList) -> u64 {
        1
    }
    fn end(&mut self, call: Call) {
        self.due.push(call.stream);
    }
}

struct Pair {
    client: Client,
    caller: Caller,
    server: Server,
    sink: Sink,
    request: Template,
    head: Template,
    trailers: Template,
    message: Message,
}

impl Pair {
    fn new() -> Self {
        let config = Config::default();
        let mut pair = Pair {
            client: Client::new(&config),
            caller: Caller::default(),
            server: Server::new(&config),
            sink: Sink::default(),
            request: Template::request(&Request::new(
                "127.0.0.1:50051",
                "/helloworld.Greeter/SayHello",
            )),
            head: Template::response(&[]),
            trailers: Template::trailers(Status::OK, &[]),
            message: Message::new(&[7; 16]),
        };
        for _ in 0..3 {
            pair.turn();
        }
        pair
    }

    fn start(&mut self) {
        for token in 0..BATCH {
            self.client
                .start(&self.request, token, &self.message, true)
                .expect("room for a batch");
        }
    }

    fn serve(&mut self) {
        self.server
            .receive(self.client.output(), &mut self.sink)
            .expect("our own client");
        self.client.advance(self.client.output_len());
        for stream in self.sink.due.drain(..) {
            self.server
                .respond_unary(stream, &self.head, &self.message, &self.trailers)
                .expect("an open stream");
        }
    }

    fn finish(&mut self) {
        self.client
            .receive(self.server.output(), &mut self.caller)
            .expect("our own server");
        self.server.advance(self.server.output_len());
    }

    fn turn(&mut self) {
        self.start();
        self.serve();
        self.finish();
    }
}

fn both_halves(c: &mut Criterion) {
    let mut group = c.benchmark_group("unary, batch of 100");
    group.throughput(Throughput::Elements(BATCH));
    let mut pair = Pair::new();
    group.bench_function("both halves", |b| b.iter(|| pair.turn()));
    // The client alone: what it does is timed, what the server does in between is not.
    group.bench_function("client half", |b| {
        b.iter_custom(|turns| {
            timed(turns, &mut pair, |pair, clock| {
                clock(&mut || pair.start());
                pair.serve();
                clock(&mut || pair.finish());
            })
        });
    });
    group.bench_function("server half", |b| {
        b.iter_custom(|turns| {
            timed(turns, &mut pair, |pair, clock| {
                pair.start();
                clock(&mut || pair.serve());
                pair.finish();
            })
        });
    });
    group.finish();
    assert!(pair.caller.ok > 0);
    assert_eq!(pair.caller.bytes, pair.caller.ok * 16);
}

type Clock<'a> = &'a mut dyn FnMut(&mut dyn FnMut());

#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark times; there is no run whose clock it could disturb"
)]
fn timed(
    turns: u64,
    pair: &mut Pair,
    mut turn: impl FnMut(&mut Pair, Clock<'_>),
) -> std::time::Duration {
    let mut sum = std::time::Duration::ZERO;
    for _ in 0..turns {
        turn(pair, &mut |work| {
            let start = std::time::Instant::now();
            work();
            sum += start.elapsed();
        });
    }
    sum
}

criterion_group!(benches, both_halves);
criterion_main!(benches);
