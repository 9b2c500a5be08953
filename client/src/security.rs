//! What a connection needs beyond its socket: TLS and a login, made from the settings once and shared by all connections
//! of a client.

use std::sync::Arc;

#[cfg(not(feature = "tls"))]
use crate::ErrorKind;
use crate::config::Address;
use crate::diagnosis::HandshakeFacts;
use crate::environment::{Environment, Transport};
use crate::sasl;
use crate::sasl::mechanism::Login;
use crate::{Config, Error};

/// TLS and a login, as far as `security.protocol` wants them. Clones share both.
#[derive(Clone, Debug)]
pub(crate) struct Security {
    #[cfg(feature = "tls")]
    tls: Option<crate::tls::TlsConnector>,
    login: Option<Arc<dyn Login>>,
}

impl Security {
    /// Reads stores and what a login needs. It reads files, and connects to nothing.
    ///
    /// # Errors
    /// A store that cannot be read, or a mechanism that is not built in.
    pub(crate) fn open(config: &Config, environment: &Environment) -> Result<Self, Error> {
        let login = match config.security_protocol.has_sasl() {
            true => Some(sasl::login(config, environment)?),
            false => None,
        };
        #[cfg(feature = "tls")]
        let tls = match config.security_protocol.has_tls() {
            true => Some(crate::tls::TlsConnector::new(&config.tls, environment)?),
            false => None,
        };
        #[cfg(not(feature = "tls"))]
        if config.security_protocol.has_tls() {
            return Err(Error::new(ErrorKind::Unsupported, NO_TLS));
        }
        Ok(Self {
            #[cfg(feature = "tls")]
            tls,
            login,
        })
    }

    /// The stage of TLS: from the network's bytes to those that frames are made of.
    pub(crate) async fn secure(
        &self,
        stream: Box<dyn Transport>,
        broker: &Address,
    ) -> Result<Box<dyn Transport>, Error> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return Ok(Box::new(tls.connect(stream, &broker.host).await?));
        }
        _ = broker;
        Ok(stream)
    }

    /// The same, with what was learnt, also where it came to nothing: for a diagnosis.
    pub(crate) async fn probe(
        &self,
        stream: Box<dyn Transport>,
        broker: &Address,
        now: i64,
    ) -> (Result<Box<dyn Transport>, Error>, HandshakeFacts) {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return match tls.probe(stream, &broker.host).await {
                Ok(stream) => {
                    let facts = HandshakeFacts::agreed(&stream.facts(), now);
                    (Ok(Box::new(stream)), facts)
                }
                Err((error, chain)) => (Err(error), HandshakeFacts::refused(&chain, now)),
            };
        }
        _ = (broker, now);
        (Ok(stream), HandshakeFacts::default())
    }

    /// What the stage of SASL logs in with; `None` where the protocol has none.
    pub(crate) fn login(&self) -> Option<&Arc<dyn Login>> {
        self.login.as_ref()
    }

    /// The same with another login.
    #[cfg(test)]
    pub(crate) fn with_login(self, login: Arc<dyn Login>) -> Self {
        Self { login: Some(login), ..self }
    }
}

#[cfg(not(feature = "tls"))]
const NO_TLS: &str = "security.protocol asks for TLS, which is not in this build: it needs the feature tls";
