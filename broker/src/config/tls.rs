//! The settings of TLS: what a listener shows, and what it asks of clients.

use super::PrincipalMapping;
use crate::secret::Secret;

/// What listeners of TLS show, and what they ask of clients. By default a certificate for localhost, 127.0.0.1 and ::1 is
/// made when the broker starts, by an authority that [`Broker::ca_pem`](crate::Broker::ca_pem) gives.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct TlsConfig {
    /// The certificate and what stands between it and its root, as PEM; `None` makes one when the broker starts.
    pub certificate_chain: Option<String>,
    /// Its private key, as PEM, not encrypted.
    pub private_key: Option<Secret>,
    /// Whether clients show a certificate: `ssl.client.auth`.
    pub client_auth: ClientAuth,
    /// Whose certificates of clients are trusted, as PEM; `None` trusts the authority that the broker makes.
    pub client_ca: Option<String>,
    /// Which certificates of clients are revoked, as PEM of one list or several. With any, whoever issued a client's
    /// certificate must have one; whether an intermediate's own certificate is revoked is not asked.
    pub client_revocation_list: Option<String>,
    /// What a client with a certificate is called: `ssl.principal.mapping.rules`. Where it logs in by SASL, that says it.
    pub principal_mapping: PrincipalMapping,
    /// The versions that are spoken: `ssl.enabled.protocols`.
    pub versions: TlsVersions,
}

/// Whether clients show a certificate: `ssl.client.auth`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientAuth {
    /// They are not asked.
    #[default]
    None,
    /// They are asked, and one without is let in as `User:ANONYMOUS`. One that is shown must be trusted.
    Requested,
    /// They are asked, and one without is refused.
    Required,
}

/// The versions of TLS that are spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsVersions {
    /// TLS 1.2 and 1.3.
    #[default]
    Both,
    /// TLS 1.2 alone.
    Tls12,
    /// TLS 1.3 alone.
    Tls13,
}

impl TlsConfig {
    /// Shows this certificate, with what stands between it and its root behind it, and has this key, both as PEM.
    #[must_use]
    pub fn with_certificate(self, chain: impl Into<String>, key: impl Into<Secret>) -> Self {
        Self { certificate_chain: Some(chain.into()), private_key: Some(key.into()), ..self }
    }

    /// Whether something must be issued, or trusted, that the settings do not have.
    #[cfg(feature = "tls")]
    pub(crate) fn needs_authority(&self) -> bool {
        let asks = self.client_auth != ClientAuth::None;
        self.certificate_chain.is_none() || asks && self.client_ca.is_none()
    }

    /// Asks clients for a certificate, or does not.
    #[must_use]
    pub fn with_client_auth(self, client_auth: ClientAuth) -> Self {
        Self { client_auth, ..self }
    }

    /// Trusts certificates of clients that these authorities issued, as PEM.
    #[must_use]
    pub fn with_client_ca(self, client_ca: impl Into<String>) -> Self {
        Self { client_ca: Some(client_ca.into()), ..self }
    }

    /// Refuses certificates of clients that this list revokes, as PEM.
    #[must_use]
    pub fn with_client_revocation_list(self, list: impl Into<String>) -> Self {
        Self { client_revocation_list: Some(list.into()), ..self }
    }

    /// Calls clients with certificates by these rules.
    #[must_use]
    pub fn with_principal_mapping(self, principal_mapping: PrincipalMapping) -> Self {
        Self { principal_mapping, ..self }
    }

    /// Speaks these versions alone.
    #[must_use]
    pub fn with_versions(self, versions: TlsVersions) -> Self {
        Self { versions, ..self }
    }
}
