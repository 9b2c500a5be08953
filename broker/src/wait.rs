//! Who waits, for what, and until when.

use std::time::Instant;

use upsert_kafka_protocol::Uuid;

/// A connection. It has one request at work at a time and sends the next when that is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub u64);

/// What is waited for, or has happened: Kafka's watch key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum WatchKey {
    /// Something new in a partition of a topic.
    Partition(Uuid, i32),
    /// An answer for this connection.
    Peer(PeerId),
}

/// Until when, if not for ever, and for what.
#[derive(Debug)]
pub(crate) struct Wait {
    pub(crate) until: Option<Instant>,
    pub(crate) on: Vec<WatchKey>,
}
