//! The settings of a listener: its name, its security protocol, where it is and where clients are told that it is.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use super::TlsConfig;

/// Kafka's `security.protocol` of a listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecurityProtocol {
    /// Neither encrypted nor authenticated.
    #[default]
    Plaintext,
    /// TLS; clients may prove who they are by a certificate.
    Ssl,
    /// SASL, in the open.
    SaslPlaintext,
    /// SASL within TLS.
    SaslSsl,
}

/// A listener of every node. Clients are told the addresses of the listener that they came by.
///
/// ```
/// use upsert_kafka_broker::{ListenerConfig, SecurityProtocol};
///
/// let listener = ListenerConfig::new(SecurityProtocol::SaslSsl, ([127, 0, 0, 1], 0)).with_name("CLIENT");
/// assert_eq!((&*listener.name, listener.protocol.to_string()), ("CLIENT", "SASL_SSL".to_owned()));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListenerConfig {
    /// By what it is told from the others; its protocol's name unless another is given.
    pub name: String,
    /// Its security protocol.
    pub protocol: SecurityProtocol,
    /// Where the first node listens, the others on the ports that follow; port 0 takes a free one for each.
    pub listen: SocketAddr,
    /// The host that metadata tells clients; empty takes the listening address, or loopback when that
    /// is unspecified.
    pub advertised_host: String,
    /// The port of the first node that metadata tells clients, the others' follow; 0 takes the listening
    /// ones.
    pub advertised_port: u16,
    /// What it shows and asks for, where that is not [`BrokerConfig::tls`](crate::BrokerConfig::tls).
    pub tls: Option<TlsConfig>,
}

impl SecurityProtocol {
    /// Whether there is TLS below.
    pub fn has_tls(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }

    /// Whether clients log in.
    pub fn has_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }

    /// Kafka's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::Ssl => "SSL",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
        }
    }
}

impl fmt::Display for SecurityProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SecurityProtocol {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let all = [Self::Plaintext, Self::Ssl, Self::SaslPlaintext, Self::SaslSsl];
        let found = all.into_iter().find(|it| it.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| format!("'{name}' is none of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"))
    }
}

impl ListenerConfig {
    /// A listener of that protocol, and of its name.
    pub fn new(protocol: SecurityProtocol, listen: impl Into<SocketAddr>) -> Self {
        Self {
            name: protocol.name().to_owned(),
            protocol,
            listen: listen.into(),
            advertised_host: String::new(),
            advertised_port: 0,
            tls: None,
        }
    }

    /// Has that name.
    #[must_use]
    pub fn with_name(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// Tells clients that host.
    #[must_use]
    pub fn with_advertised_host(self, advertised_host: impl Into<String>) -> Self {
        Self { advertised_host: advertised_host.into(), ..self }
    }

    /// Tells clients that port for the first node, and those that follow for the others.
    #[must_use]
    pub fn with_advertised_port(self, advertised_port: u16) -> Self {
        Self { advertised_port, ..self }
    }

    /// Shows and asks for what these settings say.
    #[must_use]
    pub fn with_tls(self, tls: TlsConfig) -> Self {
        Self { tls: Some(tls), ..self }
    }
}
