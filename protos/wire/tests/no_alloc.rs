//! Once warm, a call allocates nothing: neither half, ten thousand times over.

use wire::{
    Call, Client, ClientEvents, Config, FieldList, Message, Outcome, Request, Server, ServerEvents,
    Status, Template,
};

#[derive(Default)]
struct Caller {
    ok: u64,
}

impl ClientEvents for Caller {
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
        0
    }
    fn end(&mut self, call: Call) {
        self.due.push(call.stream);
    }
}

/// Runs `turns` turns of ten calls and says how many allocations they made.
fn allocations(config: &Config, message: &Message, turns: u64) -> u64 {
    let request = Template::request(&Request::new("localhost", "/a.B/C"));
    let (head, trailers) = (Template::response(&[]), Template::trailers(Status::OK, &[]));
    let (mut client, mut caller) = (Client::new(config), Caller::default());
    let (mut server, mut sink) = (Server::new(config), Sink::default());
    let mut turn = || {
        for token in 0..10 {
            client.start(&request, token, message, true).expect("room");
        }
        while client.output_len() > 0 || server.output_len() > 0 {
            let len = client.output().len();
            server
                .receive(client.output(), &mut sink)
                .expect("our own client");
            client.advance(len);
            for stream in sink.due.drain(..) {
                server
                    .respond_unary(stream, &head, message, &trailers)
                    .expect("open");
            }
            server.pump(&mut sink);
            let len = server.output().len();
            client
                .receive(server.output(), &mut caller)
                .expect("our own server");
            server.advance(len);
            client.pump(&mut caller);
        }
    };
    for _ in 0..100 {
        turn();
    }
    let made = allocation_counter::measure(|| {
        for _ in 0..turns {
            turn();
        }
    });
    assert_eq!(caller.ok, 10 * (100 + turns));
    made.count_total
}

#[test]
fn ten_thousand_warm_calls_allocate_nothing() {
    let message = Message::new(&[7; 16]);
    assert_eq!(allocations(&Config::default(), &message, 1000), 0);
    let stateless = Config {
        header_table_size: 0,
        ..Config::default()
    };
    assert_eq!(allocations(&stateless, &message, 1000), 0);
}

#[test]
fn large_messages_that_wait_for_windows_allocate_nothing() {
    let narrow = Config {
        initial_stream_window: 65_535,
        connection_window: 65_535,
        ..Config::default()
    };
    assert_eq!(allocations(&narrow, &Message::new(&[7; 100_000]), 100), 0);
}
