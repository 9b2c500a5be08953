//! The follower that a leader named to read from (KIP-392), and until when it counts.
//!
//! The leader sends no records with it. The follower is asked for as long as metadata is believed, until another epoch
//! leads, or the follower is not among the brokers any more, or fails in whatever way. Then the leader is asked again, and
//! may name one again.

use std::time::Instant;

use super::partition_leader::Leader;
use super::requests::FetchTarget;
use crate::cluster::Metadata;

/// Who is to be asked for records in the leader's place; mostly nobody.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReadReplica(Option<NamedReplica>);

#[derive(Clone, Copy, Debug)]
struct NamedReplica {
    node: i32,
    /// The leader epoch in which it was named.
    leader_epoch: i32,
    until: Instant,
}

impl ReadReplica {
    /// Who is asked for records.
    pub(super) fn fetch_node(&self, leader: Leader) -> i32 {
        self.0.map_or(leader.node, |named| named.node)
    }

    /// Gives up a follower that counts no more. True where it would count, and is not among the brokers.
    pub(super) fn renew(&mut self, leader: Leader, metadata: &Metadata, now: Instant) -> bool {
        let Some(named) = self.0 else { return false };
        let counts = named.leader_epoch == leader.epoch && now < named.until;
        let is_there = metadata.brokers.contains_key(&named.node);
        if !counts || !is_there {
            self.0 = None;
        }
        counts && !is_there
    }

    /// The leader named a follower in the answer to this fetch. A follower's word does not count, or two of them could
    /// send a reader to and fro.
    pub(super) fn follow(&mut self, node: i32, target: &FetchTarget, until: Instant) {
        self.0.get_or_insert(NamedReplica { node, leader_epoch: target.leader_epoch, until });
    }

    /// The leader is asked again. Whether there was a follower.
    pub(super) fn give_up(&mut self) -> bool {
        self.0.take().is_some()
    }
}
