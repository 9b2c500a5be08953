//! What a client takes from its machine: a dialer, a clock and a source of chance.
//!
//! Nothing else in this crate dials, reads a clock or draws a seed. Whoever hands in an [`Environment`] therefore
//! decides all three: a test can run the shipped client over pipes, in tokio's paused time, from one seed.
//!
//! ```
//! use upsert_kafka_client::{Clock, Environment};
//!
//! // A clock that follows tokio's time, paused or not, and says that it is 2026.
//! let environment = Environment::new().with_clock(Clock::of_runtime(1_767_225_600_000)).with_seed(7);
//! assert!(environment.clock().unix_ms() >= 1_767_225_600_000);
//! ```

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::retry::Chance;
use crate::{Error, ErrorKind};

mod clock;
mod dial;
#[cfg(feature = "gssapi")]
mod kdc;

pub(crate) use clock::until;
pub use clock::{Clock, Time};
pub use dial::{Dial, DialTarget, Dialing, Resolving, Transport};

/// A dialer, a clock and a source of chance; the machine's own, unless told otherwise. Clones share all three.
///
/// Every wait of the client is one of tokio's timers, set by this clock: so a clock that is handed in must go as
/// tokio's time goes, as [`Clock::of_runtime`] does.
#[derive(Clone)]
pub struct Environment {
    dialer: Arc<dyn Dial>,
    /// Whether the dialer is the machine's own, so that its datagrams may be used too.
    #[cfg_attr(not(feature = "gssapi"), allow(dead_code, reason = "Kerberos alone sends datagrams"))]
    has_datagrams: bool,
    clock: Clock,
    seeds: Seeds,
}

/// Where seeds come from.
#[derive(Clone)]
enum Seeds {
    /// The process' hash keys, which differ from run to run.
    Process,
    /// The next of a sequence, which the first one determines.
    Sequence(Arc<AtomicU64>),
}

impl Environment {
    /// The machine's own: TCP, the system's clocks, and chance that differs from run to run.
    pub fn new() -> Self {
        Self {
            dialer: Arc::new(dial::Tcp),
            has_datagrams: true,
            clock: Clock::system(),
            seeds: Seeds::Process,
        }
    }

    /// Opens connections by this dialer: a type of yours, or a closure from an [`Address`](crate::Address) to a
    /// future of a stream.
    ///
    /// ```
    /// use tokio::net::TcpStream;
    /// use upsert_kafka_client::{Address, Environment};
    ///
    /// // Brokers are behind a tunnel that ends on this machine, each on its own port.
    /// let environment = Environment::new()
    ///     .with_dialer(|broker: Address| TcpStream::connect(("127.0.0.1", broker.port)));
    /// ```
    #[must_use]
    pub fn with_dialer(self, dialer: impl Dial) -> Self {
        Self { dialer: Arc::new(dialer), has_datagrams: false, ..self }
    }

    /// Reads time from this clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Derives all chance from this seed: jitter of waits, order of brokers, partitions of records without keys.
    /// Two runs draw the same only where they draw in the same order.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seeds: Seeds::Sequence(Arc::new(AtomicU64::new(seed))), ..self }
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn dialer(&self) -> &dyn Dial {
        &*self.dialer
    }

    /// Chance for one owner, who draws from it without asking again.
    pub(crate) fn chance(&self) -> Chance {
        Chance::seeded(self.seed())
    }

    /// Bytes that nobody can guess, for nonces and keys; of the seed, where there is one.
    ///
    /// # Errors
    /// The system has none to give.
    #[cfg_attr(not(any(feature = "scram", feature = "oauth", feature = "gssapi")), allow(dead_code))]
    pub(crate) fn random_bytes<const N: usize>(&self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        match &self.seeds {
            Seeds::Process => getrandom::fill(&mut bytes).map_err(|error| {
                Error::new(ErrorKind::Usage, format!("the system gives no random bytes: {error}"))
            })?,
            Seeds::Sequence(_) => {
                bytes.chunks_mut(8).for_each(|it| it.copy_from_slice(&self.seed().to_be_bytes()[..it.len()]));
            }
        }
        Ok(bytes)
    }

    /// A seed of chance for one owner; of this environment's own seed, where it has one.
    pub fn seed(&self) -> u64 {
        match &self.seeds {
            Seeds::Process => RandomState::new().hash_one(0),
            Seeds::Sequence(state) => mixed(state.fetch_add(SEQUENCE_STEP, Relaxed)),
        }
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").field("clock", &self.clock).finish_non_exhaustive()
    }
}

/// SplitMix64's output function: neighbours in the sequence share no bits.
fn mixed(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// SplitMix64's step, which visits every state once.
const SEQUENCE_STEP: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_determines_all_chance_and_no_two_owners_share_theirs() {
        let draws = |environment: &Environment| -> Vec<u64> {
            (0..100).map(|_| environment.chance().bits()).collect()
        };
        let one = draws(&Environment::new().with_seed(7));
        assert_eq!(one, draws(&Environment::new().with_seed(7)));
        assert_ne!(one, draws(&Environment::new().with_seed(8)));
        let mut distinct = one.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), one.len());
    }

    #[test]
    fn random_bytes_are_of_the_seed_where_there_is_one_and_never_the_same_twice() {
        let drawn = |environment: &Environment| environment.random_bytes::<20>().unwrap();
        let (one, same) = (Environment::new().with_seed(7), Environment::new().with_seed(7));
        assert_eq!(drawn(&one), drawn(&same));
        let (first, second) = (drawn(&one), drawn(&one));
        assert!(first != second && first[..8] != first[8..16] && first[16..] != [0; 4]);
        assert_ne!(drawn(&Environment::new()), drawn(&Environment::new()));
    }

    #[test]
    fn without_a_seed_runs_differ() {
        assert_ne!(Environment::new().chance().bits(), Environment::new().chance().bits());
    }
}
