//! The server itself: bound first, so that its address is known, then served until it is told to stop.

use std::io;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use protos::encoding::Encoding;
use protos::reference::Counters;
use protos::reference::reference_server::ReferenceServer as CountsServer;
use scenarios::scenario::{Face, ReferenceServer, ServerHttp2};
use scenarios::units::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tonic::server::NamedService;
use tonic::transport::server::{Connected, Router};
use tonic_health::ServingStatus;
use tonic_health::server::{HealthReporter, health_reporter};
use tonic_reflection::server::Builder as Reflection;

use crate::behaviour::Fates;
use crate::counters::{Counts, CountsService};
use crate::encodings::tonics;
use crate::error::ServeError;
use crate::greeter::{Greeter, Shared};
use crate::listen::{Listen, Listener};
use crate::numbered::Numbered;
use crate::raw::{self, Accepted};
use crate::timer::Timer;
use crate::tls::{Acceptor, Secured};
use crate::{incoming, output};

/// What the raw face puts together before it writes.
const OUTPUT: usize = 2 << 20;

/// How long calls in flight may take once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(5);

/// What RFC 9113 allows for SETTINGS_MAX_FRAME_SIZE and for a flow-control window.
const FRAME_SIZES: RangeInclusive<u64> = 16_384..=16_777_215;
const WINDOWS: RangeInclusive<u64> = 1..=2_147_483_647;

/// A reference server that listens and does not serve yet.
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    settings: ReferenceServer,
    http2: Http2,
    /// `None` is plaintext.
    tls: Option<Acceptor>,
}

/// HTTP/2 settings that are known to be in range.
#[derive(Clone, Copy, Debug)]
struct Http2 {
    stream_window: u32,
    connection_window: u32,
    max_streams: u32,
    max_frame: u32,
}

impl Server {
    /// Binds and listens; clients can connect from now on, and are served from [`Server::serve`] on.
    ///
    /// # Errors
    ///
    /// Where the address cannot be had, a setting is out of range, or a certificate cannot be used.
    pub fn bind(listen: &Listen, settings: &ReferenceServer) -> Result<Server, ServeError> {
        let http2 = Http2::checked(&settings.http2)?;
        let tls = settings.tls.as_ref().map(Acceptor::new).transpose()?;
        Ok(Server {
            listener: Listener::bind(listen)?,
            settings: settings.clone(),
            http2,
            tls,
        })
    }

    /// What a client dials, and `target.address` takes: `http://127.0.0.1:41233`, the same with `https`, or `unix:/path`.
    pub fn address(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        self.listener.address(scheme)
    }

    /// Serves until `stop` resolves, then drains: no new connections, GOAWAY to those there are, and calls in flight
    /// finish within five seconds; what takes longer is left to end with the runtime. Gives back what was counted.
    ///
    /// Threads and cores are the runtime's: [`serve`](crate::serve()) makes one as the settings say.
    ///
    /// # Errors
    ///
    /// Where the system refuses a timer or a socket.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<Counters, ServeError> {
        let fates = Fates::new(&self.settings.behaviour);
        let counts = Arc::new(Counts::default());
        match self.settings.face {
            Face::Tonic => self.serve_tonic(fates, counts.clone(), stop).await?,
            Face::Raw => self.serve_raw(fates, counts.clone(), stop).await?,
        }
        Ok(counts.snapshot())
    }

    async fn serve_tonic(
        self,
        fates: Fates,
        counts: Arc<Counts>,
        stop: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let timer = fates
            .is_any()
            .then(|| Timer::start(self.settings.idle))
            .transpose();
        let shared = Arc::new(Shared {
            counts,
            fates,
            timer: timer.map_err(|error| ServeError::System("make a timer", error))?,
        });
        let (health, router) = services(self.http2.builder(), shared).await?;

        let (stopping, stopped) = oneshot::channel();
        let stop = async move {
            stop.await;
            end_watches(health).await;
            // Nobody listens where serving has ended by itself.
            let _ = stopping.send(());
        };
        match self.listener {
            Listener::Tcp(listener, _) => {
                let listener = tokio::net::TcpListener::from_std(listener).map_err(register)?;
                let sockets = incoming::tcp(listener);
                let Some(acceptor) = self.tls else {
                    let incoming = sockets.map(|socket| socket.map(Numbered::new));
                    let serving = serve_on(router, incoming, stop);
                    return drained(serving, stopped, DRAIN).await;
                };
                let secured = |socket| Numbered::new(Secured::new(&acceptor, socket));
                let incoming = sockets.map(|socket| socket.map(secured));
                let serving = serve_on(router, incoming, stop);
                drained(serving, stopped, DRAIN).await
            }
            Listener::Unix(listener, _file) => {
                let listener = tokio::net::UnixListener::from_std(listener).map_err(register)?;
                let incoming = incoming::unix(listener).map(|socket| socket.map(Numbered::new));
                let serving = serve_on(router, incoming, stop);
                drained(serving, stopped, DRAIN).await
            }
        }
    }

    async fn serve_raw(
        self,
        fates: Fates,
        counts: Arc<Counts>,
        stop: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let config = wire::Config {
            hold_streams: fates.credit_delay.is_some(),
            ..self.http2.config()
        };
        let common = raw::common(counts, fates, self.settings.idle, config, self.tls);
        let threads = raw::Face::start(self.settings.threads, &common)?;
        let (stopping, stopped) = oneshot::channel();
        let stop = async move {
            stop.await;
            // Nobody listens where serving has ended by itself.
            let _ = stopping.send(());
        };
        match self.listener {
            Listener::Tcp(listener, _) => {
                let listener = tokio::net::TcpListener::from_std(listener).map_err(register)?;
                let incoming =
                    incoming::tcp(listener).map(|socket| Ok(Accepted::Tcp(socket?.into_std()?)));
                drained(threads.serve(incoming, stop), stopped, DRAIN).await
            }
            Listener::Unix(listener, _file) => {
                let listener = tokio::net::UnixListener::from_std(listener).map_err(register)?;
                let incoming =
                    incoming::unix(listener).map(|socket| Ok(Accepted::Unix(socket?.into_std()?)));
                drained(threads.serve(incoming, stop), stopped, DRAIN).await
            }
        }
    }
}

fn register(error: io::Error) -> ServeError {
    ServeError::System("wait for connections", error)
}

/// The Greeter, the counts, health and reflection.
async fn services(
    mut builder: tonic::transport::Server,
    shared: Arc<Shared>,
) -> Result<(HealthReporter, Router), ServeError> {
    let (health, health_service) = health_reporter();
    health
        .set_service_status(Greeter::NAME, ServingStatus::Serving)
        .await;
    let described = || {
        Reflection::configure()
            .register_encoded_file_descriptor_set(protos::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let wrong = |error| ServeError::System("read its own descriptors", io::Error::other(error));
    let counts = CountsService(shared.counts.clone());
    // A client that compresses does so with all that it calls.
    macro_rules! decompressing {
        ($service:expr) => {
            Encoding::ALL
                .into_iter()
                .fold($service, |service, encoding| {
                    service.accept_compressed(tonics(encoding))
                })
        };
    }
    let router = builder
        .add_service(Greeter(shared))
        .add_service(decompressing!(CountsServer::new(counts)))
        .add_service(decompressing!(health_service))
        .add_service(decompressing!(described().build_v1().map_err(wrong)?))
        .add_service(decompressing!(described().build_v1alpha().map_err(wrong)?));
    Ok((health, router))
}

/// Ends the streams of those who watch the server's health: they would hold up the drain.
async fn end_watches(mut health: HealthReporter) {
    for service in ["", Greeter::NAME] {
        health
            .set_service_status(service, ServingStatus::NotServing)
            .await;
        health.clear_service_status(service).await;
    }
}

async fn serve_on<C>(
    router: Router,
    incoming: impl Stream<Item = io::Result<C>>,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError>
where
    C: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
{
    Ok(router.serve_with_incoming_shutdown(incoming, stop).await?)
}

/// Serves to the end, but not much longer than until `stopped`.
async fn drained(
    serving: impl Future<Output = Result<(), ServeError>>,
    stopped: oneshot::Receiver<()>,
    limit: Duration,
) -> Result<(), ServeError> {
    let patience = async {
        // An error means that serving has ended, and then nobody polls this.
        let _ = stopped.await;
        tokio::time::sleep(limit).await;
    };
    tokio::select! {
        served = serving => served,
        () = patience => {
            output::notice(&format!("warning: not every connection has ended {limit:?} after GOAWAY; the rest is cut off"));
            Ok(())
        }
    }
}

impl Http2 {
    fn checked(settings: &ServerHttp2) -> Result<Http2, ServeError> {
        Ok(Http2 {
            stream_window: within(
                "initial_stream_window",
                settings.initial_stream_window,
                WINDOWS,
            )?,
            connection_window: within(
                "initial_connection_window",
                settings.initial_connection_window,
                WINDOWS,
            )?,
            max_streams: settings.max_concurrent_streams,
            max_frame: within("max_frame_size", settings.max_frame_size, FRAME_SIZES)?,
        })
    }

    /// The settings as the raw face takes them. Sizes of messages are the caller's business, as on the tonic face.
    fn config(self) -> wire::Config {
        wire::Config {
            initial_stream_window: self.stream_window,
            connection_window: self.connection_window,
            max_concurrent_streams: self.max_streams,
            max_frame_size: self.max_frame,
            max_message_size: u32::MAX,
            // So much goes out in one write: the longer it is, the less often the reader has to be woken.
            output_high_water: OUTPUT,
            ..wire::Config::default()
        }
    }

    fn builder(self) -> tonic::transport::Server {
        tonic::transport::Server::builder()
            .initial_stream_window_size(self.stream_window)
            .initial_connection_window_size(self.connection_window)
            .max_concurrent_streams(self.max_streams)
            .max_frame_size(self.max_frame)
    }
}

/// A size that the protocol allows; h2 would panic at another.
fn within(key: &'static str, size: Bytes, allowed: RangeInclusive<u64>) -> Result<u32, ServeError> {
    let size = Some(size.0).filter(|size| allowed.contains(size));
    size.and_then(|size| u32::try_from(size).ok())
        .ok_or(ServeError::Http2 { key, allowed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_drain_that_does_not_end_is_cut_off() {
        let (stopping, stopped) = oneshot::channel();
        stopping.send(()).unwrap();
        drained(std::future::pending(), stopped, Duration::from_millis(1))
            .await
            .unwrap();
    }

    #[test]
    fn settings_that_the_protocol_does_not_have_are_refused() {
        let good = ServerHttp2 {
            initial_stream_window: Bytes(1),
            initial_connection_window: Bytes(2_147_483_647),
            max_concurrent_streams: 1,
            max_frame_size: Bytes(16_384),
        };
        assert!(Http2::checked(&good).is_ok());
        for (key, bad) in [
            (
                "initial_stream_window",
                ServerHttp2 {
                    initial_stream_window: Bytes(1 << 31),
                    ..good
                },
            ),
            (
                "initial_connection_window",
                ServerHttp2 {
                    initial_connection_window: Bytes(0),
                    ..good
                },
            ),
            (
                "max_frame_size",
                ServerHttp2 {
                    max_frame_size: Bytes(16_383),
                    ..good
                },
            ),
            (
                "max_frame_size",
                ServerHttp2 {
                    max_frame_size: Bytes(1 << 24),
                    ..good
                },
            ),
        ] {
            let error = Http2::checked(&bad).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(key), "{error}");
        }
    }
}
