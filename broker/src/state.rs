//! Everything the broker keeps: topics with their logs, groups, producer ids.

pub(crate) mod batch;
pub(crate) mod configs;
pub(crate) mod groups;
pub(crate) mod log;
pub(crate) mod names;
pub(crate) mod producers;
pub(crate) mod topics;

use upsert_kafka_protocol::{ErrorCode, Str};

use crate::config::BrokerConfig;
use crate::fault::Faults;
use crate::parking::Place;
use groups::Groups;
use topics::Topics;

/// The only node there is.
pub(crate) const NODE_ID: i32 = 1;

/// What the APIs read and change.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) config: BrokerConfig,
    pub(crate) topics: Topics,
    pub(crate) groups: Groups,
    pub(crate) faults: Faults,
    /// The next id that InitProducerId gives.
    pub(crate) next_producer_id: i64,
    /// Partitions that grew or went away during this request: who waits for them looks again.
    pub(crate) touched: Vec<Place>,
}

impl State {
    pub(crate) fn new(config: BrokerConfig) -> Self {
        Self {
            topics: Topics::new(config.seed),
            groups: Groups::default(),
            faults: Faults::default(),
            next_producer_id: 0,
            touched: Vec::new(),
            config,
        }
    }

    /// Where clients find this broker.
    pub(crate) fn address(&self) -> (Str, i32) {
        (Str::from(self.config.advertised_host.as_str()), i32::from(self.config.advertised_port))
    }
}

/// Why something was not done: the code for programs, the sentence for people.
#[derive(Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
    /// The records to blame, by their index in the batch.
    pub(crate) records: Vec<(i32, String)>,
}

impl Refusal {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), records: Vec::new() }
    }
}

/// An owned copy: a string of a request pins the whole frame it came in.
pub(crate) fn owned(text: &str) -> Str {
    Str::from(text)
}
