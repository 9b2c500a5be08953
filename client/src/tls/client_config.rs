//! rustls' settings, made of ours.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::{ClientConfig, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{KeyLogFile, SupportedCipherSuite, SupportedProtocolVersion};

use super::identity::ClientIdentities;
use super::material::Material;
use super::provider::provider;
use super::verifier::ServerVerifier;
use crate::config::{EndpointIdentification, TlsConfig, TlsVersion};
use crate::environment::Clock;
use crate::{Error, ErrorKind};

/// The settings for all connections, until the stores change.
pub(crate) fn build(
    config: &TlsConfig,
    material: &Material,
    clock: &Clock,
) -> Result<Arc<ClientConfig>, Error> {
    let provider = narrowed(provider(config)?, &config.cipher_suites)?;
    let verifier = ServerVerifier::new(material, &provider, config.endpoint_identification)?;
    let identities = ClientIdentities::new(&material.identities, &provider)?;
    if config.endpoint_identification == EndpointIdentification::None {
        tracing::warn!(
            "ssl.endpoint.identification.algorithm is empty: whoever holds any certificate of a trusted authority can \
             stand in for a broker, since names are not checked"
        );
    }
    let versions = versions(&config.enabled_protocols);
    let mut client = ClientConfig::builder_with_details(provider, Arc::new(WallClock(clock.clone())))
        .with_protocol_versions(&versions)
        .map_err(|error| {
            let sentence =
                format!("ssl.cipher.suites and ssl.enabled.protocols leave nothing in common: {error}");
            Error::new(ErrorKind::Config, sentence).with_cause(error)
        })?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::new(identities));
    client.resumption = Resumption::in_memory_sessions(SESSIONS_MAX);
    if std::env::var_os(KEY_LOG).is_some_and(|path| !path.is_empty()) {
        tracing::warn!(
            "{KEY_LOG} is set: the keys of every TLS connection are written there, and who reads them reads all"
        );
        client.key_log = Arc::new(KeyLogFile::new());
    }
    Ok(Arc::new(client))
}

/// The provider with no suites but these; all where none is named.
fn narrowed(provider: Arc<CryptoProvider>, names: &[String]) -> Result<Arc<CryptoProvider>, Error> {
    if names.is_empty() {
        return Ok(provider);
    }
    let mut suites: Vec<SupportedCipherSuite> = Vec::new();
    for name in names {
        let found = provider.cipher_suites.iter().find(|suite| suite_name(suite) == *name);
        suites.push(*found.ok_or_else(|| unknown_suite(name, &provider))?);
    }
    Ok(Arc::new(CryptoProvider { cipher_suites: suites, ..(*provider).clone() }))
}

fn unknown_suite(name: &str, provider: &CryptoProvider) -> Error {
    let known: Vec<_> = provider.cipher_suites.iter().map(suite_name).collect();
    let sentence = format!("ssl.cipher.suites: '{name}' is not there; these are: {}", known.join(", "));
    Error::new(ErrorKind::Config, sentence)
}

/// As IANA and Java have it: rustls puts the version into the name of those of TLS 1.3.
pub(crate) fn suite_name(suite: &SupportedCipherSuite) -> String {
    format!("{:?}", suite.suite()).replace("TLS13_", "TLS_")
}

fn versions(enabled: &[TlsVersion]) -> Vec<&'static SupportedProtocolVersion> {
    let enables = |version| enabled.is_empty() || enabled.contains(&version);
    let both = [(TlsVersion::V1_3, &TLS13), (TlsVersion::V1_2, &TLS12)];
    both.into_iter().filter(|(version, _)| enables(*version)).map(|(_, version)| version).collect()
}

/// The environment's wall clock, by which certificates hold or have expired.
#[derive(Debug)]
struct WallClock(Clock);

impl TimeProvider for WallClock {
    fn current_time(&self) -> Option<UnixTime> {
        let ms = u64::try_from(self.0.unix_ms()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(ms)))
    }
}

const KEY_LOG: &str = "SSLKEYLOGFILE";
/// One per broker is in use at a time.
const SESSIONS_MAX: usize = 256;
