//! A channel for what is asked of a target beside the load: what it has counted, whether it is right, what it offers.

use std::io;

use hyper_util::rt::TokioIo;
use scenarios::scenario::Address;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint, Error, Uri};

use crate::tls::Tls;

/// Connects to a target, secured where there is something to secure it with.
///
/// # Errors
///
/// Where it cannot be reached, or the connection not be secured.
pub async fn channel(address: &Address, tls: Option<&Tls>) -> Result<Channel, Error> {
    let endpoint = Endpoint::from_shared(address.to_string())?;
    match (address, tls) {
        (Address::Tcp { host, port, .. }, Some(tls)) => {
            let (place, tls) = ((host.clone(), *port), tls.apart());
            let connector = tower::service_fn(move |_: Uri| secured(place.clone(), tls.clone()));
            endpoint.connect_with_connector(connector).await
        }
        _ => endpoint.connect().await,
    }
}

async fn secured(place: (String, u16), tls: Tls) -> io::Result<TokioIo<TlsStream<TcpStream>>> {
    let stream = TcpStream::connect(place).await?;
    stream.set_nodelay(true)?;
    Ok(TokioIo::new(tls.connect(stream).await?.0))
}
