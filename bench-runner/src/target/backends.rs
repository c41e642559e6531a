//! The servers that channels are spread over: the addresses of a target, and all that their names stand for.

use std::io;
use std::net::ToSocketAddrs as _;

use scenarios::scenario::Address;

use crate::engine::{ConnectError, ConnectFailure};

/// One server that channels go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    /// What is called there: the authority of its calls.
    pub address: Address,
    /// Which of the addresses of its name, where it has several.
    pub at: Option<Address>,
}

impl Backend {
    /// Its name in a result.
    pub fn name(&self) -> String {
        match &self.at {
            None => self.address.to_string(),
            Some(Address::Tcp { host, .. }) => format!("{} at {host}", self.address),
            Some(at) => format!("{} at {at}", self.address),
        }
    }
}

/// All servers behind some addresses; names are looked up here, once for the whole repetition.
///
/// # Errors
///
/// Where a name stands for nothing.
pub fn backends(addresses: &[Address]) -> Result<Vec<Backend>, ConnectError> {
    let mut all = Vec::new();
    for address in addresses {
        let found = look_up(address).map_err(|error| ConnectError {
            target: address.to_string(),
            why: ConnectFailure::Io(error),
        })?;
        let several = found.len() > 1;
        all.extend(found.into_iter().map(|at| Backend {
            address: address.clone(),
            at: several.then_some(at),
        }));
    }
    Ok(all)
}

/// What a name stands for, each address once; one that is no name stands for itself.
fn look_up(address: &Address) -> io::Result<Vec<Address>> {
    let Address::Tcp { host, port, tls } = address else {
        return Ok(vec![address.clone()]);
    };
    let mut found: Vec<Address> = Vec::new();
    for socket in (host.as_str(), *port).to_socket_addrs()? {
        let at = Address::Tcp {
            host: socket.ip().to_string(),
            port: *port,
            tls: *tls,
        };
        if !found.contains(&at) {
            found.push(at);
        }
    }
    if found.is_empty() {
        return Err(io::Error::other("the host has no address"));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str) -> Address {
        Address::Tcp {
            host: host.to_owned(),
            port: 5,
            tls: false,
        }
    }

    #[test]
    fn an_address_stands_for_itself_and_a_socket_too() {
        let socket = Address::Unix("/run/x.sock".into());
        let all = backends(&[tcp("127.0.0.1"), tcp("::1"), socket]).unwrap();
        let names: Vec<String> = all.iter().map(Backend::name).collect();
        assert_eq!(
            names,
            ["http://127.0.0.1:5", "http://[::1]:5", "unix:/run/x.sock"]
        );
        assert!(all.iter().all(|backend| backend.at.is_none()));
    }

    #[test]
    fn a_name_that_stands_for_nothing_is_told_of() {
        let error = backends(&[tcp("no-such-host.invalid")]).unwrap_err();
        assert!(
            error.to_string().contains("http://no-such-host.invalid:5"),
            "{error}"
        );
    }
}
