//! What is called, checked.

use std::fmt::Display;

use crate::file::{ReferenceServerFile, ServerHttp2File, TargetFile};
use crate::law::{Law, Quantity};
use crate::scenario::{Address, Listen, ReferenceServer, ServerHttp2, Target};
use crate::tree::KeyPath;
use crate::units::Bytes;

use super::behaviour::behaviour;
use super::peer::peer;
use super::security::server_tls;
use super::{Problem, connection_window, cpus, frame_size, stream_window, within};

/// The target of a scenario.
pub(crate) fn target(file: Option<TargetFile>) -> Result<Target, Problem> {
    let at = KeyPath::of("target");
    match file {
        None => reference_server(ReferenceServerFile::default(), &at).map(Target::ReferenceServer),
        Some(TargetFile::ReferenceServer(file)) => {
            reference_server(file, &at.key("reference_server")).map(Target::ReferenceServer)
        }
        Some(TargetFile::Address(text)) => address(&at.key("address"), &text).map(Target::Address),
        Some(TargetFile::Addresses(texts)) => {
            addresses(&at.key("addresses"), &texts).map(Target::Addresses)
        }
        Some(TargetFile::Peer(file)) => peer(file, &at.key("peer")).map(Target::Peer),
        Some(TargetFile::Command(words)) => command(&at.key("command"), words).map(Target::Command),
    }
}

/// The reference server's settings, which stand below `at`.
pub(crate) fn reference_server(
    file: ReferenceServerFile,
    at: &KeyPath,
) -> Result<ReferenceServer, Problem> {
    let face = file.face.unwrap_or_default();
    let listen = file.listen.unwrap_or_default();
    if listen == Listen::Unix && file.tls.is_some() {
        let message = "expected no `tls`: the server listens on a Unix socket";
        return Err(Problem::new(at.key("tls"), message)
            .in_key()
            .help("`listen: tcp` has it"));
    }
    Ok(ReferenceServer {
        face,
        threads: within(&at.key("threads"), file.threads.unwrap_or(1), 1..=1024)?,
        cpus: cpus(&at.key("cpus"), file.cpus)?,
        idle: file.idle.unwrap_or_default(),
        listen,
        tls: file
            .tls
            .map(|tls| server_tls(tls, &at.key("tls")))
            .transpose()?,
        http2: http2(&file.http2.unwrap_or_default(), &at.key("http2"))?,
        behaviour: behaviour(
            file.behaviour.unwrap_or_default(),
            face,
            &at.key("behaviour"),
        )?,
    })
}

fn http2(file: &ServerHttp2File, at: &KeyPath) -> Result<ServerHttp2, Problem> {
    let streams = file.max_concurrent_streams.unwrap_or(1000);
    Ok(ServerHttp2 {
        initial_stream_window: stream_window(at, file.initial_stream_window, Bytes(1 << 20))?,
        initial_connection_window: connection_window(at, file.initial_connection_window)?,
        max_concurrent_streams: within(
            &at.key("max_concurrent_streams"),
            streams,
            1..=i32::MAX as u32,
        )?,
        max_frame_size: frame_size(at, file.max_frame_size)?,
    })
}

/// Checks that a law is one, and what it names against `max`.
pub(super) fn check_law<T: Quantity + Display>(
    at: &KeyPath,
    law: &Law<T>,
    max: T,
) -> Result<(), Problem> {
    if let Some((below, message)) = law.fault() {
        return Err(Problem::new(at.join(below), message));
    }
    if law.largest() > max.to_f64() {
        let found = T::from_f64(law.largest());
        return Err(Problem::new(
            at.clone(),
            format!("expected at most {max}, found {found}"),
        ));
    }
    Ok(())
}

fn command(at: &KeyPath, words: Vec<String>) -> Result<Vec<String>, Problem> {
    if words.first().is_none_or(String::is_empty) {
        let help = "such as `[\"./my-server\", \"--port\", \"{port}\"]`";
        return Err(Problem::new(at.clone(), "expected a program and its arguments").help(help));
    }
    if !words.iter().any(|word| word.contains("{port}")) {
        let message = "expected `{port}` in one of the arguments, where the free port goes";
        return Err(
            Problem::new(at.clone(), message).help("a server that runs already is an `address`")
        );
    }
    Ok(words)
}

const MOST_ADDRESSES: usize = 1000;

fn addresses(at: &KeyPath, texts: &[String]) -> Result<Vec<Address>, Problem> {
    if !(1..=MOST_ADDRESSES).contains(&texts.len()) {
        let message = format!(
            "expected 1 to {MOST_ADDRESSES} addresses, found {}",
            texts.len()
        );
        return Err(Problem::new(at.clone(), message));
    }
    let mut all = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let at = at.index(index);
        let address = address(&at, text)?;
        if all.contains(&address) {
            let message = format!("expected each address once, found `{text}` again");
            return Err(
                Problem::new(at, message).help("raise `client.channels` for more connections")
            );
        }
        all.push(address);
    }
    Ok(all)
}

fn address(at: &KeyPath, text: &str) -> Result<Address, Problem> {
    const EXPECTED: &str = "expected `http://host:port`, `https://host:port` or `unix:/path`";
    let wrong = || Problem::new(at.clone(), format!("{EXPECTED}, found `{text}`"));
    if let Some(path) = text.strip_prefix("unix:") {
        let path = path
            .strip_prefix("//")
            .filter(|path| path.starts_with('/'))
            .unwrap_or(path);
        return match path.starts_with('/') {
            true => Ok(Address::Unix(path.into())),
            false => Err(wrong().help("the path of a socket begins with `/`")),
        };
    }
    let schemes = [("http://", false), ("https://", true)];
    let found = schemes
        .into_iter()
        .find_map(|(scheme, tls)| Some((text.strip_prefix(scheme)?, tls)));
    let Some((authority, tls)) = found else {
        let fits = tcp(text, false).is_some();
        return Err(if fits {
            wrong().help(format!("did you mean `http://{text}`?"))
        } else {
            wrong()
        });
    };
    tcp(authority.strip_suffix('/').unwrap_or(authority), tls)
        .ok_or_else(|| wrong().help("the port is required"))
}

/// Reads `host:port`; an IPv6 address stands in brackets.
fn tcp(authority: &str, tls: bool) -> Option<Address> {
    let (host, port) = authority.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port != 0)?;
    let host = match host.strip_prefix('[') {
        Some(v6) => v6
            .strip_suffix(']')?
            .parse::<std::net::Ipv6Addr>()
            .ok()?
            .to_string(),
        None if host.contains(':') => return None,
        None => host.to_owned(),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    (!host.is_empty() && host.chars().all(plain)).then_some(Address::Tcp { host, port, tls })
}
