//! The connections to one broker, each for its purpose, and who waits for them.
//!
//! A broker answers a connection's requests in their order, so whatever it holds back stands before all that was
//! asked behind it: a Fetch until there is something to read, a JoinGroup until every member has joined, a Produce until
//! every in-sync replica has the batches. Such requests have connections of their own, one for each producer and
//! consumer, since they must not wait for each other either. (A group of two members would wait for ever, if the
//! JoinGroup of one stood before that of the other.)

use std::collections::BTreeMap;
use std::time::Instant;

use crate::Config;
use crate::config::Address;
use crate::connection::{Connection, ConnectionReply};
use crate::retry::Backoff;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ConnectionKind {
    /// Everything but what has a kind of its own: metadata, and what is asked of coordinators of transactions. All
    /// producers, consumers and admins of a client share it.
    Requests,
    /// The owner's batches. A broker that replicates answers a Produce when its replicas have it, and takes the
    /// connection's next request only then.
    Produce(OwnerId),
    /// The owner's fetches, which a broker holds back for `fetch.max.wait.ms`.
    Fetches(OwnerId),
    /// What a consumer asks of its group's coordinator, which holds a JoinGroup back until the group is complete.
    /// Java's consumer marks it by a node id of its own, `Integer.MAX_VALUE - id`.
    Coordinator(OwnerId),
}

impl ConnectionKind {
    fn owner(self) -> Option<OwnerId> {
        match self {
            Self::Requests => None,
            Self::Produce(owner) | Self::Fetches(owner) | Self::Coordinator(owner) => Some(owner),
        }
    }
}

/// Whose a connection is: a producer's or a consumer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OwnerId(pub(super) u64);

/// One broker: where it listens, and the connections to it.
pub(super) struct NodeConnections {
    pub(super) address: Address,
    pub(super) backoff: Backoff,
    pub(super) setup: Backoff,
    pub(super) not_before: Instant,
    slots: BTreeMap<ConnectionKind, ConnectionSlot>,
}

/// One connection, or the place of it while there is none.
#[derive(Default)]
pub(super) struct ConnectionSlot {
    connection: Option<Connection>,
    /// Those waiting while it is opened.
    waiting: Vec<ConnectionReply>,
    opening: bool,
}

impl NodeConnections {
    pub(super) fn new(address: Address, config: &Config, now: Instant) -> Self {
        Self {
            address,
            backoff: Backoff::new(config.reconnect_backoff, config.reconnect_backoff_max),
            setup: Backoff::new(config.connection_setup_timeout, config.connection_setup_timeout_max),
            not_before: now,
            slots: BTreeMap::new(),
        }
    }

    /// The place of a connection, if its owner is not gone.
    pub(super) fn known_slot(&mut self, kind: ConnectionKind) -> Option<&mut ConnectionSlot> {
        self.slots.get_mut(&kind)
    }

    /// The place of a connection, made if there is none.
    pub(super) fn slot(&mut self, kind: ConnectionKind) -> &mut ConnectionSlot {
        self.slots.entry(kind).or_default()
    }

    /// A connection is open.
    pub(super) fn handle_opened(&mut self, kind: ConnectionKind, connection: Connection) {
        self.backoff.reset();
        self.setup.reset();
        self.slot(kind).connection = Some(connection);
    }

    /// The connection for requests, if it is open.
    pub(super) fn open_for_requests(&self) -> Option<&Connection> {
        self.slots.get(&ConnectionKind::Requests).and_then(ConnectionSlot::open)
    }

    /// Whether somebody waits for a connection.
    pub(super) fn is_opening(&self) -> bool {
        self.slots.values().any(|slot| slot.opening)
    }

    /// Lets go of every connection; each is closed when all on it is answered.
    pub(super) fn release_all(&mut self) {
        self.slots.values_mut().for_each(|slot| slot.connection = None);
    }

    /// Lets go of those of an owner who is gone.
    pub(super) fn release(&mut self, gone: OwnerId) {
        self.slots.retain(|kind, _| kind.owner() != Some(gone));
    }
}

impl ConnectionSlot {
    /// The connection, unless it is closed.
    pub(super) fn open(&self) -> Option<&Connection> {
        self.connection.as_ref().filter(|connection| !connection.is_closed())
    }

    /// Whether an attempt to open it is under way.
    pub(super) fn is_opening(&self) -> bool {
        self.opening
    }

    /// Somebody waits for it; says whether it is to be opened now, since nobody did before. Who gave up meanwhile
    /// need not be told.
    pub(super) fn handle_wanted(&mut self, reply: ConnectionReply) -> bool {
        self.waiting.retain(|reply| !reply.is_closed());
        self.waiting.push(reply);
        !std::mem::replace(&mut self.opening, true)
    }

    /// The attempt to open it is over: those who waited for it.
    pub(super) fn take_waiting(&mut self) -> Vec<ConnectionReply> {
        self.opening = false;
        std::mem::take(&mut self.waiting)
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn however_many_wait_for_a_connection_one_opens_it() {
        let mut slot = ConnectionSlot::default();
        let (replies, receivers): (Vec<_>, Vec<_>) = (0..3).map(|_| oneshot::channel()).unzip();
        let opens: Vec<bool> = replies.into_iter().map(|reply| slot.handle_wanted(reply)).collect();
        assert_eq!(opens, [true, false, false]);
        assert_eq!(slot.take_waiting().len(), receivers.len());
        assert!(slot.handle_wanted(oneshot::channel().0), "the next one opens it again");
    }
}
