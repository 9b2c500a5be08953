//! A member by the consumer protocol (KIP-848): ConsumerGroupHeartbeat is its one request, by which it joins, lives, is
//! assigned and leaves. The broker assigns.
//!
//! Driven as every core: `poll_request` gives the request that is due, `handle_response` and `handle_failed` take what
//! became of it, `deadline` says when to ask again. At most one request is under way.
//!
//! - A heartbeat says what has changed since the last one that was answered. After one that was not, all is said again.
//! - The broker names topics by id. A partition is given to the caller once the topic's name is known.
//! - When the caller has exactly what the broker wants, that is said at once, since others may wait for it.
//! - A static name that the broker takes for another member's is waited for: who was killed and comes back is that other,
//!   until its session is over.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use upsert_kafka_protocol::messages::consumer_group_heartbeat::{Assignment, TopicPartitions};
use upsert_kafka_protocol::messages::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};
use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::ownership::{Ownership, TopicIdPartition};
use super::settings::GroupSettings;
use crate::retry::Backoff;
use crate::{Error, ErrorKind};

/// ```text
///              answered                 fenced, unknown
///   Joining ──────────────► Joined ───────────────────────► Fenced
///      ▲                      │                               │
///      └──────────────────────┼───────────────────────────────┘
///                       leave │             the caller has let all go
///                             ▼
///                          Leaving ──────────────► Left
///                                     answered              any ──► Failed
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ConsumerState {
    Joining,
    Joined,
    Fenced,
    /// The caller may have to let everything go first.
    Leaving {
        waits: bool,
    },
    Left,
    Failed,
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct ConsumerMember {
    settings: Arc<GroupSettings>,
    member_id: Str,
    state: ConsumerState,
    /// The member's epoch; 0 outside of the group.
    epoch: i32,
    ownership: Ownership,
    /// The topics that are wanted, where that is no pattern of the broker's; `None` until it is known which those are.
    subscribed: Option<BTreeSet<Arc<str>>>,
    /// They are others than the broker was told.
    resubscribes: bool,
    /// What the broker wants the member to have.
    assignment: BTreeMap<Uuid, Vec<i32>>,
    names: HashMap<Uuid, Arc<str>>,
    /// What the broker knows the member to have; `None` when everything has to be said.
    told: Option<BTreeSet<TopicIdPartition>>,
    /// What the request under way says of that.
    telling: Option<BTreeSet<TopicIdPartition>>,
    in_flight: bool,
    /// When the next heartbeat is due, and before which no other leaves.
    due: Instant,
    not_before: Instant,
    /// As the broker said last.
    heartbeat_interval: Duration,
    backoff: Backoff,
    /// Since when the broker says that the static name is another's.
    unreleased_since: Option<Instant>,
    failure: Option<Error>,
}

impl ConsumerMember {
    /// `member_id` is one that nobody else has.
    pub(crate) fn new(settings: Arc<GroupSettings>, member_id: Str, now: Instant) -> Self {
        let (backoff, subscribed) = (settings.backoff, settings.subscription.names().cloned());
        Self {
            heartbeat_interval: settings.heartbeat_interval,
            settings,
            subscribed,
            resubscribes: false,
            member_id,
            state: ConsumerState::Joining,
            epoch: 0,
            ownership: Ownership::default(),
            assignment: BTreeMap::new(),
            names: HashMap::new(),
            told: None,
            telling: None,
            in_flight: false,
            due: now,
            not_before: now,
            backoff,
            unreleased_since: None,
            failure: None,
        }
    }

    /// The request to send now, if one is due.
    pub(crate) fn poll_request(&mut self, now: Instant) -> Option<ConsumerGroupHeartbeatRequest> {
        if self.state == ConsumerState::Fenced && !self.ownership.is_revoking() {
            self.state = ConsumerState::Joining;
            self.due = now;
        }
        if self.in_flight || now < self.not_before || !self.has_to_say(now) {
            return None;
        }
        self.in_flight = true;
        Some(match self.state {
            ConsumerState::Leaving { .. } if self.may_leave() => self.heartbeat(self.settings.leave_epoch()),
            ConsumerState::Leaving { .. } => self.heartbeat(self.epoch),
            ConsumerState::Joined => self.heartbeat(self.epoch),
            _ => self.heartbeat(0),
        })
    }

    /// When to ask for a request again; `None` while something else must happen first.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.state {
            _ if self.in_flight => None,
            ConsumerState::Joining if !self.knows_topics() => None,
            ConsumerState::Joined if self.resubscribes => Some(self.not_before),
            ConsumerState::Joining | ConsumerState::Joined => Some(self.due.max(self.not_before)),
            ConsumerState::Leaving { .. } if self.may_leave() => Some(self.not_before),
            // It lives while its caller lets go.
            ConsumerState::Leaving { .. } => Some(self.due.max(self.not_before)),
            ConsumerState::Fenced | ConsumerState::Left | ConsumerState::Failed => None,
        }
    }

    /// The broker's answer to the request under way.
    pub(crate) fn handle_response(
        &mut self,
        response: &ConsumerGroupHeartbeatResponse,
        now: Instant,
        chance: f64,
    ) {
        self.in_flight = false;
        if self.is_leaving() && self.telling.is_none() {
            self.state = ConsumerState::Left;
            return;
        }
        match response.error_code {
            ErrorCode::NONE => self.handle_success(response, now),
            ErrorCode::FENCED_MEMBER_EPOCH | ErrorCode::UNKNOWN_MEMBER_ID => self.handle_fenced(),
            code => self.handle_refused(code, response.error_message.as_deref(), now, chance),
        }
    }

    /// The request under way was not answered.
    pub(crate) fn handle_failed(&mut self, error: Error, now: Instant, chance: f64) {
        self.in_flight = false;
        self.told = None;
        if self.is_leaving() && self.telling.take().is_none() {
            // The broker finds out by itself, when no heartbeat comes.
            self.state = ConsumerState::Left;
        } else if error.is_retriable() {
            self.not_before = now + self.backoff.wait(chance);
            self.due = self.not_before;
        } else {
            self.fail(error);
        }
    }

    /// These are the topics now that the subscription means.
    pub(crate) fn handle_subscribed(&mut self, topics: BTreeSet<Arc<str>>) {
        self.resubscribes |= self.subscribed.as_ref().is_some_and(|known| *known != topics);
        self.subscribed = Some(topics);
    }

    /// The topics that are wanted, as far as they are known.
    pub(crate) fn topics(&self) -> BTreeSet<Arc<str>> {
        self.subscribed.clone().unwrap_or_default()
    }

    /// Names of topics that the broker assigned by id.
    pub(crate) fn handle_names(&mut self, names: impl IntoIterator<Item = (Uuid, Arc<str>)>) {
        self.names.extend(names);
        self.reconcile();
    }

    /// Topics that are assigned, and whose names are not known.
    pub(crate) fn unnamed(&self) -> impl Iterator<Item = Uuid> {
        self.assignment.keys().filter(|id| !self.names.contains_key(id)).copied()
    }

    /// The caller has let these go.
    pub(crate) fn let_go(&mut self, released: &[TopicIdPartition]) {
        self.ownership.let_go(released);
    }

    /// Begins to leave: the caller is asked to let everything go, then the broker is told.
    pub(crate) fn leave(&mut self) {
        match self.state {
            ConsumerState::Joined => {
                self.state = ConsumerState::Leaving { waits: true };
                self.assignment.clear();
                // It may commit what it lets go.
                self.ownership.aim(BTreeSet::new());
            }
            // The broker may know of it already.
            ConsumerState::Joining if self.in_flight => self.state = ConsumerState::Leaving { waits: true },
            ConsumerState::Joining | ConsumerState::Fenced => self.state = ConsumerState::Left,
            ConsumerState::Leaving { .. } | ConsumerState::Left | ConsumerState::Failed => {}
        }
    }

    /// Leaves without waiting for the caller, who has lost everything.
    pub(crate) fn leave_at_once(&mut self) {
        self.leave();
        self.lose_all();
        if self.is_leaving() {
            self.state = ConsumerState::Leaving { waits: false };
        }
    }

    /// Joins again, after it has left.
    pub(crate) fn rejoin(&mut self, now: Instant) {
        if self.state == ConsumerState::Left {
            self.told = None;
            self.state = ConsumerState::Fenced;
            self.due = now;
        }
    }

    /// Whether it is out of the group, for good.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, ConsumerState::Left | ConsumerState::Failed)
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

    pub(crate) fn heartbeat_interval(&self) -> Duration {
        self.heartbeat_interval
    }

    /// Whether the caller has yet to let go of what it lost.
    pub(crate) fn is_losing(&self) -> bool {
        self.ownership.is_losing()
    }

    /// The member's id and epoch, with which it commits; `None` while it is in no group.
    pub(crate) fn identity(&self) -> Option<(&Str, i32)> {
        (self.epoch > 0 && !self.is_over()).then_some((&self.member_id, self.epoch))
    }

    /// Whether it is in the group and has exactly what the broker wants, as far as that was told.
    pub(crate) fn is_settled(&self) -> bool {
        self.state == ConsumerState::Joined && self.unnamed().next().is_none() && self.ownership.is_settled()
    }

    fn has_to_say(&self, now: Instant) -> bool {
        match self.state {
            ConsumerState::Joining => now >= self.due && self.knows_topics(),
            ConsumerState::Joined => now >= self.due || self.has_reconciled() || self.resubscribes,
            ConsumerState::Leaving { .. } => now >= self.due || self.may_leave(),
            ConsumerState::Fenced | ConsumerState::Left | ConsumerState::Failed => false,
        }
    }

    /// Whether it can say what it wants.
    fn knows_topics(&self) -> bool {
        self.subscribed.is_some() || self.settings.subscription.regex().is_some()
    }

    fn is_leaving(&self) -> bool {
        matches!(self.state, ConsumerState::Leaving { .. })
    }

    fn may_leave(&self) -> bool {
        match self.state {
            ConsumerState::Leaving { waits } => !waits || !self.ownership.is_revoking(),
            _ => false,
        }
    }

    /// Whether the caller has what the broker wants, and the broker does not know yet.
    fn has_reconciled(&self) -> bool {
        self.ownership.is_settled() && self.told.as_ref().is_some_and(|told| told != self.ownership.held())
    }

    fn heartbeat(&mut self, epoch: i32) -> ConsumerGroupHeartbeatRequest {
        let is_full = self.told.is_none() || epoch == 0 || self.resubscribes;
        let settings = &self.settings;
        let mut request = ConsumerGroupHeartbeatRequest {
            group_id: settings.group_id.clone(),
            member_id: self.member_id.clone(),
            member_epoch: epoch,
            instance_id: settings.instance_id.clone(),
            ..Default::default()
        };
        if epoch < 0 {
            self.telling = None;
            return request;
        }
        self.resubscribes = false;
        let held = self.ownership.held();
        if is_full {
            request.rack_id.clone_from(&settings.rack_id);
            request.rebalance_timeout_ms = settings.rebalance_timeout_ms();
            let names =
                |topics: &BTreeSet<Arc<str>>| topics.iter().map(|it| Str::from(it.to_string())).collect();
            request.subscribed_topic_names = self.subscribed.as_ref().map(names);
            request.subscribed_topic_regex =
                settings.subscription.regex().map(|it| Str::from(it.to_string()));
            request.server_assignor.clone_from(&settings.remote_assignor);
        }
        if is_full || self.told.as_ref() != Some(held) {
            request.topic_partitions = Some(by_topic(held));
        }
        self.telling = Some(held.clone());
        request
    }

    fn handle_success(&mut self, response: &ConsumerGroupHeartbeatResponse, now: Instant) {
        self.backoff.reset();
        self.unreleased_since = None;
        if let Some(id) = &response.member_id {
            self.member_id = id.clone();
        }
        self.told = self.telling.take();
        let interval_ms = u64::try_from(response.heartbeat_interval_ms).unwrap_or(0).max(1);
        self.heartbeat_interval = Duration::from_millis(interval_ms);
        self.due = now + self.heartbeat_interval;
        match self.state {
            ConsumerState::Joining | ConsumerState::Joined => {
                (self.state, self.epoch) = (ConsumerState::Joined, response.member_epoch);
                if let Some(assignment) = &response.assignment {
                    self.handle_assignment(assignment);
                }
            }
            // It asked to leave while this was under way: the next one says so.
            ConsumerState::Leaving { .. }
            | ConsumerState::Fenced
            | ConsumerState::Left
            | ConsumerState::Failed => {}
        }
    }

    fn handle_assignment(&mut self, assignment: &Assignment) {
        self.assignment.clear();
        for TopicPartitions { topic_id, partitions, .. } in &assignment.topic_partitions {
            self.assignment.entry(*topic_id).or_default().extend(partitions);
        }
        self.reconcile();
    }

    fn reconcile(&mut self) {
        if !matches!(self.state, ConsumerState::Joined) {
            return;
        }
        let named =
            self.assignment.iter().filter_map(|(id, partitions)| Some((id, self.names.get(id)?, partitions)));
        let target = named.flat_map(|(id, topic, partitions)| {
            let of = |partition: &i32| TopicIdPartition {
                topic: Arc::clone(topic),
                partition: *partition,
                topic_id: *id,
            };
            partitions.iter().map(of)
        });
        self.ownership.aim(target.collect());
    }

    /// Another has taken the member's place, or the broker gave it up: its partitions are gone, and it joins anew.
    fn handle_fenced(&mut self) {
        self.told = None;
        self.telling = None;
        self.lose_all();
        self.state = match self.state {
            ConsumerState::Leaving { .. } => ConsumerState::Left,
            _ => ConsumerState::Fenced,
        };
    }

    fn handle_refused(&mut self, code: ErrorCode, message: Option<&str>, now: Instant, chance: f64) {
        self.told = None;
        let error = Error::refused(code, "ConsumerGroupHeartbeat", message).within(&self.settings.named());
        match code {
            // Rights may be granted while it waits; until then the caller is told.
            ErrorCode::TOPIC_AUTHORIZATION_FAILED => self.failure = Some(error),
            // It never was a member.
            ErrorCode::UNRELEASED_INSTANCE_ID if self.is_leaving() => {
                self.state = ConsumerState::Left;
                return;
            }
            ErrorCode::UNRELEASED_INSTANCE_ID => {
                let waited = now.saturating_duration_since(*self.unreleased_since.get_or_insert(now));
                if waited >= self.settings.session_timeout + RELEASE_LEEWAY {
                    let gave_up = format!(
                        "the name is still another member's after {} ms (session.timeout.ms and {} ms more)",
                        waited.as_millis(),
                        RELEASE_LEEWAY.as_millis()
                    );
                    return self.fail(error.within(&gave_up));
                }
                if waited.is_zero() {
                    let group = &*self.settings.named();
                    tracing::warn!(
                        group,
                        "the static name is another member's: waiting for its session to end"
                    );
                }
            }
            code if !code.is_retriable() => return self.fail(error),
            _ => {}
        }
        self.not_before = now + self.backoff.wait(chance);
        self.due = self.not_before;
    }

    fn fail(&mut self, error: Error) {
        let error = match error.code() {
            Some(ErrorCode::UNRELEASED_INSTANCE_ID | ErrorCode::FENCED_INSTANCE_ID) => {
                error.with_kind(ErrorKind::Fenced)
            }
            _ => error,
        };
        self.failure = Some(error);
        self.lose_all();
        self.state = ConsumerState::Failed;
    }

    fn lose_all(&mut self) {
        self.epoch = 0;
        self.assignment.clear();
        self.ownership.lose_all();
    }
}

/// How much longer than a session a static name is waited for: the session began while nobody looked.
const RELEASE_LEEWAY: Duration = Duration::from_secs(5);

fn by_topic(held: &BTreeSet<TopicIdPartition>) -> Vec<TopicPartitions> {
    let mut topics: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
    for of in held {
        topics.entry(of.topic_id).or_default().push(of.partition);
    }
    let topic = |(topic_id, partitions)| TopicPartitions { topic_id, partitions, ..Default::default() };
    topics.into_iter().map(topic).collect()
}

#[cfg(test)]
mod tests;
