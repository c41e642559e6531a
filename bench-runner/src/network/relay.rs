//! The link's thread: takes in what comes, lets out what is due, and does nothing else.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::sync::Arc;

use nix::errno::Errno;
use reports::model;
use scenarios::scenario::Network;
use scenarios::units::Nanos;

use super::connection::{Connection, Medium};
use super::control::{Control, Stage};
use super::link::{Link, Way};
use super::reactor::{Reactor, now};
use super::resets::Resets;
use super::socket::{Listener, Peer};
use super::tally::Tally;

/// What is read at once.
const BUFFER: usize = 64 << 10;
/// Reads between two looks at what is due.
const READS: usize = 16;
/// What all connections together may hold. A link with a bandwidth never comes near it.
const MOST_HELD: usize = 256 << 20;
const LISTENER: u64 = 0;

/// The link at work.
pub(super) struct Relay {
    reactor: Reactor,
    control: Arc<Control>,
    listener: Listener,
    peer: Peer,
    rtt: Nanos,
    medium: Medium,
    connections: Vec<Slot>,
    free: Vec<usize>,
    /// Ended in this turn: their places are free in the next.
    ended: Vec<usize>,
    due: BinaryHeap<Reverse<Due>>,
    /// Connections that have something to take in, in turn.
    inputs: [VecDeque<Id>; 2],
    buffer: Box<[u8]>,
    resets: Option<Resets>,
    stage: Stage,
    summary: Option<model::Network>,
    held_back_since: Option<Nanos>,
}

/// A place for a connection. Its generation tells the connections apart that have had it.
#[derive(Default)]
struct Slot {
    generation: u32,
    connection: Option<Connection>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Id {
    slot: usize,
    generation: u32,
}

/// Something to be done at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    at: Nanos,
    id: Id,
    task: Task,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    /// The client's connecting is over: it may be heard.
    Open,
    /// The client's first word is about to arrive: the server is connected to.
    Connect,
    LetOut(Way),
}

impl Relay {
    pub(super) fn new(
        network: &Network,
        peer: Peer,
        listener: Listener,
        control: Arc<Control>,
        seed: u64,
    ) -> io::Result<Relay> {
        let reactor = Reactor::new(control.waker())?;
        reactor.watch(&listener, LISTENER)?;
        Ok(Relay {
            reactor,
            control,
            listener,
            peer,
            rtt: network.rtt,
            medium: Medium {
                links: Way::BOTH.map(|way| Link::new(network, way, seed)),
                tally: Tally::new(),
                held: 0,
            },
            connections: Vec::new(),
            free: Vec::new(),
            ended: Vec::new(),
            due: BinaryHeap::new(),
            inputs: Default::default(),
            buffer: vec![0; BUFFER].into_boxed_slice(),
            resets: network.resets.map(|rate| Resets::new(rate, seed)),
            stage: Stage::Opening,
            summary: None,
            held_back_since: None,
        })
    }

    /// Works until it is told to finish; tells what it has done over the measured time.
    pub(super) fn run(mut self) -> io::Result<model::Network> {
        while self.stage != Stage::Finished {
            let until = self.next();
            let happened = self.reactor.wait(until)?;
            self.hear(happened)?;
            self.heed();
            self.do_what_is_due();
            self.reset_some();
            Way::BOTH.into_iter().for_each(|way| self.take_in(way));
            self.bury();
        }
        let summary = self.summary.unwrap_or_else(|| self.medium.tally.summary());
        Ok(model::Network {
            resets: self.medium.tally.resets,
            connections: self.medium.tally.connections,
            ..summary
        })
    }

    /// When there is something to do even if nothing happens.
    fn next(&self) -> Option<Nanos> {
        let due = self.due.peek().map(|Reverse(due)| due.at);
        let resets = self.resets.as_ref().and_then(Resets::next);
        let inputs = Way::BOTH.into_iter().filter_map(|way| {
            let waits = !self.inputs[way as usize].is_empty() && self.medium.held < MOST_HELD;
            waits.then(|| self.medium.links[way as usize].roomy_at())
        });
        inputs.chain(due).chain(resets).min()
    }

    fn hear(&mut self, happened: usize) -> io::Result<()> {
        for index in 0..happened {
            let Some(event) = self.reactor.event(index) else {
                continue;
            };
            if event.name == LISTENER {
                self.accept()?;
                continue;
            }
            let (slot, way) = named(event.name);
            let Some(connection) = self.connections[slot].connection.as_mut() else {
                continue;
            };
            if event.readable {
                connection.on_readable(way);
            }
            if event.writable {
                connection.on_writable(way, &mut self.medium);
            }
            self.settle(slot);
        }
        Ok(())
    }

    fn accept(&mut self) -> io::Result<()> {
        while let Some(client) = self.listener.accept().map_err(explain)? {
            let id = self.place();
            self.reactor.watch(&client, name(id.slot, Way::ToServer))?;
            self.connections[id.slot].connection = Some(Connection::new(client));
            self.medium.tally.connections += 1;
            // SYN and its answer take a round trip; the server hears the end of the handshake half of one later.
            let at = now() + self.rtt;
            for (at, task) in [
                (at, Task::Open),
                (at + Nanos(self.rtt.0 / 2), Task::Connect),
            ] {
                self.due.push(Reverse(Due { at, id, task }));
            }
        }
        Ok(())
    }

    fn place(&mut self) -> Id {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.connections.push(Slot::default());
            self.connections.len() - 1
        });
        let generation = self.connections[slot].generation + 1;
        self.connections[slot].generation = generation;
        Id { slot, generation }
    }

    /// Notices what is said from outside.
    fn heed(&mut self) {
        let stage = self.control.stage();
        if stage == self.stage {
            return;
        }
        self.stage = stage;
        match stage {
            Stage::Measured => self.medium.tally.begin(),
            Stage::Draining => self.summary = Some(self.medium.tally.summary()),
            _ => {}
        }
        if let Some(resets) = &mut self.resets {
            resets.heed(stage, now());
        }
    }

    fn do_what_is_due(&mut self) {
        while let Some(Reverse(due)) = self.due.peek().copied()
            && due.at <= now()
        {
            self.due.pop();
            let Some(connection) = connection(&mut self.connections, due.id) else {
                continue;
            };
            match due.task {
                Task::Open => connection.open(),
                Task::Connect => self.connect(due.id.slot),
                Task::LetOut(way) => {
                    connection.is_due(way);
                    connection.let_out(way, &mut self.medium);
                }
            }
            self.settle(due.id.slot);
        }
    }

    fn connect(&mut self, slot: usize) {
        let server = self.peer.connect();
        if let Err(error) = &server
            && error.raw_os_error() == Some(Errno::EAGAIN as i32)
        {
            // A Unix socket whose backlog is full says so instead of waiting.
            let id = Id {
                slot,
                generation: self.connections[slot].generation,
            };
            let (at, task) = (now() + Nanos::from_millis(1), Task::Connect);
            return self.due.push(Reverse(Due { at, id, task }));
        }
        let Some(connection) = &mut self.connections[slot].connection else {
            return;
        };
        if let Some(socket) = connection.connect(server, &mut self.medium)
            && self
                .reactor
                .watch(socket, name(slot, Way::ToClient))
                .is_err()
        {
            connection.reset();
        }
    }

    fn reset_some(&mut self) {
        let Some(resets) = &mut self.resets else {
            return;
        };
        while resets.is_due(now()) {
            let open = |slot: &Slot| {
                let connection = slot.connection.as_ref();
                connection
                    .is_some_and(|connection| !connection.is_over() && connection.is_established())
            };
            let candidates: Vec<usize> = (0..self.connections.len())
                .filter(|slot| open(&self.connections[*slot]))
                .collect();
            let Some(slot) = resets.choose(&candidates) else {
                continue;
            };
            if let Some(connection) = &mut self.connections[slot].connection {
                connection.reset();
                self.medium.tally.resets += 1;
                self.ended.push(slot);
            }
        }
    }

    /// Takes in from those that have something, each in turn, while the link has room.
    fn take_in(&mut self, way: Way) {
        for _ in 0..READS {
            let at = now();
            let is_full = self.medium.held >= MOST_HELD && !self.inputs[way as usize].is_empty();
            self.note_held_back(is_full, at);
            let link = &self.medium.links[way as usize];
            if is_full || link.roomy_at() > at {
                return;
            }
            let most = BUFFER.min(link.room(at));
            let Some(id) = self.inputs[way as usize].pop_front() else {
                return;
            };
            if let Some(connection) = connection(&mut self.connections, id) {
                connection.is_next(way);
                if connection.has_input(way) {
                    connection.take_in(way, &mut self.buffer[..most], &mut self.medium);
                }
                self.settle(id.slot);
            }
            if self.due.peek().is_some_and(|Reverse(due)| due.at <= at) {
                return;
            }
        }
    }

    fn note_held_back(&mut self, is_full: bool, at: Nanos) {
        match (is_full, self.held_back_since) {
            (true, None) => self.held_back_since = Some(at),
            (false, Some(since)) => {
                self.medium.tally.held_back(at.since(since));
                self.held_back_since = None;
            }
            _ => {}
        }
    }

    /// Notes what a connection waits for now, or that it has ended.
    fn settle(&mut self, slot: usize) {
        let Slot {
            generation,
            connection: Some(connection),
        } = &mut self.connections[slot]
        else {
            return;
        };
        if connection.is_over() {
            self.ended.push(slot);
            return;
        }
        let id = Id {
            slot,
            generation: *generation,
        };
        for way in Way::BOTH {
            if connection.queue(way) {
                self.inputs[way as usize].push_back(id);
            }
            if let Some(at) = connection.schedule(way) {
                let task = Task::LetOut(way);
                self.due.push(Reverse(Due { at, id, task }));
            }
        }
    }

    fn bury(&mut self) {
        for slot in self.ended.drain(..) {
            if let Some(connection) = self.connections[slot].connection.take() {
                self.medium.held -= connection.held();
                self.free.push(slot);
            }
        }
    }
}

fn connection(connections: &mut [Slot], id: Id) -> Option<&mut Connection> {
    let slot = &mut connections[id.slot];
    let connection = slot.connection.as_mut();
    connection.filter(|connection| slot.generation == id.generation && !connection.is_over())
}

/// What the socket where `way` of a connection begins is called.
fn name(slot: usize, way: Way) -> u64 {
    LISTENER + 1 + slot as u64 * 2 + way as u64
}

fn named(name: u64) -> (usize, Way) {
    let index = (name - LISTENER - 1) as usize;
    (index / 2, Way::BOTH[index % 2])
}

fn explain(error: io::Error) -> io::Error {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EMFILE | Errno::ENFILE) => io::Error::new(
            error.kind(),
            format!("{error}; each channel takes three: raise `ulimit -n`, or use fewer channels"),
        ),
        _ => error,
    }
}
