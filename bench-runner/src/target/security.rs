//! What secures the connections to a target, and what was made for that.

use reference_server::tls::Made;
use scenarios::scenario::{Address, ClientTls, ServerTls};

use super::TargetError;
use crate::tls::Tls;

/// The server's side, before it is started.
pub(super) struct Security {
    /// What the server is told.
    pub(super) server: Option<ServerTls>,
    client: ClientTls,
    made: Option<Made>,
}

impl Security {
    /// Makes what the server's settings leave out.
    pub(super) fn prepare(
        server: Option<&ServerTls>,
        client: Option<&ClientTls>,
    ) -> Result<Security, TargetError> {
        let client = client.cloned().unwrap_or_default();
        let Some(settings) = server else {
            return Ok(Security {
                server: None,
                client,
                made: None,
            });
        };
        if settings.cert.is_some() {
            return Ok(Security {
                server: Some(settings.clone()),
                client,
                made: None,
            });
        }
        let made = Made::new()?;
        Ok(Security {
            server: Some(made.server(settings)),
            client: made.client(&client, settings),
            made: Some(made),
        })
    }

    /// What the client has for connections to the first of these addresses that is secured, and what must last as long as
    /// the server.
    pub(super) fn of_client(
        self,
        addresses: &[Address],
    ) -> Result<(Option<Tls>, Option<Made>), TargetError> {
        let mut first = None;
        for address in addresses {
            first = first.or(Tls::to(address, &self.client)?);
        }
        Ok((first, self.made))
    }
}
