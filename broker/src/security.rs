//! What stands between a connection that was accepted and its first frame, by its listener's security protocol.

use std::io;

#[cfg(feature = "tls")]
use crate::certificates::Authority;
use crate::config::{BrokerConfig, ListenerConfig, SecurityProtocol};
use crate::environment::Environment;
use crate::frames::Closed;
use crate::transport::Transport;

#[cfg(feature = "tls")]
mod distinguished_name;
#[cfg(feature = "tls")]
mod provider;
#[cfg(feature = "tls")]
mod server_config;
#[cfg(feature = "tls")]
mod tls;

#[cfg(feature = "tls")]
pub(crate) use server_config::Tls;

/// What an authority is called that a broker makes.
#[cfg(feature = "tls")]
const AUTHORITY: &str = "upsert-kafka embedded broker";

/// What a listener's connections go through. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Security {
    pub(crate) protocol: SecurityProtocol,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Tls>,
}

/// What every listener's connections go through, and who issued what is shown there.
#[derive(Debug)]
pub(crate) struct Securities {
    all: Vec<Security>,
    #[cfg(feature = "tls")]
    authority: Option<Authority>,
}

/// A connection whose bytes are those of frames, and what the client's certificate says.
pub(crate) struct Secured {
    pub(crate) transport: Box<dyn Transport>,
    /// What the client is called by the certificate that it showed and that is trusted: its subject, as Java writes it,
    /// unless rules say something else.
    pub(crate) certificate: Option<String>,
}

impl Securities {
    /// Reads certificates, and makes those that the settings do not have.
    #[cfg(feature = "tls")]
    pub(crate) fn new(
        config: &BrokerConfig,
        listeners: &[ListenerConfig],
        environment: &Environment,
    ) -> io::Result<Self> {
        let (mut all, mut authority) = (Vec::new(), None);
        for listener in listeners {
            let settings = listener.tls.as_ref().unwrap_or(&config.tls);
            let wanted = listener.protocol.has_tls();
            if wanted && settings.needs_authority() && authority.is_none() {
                authority = Some(Authority::new(AUTHORITY)?);
            }
            let named = |error: io::Error| {
                io::Error::new(error.kind(), format!("listener {}: {error}", listener.name))
            };
            let host = Some(listener.advertised_host.clone()).filter(|host| !host.is_empty());
            let names: Vec<_> = host.into_iter().collect();
            let tls = wanted.then(|| Tls::new(settings, authority.as_ref(), &names, environment.clock()));
            let tls = tls.transpose().map_err(named)?;
            all.push(Security { protocol: listener.protocol, tls });
        }
        Ok(Self { all, authority })
    }

    /// Without TLS a listener of it is refused.
    #[cfg(not(feature = "tls"))]
    pub(crate) fn new(_: &BrokerConfig, listeners: &[ListenerConfig], _: &Environment) -> io::Result<Self> {
        if let Some(listener) = listeners.iter().find(|it| it.protocol.has_tls()) {
            let (name, protocol) = (&listener.name, listener.protocol);
            let why = format!("listener {name}: {protocol} needs the feature tls, which this build lacks");
            return Err(io::Error::new(io::ErrorKind::Unsupported, why));
        }
        Ok(Self { all: listeners.iter().map(|it| Security { protocol: it.protocol }).collect() })
    }

    pub(crate) fn of_listener(&self, number: usize) -> Security {
        self.all[number].clone()
    }

    #[cfg(feature = "tls")]
    pub(crate) fn authority(&self) -> Option<&Authority> {
        self.authority.as_ref()
    }
}

impl Security {
    /// The stage of TLS: from the network's bytes to those that frames are made of.
    pub(crate) async fn secure(&self, transport: Box<dyn Transport>) -> Result<Secured, Closed> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return tls.accept(transport, self.protocol).await;
        }
        Ok(Secured { transport, certificate: None })
    }
}
