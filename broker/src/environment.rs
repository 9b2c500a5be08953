//! What a broker takes from its machine: sockets to listen on, a clock and a source of chance.
//!
//! Nothing else in this crate reads a clock or draws a seed. Whoever hands in an [`Environment`] therefore decides
//! all three: a test can run the shipped broker over pipes, in tokio's paused time, from one seed.
//!
//! ```
//! use upsert_kafka_broker::{Broker, BrokerConfig, Clock, Environment};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
//! # runtime.block_on(async {
//! // A clock that follows tokio's time, paused or not, and says that it is 2026.
//! let clock = Clock::of_runtime(1_767_225_600_000);
//! let environment = Environment::new().with_clock(clock).with_seed(7).without_sockets();
//! let broker = Broker::start_in(BrokerConfig::default(), environment).await.unwrap();
//! let pipe = broker.connect(1).await.unwrap();
//! # drop(pipe);
//! broker.stop().await;
//! # });
//! ```

use std::hash::{BuildHasher, RandomState};

mod clock;

pub(crate) use clock::until;
pub use clock::{Clock, Time};

/// Sockets to listen on, a clock and a source of chance; the machine's own, unless told otherwise.
///
/// Every wait of the broker is one of tokio's timers, set by this clock: so a clock that is handed in must go as
/// tokio's time goes, as [`Clock::of_runtime`] does.
#[derive(Clone, Debug)]
pub struct Environment {
    clock: Clock,
    /// `None` draws one from the process' hash keys, which differ from run to run.
    seed: Option<u64>,
    sockets: bool,
}

impl Environment {
    /// The machine's own: TCP, the system's clocks, and chance that differs from run to run.
    pub fn new() -> Self {
        Self { clock: Clock::system(), seed: None, sockets: true }
    }

    /// Reads time from this clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Derives topic ids and member ids from this seed, where [`BrokerConfig::seed`](crate::BrokerConfig::seed) is 0.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// Listens nowhere. Every connection is handed in, by [`Broker::connect`](crate::Broker::connect) or
    /// [`Broker::serve`](crate::Broker::serve); addresses are names by which a [`Connector`](crate::Connector) knows
    /// the nodes.
    #[must_use]
    pub fn without_sockets(self) -> Self {
        Self { sockets: false, ..self }
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed.unwrap_or_else(|| RandomState::new().hash_one(0))
    }

    pub(crate) fn has_sockets(&self) -> bool {
        self.sockets
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_kept_and_without_one_runs_differ() {
        assert_eq!(Environment::new().with_seed(7).seed(), 7);
        assert_ne!(Environment::new().seed(), Environment::new().seed());
    }
}
