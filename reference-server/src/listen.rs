//! Where the server listens: an address as written, and the socket it becomes.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use socket2::{Domain, Socket, Type};

use crate::error::ServeError;

/// Connections that may wait to be accepted: a runner opens all of its channels at once.
const BACKLOG: i32 = 4096;

/// Where the server listens: `127.0.0.1:0`, `[::1]:50051`, `localhost:50051` or `unix:/path`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// An address and a port; port 0 picks a free one.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

/// Why a text is not an address to listen on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an address to listen on, such as `127.0.0.1:50051`, `[::1]:0` or `unix:/run/greeter.sock`, found `{0}`"
)]
pub struct ListenError(String);

/// A socket that listens already.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener, SocketAddr),
    Unix(UnixListener, SocketFile),
}

/// The file of a Unix socket, which goes when the server goes.
#[derive(Debug)]
pub(crate) struct SocketFile(PathBuf);

impl Listener {
    /// Binds and listens.
    pub(crate) fn bind(listen: &Listen) -> Result<Listener, ServeError> {
        let bound = match listen {
            Listen::Tcp(address) => bind_tcp(*address),
            Listen::Unix(path) => bind_unix(path),
        };
        bound.map_err(|error| explain(listen.clone(), error))
    }

    /// What a client dials, by this scheme. A wildcard address is dialled as the loopback.
    pub(crate) fn address(&self, scheme: &str) -> String {
        match self {
            Listener::Tcp(_, bound) => {
                let ip = match bound.ip() {
                    IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
                    IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
                    ip => ip,
                };
                format!("{scheme}://{}", SocketAddr::new(ip, bound.port()))
            }
            Listener::Unix(_, SocketFile(path)) => format!("unix:{}", path.display()),
        }
    }
}

fn bind_tcp(address: SocketAddr) -> io::Result<Listener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // A server that is started again need not wait for the last one's connections to be forgotten.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    let listener = TcpListener::from(socket);
    let bound = listener.local_addr()?;
    Ok(Listener::Tcp(listener, bound))
}

fn bind_unix(path: &Path) -> io::Result<Listener> {
    remove_stale(path);
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&socket2::SockAddr::unix(path)?)?;
    let file = SocketFile(path.to_owned());
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(Listener::Unix(UnixListener::from(socket), file))
}

/// Removes the socket of a server that is gone: it is there, but nobody answers.
fn remove_stale(path: &Path) {
    let is_socket = path
        .symlink_metadata()
        .is_ok_and(|file| file.file_type().is_socket());
    let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    if is_socket && UnixStream::connect(path).is_err_and(refused) {
        // Where this fails, bind fails too and says why.
        let _ = std::fs::remove_file(path);
    }
}

fn explain(listen: Listen, error: io::Error) -> ServeError {
    match error.kind() {
        io::ErrorKind::AddrInUse => ServeError::InUse(listen),
        io::ErrorKind::NotFound => ServeError::NoFolder(listen),
        io::ErrorKind::AddrNotAvailable => ServeError::NoSuchAddress(listen),
        io::ErrorKind::PermissionDenied => ServeError::Forbidden(listen),
        _ => ServeError::Listen(listen, error),
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Someone may have removed it already.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl FromStr for Listen {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Listen, ListenError> {
        if let Some(path) = text.strip_prefix("unix:") {
            // `unix:///path` is the same in URI form.
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() {
                Err(ListenError(text.into()))
            } else {
                Ok(Listen::Unix(path.into()))
            };
        }
        let schemes = ["http://", "https://"];
        let bare = schemes
            .into_iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .unwrap_or(text);
        let mut addresses = bare
            .to_socket_addrs()
            .map_err(|_| ListenError(text.into()))?;
        addresses
            .next()
            .map(Listen::Tcp)
            .ok_or_else(|| ListenError(text.into()))
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listen::Tcp(address) => address.fmt(f),
            Listen::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        let tcp = |text: &str| Ok(Listen::Tcp(text.parse().unwrap()));
        assert_eq!("127.0.0.1:0".parse(), tcp("127.0.0.1:0"));
        assert_eq!("[::1]:50051".parse(), tcp("[::1]:50051"));
        assert_eq!("http://127.0.0.1:80".parse(), tcp("127.0.0.1:80"));
        assert_eq!("unix:/a/b".parse(), Ok(Listen::Unix("/a/b".into())));
        assert_eq!("unix:///a/b".parse(), Ok(Listen::Unix("/a/b".into())));
        for wrong in ["", "50051", "127.0.0.1", "127.0.0.1:99999", "unix:"] {
            assert_eq!(
                wrong.parse::<Listen>(),
                Err(ListenError(wrong.into())),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_wildcard_address_is_dialled_as_the_loopback() {
        let listener = Listener::bind(&"0.0.0.0:0".parse().unwrap()).unwrap();
        assert!(
            listener.address("http").starts_with("http://127.0.0.1:"),
            "{}",
            listener.address("http")
        );
    }

    #[test]
    fn a_second_server_on_the_same_port_is_a_usage_error() {
        let first = Listener::bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
        let error = Listener::bind(&first.address("http").parse().unwrap()).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("in use"), "{error}");
    }

    #[test]
    fn the_socket_of_a_dead_server_is_taken_over_and_of_a_living_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("greeter.sock");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());

        let listen = Listen::Unix(path.clone());
        let living = Listener::bind(&listen).unwrap();
        assert!(matches!(Listener::bind(&listen), Err(ServeError::InUse(_))));
        drop(living);
        assert!(!path.exists());
    }
}
