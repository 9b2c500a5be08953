//! TLS: from settings to streams. Stores are read when a client opens, and again when they change.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::BufReader;
use tokio::task::spawn_blocking;

use crate::config::TlsConfig;
use crate::environment::{Clock, Environment, Transport};
use crate::stores::{self, Rounds, Unlock};
use crate::{Error, ErrorKind};

mod client_config;
mod identity;
mod material;
mod observed;
mod provider;
mod refusal;
mod stream;
mod trust;
mod verifier;

pub use crate::config::TlsProvider;
pub use crate::stores::certificate::Certificate;
use material::Material;
use observed::Observed;
#[cfg(feature = "oauth")]
pub(crate) use provider::provider;
use refusal::Place;
pub use stream::{TlsFacts, TlsStream};

/// Makes TLS of streams, by one set of settings: one for a client, so that sessions are resumed. Clones share all.
#[derive(Clone)]
pub struct TlsConnector(Arc<Shared>);

struct Shared {
    config: TlsConfig,
    clock: Clock,
    current: Mutex<Current>,
}

/// What the files last gave.
#[derive(Clone)]
struct Current {
    client: Arc<ClientConfig>,
    material: Arc<Material>,
    looked_at: Instant,
}

impl TlsConnector {
    /// Reads the stores. It connects to nothing.
    ///
    /// # Errors
    /// A store that cannot be read, a setting that nothing can be made of, a machine that no provider runs on.
    pub fn new(config: &TlsConfig, environment: &Environment) -> Result<Self, Error> {
        let clock = environment.clock().clone();
        let material = Material::read(config)?;
        let client = client_config::build(config, &material, &clock)?;
        let current = Current { client, material: Arc::new(material), looked_at: clock.now() };
        Ok(Self(Arc::new(Shared { config: config.clone(), clock, current: Mutex::new(current) })))
    }

    /// Takes the stream to a server of this name, and gives it back in TLS.
    ///
    /// # Errors
    /// [`ErrorKind::Authentication`] where one side did not accept the other, with the reason and what to change.
    pub async fn connect<S: Transport>(&self, stream: S, server_name: &str) -> Result<TlsStream<S>, Error> {
        self.shake(stream, dns_name(server_name)?, server_name).await.map_err(|(error, _)| error)
    }

    /// The same for who wants to see the server's chain where the handshake came to nothing too: the certificates that
    /// were presented, as far as they came, each with its bytes.
    ///
    /// # Errors
    /// As [`TlsConnector::connect`], with the chain.
    pub async fn probe<S: Transport>(
        &self,
        stream: S,
        server_name: &str,
    ) -> Result<TlsStream<S>, (Error, Vec<(Certificate, Vec<u8>)>)> {
        let name = dns_name(server_name).map_err(|error| (error, Vec::new()))?;
        let shaken = self.shake(stream, name, server_name).await;
        shaken.map_err(|(error, place)| (error, stream::readable(place.observed.chain)))
    }

    async fn shake<S: Transport>(
        &self,
        stream: S,
        name: ServerName<'static>,
        server_name: &str,
    ) -> Result<TlsStream<S>, (Error, Place)> {
        let Current { client, material, .. } = self.fresh().await;
        let observed = Arc::new(Mutex::new(Observed::default()));
        let connector = tokio_rustls::TlsConnector::from(client);
        // rustls reads four kilobytes at a time; a system call each would cost more than deciphering them.
        let stream = BufReader::with_capacity(READ_BYTES, stream);
        let handshake = connector.connect(name, stream);
        let shaken = observed::within(Arc::clone(&observed), handshake).await;
        let observed = std::mem::take(&mut *observed.lock().unwrap_or_else(PoisonError::into_inner));
        let now = self.0.clock.unix_ms().div_euclid(1000);
        let place = Place { server_name: server_name.to_owned(), observed, material, now };
        match shaken {
            Ok(stream) => Ok(TlsStream::new(stream, place)),
            Err(error) => Err((place.handshake_failed(error), place)),
        }
    }

    /// The settings as rustls has them, for who brings connections of its own.
    pub async fn client_config(&self) -> Arc<ClientConfig> {
        self.fresh().await.client
    }

    /// What the files give now. They are looked at no more often than every [`LOOK_AGAIN`], and one that has become
    /// unreadable leaves in place what it gave before: a connection in use is never touched.
    async fn fresh(&self) -> Current {
        let now = self.0.clock.now();
        let before = {
            let mut current = self.0.current.lock().unwrap_or_else(PoisonError::into_inner);
            let due = now.saturating_duration_since(current.looked_at) >= LOOK_AGAIN;
            if !due || !current.material.has_files() {
                return current.clone();
            }
            current.looked_at = now;
            current.clone()
        };
        let shared = Arc::clone(&self.0);
        let known = Arc::clone(&before.material);
        // Deriving keys may take a while, and so may a disk.
        match spawn_blocking(move || shared.read_again(&known)).await {
            Ok(Some(renewed)) => renewed,
            _ => before,
        }
    }
}

impl Shared {
    /// Reads the files where they differ from what is known.
    fn read_again(&self, known: &Material) -> Option<Current> {
        if known.is_current() {
            return None;
        }
        let read = Material::read(&self.config).and_then(|material| {
            let client = client_config::build(&self.config, &material, &self.clock)?;
            Ok((client, Arc::new(material)))
        });
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok((client, material)) => {
                tracing::info!(stores = %material, "the stores have changed; new connections use what they hold now");
                *current = Current { client, material, looked_at: current.looked_at };
                Some(current.clone())
            }
            Err(error) => {
                tracing::warn!(
                    %error,
                    "a store has changed and cannot be read; new connections use what it held before"
                );
                None
            }
        }
    }
}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnector").field("config", &self.0.config).finish_non_exhaustive()
    }
}

/// A server's name as certificates have it: without the zone of an address. The dot at a name's end is rustls' affair.
fn dns_name(host: &str) -> Result<ServerName<'static>, Error> {
    let bare = host.split_once('%').map_or(host, |(address, _)| address);
    ServerName::try_from(bare.to_owned()).map_err(|error| {
        let sentence = format!("'{host}' is no name that a certificate could have: {error}");
        Error::new(ErrorKind::Config, sentence).with_cause(error)
    })
}

/// How many entries the bytes of a store have, of any type: for checks that no bytes do harm. More rounds of hashing than
/// these are refused.
///
/// # Errors
/// What is no store, or cannot be opened.
pub fn read_store(bytes: &[u8], password: Option<&str>, rounds: u64) -> Result<usize, String> {
    let unlock = Unlock { store: password, key: password };
    stores::read(bytes, None, &unlock, &mut Rounds::new(rounds)).map(|contents| contents.entries.len())
}

/// How long what stores held is taken for what they hold.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Four records of TLS in one read.
const READ_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests;
