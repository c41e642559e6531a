//! Why a connection could not be secured, or was refused, in one sentence with its remedy.

use std::fmt;
use std::io;

use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

/// Why a connection could not be secured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsFailure {
    /// Nobody that we trust has signed the server's certificate.
    Untrusted,
    /// The server's certificate is for others.
    WrongName {
        /// Who was expected; not told by every check.
        expected: Option<String>,
        /// Whom it is for.
        presented: Vec<String>,
    },
    /// The server's certificate is too old.
    Expired,
    /// The server's certificate is for later.
    NotYetValid,
    /// The server's certificate cannot be used for another reason.
    Certificate(String),
    /// The server asks for a certificate, and we have none.
    NoCertificate,
    /// The server does not take ours.
    Refused(String),
    /// The server does not agree on HTTP/2.
    NotH2,
    /// The server knows no such name.
    UnknownName,
    /// No version of TLS, or no cipher, that both sides speak.
    NothingInCommon,
    /// The server does not speak TLS.
    Plaintext,
    /// The server closed the connection instead of shaking hands.
    Closed,
    /// Another reason.
    Other(String),
}

impl TlsFailure {
    /// What an error of the library's means to a client that has a certificate to show, or none.
    pub fn of(error: &Error, shows: bool) -> TlsFailure {
        match error {
            Error::InvalidCertificate(why) => TlsFailure::of_certificate(why),
            Error::AlertReceived(alert) => TlsFailure::of_alert(*alert, shows),
            Error::NoApplicationProtocol => TlsFailure::NotH2,
            Error::PeerIncompatible(_) => TlsFailure::NothingInCommon,
            Error::InvalidMessage(
                InvalidMessage::InvalidContentType
                | InvalidMessage::UnknownProtocolVersion
                | InvalidMessage::MessageTooLarge
                | InvalidMessage::InvalidEmptyPayload,
            ) => TlsFailure::Plaintext,
            other => TlsFailure::Other(other.to_string()),
        }
    }

    fn of_certificate(why: &CertificateError) -> TlsFailure {
        match why {
            // An authority of the same name, and not the same.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                TlsFailure::Untrusted
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                TlsFailure::Expired
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                TlsFailure::NotYetValid
            }
            CertificateError::NotValidForName => TlsFailure::WrongName {
                expected: None,
                presented: Vec::new(),
            },
            CertificateError::NotValidForNameContext {
                expected,
                presented,
            } => TlsFailure::WrongName {
                expected: Some(spelt(expected)),
                presented: presented.iter().map(|name| plain(name)).collect(),
            },
            other => TlsFailure::Certificate(other.to_string()),
        }
    }

    fn of_alert(alert: AlertDescription, shows: bool) -> TlsFailure {
        use AlertDescription as Alert;
        match alert {
            Alert::CertificateRequired => TlsFailure::NoCertificate,
            // What servers say that miss a certificate, before TLS 1.3 had a word for it.
            Alert::BadCertificate | Alert::HandshakeFailure if !shows => TlsFailure::NoCertificate,
            Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::DecryptError
                if shows =>
            {
                TlsFailure::Refused(worded(alert))
            }
            Alert::NoApplicationProtocol => TlsFailure::NotH2,
            Alert::UnrecognisedName => TlsFailure::UnknownName,
            Alert::ProtocolVersion | Alert::InsufficientSecurity | Alert::HandshakeFailure => {
                TlsFailure::NothingInCommon
            }
            other => TlsFailure::Other(format!("the server said `{}`", worded(other))),
        }
    }
}

/// `UnknownCA` as the RFCs have it: `unknown_ca`.
fn worded(alert: AlertDescription) -> String {
    let Some(name) = alert.as_str() else {
        return format!("alert {}", u8::from(alert));
    };
    let mut words = String::new();
    let mut was_lower = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && was_lower {
            words.push('_');
        }
        was_lower = letter.is_ascii_lowercase();
        words.push(letter.to_ascii_lowercase());
    }
    words
}

fn spelt(name: &ServerName<'_>) -> String {
    name.to_str().into_owned()
}

/// `DnsName("localhost")` as people write it.
fn plain(presented: &str) -> String {
    let inner = presented
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(presented).trim_matches('"').to_owned()
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsFailure::Untrusted => f.write_str(
                "nobody that is trusted has signed the server's certificate; name the authority that has in `client.tls.ca`",
            ),
            TlsFailure::WrongName { expected, presented } => {
                f.write_str("the server's certificate is not for ")?;
                match expected {
                    Some(name) => write!(f, "`{name}`")?,
                    None => f.write_str("this host")?,
                }
                if !presented.is_empty() {
                    write!(f, " but for {}", presented.join(", "))?;
                }
                f.write_str("; say which name it is to have in `client.tls.server_name`")
            }
            TlsFailure::Expired => {
                f.write_str("the server's certificate has expired; give the server a new one")
            }
            TlsFailure::NotYetValid => f.write_str(
                "the server's certificate is not valid yet; does this machine have the right time?",
            ),
            TlsFailure::Certificate(why) => {
                write!(f, "the server's certificate cannot be used: {why}; give the server another")
            }
            TlsFailure::NoCertificate => f.write_str(
                "the server asks for a client certificate; name one in `client.tls.cert`, and its key in `client.tls.key`",
            ),
            TlsFailure::Refused(alert) => write!(
                f,
                "the server does not take the client certificate ({alert}); does one of its authorities sign `client.tls.cert`?"
            ),
            TlsFailure::NotH2 => f.write_str(
                "the server did not agree on h2 by ALPN, which gRPC over TLS needs; is this the port of a gRPC server?",
            ),
            TlsFailure::UnknownName => f.write_str(
                "the server knows no host of this name; say another in `client.tls.server_name`",
            ),
            TlsFailure::NothingInCommon => f.write_str(
                "client and server have no version of TLS or no cipher in common; the runner speaks TLS 1.2 and 1.3",
            ),
            TlsFailure::Plaintext => f.write_str(
                "the server does not answer in TLS; call it in plaintext by `http://` instead of `https://`, without `client.tls`",
            ),
            TlsFailure::Closed => f.write_str(
                "the server closed the connection in the TLS handshake; does it speak TLS on this port? `http://` is plaintext",
            ),
            TlsFailure::Other(why) => write!(f, "the TLS handshake failed: {why}"),
        }
    }
}

impl std::error::Error for TlsFailure {}

impl From<TlsFailure> for io::Error {
    fn from(failure: TlsFailure) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, failure)
    }
}
