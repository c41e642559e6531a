//! TLS and the sockets, checked; the files that they name are read when the run begins.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use crate::file::{ClientTlsFile, ServerTlsFile, TcpFile};
use crate::scenario::{Address, Client, ClientTls, ServerTls, Target, Tcp};
use crate::tree::KeyPath;
use crate::units::Bytes;

use super::{Problem, within};

const BUFFERS: RangeInclusive<Bytes> = Bytes(1 << 10)..=Bytes(1 << 30);

pub(super) fn server_tls(file: ServerTlsFile, at: &KeyPath) -> Result<ServerTls, Problem> {
    pair(at, file.cert.as_deref(), file.key.as_deref())?;
    let client_ca = path(&at.key("client_ca"), file.client_ca)?;
    let mutual = file.mutual.unwrap_or(client_ca.is_some());
    match (mutual, &client_ca, &file.cert) {
        (false, Some(_), _) => {
            let message = "expected `true` beside `client_ca`, which asks clients for certificates, found `false`";
            Err(Problem::new(at.key("mutual"), message).help("leave one of the two out"))
        }
        (true, None, Some(_)) => {
            let message = "expected `client_ca` beside `cert`: the authorities whose certificates clients may show";
            Err(Problem::new(at.key("mutual"), message)
                .in_key()
                .help("or leave `cert` and `key` out: then all certificates are made for the run"))
        }
        _ => Ok(ServerTls {
            cert: path(&at.key("cert"), file.cert)?,
            key: path(&at.key("key"), file.key)?,
            client_ca,
            mutual,
        }),
    }
}

pub(super) fn client_tls(file: ClientTlsFile, at: &KeyPath) -> Result<ClientTls, Problem> {
    pair(at, file.cert.as_deref(), file.key.as_deref())?;
    Ok(ClientTls {
        ca: path(&at.key("ca"), file.ca)?,
        cert: path(&at.key("cert"), file.cert)?,
        key: path(&at.key("key"), file.key)?,
        server_name: name(&at.key("server_name"), file.server_name)?,
        insecure_skip_verify: file.insecure_skip_verify.unwrap_or_default(),
    })
}

pub(super) fn tcp(file: &TcpFile, at: &KeyPath) -> Result<Tcp, Problem> {
    let buffer = |key: &str, size: Option<Bytes>| {
        size.map(|size| within(&at.key(key), size, BUFFERS))
            .transpose()
    };
    Ok(Tcp {
        nodelay: file.nodelay.unwrap_or(true),
        send_buffer: buffer("send_buffer", file.send_buffer)?,
        receive_buffer: buffer("receive_buffer", file.receive_buffer)?,
        source: file.source,
    })
}

/// What client and target must agree on.
pub(super) fn both(target: &Target, client: &Client) -> Result<(), Problem> {
    let at = KeyPath::of("client");
    let addresses = match target {
        Target::Address(address) => std::slice::from_ref(address),
        Target::Addresses(addresses) => &addresses[..],
        _ => &[],
    };
    let is_plain = |address: &&Address| matches!(address, Address::Tcp { tls: false, .. });
    let is_tls = |address: &Address| matches!(address, Address::Tcp { tls: true, .. });
    let plain = addresses.iter().find(is_plain);
    if let (Some(_), Some(address), false) = (&client.tls, plain, addresses.iter().any(is_tls)) {
        let message = format!("expected TLS at both ends, found the plaintext `{address}`");
        let address = address.to_string().replace("http://", "https://");
        return Err(Problem::new(at.key("tls"), message).in_key().help(format!(
            "write `target.address: {address}`, or leave `client.tls` out"
        )));
    }
    // Of our own servers one block of settings serves a sweep over what they listen on.
    let is_socket = |address: &Address| matches!(address, Address::Unix(_));
    let is_unix = !addresses.is_empty() && addresses.iter().all(is_socket);
    let of_tcp = [
        ("tls", client.tls.is_some()),
        ("tcp", client.tcp != Tcp::default()),
    ];
    match of_tcp.iter().find(|(_, is_there)| *is_there) {
        Some((key, _)) if is_unix => {
            let message = format!("expected no `{key}` for a target that listens on a Unix socket");
            Err(Problem::new(at.key(key), message)
                .in_key()
                .help("call it over TCP, or leave this out"))
        }
        _ => Ok(()),
    }
}

/// A certificate is of no use without its key, nor a key without its certificate.
fn pair(at: &KeyPath, cert: Option<&Path>, key: Option<&Path>) -> Result<(), Problem> {
    let (there, missing) = match (cert, key) {
        (Some(_), None) => ("cert", "key"),
        (None, Some(_)) => ("key", "cert"),
        _ => return Ok(()),
    };
    let message = format!("expected `{missing}` beside `{there}`");
    Err(Problem::new(at.key(there), message)
        .in_key()
        .help("a certificate and its key are two files, PEM"))
}

fn path(at: &KeyPath, path: Option<PathBuf>) -> Result<Option<PathBuf>, Problem> {
    match path {
        Some(path) if path.as_os_str().is_empty() => Err(Problem::new(
            at.clone(),
            "expected the path of a PEM file, found nothing",
        )),
        path => Ok(path),
    }
}

fn name(at: &KeyPath, name: Option<String>) -> Result<Option<String>, Problem> {
    let Some(name) = name else {
        return Ok(None);
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    if !name.is_empty() && name.chars().all(plain) {
        return Ok(Some(name));
    }
    let message = format!("expected a host name or an IP address, found `{name}`");
    Err(Problem::new(at.clone(), message).help("such as `greeter.example`, without scheme or port"))
}
