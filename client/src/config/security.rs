//! How a cluster is reached safely: the security protocol, TLS and its stores.

use std::fmt;
use std::path::PathBuf;

use crate::Secret;

/// `security.protocol`: how bytes travel, and whether the client proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecurityProtocol {
    /// As they are, from anybody.
    Plaintext,
    /// In TLS; the client may prove who it is by a certificate.
    Ssl,
    /// As they are; the client logs in.
    SaslPlaintext,
    /// In TLS; the client logs in.
    SaslSsl,
}

impl SecurityProtocol {
    /// Whether bytes travel in TLS.
    pub fn has_tls(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }

    /// Whether the client logs in.
    pub fn has_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}

/// `ssl.*`: whom the client trusts, how it proves who it is, and what of TLS it speaks.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TlsConfig {
    /// `ssl.truststore.*`: the authorities that may vouch for a broker. `None` takes the system's, and where it has none,
    /// Mozilla's.
    pub truststore: Option<Store>,
    /// `ssl.keystore.*`: the certificate and the key by which the client proves who it is; `None` has none.
    pub keystore: Option<Store>,
    /// `ssl.key.password`: of the key within the key store; the store's own where it is not given.
    pub key_password: Option<Secret>,
    /// `ssl.crl.location`, which librdkafka has and Java does not: a PEM file of revoked certificates.
    pub crl_location: Option<PathBuf>,
    /// `ssl.endpoint.identification.algorithm`: how a broker's name is checked against its certificate.
    pub endpoint_identification: EndpointIdentification,
    /// `ssl.cipher.suites` by their Java (IANA) names; empty takes all that the provider has.
    pub cipher_suites: Vec<String>,
    /// `ssl.enabled.protocols`; empty takes all.
    pub enabled_protocols: Vec<TlsVersion>,
    /// Who does the cryptography; `None` takes graviola.
    #[cfg(feature = "tls")]
    pub provider: Option<super::TlsProvider>,
}

#[cfg(feature = "oauth")]
impl TlsConfig {
    /// Trust in the system's authorities, with the cryptography that the application brings, if it does.
    pub(crate) fn of_system(&self) -> Self {
        Self { provider: self.provider.clone(), ..Self::default() }
    }
}

/// A key store or a trust store.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Store {
    /// Where it is.
    pub source: StoreSource,
    /// `ssl.*store.type`. Its first bytes decide where it is not given, or wrong.
    pub store_type: Option<StoreType>,
    /// `ssl.*store.password`. A JKS trust store is read without one too, unchecked.
    pub password: Option<Secret>,
}

/// Where a store is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum StoreSource {
    /// `ssl.*store.location`, read again when it changes.
    File(PathBuf),
    /// `ssl.truststore.certificates`, or `ssl.keystore.certificate.chain` and `ssl.keystore.key` one after the other: PEM.
    Inline(Secret),
}

/// `ssl.truststore.type`, `ssl.keystore.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreType {
    /// Java's own, until Java 8.
    Jks,
    /// RFC 7292, what keytool makes since Java 9.
    Pkcs12,
    /// Text between `-----BEGIN …-----` and `-----END …-----`.
    Pem,
}

/// `ssl.endpoint.identification.algorithm`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndpointIdentification {
    /// The broker's name must stand in its certificate.
    #[default]
    Https,
    /// Any name will do; the chain is checked all the same. The empty text.
    None,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsVersion {
    /// `TLSv1.2`
    V1_2,
    /// `TLSv1.3`
    V1_3,
}

impl Store {
    /// A file, whose first bytes say what it is.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { source: StoreSource::File(path.into()), store_type: None, password: None }
    }

    /// PEM in the text itself.
    pub fn pem(text: impl Into<Secret>) -> Self {
        Self { source: StoreSource::Inline(text.into()), store_type: Some(StoreType::Pem), password: None }
    }

    /// The same with its password.
    #[must_use]
    pub fn password(self, password: impl Into<Secret>) -> Self {
        Self { password: Some(password.into()), ..self }
    }
}

impl fmt::Display for StoreType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jks => "JKS",
            Self::Pkcs12 => "PKCS12",
            Self::Pem => "PEM",
        })
    }
}
