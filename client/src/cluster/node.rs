//! One broker as the cluster's task sees it: where it listens, its connections, and who waits for them.

use std::time::Instant;

use super::refresh::Reply;
use crate::Config;
use crate::config::Address;
use crate::connection::Connection;
use crate::retry::Backoff;

/// Which of a broker's two connections: answers come in order, so a fetch that the broker holds back would
/// hold back whatever was asked behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    Requests,
    Fetches,
}

/// What is known of the way to one broker.
pub(super) struct Node {
    pub(super) address: Address,
    /// By lane.
    pub(super) ways: [Way; 2],
    pub(super) backoff: Backoff,
    pub(super) setup: Backoff,
    pub(super) not_before: Instant,
}

/// One connection to a broker.
#[derive(Default)]
pub(super) struct Way {
    pub(super) connection: Option<Connection>,
    /// Those waiting while it is opened.
    pub(super) waiting: Vec<Reply>,
    pub(super) opening: bool,
}

impl Node {
    pub(super) fn new(address: Address, config: &Config, now: Instant) -> Self {
        Self {
            address,
            ways: Default::default(),
            backoff: Backoff::new(config.reconnect_backoff, config.reconnect_backoff_max),
            setup: Backoff::new(config.connection_setup_timeout, config.connection_setup_timeout_max),
            not_before: now,
        }
    }

    /// It is open.
    pub(super) fn open(&mut self, lane: Lane, connection: Connection) {
        self.backoff.reset();
        self.setup.reset();
        self.ways[lane as usize].connection = Some(connection);
    }
}

impl Way {
    /// The connection, unless it is closed.
    pub(super) fn open(&self) -> Option<&Connection> {
        self.connection.as_ref().filter(|connection| !connection.is_closed())
    }

    /// Somebody waits for it. Who gave up meanwhile need not be told.
    pub(super) fn wait(&mut self, reply: Reply) {
        self.waiting.retain(|reply| !reply.is_closed());
        self.waiting.push(reply);
    }
}
