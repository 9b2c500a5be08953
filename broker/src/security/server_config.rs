//! Settings to what rustls wants of a server; and the authority that is made when they name no certificate.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{ALL_VERSIONS, RootCertStore, ServerConfig, SupportedProtocolVersion};

use super::provider::provider;
use crate::certificates::{Authority, Subject};
use crate::config::{ClientAuth, PrincipalMapping, TlsConfig, TlsVersions};
use crate::environment::Clock;

/// What a listener shows and asks for. Clones share it.
#[derive(Clone)]
pub(crate) struct Tls {
    server_config: Arc<ServerConfig>,
    principal_mapping: Arc<PrincipalMapping>,
}

impl Tls {
    /// Reads certificates and keys; where the settings have none, one is issued for these names.
    pub(crate) fn new(
        config: &TlsConfig,
        authority: Option<&Authority>,
        names: &[String],
        clock: &Clock,
    ) -> io::Result<Self> {
        let provider = provider()?;
        let verifier = verifier(config, authority, &provider)?;
        let (chain, key) = match (&config.certificate_chain, &config.private_key) {
            (Some(chain), Some(key)) => (chain.clone(), key.clone()),
            (None, None) => {
                let authority = authority.ok_or_else(|| invalid("no certificate"))?;
                let issued = authority.issue(&Subject::server().and_names(names))?;
                (issued.chain_pem(), issued.key_pem().into())
            }
            (Some(_), None) => return Err(invalid("a certificate without its private key")),
            (None, Some(_)) => return Err(invalid("a private key without its certificate")),
        };
        let key = PrivateKeyDer::from_pem_slice(key.reveal().as_bytes());
        let key = key.map_err(|why| invalid(format!("the private key is no PEM of a key: {why}")))?;
        let chain = certificates(&chain, "the certificate chain")?;
        let made = ServerConfig::builder_with_details(provider, Arc::new(clock.clone()))
            .with_protocol_versions(versions(config.versions))
            .map_err(|why| invalid(why.to_string()))?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key);
        let made = made.map_err(|why| invalid(format!("the certificate and its key: {why}")))?;
        Ok(Self {
            server_config: Arc::new(made),
            principal_mapping: Arc::new(config.principal_mapping.clone()),
        })
    }

    pub(super) fn server_config(&self) -> Arc<ServerConfig> {
        self.server_config.clone()
    }

    /// What a client with this subject is called, if any rule says it.
    pub(super) fn principal(&self, subject: &str) -> Option<String> {
        self.principal_mapping.name(subject)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let unix_ms = u64::try_from(self.now().unix_ms).ok()?;
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_millis(unix_ms)))
    }
}

/// Who looks at the certificates of clients.
fn verifier(
    config: &TlsConfig,
    authority: Option<&Authority>,
    provider: &Arc<rustls::crypto::CryptoProvider>,
) -> io::Result<Arc<dyn ClientCertVerifier>> {
    if config.client_auth == ClientAuth::None {
        return Ok(WebPkiClientVerifier::no_client_auth());
    }
    let trusted = config.client_ca.clone().or_else(|| authority.map(Authority::pem));
    let trusted = trusted.ok_or_else(|| invalid("nobody whose certificates of clients are trusted"))?;
    let mut roots = RootCertStore::empty();
    for root in certificates(&trusted, "the authorities of clients")? {
        roots.add(root).map_err(|why| invalid(format!("an authority of clients: {why}")))?;
    }
    let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    if let Some(list) = &config.client_revocation_list {
        let lists: Result<Vec<_>, _> =
            CertificateRevocationListDer::pem_slice_iter(list.as_bytes()).collect();
        let lists =
            lists.map_err(|why| invalid(format!("the revocation list of clients is no PEM: {why}")))?;
        builder = builder.with_crls(lists).only_check_end_entity_revocation();
    }
    if config.client_auth == ClientAuth::Requested {
        builder = builder.allow_unauthenticated();
    }
    builder.build().map_err(|why| invalid(format!("the certificates of clients: {why}")))
}

fn certificates(pem: &str, what: &str) -> io::Result<Vec<CertificateDer<'static>>> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let all = all.map_err(|why| invalid(format!("{what}: {why}")))?;
    if all.is_empty() { Err(invalid(format!("{what}: no certificate in it"))) } else { Ok(all) }
}

fn versions(versions: TlsVersions) -> &'static [&'static SupportedProtocolVersion] {
    match versions {
        TlsVersions::Both => ALL_VERSIONS,
        TlsVersions::Tls12 => TLS12_ALONE,
        TlsVersions::Tls13 => TLS13_ALONE,
    }
}

static TLS12_ALONE: &[&SupportedProtocolVersion] = &[&TLS12];
static TLS13_ALONE: &[&SupportedProtocolVersion] = &[&TLS13];

fn invalid(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why.into())
}
