//! Connections that cannot be secured, each for one reason: a sentence that names it, and the remedy.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned, crypto};

use super::common::certificates::Certificates;
use super::common::{Outcome, Run, Server};
use super::{ANY, answer, refusal, server};
use crate::for_both_engines;

/// A run against the reference server with these settings of TLS, for a client with those.
fn outcome(engine: &str, server: &str, client: &str) -> Outcome {
    Run::new(ANY)
        .engine(engine)
        .set(format!("target.reference_server.tls={{ {server} }}"))
        .set(format!("client.tls={{ {client} }}"))
        .finish()
}

fn what_is_wrong_with_certificates(engine: &str) {
    let made = Certificates::make();
    let ca = made.file("ca", "ca.pem");
    let client_ca = made.file("client_ca", "ca.pem");
    let good = made.pair("server");
    let asking = format!("{good}, {client_ca}");
    let stranger = format!("{ca}, {}", made.pair("stranger"));
    let cases = [
        (
            &good,
            made.file("ca", "other-ca.pem"),
            "nobody that is trusted has signed",
        ),
        (
            &good,
            format!("{ca}, server_name: else.example"),
            "is not for `else.example` but for",
        ),
        (
            &made.pair("elsewhere"),
            ca.clone(),
            "is not for `127.0.0.1` but for elsewhere.example",
        ),
        (
            &made.pair("expired"),
            ca.clone(),
            "the server's certificate has expired",
        ),
        (
            &asking,
            ca,
            "the server asks for a client certificate; name one in `client.tls.cert`",
        ),
        (
            &asking,
            stranger,
            "the server does not take the client certificate",
        ),
    ];
    for face in ["tonic", "raw"] {
        for (server, client, expected) in &cases {
            let outcome = Run::new(ANY)
                .engine(engine)
                .set(format!(
                    "target.reference_server={{ face: {face}, tls: {{ {server} }} }}"
                ))
                .set(format!("client.tls={{ {client} }}"))
                .finish();
            let said = refusal(&outcome);
            assert!(said.contains(expected), "{engine} on {face}: {said}");
        }
    }
}

fn certificates_that_are_made_are_trusted_by_nobody_else(engine: &str) {
    let made = Certificates::make();
    let said = refusal(&outcome(engine, "", &made.file("ca", "ca.pem")));
    assert!(said.contains("nobody that is trusted"), "{said}");
}

fn files_that_cannot_be_used(engine: &str) {
    let made = Certificates::make();
    made.write("torn.pem", "-----BEGIN CERTIFICATE-----\nMIIB");
    let [cert, other] = ["client.pem", "server.key"].map(|name| made.path(name));
    let no_pair = format!("cert: {}, key: {}", cert.display(), other.display());
    let of_client = [
        (
            made.file("ca", "no-such.pem"),
            "`client.tls.ca`: cannot read",
        ),
        (made.file("ca", "torn.pem"), "torn.pem` is malformed PEM"),
        (
            made.file("ca", "client.key"),
            "client.key` has no certificate",
        ),
        (
            no_pair.clone(),
            "server.key` is not the key of the certificate in",
        ),
    ];
    for (client, expected) in of_client {
        let outcome = outcome(engine, "", &client);
        assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(expected), "{}", outcome.stderr);
    }
    let outcome = outcome(engine, &no_pair, "");
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    let expected = "`tls.key`: ";
    assert!(outcome.stderr.contains(expected), "{}", outcome.stderr);
}

fn https(address: &str) -> String {
    address.replace("http://", "https://")
}

fn said_of(engine: &str, address: &str) -> String {
    refusal(&Run::new(ANY).engine(engine).target(address).finish())
}

fn tls_of_a_server_that_speaks_plaintext(engine: &str) {
    for face in ["face=tonic", "face=raw"] {
        let server = Server::start(&[face]);
        let said = said_of(engine, &https(&server.address));
        assert!(said.contains("`http://`"), "{face}: {said}");
    }
    let said = said_of(engine, &https(&answer(b"HTTP/1.1 400 Bad Request\r\n\r\n")));
    assert!(
        said.contains("does not answer in TLS; call it in plaintext by `http://`"),
        "{said}"
    );
    // One that closes at once, and one that resets the connection when it has heard something.
    let reset = |mut stream: TcpStream| {
        let _ = stream.read(&mut [0; 16]);
    };
    for closing in [server(drop), server(reset)] {
        let said = said_of(engine, &https(&closing));
        assert!(
            said.contains("closed the connection in the TLS handshake"),
            "{said}"
        );
    }
}

fn plaintext_of_a_server_that_speaks_tls(engine: &str) {
    for face in ["face=tonic", "face=raw"] {
        let server = Server::start(&[face, "tls={}"]);
        let plain = server.address.replace("https://", "http://");
        let said = said_of(engine, &plain);
        assert!(
            said.contains("write `https://` instead of `http://`"),
            "{face}: {said}"
        );
    }
}

/// A server of TLS that has never heard of ALPN.
fn without_alpn(made: &Certificates) -> String {
    let chain = vec![CertificateDer::from_pem_file(made.path("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(made.path("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let session = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(session, socket);
            // It may refuse us in the middle.
            let _ = stream.write_all(b"");
            while let Ok(1..) = stream.read(&mut [0; 1024]) {}
        }
    });
    address
}

fn a_server_that_does_not_agree_on_h2(engine: &str) {
    let made = Certificates::make();
    let outcome = Run::new(ANY)
        .engine(engine)
        .target(&without_alpn(&made))
        .set(format!("client.tls={{ {} }}", made.file("ca", "ca.pem")))
        .finish();
    let said = refusal(&outcome);
    assert!(said.contains("did not agree on h2 by ALPN"), "{said}");
}

fn a_source_that_is_none_of_this_machines(engine: &str) {
    let outcome = Run::new(ANY)
        .engine(engine)
        .set("client.tcp.source=192.0.2.7")
        .finish();
    let said = refusal(&outcome);
    assert!(
        said.contains("connections cannot come from 192.0.2.7"),
        "{said}"
    );
}

for_both_engines! {
    what_is_wrong_with_certificates
    certificates_that_are_made_are_trusted_by_nobody_else
    files_that_cannot_be_used
    tls_of_a_server_that_speaks_plaintext
    plaintext_of_a_server_that_speaks_tls
    a_server_that_does_not_agree_on_h2
    a_source_that_is_none_of_this_machines
}
