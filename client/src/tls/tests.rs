//! Against a server of rustls, over pipes: what is agreed on, and every way in which one side refuses the other.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::config::{EndpointIdentification, Store, TlsVersion};

mod agreed;
mod machine;
mod opened;
mod openssl;
mod refused;
mod reloaded;

/// The middle of 2026, when every certificate of the test data holds.
const NOW: i64 = 1_782_864_000_000;

/// A file of the test data.
fn data(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/stores")).join(name)
}

fn pem(name: &str) -> String {
    std::fs::read_to_string(data(&format!("pki/{name}"))).unwrap()
}

/// Whoever trusts the root, and is nobody.
fn trusting(root: &str) -> TlsConfig {
    TlsConfig { truststore: Some(Store::file(data(&format!("pki/{root}.pem")))), ..Default::default() }
}

/// The same with a key and a chain.
fn with_key(config: TlsConfig, chain: &str, key: &str) -> TlsConfig {
    TlsConfig { keystore: Some(Store::pem(pem(chain) + &pem(key))), ..config }
}

/// A server with such a chain and key.
struct TlsServer {
    chain: &'static str,
    key: &'static str,
    /// Whose clients it takes; without, it asks for nothing.
    clients: Option<&'static str>,
    versions: &'static [&'static SupportedProtocolVersion],
}

impl TlsServer {
    fn of(chain: &'static str, key: &'static str) -> Self {
        Self { chain, key, clients: None, versions: rustls::ALL_VERSIONS }
    }

    fn broker() -> Self {
        Self::of("broker-chain.pem", "broker.key")
    }

    fn for_clients_of(self, root: &'static str) -> Self {
        Self { clients: Some(root), ..self }
    }

    fn config(&self) -> Arc<ServerConfig> {
        self.config_where(false)
    }

    /// It asks for a certificate, and does without.
    fn config_for_anybody(&self) -> Arc<ServerConfig> {
        self.config_where(true)
    }

    fn config_where(&self, anonymous: bool) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls_graviola::default_provider());
        let chain =
            CertificateDer::pem_slice_iter(pem(self.chain).as_bytes()).collect::<Result<_, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_slice(pem(self.key).as_bytes()).unwrap();
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(self.versions)
            .unwrap();
        let builder = match self.clients {
            None => builder.with_no_client_auth(),
            Some(root) => {
                let mut roots = RootCertStore::empty();
                for der in CertificateDer::pem_slice_iter(pem(root).as_bytes()) {
                    roots.add(der.unwrap()).unwrap();
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier = if anonymous { verifier.allow_unauthenticated() } else { verifier };
                let verifier = verifier.build().unwrap();
                builder.with_client_cert_verifier(verifier)
            }
        };
        Arc::new(builder.with_single_cert(chain, key).unwrap())
    }
}

/// Takes one connection and sends back what comes, until the other side is done; the error is what the server saw.
fn echo(config: Arc<ServerConfig>, stream: DuplexStream) -> JoinHandle<std::io::Result<u64>> {
    tokio::spawn(async move {
        let stream = TlsAcceptor::from(config).accept(stream).await?;
        let (mut reader, mut writer) = tokio::io::split(stream);
        tokio::io::copy(&mut reader, &mut writer).await
    })
}

fn connector_at(config: &TlsConfig, unix_ms: i64) -> TlsConnector {
    TlsConnector::new(config, &Environment::new().with_clock(Clock::of_runtime(unix_ms))).unwrap()
}

type Shaken = Result<TlsStream<DuplexStream>, Error>;

async fn shake_by(connector: &TlsConnector, server: &Arc<ServerConfig>, name: &str) -> Shaken {
    let (ours, theirs) = duplex(1 << 16);
    echo(Arc::clone(server), theirs);
    connector.connect(ours, name).await
}

/// The handshake of a client and a server in the middle of 2026.
async fn shake(config: &TlsConfig, server: &TlsServer, name: &str) -> Shaken {
    shake_by(&connector_at(config, NOW), &server.config(), name).await
}

/// The handshake, and a word there and back: with TLS 1.3 a server refuses a client after it.
async fn talk(config: &TlsConfig, server: &TlsServer, name: &str) -> Shaken {
    let mut stream = shake(config, server, name).await?;
    match spoken(&mut stream).await {
        Ok(()) => Ok(stream),
        Err(error) => {
            let ours = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
            Err(ours.unwrap_or_else(|| panic!("{error}")).clone())
        }
    }
}

async fn spoken(stream: &mut TlsStream<DuplexStream>) -> std::io::Result<()> {
    stream.write_all(b"hello").await?;
    stream.flush().await?;
    let mut word = [0; 5];
    stream.read_exact(&mut word).await?;
    assert_eq!(&word, b"hello");
    Ok(())
}

/// The sentence of a refusal, which must have all these words in it.
fn says(shaken: Shaken, kind: ErrorKind, words: &[&str]) {
    let error = shaken.err().expect("it was not refused");
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{text}");
    for word in words {
        assert!(text.contains(word), "'{word}' is not in: {text}");
    }
}

/// A folder of a test's own, which goes with it.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("upsert-kafka-tls-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // A test that fails has said more already.
        _ = std::fs::remove_dir_all(&self.0);
    }
}
