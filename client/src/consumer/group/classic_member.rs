//! A member by the classic protocol: JoinGroup and SyncGroup make a generation, Heartbeat keeps the member in it,
//! LeaveGroup ends it. One of the members leads, and assigns.
//!
//! Driven as every core: `poll_request` gives the request that is due, `handle_response` and `handle_failed` take what
//! became of it, `handle_metadata` tells of topics, `deadline` says when to ask again. At most one request is under way.
//!
//! - **Eager** assignors: before it joins again the member has its caller let everything go.
//! - **Cooperative** ones (KIP-429): the caller keeps reading. What the next assignment leaves out is let go, and then
//!   the member joins once more, so that another can have it.
//! - The leader joins again when a topic has other partitions than it shared.
//! - A static member that comes back under its name (KIP-345) is given what it had, and no generation begins. It may have
//!   owed its group a join when it was killed, so that what it let go is nobody's; or it leads, and topics have grown since.
//!   So it looks whether everything is with somebody, and joins once more if not.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

use upsert_kafka_protocol::{ErrorCode, Str};

use super::assignor::Assignor;
use super::group_member::GroupMember;
use super::ownership::{Ownership, TopicIdPartition};
use super::requests::MemberRequest;
use super::settings::GroupSettings;
use crate::cluster::Metadata;
use crate::retry::Backoff;
use crate::{Error, ErrorKind, TopicPartition};

mod request;
mod response;

/// ```text
///                 JoinGroup             answered             SyncGroup            answered
///   Preparing ────────────► Joining ──────────────► Sharing ──────────► Syncing ──────────► Stable
///     ▲  ▲                                   (the leader alone:                               │ │
///     │  │                                    topics are known)                               │ │
///     │  └────────────── refused: another generation, another coordinator, unknown ──────────┤ │
///     └──────────────── rebalance, topics changed, revoked partitions were let go ───────────┘ │ leave
///                                                                                              ▼
///                                                                any ──► Failed            Leaving ──► Left
/// ```
#[derive(Debug)]
enum ClassicState {
    /// Joins as soon as the caller has let go of what it must.
    Preparing,
    Joining,
    /// It leads, and waits until all topics of the group are known.
    Sharing(Vec<GroupMember>, Assignor),
    Syncing,
    Stable,
    /// The caller may have to let everything go first.
    Leaving {
        waits: bool,
    },
    Left,
    Failed,
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct ClassicMember {
    settings: Arc<GroupSettings>,
    state: ClassicState,
    /// Empty until the coordinator has given one.
    member_id: Str,
    /// -1 outside of one.
    generation: i32,
    /// The generation in which the caller got what it has.
    owned_since: i32,
    /// What it was given then, whatever of it the caller has let go since.
    last_assigned: Vec<TopicPartition>,
    assignor: Option<Assignor>,
    ownership: Ownership,
    /// The topics that are wanted; `None` until it is known which those are.
    subscribed: Option<BTreeSet<Arc<str>>>,
    /// Those that the last JoinGroup said.
    joined_for: Option<BTreeSet<Arc<str>>>,
    /// Partitions of the group's topics as far as they are known; of the topics that the leader shared, then.
    counts: HashMap<Arc<str>, i32>,
    shared: Option<HashMap<Arc<str>, i32>>,
    /// It leads what another one of its name shared: the topics as it knows them first stand for those.
    leads_on: bool,
    /// Whether a view of the cluster has told of every topic that is asked for.
    topics_known: bool,
    /// Topics of the whole group, where this member leads.
    group_topics: BTreeSet<Arc<str>>,
    /// The caller was asked to let something go, and the group is to hear when it has.
    rejoins: bool,
    reason: &'static str,
    /// It may have come back into a generation in which partitions are nobody's, and has yet to look.
    looks: bool,
    in_flight: bool,
    due: Instant,
    not_before: Instant,
    backoff: Backoff,
    failure: Option<Error>,
}

impl ClassicMember {
    pub(crate) fn new(settings: Arc<GroupSettings>, now: Instant) -> Self {
        let (backoff, subscribed) = (settings.backoff, settings.subscription.names().cloned());
        Self {
            settings,
            subscribed,
            joined_for: None,
            state: ClassicState::Preparing,
            member_id: Str::default(),
            generation: NO_GENERATION,
            owned_since: NO_GENERATION,
            last_assigned: Vec::new(),
            assignor: None,
            ownership: Ownership::default(),
            counts: HashMap::new(),
            shared: None,
            leads_on: false,
            topics_known: false,
            group_topics: BTreeSet::new(),
            rejoins: false,
            reason: "",
            looks: false,
            in_flight: false,
            due: now,
            not_before: now,
            backoff,
            failure: None,
        }
    }

    /// The request to send now, if one is due.
    pub(crate) fn poll_request(&mut self, now: Instant) -> Option<MemberRequest> {
        self.join_after_revocation();
        self.leave_in_silence();
        if self.in_flight || now < self.not_before {
            return None;
        }
        let request = match &self.state {
            ClassicState::Preparing if self.may_join() => self.join(),
            ClassicState::Sharing(..) if self.topics_known => self.share(),
            ClassicState::Syncing => Ok(self.sync(Vec::new())),
            ClassicState::Leaving { .. } if self.may_leave() => Ok(self.leave_request()),
            _ if self.heartbeats() && now >= self.due => Ok(self.heartbeat()),
            ClassicState::Stable if self.may_look() => Ok(self.describe()),
            _ => return None,
        };
        match request {
            Ok(request) => {
                self.in_flight = true;
                Some(request)
            }
            Err(error) => {
                self.fail(error);
                None
            }
        }
    }

    /// When to ask for a request again; `None` while something else must happen first.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.state {
            _ if self.in_flight => None,
            ClassicState::Preparing if self.may_join() => Some(self.not_before),
            ClassicState::Sharing(..) if !self.topics_known => None,
            ClassicState::Sharing(..) | ClassicState::Syncing => Some(self.not_before),
            ClassicState::Leaving { .. } if self.may_leave() => Some(self.not_before),
            ClassicState::Stable if self.may_look() => Some(self.not_before),
            _ if self.heartbeats() => Some(self.due.max(self.not_before)),
            _ => None,
        }
    }

    /// The request under way was not answered.
    pub(crate) fn handle_failed(&mut self, error: Error, now: Instant, chance: f64) {
        self.in_flight = false;
        match self.state {
            // The coordinator finds out by itself, when no heartbeat comes.
            ClassicState::Leaving { .. } if self.may_leave() => self.state = ClassicState::Left,
            _ if !error.is_retriable() => self.fail(error),
            // Whatever it was, it may have been received: the generation may be another.
            ClassicState::Joining | ClassicState::Syncing => {
                self.state = ClassicState::Preparing;
                self.wait(now, chance);
            }
            _ => self.wait(now, chance),
        }
    }

    /// The cluster's topics are known anew.
    pub(crate) fn handle_metadata(&mut self, metadata: &Metadata) {
        let count = |topic: &Arc<str>| {
            let known = metadata.topics.get(topic)?;
            Some((Arc::clone(topic), i32::try_from(known.partitions.len()).unwrap_or(i32::MAX)))
        };
        let topics = self.topics();
        self.counts = topics.iter().filter_map(count).collect();
        let is_known = |topic| metadata.topics.contains_key(topic) || metadata.missing.contains_key(topic);
        self.topics_known = topics.iter().all(is_known);
        if self.leads_on && self.topics_known {
            self.leads_on = false;
            self.shared = Some(self.counts.clone());
        }
        let has_changed = self.shared.as_ref().is_some_and(|shared| *shared != self.counts);
        if has_changed && matches!(self.state, ClassicState::Stable) {
            self.prepare("topics have other partitions than were shared");
        }
    }

    /// The topics to ask for: those of the subscription, and of the whole group where this member leads.
    pub(crate) fn topics(&self) -> BTreeSet<Arc<str>> {
        self.subscribed.iter().flatten().chain(&self.group_topics).cloned().collect()
    }

    /// These are the topics now that the subscription means.
    pub(crate) fn handle_subscribed(&mut self, topics: BTreeSet<Arc<str>>) {
        self.subscribed = Some(topics);
        self.join_for_others();
    }

    /// The caller has let these go.
    pub(crate) fn let_go(&mut self, released: &[TopicIdPartition]) {
        self.ownership.let_go(released);
    }

    /// Begins to leave: the caller is asked to let everything go, then the coordinator is told.
    pub(crate) fn leave(&mut self) {
        match self.state {
            ClassicState::Left | ClassicState::Failed | ClassicState::Leaving { .. } => {}
            _ if self.member_id.is_empty() && !self.in_flight => self.state = ClassicState::Left,
            _ => {
                // A generation that is being made may count on it to let go, as one that is made does.
                self.rejoins |= self.is_cooperative() && !matches!(self.state, ClassicState::Stable);
                self.ownership.aim(BTreeSet::new());
                self.state = ClassicState::Leaving { waits: true };
            }
        }
    }

    /// Leaves without waiting for the caller, who has lost everything.
    pub(crate) fn leave_at_once(&mut self) {
        self.leave();
        self.generation = NO_GENERATION;
        self.ownership.lose_all();
        if self.is_leaving() {
            self.state = ClassicState::Leaving { waits: false };
        }
    }

    /// Joins again, after it has left.
    pub(crate) fn rejoin(&mut self, now: Instant) {
        if matches!(self.state, ClassicState::Left) {
            (self.member_id, self.generation, self.owned_since) =
                (Str::default(), NO_GENERATION, NO_GENERATION);
            self.prepare("the caller is back");
            self.due = now;
        }
    }

    /// Whether it is out of the group, for good.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, ClassicState::Left | ClassicState::Failed)
    }

    /// Why the member failed, or what it was refused: told once.
    pub(crate) fn take_failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    pub(crate) fn ownership(&mut self) -> &mut Ownership {
        &mut self.ownership
    }

    pub(crate) fn owned(&self) -> &Ownership {
        &self.ownership
    }

    /// Whether the caller has yet to let go of what it lost.
    pub(crate) fn is_losing(&self) -> bool {
        self.ownership.is_losing()
    }

    /// The member's id and generation, with which it commits; `None` while it is in no generation.
    pub(crate) fn identity(&self) -> Option<(&Str, i32)> {
        (self.generation >= 0 && !self.is_over()).then_some((&self.member_id, self.generation))
    }

    /// Whether it is in a generation and has exactly what that gives it.
    pub(crate) fn is_settled(&self) -> bool {
        matches!(self.state, ClassicState::Stable) && !self.rejoins && self.ownership.is_settled()
    }

    /// What was revoked while the caller read on has been let go: the others may have it.
    fn join_after_revocation(&mut self) {
        if self.rejoins && !self.ownership.is_revoking() && matches!(self.state, ClassicState::Stable) {
            self.prepare("revoked partitions were let go");
        }
    }

    /// The group shares what this member wanted when it joined, and it wants other topics now.
    fn join_for_others(&mut self) {
        if matches!(self.state, ClassicState::Stable) && self.joined_for != self.subscribed {
            self.prepare("the subscription means other topics");
        }
    }

    /// A static member that leaves says nothing: it may come back, and its partitions wait for it (KIP-345). Not so where it
    /// owes the group another join: what it was to let go is nobody's until there is one, and who comes back under its
    /// name brings none about.
    fn leave_in_silence(&mut self) {
        let is_static = self.settings.instance_id.is_some();
        if is_static && !self.rejoins && self.may_leave() {
            self.state = ClassicState::Left;
        }
    }

    fn prepare(&mut self, reason: &'static str) {
        self.state = ClassicState::Preparing;
        self.reason = reason;
        self.rejoins = false;
        self.shared = None;
        self.leads_on = false;
        if !self.is_cooperative() {
            self.ownership.aim(BTreeSet::new());
        }
    }

    /// Members go by the one way of rebalancing that all their assignors know.
    fn is_cooperative(&self) -> bool {
        self.settings.assignors.iter().all(|assignor| assignor.is_cooperative())
    }

    fn is_leaving(&self) -> bool {
        matches!(self.state, ClassicState::Leaving { .. })
    }

    fn may_leave(&self) -> bool {
        match self.state {
            ClassicState::Leaving { waits } => !waits || !self.ownership.is_revoking(),
            _ => false,
        }
    }

    /// Whether it lives in a generation while nothing else is to be said.
    fn heartbeats(&self) -> bool {
        self.generation >= 0
            && matches!(
                self.state,
                ClassicState::Preparing | ClassicState::Stable | ClassicState::Leaving { .. }
            )
    }

    fn may_look(&self) -> bool {
        self.looks && self.topics_known
    }

    fn may_join(&self) -> bool {
        let has_let_go = !self.ownership.is_revoking() || (self.is_cooperative() && self.generation >= 0);
        has_let_go && self.subscribed.is_some()
    }

    fn wait(&mut self, now: Instant, chance: f64) {
        self.not_before = now + self.backoff.wait(chance);
    }

    fn fail(&mut self, error: Error) {
        let error = match error.code() {
            Some(ErrorCode::FENCED_INSTANCE_ID) => error.with_kind(ErrorKind::Fenced),
            _ => error,
        };
        self.failure = Some(error.within(&self.settings.named()));
        self.generation = NO_GENERATION;
        self.ownership.lose_all();
        self.state = ClassicState::Failed;
    }
}

const NO_GENERATION: i32 = -1;

#[cfg(test)]
mod tests;
