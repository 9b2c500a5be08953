//! One connection: bytes under way in both directions, in order, until it breaks.

use std::collections::VecDeque;

use upsert_kafka_client::Bytes;
use upsert_kafka_protocol::{ApiKey, Frames};

/// Which connection, in the whole run: the broker knows it as a peer of that number.
pub(crate) type WireId = u64;

/// A connection between a client and a node.
#[derive(Debug)]
pub(crate) struct Wire {
    /// Which client, and which of its lives.
    pub(crate) client: usize,
    pub(crate) life: u32,
    /// The client's number for it.
    pub(crate) connection: u64,
    pub(crate) node: i32,
    /// The client still listens.
    pub(crate) client_open: bool,
    /// The broker still listens.
    pub(crate) broker_open: bool,
    /// What the client's kernel has not taken yet.
    pub(crate) unsent: VecDeque<Bytes>,
    /// Nothing that is sent from now on arrives.
    pub(crate) broken: bool,
    /// What is under way to the broker is lost too; and to the client.
    pub(crate) up_lost: bool,
    pub(crate) down_lost: bool,
    /// When the last byte under way arrives.
    pub(crate) up_last: u64,
    pub(crate) down_last: u64,
    /// The client's end has reached the broker.
    pub(crate) ended: bool,
    pub(crate) frames: Frames,
    /// Requests that have come and wait for the one at work.
    pub(crate) requests: VecDeque<Bytes>,
    pub(crate) at_work: Option<Asked>,
}

/// What an answer is needed for, to be read: API and version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) api_key: i16,
    pub(crate) version: i16,
}

impl Wire {
    pub(crate) fn new(client: usize, life: u32, connection: u64, node: i32, now: u64) -> Self {
        Self {
            client,
            life,
            connection,
            node,
            client_open: true,
            broker_open: true,
            unsent: VecDeque::new(),
            broken: false,
            up_lost: false,
            down_lost: false,
            up_last: now,
            down_last: now,
            ended: false,
            frames: Frames::new(100 << 20),
            requests: VecDeque::new(),
            at_work: None,
        }
    }

    /// Bytes have reached the broker.
    pub(crate) fn arrive(&mut self, bytes: &[u8]) {
        self.frames.room().extend_from_slice(bytes);
        while let Ok(Some(frame)) = self.frames.next() {
            self.requests.push_back(frame);
        }
    }

    /// Whether nobody can hear anything on it any more.
    pub(crate) fn is_over(&self) -> bool {
        !self.client_open && !self.broker_open
    }
}

impl Asked {
    /// From the head of a request.
    pub(crate) fn of(frame: &Bytes) -> Self {
        let word = |at: usize| i16::from_be_bytes([frame[at], frame[at + 1]]);
        Self { api_key: word(0), version: word(2) }
    }

    pub(crate) fn is_to_coordinator_of_transactions(self) -> bool {
        let apis = [
            ApiKey::INIT_PRODUCER_ID,
            ApiKey::ADD_PARTITIONS_TO_TXN,
            ApiKey::ADD_OFFSETS_TO_TXN,
            ApiKey::END_TXN,
        ];
        apis.contains(&ApiKey(self.api_key))
    }
}
