//! One connection through the link: two sockets, and what is on its way between them in each direction.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use scenarios::units::Nanos;

use super::link::{Link, Packet, Way, What};
use super::reactor::now;
use super::socket::Socket;
use super::tally::Tally;

/// What an empty pipe may keep of its memory.
const KEPT: usize = 1 << 20;

/// What all connections share.
pub(super) struct Medium {
    pub(super) links: [Link; 2],
    pub(super) tally: Tally,
    /// Bytes that all pipes hold.
    pub(super) held: usize,
}

/// One connection through the link.
pub(super) struct Connection {
    /// By the way that what is read there goes: the client's socket, and the server's.
    ends: [End; 2],
    pipes: [Pipe; 2],
    is_over: bool,
}

/// One of the two sockets.
#[derive(Default)]
struct End {
    socket: Option<Socket>,
    /// Whether it may be read from and written to: it is connected, and the time that connecting takes is over.
    is_open: bool,
    readable: bool,
    writable: bool,
}

/// What is on its way in one direction.
#[derive(Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    /// What is in the link. The bytes of its packets are the last of `bytes`.
    packets: VecDeque<Packet>,
    /// The first of `bytes`, which came out of the link and wait for the socket.
    arrived: usize,
    /// Nothing more goes in.
    is_closed: bool,
    /// What came out of the link last of all was its end.
    has_ended: bool,
    /// Nobody is left to take what comes out.
    is_dead: bool,
    /// Whether the relay knows when the first of the packets is due.
    is_scheduled: bool,
    /// Whether it waits for its turn to take something in.
    is_waiting: bool,
}

impl Connection {
    /// A client has connected; the server is not asked yet.
    pub(super) fn new(client: Socket) -> Connection {
        let client = End {
            socket: Some(client),
            ..End::default()
        };
        Connection {
            ends: [client, End::default()],
            pipes: Default::default(),
            is_over: false,
        }
    }

    /// Whether nothing is left of it.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether both ends are connected.
    pub(super) fn is_established(&self) -> bool {
        self.ends.iter().all(|end| end.is_open)
    }

    /// The client has waited as long as connecting takes.
    pub(super) fn open(&mut self) {
        self.ends[Way::ToServer as usize].is_open = true;
    }

    /// Begins to connect to the server; gives the socket to be watched.
    pub(super) fn connect(
        &mut self,
        server: io::Result<Socket>,
        medium: &mut Medium,
    ) -> Option<&Socket> {
        match server {
            Ok(socket) => self.ends[Way::ToClient as usize].socket = Some(socket),
            Err(_) => self.fail(Way::ToClient, medium),
        }
        self.ends[Way::ToClient as usize].socket.as_ref()
    }

    /// The socket where `way` begins has something to read.
    pub(super) fn on_readable(&mut self, way: Way) {
        self.ends[way as usize].readable = true;
    }

    /// The socket where `way` begins has room, or has connected.
    pub(super) fn on_writable(&mut self, way: Way, medium: &mut Medium) {
        let end = &mut self.ends[way as usize];
        end.writable = true;
        if way == Way::ToClient && !end.is_open {
            match end.socket.as_ref().map_or(Ok(()), Socket::connected) {
                Ok(()) => end.is_open = true,
                Err(_) => return self.fail(way, medium),
            }
        }
        self.write(way.back(), medium);
    }

    /// Whether there is something to take in, and whoever is to get it takes what it gets.
    pub(super) fn has_input(&self, way: Way) -> bool {
        let (end, pipe) = (&self.ends[way as usize], &self.pipes[way as usize]);
        end.is_open && end.readable && !pipe.is_closed && !pipe.is_dead && pipe.arrived == 0
    }

    /// Reads once, and puts what came into the link; at most as much as `buffer` holds.
    pub(super) fn take_in(&mut self, way: Way, buffer: &mut [u8], medium: &mut Medium) {
        let (end, pipe) = (&mut self.ends[way as usize], &mut self.pipes[way as usize]);
        let Some(socket) = &mut end.socket else {
            return;
        };
        let at = now();
        let link = &mut medium.links[way as usize];
        match socket.read(buffer) {
            Ok(None) => end.readable = false,
            Ok(Some(0)) => {
                pipe.is_closed = true;
                link.end(at, What::End, &mut pipe.packets);
            }
            Ok(Some(length)) => {
                pipe.bytes.extend(&buffer[..length]);
                medium.held += length;
                link.take(at, length, &mut pipe.packets);
            }
            Err(_) => self.fail(way, medium),
        }
    }

    /// Lets out what is due, and writes it.
    pub(super) fn let_out(&mut self, way: Way, medium: &mut Medium) {
        let at = now();
        let pipe = &mut self.pipes[way as usize];
        while let Some(packet) = pipe
            .packets
            .front()
            .copied()
            .filter(|packet| packet.due <= at)
        {
            pipe.packets.pop_front();
            medium.tally.late(at.since(packet.due));
            match packet.what {
                What::Bytes(bytes) => {
                    pipe.arrived += bytes;
                    medium.tally.arrived(way, bytes);
                }
                What::End => pipe.has_ended = true,
                What::Reset => return self.reset(),
            }
        }
        self.write(way, medium);
    }

    /// When the next packet is due, if there is one that the relay does not know of.
    pub(super) fn schedule(&mut self, way: Way) -> Option<Nanos> {
        let pipe = &mut self.pipes[way as usize];
        let due = pipe.packets.front()?.due;
        (!std::mem::replace(&mut pipe.is_scheduled, true)).then_some(due)
    }

    /// The relay has come to the time that it was told.
    pub(super) fn is_due(&mut self, way: Way) {
        self.pipes[way as usize].is_scheduled = false;
    }

    /// Queues for its turn to take something in; tells whether it did not wait already.
    pub(super) fn queue(&mut self, way: Way) -> bool {
        self.has_input(way) && !std::mem::replace(&mut self.pipes[way as usize].is_waiting, true)
    }

    /// Its turn has come.
    pub(super) fn is_next(&mut self, way: Way) {
        self.pipes[way as usize].is_waiting = false;
    }

    /// Ends at once, at both ends.
    pub(super) fn reset(&mut self) {
        for end in &mut self.ends {
            if let Some(socket) = end.socket.take() {
                socket.reset();
            }
        }
        self.is_over = true;
    }

    /// Bytes that it holds.
    pub(super) fn held(&self) -> usize {
        self.pipes.iter().map(|pipe| pipe.bytes.len()).sum()
    }

    /// Writes what has come out of the link, as far as the socket takes it.
    fn write(&mut self, way: Way, medium: &mut Medium) {
        let (end, pipe) = (
            &mut self.ends[way.back() as usize],
            &mut self.pipes[way as usize],
        );
        let Some(socket) = end.socket.as_mut().filter(|_| end.is_open) else {
            return;
        };
        while pipe.arrived > 0 && end.writable {
            match socket.write(&pipe.slices()) {
                Ok(None) => end.writable = false,
                Ok(Some(written)) => {
                    pipe.written(written);
                    medium.held -= written;
                }
                Err(_) => return self.fail(way.back(), medium),
            }
        }
        if pipe.has_ended && pipe.arrived == 0 && !std::mem::replace(&mut pipe.is_dead, true) {
            socket.end();
            self.is_over = self.pipes.iter().all(|pipe| pipe.is_dead);
        }
    }

    /// The socket where `way` begins is gone: the other end hears of it as late as of anything else.
    fn fail(&mut self, way: Way, medium: &mut Medium) {
        self.ends[way as usize] = End::default();
        let lost = &mut self.pipes[way.back() as usize];
        medium.held -= lost.bytes.len();
        *lost = Pipe {
            is_dead: true,
            is_closed: true,
            is_scheduled: lost.is_scheduled,
            is_waiting: lost.is_waiting,
            ..Pipe::default()
        };
        let pipe = &mut self.pipes[way as usize];
        if !pipe.is_dead {
            pipe.is_closed = true;
            medium.links[way as usize].end(now(), What::Reset, &mut pipe.packets);
        } else {
            self.is_over = true;
        }
    }
}

impl Pipe {
    /// What has come out of the link, in the two pieces that a ring has.
    fn slices(&self) -> [IoSlice<'_>; 2] {
        let (first, second) = self.bytes.as_slices();
        let whole = first.len().min(self.arrived);
        [
            IoSlice::new(&first[..whole]),
            IoSlice::new(&second[..self.arrived - whole]),
        ]
    }

    fn written(&mut self, bytes: usize) {
        self.bytes.drain(..bytes);
        self.arrived -= bytes;
        if self.bytes.is_empty() && self.bytes.capacity() > KEPT {
            self.bytes.shrink_to(KEPT);
        }
    }
}
