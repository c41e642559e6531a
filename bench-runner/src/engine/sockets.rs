//! TCP sockets of the engines, with the options that a scenario asks for.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};

use scenarios::scenario::Tcp;
use scenarios::units::Bytes;
use socket2::{Domain, Socket, Type};
use tokio::net::{TcpSocket, TcpStream};

/// A socket that never blocks, about to connect to such an address.
pub(super) fn tcp(to: SocketAddr, options: &Tcp) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(options.nodelay)?;
    if let Some(size) = options.send_buffer {
        socket.set_send_buffer_size(bytes(size))?;
    }
    if let Some(size) = options.receive_buffer {
        socket.set_recv_buffer_size(bytes(size))?;
    }
    if let Some(source) = options.source {
        let bound = socket.bind(&SocketAddr::new(source, 0).into());
        bound.map_err(|error| io::Error::new(error.kind(), NoSource(source, error.to_string())))?;
    }
    Ok(socket)
}

/// Connects to the first of a host's addresses that takes it.
pub(super) async fn connect(addresses: &[SocketAddr], options: &Tcp) -> io::Result<TcpStream> {
    let mut refused = io::Error::other("the host has no address");
    for address in addresses {
        let socket = match tcp(*address, options) {
            Ok(socket) => TcpSocket::from_std_stream(socket.into()),
            Err(error) => {
                refused = error;
                continue;
            }
        };
        match socket.connect(*address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

fn bytes(size: Bytes) -> usize {
    usize::try_from(size.0).unwrap_or(usize::MAX)
}

/// Connections cannot come from the address that the scenario asks for.
#[derive(Clone, Debug)]
pub struct NoSource(IpAddr, String);

impl fmt::Display for NoSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NoSource(source, why) = self;
        write!(
            f,
            "connections cannot come from {source}: {why}; give `client.tcp.source` an address of this machine, of the \
             target's family"
        )
    }
}

impl std::error::Error for NoSource {}
