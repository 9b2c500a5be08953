//! One classic group: its members, and how they agree on who reads which partition.
//!
//! As Kafka's `ClassicGroup` and `GroupMetadataManager` (4.x) decide it.
//!
//! The group coordinator does not assign partitions. It gathers the members, elects one as leader and lets the leader
//! assign, in two rounds that together are a *rebalance*:
//!
//! 1. **JoinGroup.** Every member sends its protocols (ways to assign) with its subscription. The answers are held back
//!    until all known members have joined or the rebalance timeout is over. Then a new *generation* begins: every member
//!    is told its number, and the leader is told all members.
//! 2. **SyncGroup.** The leader brings the assignments of all. The answers of the others are held back until then.
//!
//! What the group hears: `join`, `sync`, `heartbeat`, `leave`, and `expire` when its `deadline` has come. What it says
//! lies in `take_answers`: an answer may belong to a request that came long before.
//!
//! Rules that hold at all times:
//! - A request of another generation or of an unknown member changes nothing.
//! - A static member (KIP-345) that comes back takes the place of its former self, whose id is fenced.
//! - A newcomer is given an id and must join again with it (KIP-394), so that a lost answer leaves no ghost behind. Ids
//!   that were given and not used are *pending*, and a rebalance waits for them too.
//! - While a member waits for an answer it needs no heartbeat; only a newcomer can expire then.
//! - A commit that names a member is kept only if it is one of this generation (KIP-447). A commit that names none is
//!   kept while the group is empty, or within a transaction.
//!
//! `rebalance.rs` holds who is waited for and until when, `answers.rs` what members are told, `member.rs` one member.

mod answers;
pub(crate) mod member;
mod rebalance;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use upsert_kafka_protocol::messages::{JoinGroupRequest, SyncGroupRequest};
use upsert_kafka_protocol::{ErrorCode, Str};

use crate::wait::PeerId;
pub(crate) use answers::{GroupAnswer, refused_join};
use member::Member;

/// ```text
///           join                       all have joined, or                     the leader
///                                      the rebalance timeout                   syncs
///   Empty ───────► PreparingRebalance ───────────────────► CompletingRebalance ──────────► Stable
///   │ ▲             │              ▲                                │                        │
///   │ └─────────────┘              └────────────────────────────────┴────────────────────────┘
///   │  nobody is left                join, leave, a session or a sync that times out
///   └──► (Dead)
///  delete
/// ```
/// A dead group is not kept, so it has no state here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ClassicGroupState {
    #[default]
    Empty,
    PreparingRebalance,
    CompletingRebalance,
    Stable,
}

/// A group of the classic protocol with its members, or without any.
#[derive(Debug, Default)]
pub(crate) struct ClassicGroup {
    pub(crate) state: ClassicGroupState,
    /// Grows with each rebalance.
    generation: i32,
    /// What kind of group it is, such as `consumer`.
    pub(crate) protocol_type: Option<Str>,
    /// The way to assign that the members agreed on, such as `range`.
    pub(crate) protocol: Option<Str>,
    leader: Option<Str>,
    /// In the order they first joined.
    pub(crate) members: Vec<Member>,
    /// Ids that were given to newcomers and not used yet, and when they are forgotten.
    pending: BTreeMap<Str, Instant>,
    delayed_join: Option<DelayedJoin>,
    /// When members that have not asked for their assignment are removed.
    sync_due: Option<Instant>,
    answers: Vec<(PeerId, GroupAnswer)>,
}

/// Until when the group waits for its members to join.
#[derive(Clone, Copy, Debug)]
enum DelayedJoin {
    /// The first members of an empty group give others a moment to come.
    Initial {
        due: Instant,
        latest: Instant,
        delay: Duration,
        newcomer: bool,
    },
    Later {
        due: Instant,
    },
}

/// A JoinGroup request with its circumstances.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Join<'a> {
    pub(crate) request: &'a JoinGroupRequest,
    pub(crate) version: i16,
    pub(crate) client_id: &'a Str,
    pub(crate) peer: PeerId,
    /// The id that a newcomer gets.
    pub(crate) fresh_id: &'a str,
    /// How long the first member of an empty group waits for others.
    pub(crate) initial_delay: Duration,
    pub(crate) now: Instant,
}

impl ClassicGroup {
    /// Hears that a member joins, for the first time or again. Its answer may come at once or when the others have joined.
    pub(crate) fn join(&mut self, join: &Join<'_>) {
        let request = join.request;
        if !self.supports(request) {
            return self.refuse_join(join.peer, &request.member_id, ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
        }
        if request.member_id.is_empty() {
            return self.join_new(join);
        }
        if self.pending.remove(&request.member_id).is_some() {
            return self.add(&request.member_id, join);
        }
        match self.check_member(&request.member_id, request.group_instance_id.as_deref()) {
            Ok(()) => self.join_again(join),
            Err(code) => self.refuse_join(join.peer, &request.member_id, code),
        }
    }

    fn join_new(&mut self, join: &Join<'_>) {
        /// The first version in which a newcomer is given its id before it joins (KIP-394).
        const KNOWN_ID_SINCE: i16 = 4;
        let instance = join.request.group_instance_id.as_deref();
        if let Some(at) = instance.and_then(|instance| self.position_of_instance(instance)) {
            self.replace_static_member(at, join);
        } else if instance.is_none() && join.version >= KNOWN_ID_SINCE {
            let session = u64::try_from(join.request.session_timeout_ms).unwrap_or(0);
            let due = join.now + Duration::from_millis(session);
            self.pending.insert(super::names::owned(join.fresh_id), due);
            self.refuse_join(join.peer, join.fresh_id, ErrorCode::MEMBER_ID_REQUIRED);
        } else {
            self.add(join.fresh_id, join);
        }
    }

    fn join_again(&mut self, join: &Join<'_>) {
        let Some(at) = self.position_of(&join.request.member_id) else { return };
        let same = self.members[at].matches(join.request);
        let leads = self.leads(at);
        match self.state {
            ClassicGroupState::Empty => {
                self.refuse_join(join.peer, &join.request.member_id, ErrorCode::UNKNOWN_MEMBER_ID);
            }
            // Its answer was lost, or nothing has changed: it is told again what holds.
            ClassicGroupState::CompletingRebalance if same => self.answer_join(at, join.peer, leads, false),
            ClassicGroupState::Stable if same && !leads => self.answer_join(at, join.peer, false, false),
            _ => {
                self.members[at].update(join.request, join.peer);
                self.rebalance(join.initial_delay, join.now);
            }
        }
    }

    fn add(&mut self, id: &str, join: &Join<'_>) {
        let id = super::names::owned(id);
        if self.members.is_empty() {
            self.protocol_type = Some(super::names::owned(&join.request.protocol_type));
        }
        self.leader.get_or_insert_with(|| id.clone());
        self.members.push(Member::new(id, join.client_id, join.request, join.peer, join.now));
        if let Some(DelayedJoin::Initial { newcomer, .. }) = &mut self.delayed_join {
            *newcomer = true;
        }
        self.rebalance(join.initial_delay, join.now);
    }

    /// Gives a static member that has come back without its id a new one; the one it had is fenced.
    fn replace_static_member(&mut self, at: usize, join: &Join<'_>) {
        /// The first version that can tell a leader not to assign again (KIP-814).
        const SKIP_SINCE: i16 = 9;
        let (old, leads) = (self.members[at].id.clone(), self.leads(at));
        self.dismiss(at, ErrorCode::FENCED_INSTANCE_ID);
        let new = super::names::owned(join.fresh_id);
        if leads {
            self.leader = Some(new.clone());
        }
        let member = &mut self.members[at];
        member.id = new;
        member.update(join.request, join.peer);
        member.renew(join.now);
        if self.state != ClassicGroupState::Stable || self.select_protocol() != self.protocol {
            return self.rebalance(join.initial_delay, join.now);
        }
        let skips = leads && join.version >= SKIP_SINCE;
        self.answer_join(at, join.peer, skips, skips);
        if leads
            && !skips
            && let Some((_, GroupAnswer::Join(answer))) = self.answers.last_mut()
        {
            // As if another led, so that it takes its assignment and makes none.
            answer.leader = old;
        }
    }

    /// Hears that a member wants its assignment; the leader brings those of all.
    pub(crate) fn sync(&mut self, request: &SyncGroupRequest, peer: PeerId, now: Instant) {
        let at = match self.check_sync(request) {
            Ok(at) => at,
            Err(code) => return self.refuse_sync(peer, code),
        };
        let member = &mut self.members[at];
        member.synced = true;
        if self.state == ClassicGroupState::Stable {
            member.renew(now);
            self.answer_sync(at, peer);
        } else {
            member.syncing = Some(peer);
            if self.leads(at) {
                self.assign(request, now);
            }
        }
        if self.members.iter().all(|member| member.synced) {
            self.sync_due = None;
        }
    }

    fn check_sync(&self, request: &SyncGroupRequest) -> Result<usize, ErrorCode> {
        let differs =
            |asked: &Option<Str>, own: &Option<Str>| asked.is_some() && own.is_some() && asked != own;
        self.check_member(&request.member_id, request.group_instance_id.as_deref())?;
        let at = self.position_of(&request.member_id).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        match self.state {
            _ if request.generation_id != self.generation => Err(ErrorCode::ILLEGAL_GENERATION),
            _ if differs(&request.protocol_type, &self.protocol_type)
                || differs(&request.protocol_name, &self.protocol) =>
            {
                Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL)
            }
            ClassicGroupState::Empty => Err(ErrorCode::UNKNOWN_MEMBER_ID),
            ClassicGroupState::PreparingRebalance => Err(ErrorCode::REBALANCE_IN_PROGRESS),
            ClassicGroupState::CompletingRebalance | ClassicGroupState::Stable => Ok(at),
        }
    }

    fn assign(&mut self, request: &SyncGroupRequest, now: Instant) {
        self.state = ClassicGroupState::Stable;
        // Of several for one member the first counts.
        let given: BTreeMap<&str, &Bytes> =
            request.assignments.iter().rev().map(|it| (&*it.member_id, &it.assignment)).collect();
        for at in 0..self.members.len() {
            let member = &mut self.members[at];
            let given = given.get(&*member.id);
            member.assignment = given.map(|it| Bytes::copy_from_slice(it)).unwrap_or_default();
            if let Some(peer) = member.syncing.take() {
                member.renew(now);
                self.answer_sync(at, peer);
            }
        }
    }

    /// Hears that a member lives; refuses when it has to join again.
    pub(crate) fn heartbeat(
        &mut self,
        generation: i32,
        member_id: &str,
        instance: Option<&str>,
        now: Instant,
    ) -> Result<(), ErrorCode> {
        self.check_member(member_id, instance)?;
        if generation != self.generation {
            return Err(ErrorCode::ILLEGAL_GENERATION);
        }
        let at = self.position_of(member_id).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        self.members[at].renew(now);
        match self.state {
            ClassicGroupState::Empty => Err(ErrorCode::UNKNOWN_MEMBER_ID),
            ClassicGroupState::PreparingRebalance => Err(ErrorCode::REBALANCE_IN_PROGRESS),
            ClassicGroupState::CompletingRebalance | ClassicGroupState::Stable => Ok(()),
        }
    }

    /// Hears that a member leaves; a static one may be named by its instance alone.
    pub(crate) fn leave(
        &mut self,
        member_id: &str,
        instance: Option<&str>,
        now: Instant,
    ) -> Result<(), ErrorCode> {
        if self.pending.remove(member_id).is_some() {
            self.complete_if_all_joined(now);
            return Ok(());
        }
        let at = if member_id.is_empty() {
            instance.and_then(|instance| self.position_of_instance(instance))
        } else {
            self.check_member(member_id, instance)?;
            self.position_of(member_id)
        };
        self.remove(at.ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?, now);
        Ok(())
    }

    /// Whether the group keeps a commit of this member in this generation (KIP-447 for transactions).
    pub(crate) fn check_commit(
        &self,
        generation: i32,
        member_id: &str,
        instance: Option<&str>,
        transactional: bool,
    ) -> Result<(), ErrorCode> {
        let named = generation >= 0 || !member_id.is_empty() || instance.is_some();
        if generation < 0 && self.state == ClassicGroupState::Empty {
            return Ok(());
        }
        if named {
            self.check_member(member_id, instance)?;
            if generation != self.generation {
                return Err(ErrorCode::ILLEGAL_GENERATION);
            }
        } else if !transactional && self.state != ClassicGroupState::Empty {
            return Err(ErrorCode::UNKNOWN_MEMBER_ID);
        }
        // Its generation is right, so it has heard of the rebalance and shall go on with it first.
        if !transactional && self.state == ClassicGroupState::CompletingRebalance {
            return Err(ErrorCode::REBALANCE_IN_PROGRESS);
        }
        Ok(())
    }

    /// Whether one of its consumers is subscribed to the topic.
    pub(crate) fn subscribes(&self, topic: &str) -> bool {
        self.members.iter().any(|member| member.subscribes(topic))
    }

    fn supports(&self, request: &JoinGroupRequest) -> bool {
        if self.members.is_empty() {
            return !request.protocol_type.is_empty() && !request.protocols.is_empty();
        }
        let same = self.protocol_type.as_deref() == Some(&*request.protocol_type);
        same && request.protocols.iter().any(|it| self.members.iter().all(|member| member.knows(&it.name)))
    }

    fn check_member(&self, id: &str, instance: Option<&str>) -> Result<(), ErrorCode> {
        if let Some(instance) = instance {
            let at = self.position_of_instance(instance).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
            if *self.members[at].id != *id {
                return Err(ErrorCode::FENCED_INSTANCE_ID);
            }
        }
        self.position_of(id).map(drop).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)
    }

    fn leads(&self, at: usize) -> bool {
        self.leader.as_ref() == Some(&self.members[at].id)
    }

    fn position_of(&self, id: &str) -> Option<usize> {
        self.members.iter().position(|member| *member.id == *id)
    }

    fn position_of_instance(&self, instance: &str) -> Option<usize> {
        self.members.iter().position(|member| member.instance.as_deref() == Some(instance))
    }
}

impl ClassicGroupState {
    /// As DescribeGroups says it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}
