//! One member of a classic group.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use bytes::Bytes;
use upsert_kafka_protocol::data::consumer::ConsumerProtocolSubscription;
use upsert_kafka_protocol::messages::JoinGroupRequest;
use upsert_kafka_protocol::{Message, Str};

use crate::state::names::owned;
use crate::wait::PeerId;

/// How long a newcomer may wait for its first rebalance to end: without an id it cannot send heartbeats.
const NEW_MEMBER_TIMEOUT: Duration = Duration::from_secs(300);

/// A member with its protocols and timeouts.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) id: Str,
    /// The name of a static member.
    pub(crate) instance: Option<Str>,
    pub(crate) client_id: Str,
    pub(crate) rebalance_timeout: Duration,
    pub(crate) assignment: Bytes,
    /// Its protocols with their metadata, the preferred one first.
    protocols: Vec<(Str, Bytes)>,
    /// Their names.
    known: BTreeSet<Str>,
    session_timeout: Duration,
    /// When it expires unless it is heard of.
    due: Instant,
    /// The connection whose JoinGroup waits for the other members.
    pub(super) joining: Option<PeerId>,
    /// The connection whose SyncGroup waits for the leader.
    pub(super) syncing: Option<PeerId>,
    /// It has asked for its assignment in this generation.
    pub(super) synced: bool,
    /// Its first rebalance has not ended.
    is_new: bool,
}

impl Member {
    pub(super) fn new(id: Str, client_id: &Str, join: &JoinGroupRequest, peer: PeerId, now: Instant) -> Self {
        let mut member = Self {
            id,
            instance: join.group_instance_id.as_deref().map(owned),
            client_id: owned(client_id),
            rebalance_timeout: Duration::ZERO,
            assignment: Bytes::new(),
            protocols: Vec::new(),
            known: BTreeSet::new(),
            session_timeout: Duration::ZERO,
            due: now,
            joining: None,
            syncing: None,
            synced: false,
            is_new: true,
        };
        member.update(join, peer);
        member.due = now + NEW_MEMBER_TIMEOUT;
        member
    }

    /// Takes over what a JoinGroup says. The request waits from now on.
    pub(super) fn update(&mut self, join: &JoinGroupRequest, peer: PeerId) {
        let copied = |bytes: &Bytes| Bytes::copy_from_slice(bytes);
        self.protocols = join.protocols.iter().map(|it| (owned(&it.name), copied(&it.metadata))).collect();
        self.known = self.protocols().cloned().collect();
        self.session_timeout = millis(join.session_timeout_ms);
        self.rebalance_timeout = match join.rebalance_timeout_ms {
            -1 => self.session_timeout,
            timeout_ms => millis(timeout_ms),
        };
        self.joining = Some(peer);
    }

    /// Whether a JoinGroup says nothing new.
    pub(super) fn matches(&self, join: &JoinGroupRequest) -> bool {
        let asked = join.protocols.iter().map(|it| (&*it.name, &*it.metadata));
        self.protocols.iter().map(|(name, metadata)| (&**name, &**metadata)).eq(asked)
    }

    pub(super) fn knows(&self, protocol: &str) -> bool {
        self.known.contains(protocol)
    }

    /// The names of its protocols, the preferred one first.
    pub(super) fn protocols(&self) -> impl Iterator<Item = &Str> {
        self.protocols.iter().map(|(name, _)| name)
    }

    /// Its metadata for a protocol.
    pub(crate) fn metadata(&self, protocol: &str) -> Bytes {
        let found = self.protocols.iter().find(|(name, _)| **name == *protocol);
        found.map(|(_, metadata)| metadata.clone()).unwrap_or_default()
    }

    /// Whether it is a consumer that is subscribed to the topic. The subscription is the same under each protocol.
    pub(super) fn subscribes(&self, topic: &str) -> bool {
        /// The last version of the subscription there is; later ones begin like it.
        const LAST: i16 = 3;
        let Some((version, body)) = self.protocols.first().and_then(|(_, said)| said.split_first_chunk())
        else {
            return false;
        };
        let version = i16::from_be_bytes(*version).min(LAST);
        let said = ConsumerProtocolSubscription::decode(&Bytes::copy_from_slice(body), version);
        said.is_ok_and(|said| said.topics.iter().any(|it| **it == *topic))
    }

    /// Renews its session: it was heard of.
    pub(super) fn renew(&mut self, now: Instant) {
        self.due = now + self.session_timeout;
    }

    /// Notes that the rebalance has ended.
    pub(super) fn settle(&mut self, now: Instant) {
        self.is_new = false;
        self.synced = false;
        self.renew(now);
    }

    /// When it expires; never while it waits for the other members, unless it is new.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let waits = self.joining.is_some() || self.syncing.is_some();
        (self.is_new || !waits).then_some(self.due)
    }
}

fn millis(ms: i32) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}
