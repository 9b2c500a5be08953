//! A member of a group, by whichever protocol, and its patience with its caller.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use upsert_kafka_protocol::{Str, Uuid};

use super::classic_member::ClassicMember;
use super::consumer_member::ConsumerMember;
use super::ownership::{OwnershipEvent, TopicIdPartition};
use super::requests::{MemberRequest, MemberResponse};
use super::settings::GroupSettings;
use super::topic_discovery::TopicDiscovery;
use crate::cluster::Metadata;
use crate::config::GroupProtocol;
use crate::membership_lease::LeaseStanding;
use crate::{Error, ErrorKind};

/// What a caller hears of its membership.
#[derive(Clone, Debug)]
pub(crate) enum MembershipEvent {
    Ownership(OwnershipEvent),
    /// Something was refused, or the caller was too slow. [`Membership::is_over`] says whether that was all.
    Failed(Error),
}

/// The core of a member; see [`ClassicMember`] and [`ConsumerMember`], which decide.
#[derive(Debug)]
pub(crate) struct Membership {
    settings: Arc<GroupSettings>,
    protocol: ProtocolMember,
    /// Since when the caller has not asked for anything; `None` while it waits for what comes.
    away_since: Option<Instant>,
    /// It was away for too long, and the member left for that; it joins again when the caller is back.
    is_late: bool,
    late: Option<Error>,
    /// When the request under way was sent, or the one before.
    asked_at: Instant,
    /// When the last request was sent whose answer said that the group has this member.
    confirmed_at: Option<Instant>,
    /// How often it had lost partitions when that was last looked at.
    losses: u64,
    /// Where the subscription is a function over the names of all topics.
    discovery: Option<TopicDiscovery>,
}

#[derive(Debug)]
enum ProtocolMember {
    Classic(ClassicMember),
    Consumer(ConsumerMember),
}

impl Membership {
    /// `member_id` is one that nobody else has.
    pub(crate) fn new(settings: Arc<GroupSettings>, member_id: Str, now: Instant) -> Self {
        let shared = Arc::clone(&settings);
        let protocol = match settings.protocol {
            GroupProtocol::Classic => ProtocolMember::Classic(ClassicMember::new(shared, now)),
            GroupProtocol::Consumer => ProtocolMember::Consumer(ConsumerMember::new(shared, member_id, now)),
        };
        let discovery = || TopicDiscovery::new(settings.discovery_interval, settings.backoff, now);
        let discovery = settings.subscription.filter().map(|_| discovery());
        Self {
            settings,
            protocol,
            away_since: Some(now),
            is_late: false,
            late: None,
            asked_at: now,
            confirmed_at: None,
            losses: 0,
            discovery,
        }
    }

    /// The request to send now, if one is due. At most one is under way.
    pub(crate) fn poll_request(&mut self, now: Instant) -> Option<MemberRequest> {
        if self.late_at().is_some_and(|late_at| now >= late_at) {
            self.give_up_caller();
        }
        self.take_caller_back(now);
        let request = match &mut self.protocol {
            ProtocolMember::Classic(member) => member.poll_request(now),
            ProtocolMember::Consumer(member) => {
                member.poll_request(now).map(MemberRequest::ConsumerGroupHeartbeat)
            }
        };
        if request.is_some() {
            self.asked_at = now;
        }
        request
    }

    /// The next thing that the caller is to hear.
    pub(crate) fn poll_event(&mut self) -> Option<MembershipEvent> {
        let told = match &mut self.protocol {
            ProtocolMember::Classic(member) => member.ownership().poll_event(),
            ProtocolMember::Consumer(member) => member.ownership().poll_event(),
        };
        let failure = || match &mut self.protocol {
            ProtocolMember::Classic(member) => member.take_failure(),
            ProtocolMember::Consumer(member) => member.take_failure(),
        };
        let late = &mut self.late;
        told.map(MembershipEvent::Ownership)
            .or_else(|| late.take().or_else(failure).map(MembershipEvent::Failed))
    }

    /// When to ask again though nothing has come.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let due = match &self.protocol {
            ProtocolMember::Classic(member) => member.deadline(),
            ProtocolMember::Consumer(member) => member.deadline(),
        };
        let discovery = self.discovery.as_ref().filter(|_| !self.protocol_is_over());
        [due, self.late_at(), discovery.and_then(TopicDiscovery::deadline)].into_iter().flatten().min()
    }

    pub(crate) fn handle_response(&mut self, response: MemberResponse, now: Instant, chance: f64) {
        if response.knows_member() && !self.is_losing() {
            self.confirmed_at = Some(self.asked_at);
        }
        match (&mut self.protocol, response) {
            (ProtocolMember::Classic(member), response) => member.handle_response(response, now, chance),
            (ProtocolMember::Consumer(member), MemberResponse::ConsumerGroupHeartbeat(response)) => {
                member.handle_response(&response, now, chance);
            }
            (ProtocolMember::Consumer(_), _) => {}
        }
    }

    pub(crate) fn handle_failed(&mut self, error: Error, now: Instant, chance: f64) {
        match &mut self.protocol {
            ProtocolMember::Classic(member) => member.handle_failed(error, now, chance),
            ProtocolMember::Consumer(member) => member.handle_failed(error, now, chance),
        }
    }

    /// The cluster's topics are known anew.
    pub(crate) fn handle_metadata(&mut self, metadata: &Metadata) {
        match &mut self.protocol {
            ProtocolMember::Classic(member) => member.handle_metadata(metadata),
            ProtocolMember::Consumer(member) => {
                let topics = metadata.topics.values();
                member.handle_names(topics.map(|topic| (topic.topic_id, Arc::clone(&topic.name))));
            }
        }
    }

    /// Whether the names of all topics are to be asked for now.
    pub(crate) fn poll_discovery(&mut self, now: Instant) -> bool {
        let goes_on = !self.protocol_is_over();
        self.discovery.as_mut().filter(|_| goes_on).is_some_and(|discovery| discovery.poll(now))
    }

    /// These are the names of all topics that may be read and are not Kafka's own.
    pub(crate) fn handle_discovered(&mut self, names: Vec<Arc<str>>, now: Instant) {
        let (Some(discovery), Some(filter)) = (&mut self.discovery, self.settings.subscription.filter())
        else {
            return;
        };
        discovery.handle_answered(now);
        let wanted = names.into_iter().filter(|name| filter.takes(name)).collect();
        match &mut self.protocol {
            ProtocolMember::Classic(member) => member.handle_subscribed(wanted),
            ProtocolMember::Consumer(member) => member.handle_subscribed(wanted),
        }
    }

    /// Nobody told the names of all topics.
    pub(crate) fn handle_undiscovered(&mut self, now: Instant, chance: f64) {
        if let Some(discovery) = &mut self.discovery {
            discovery.handle_failed(now, chance);
        }
    }

    /// New topics are to be looked for now.
    pub(crate) fn discover(&mut self, now: Instant) {
        if let Some(discovery) = &mut self.discovery {
            discovery.hurry(now);
        }
    }

    /// The caller waits for what comes, or goes away to work on what came.
    pub(crate) fn handle_caller(&mut self, away_since: Option<Instant>) {
        self.away_since = away_since;
    }

    /// Names of topics that are assigned by id.
    pub(crate) fn handle_names(&mut self, names: Vec<(Uuid, Arc<str>)>) {
        if let ProtocolMember::Consumer(member) = &mut self.protocol {
            member.handle_names(names);
        }
    }

    /// The caller has let these go.
    pub(crate) fn let_go(&mut self, released: &[TopicIdPartition]) {
        match &mut self.protocol {
            ProtocolMember::Classic(member) => member.let_go(released),
            ProtocolMember::Consumer(member) => member.let_go(released),
        }
    }

    /// Topics whose metadata the member needs.
    pub(crate) fn topics(&self) -> BTreeSet<Arc<str>> {
        match &self.protocol {
            ProtocolMember::Classic(member) => member.topics(),
            ProtocolMember::Consumer(member) => member.topics(),
        }
    }

    /// Topics that are assigned, and whose names are to be looked up.
    pub(crate) fn unnamed(&self) -> Vec<Uuid> {
        match &self.protocol {
            ProtocolMember::Classic(_) => Vec::new(),
            ProtocolMember::Consumer(member) => member.unnamed().collect(),
        }
    }

    /// Begins to leave: the caller is asked to let everything go, then the coordinator is told.
    pub(crate) fn leave(&mut self) {
        self.is_late = false;
        match &mut self.protocol {
            ProtocolMember::Classic(member) => member.leave(),
            ProtocolMember::Consumer(member) => member.leave(),
        }
    }

    /// Leaves without waiting for a caller that is gone.
    pub(crate) fn leave_at_once(&mut self) {
        self.is_late = false;
        match &mut self.protocol {
            ProtocolMember::Classic(member) => member.leave_at_once(),
            ProtocolMember::Consumer(member) => member.leave_at_once(),
        }
    }

    /// Whether it is out of the group for good.
    pub(crate) fn is_over(&self) -> bool {
        self.protocol_is_over() && !self.is_late
    }

    /// Whether it is in the group and has exactly what the group wants it to have.
    pub(crate) fn is_settled(&self) -> bool {
        match &self.protocol {
            ProtocolMember::Classic(member) => member.is_settled(),
            ProtocolMember::Consumer(member) => member.is_settled(),
        }
    }

    /// The member's id, and its generation or epoch, with which it commits; `None` while it is in no group, and until
    /// the caller has let go of what it lost: a coordinator takes the offsets of any partition from who is a member again.
    pub(crate) fn identity(&self) -> Option<(&Str, i32)> {
        match &self.protocol {
            ProtocolMember::Classic(member) => member.identity().filter(|_| !member.is_losing()),
            ProtocolMember::Consumer(member) => member.identity().filter(|_| !member.is_losing()),
        }
    }

    /// A moment at which the group had this member, as its coordinator said later: the last such moment. What the member
    /// had lost by then was told before.
    pub(crate) fn confirmed_at(&self) -> Option<Instant> {
        self.confirmed_at
    }

    /// Until when nobody else has the member's partitions, and how often it lost them.
    ///
    /// A coordinator counts a session from the last heartbeat that it got, which left no earlier than the member counts. A
    /// heartbeat's interval, a third of the session at most, is left for what is under way by then. Where the broker alone
    /// knows how long the session is (KIP-848), it is taken for three intervals: it has to be longer than one, and is nine by
    /// default.
    pub(crate) fn poll_lease(&mut self) -> LeaseStanding {
        let (term, ownership) = match &self.protocol {
            ProtocolMember::Classic(member) => {
                let GroupSettings { session_timeout, heartbeat_interval, .. } = *self.settings;
                (session_timeout - heartbeat_interval.min(session_timeout / 3), member.owned())
            }
            ProtocolMember::Consumer(member) => {
                (INTERVALS_OF_LEASE * member.heartbeat_interval(), member.owned())
            }
        };
        let losses = ownership.losses();
        if std::mem::replace(&mut self.losses, losses) != losses {
            // What it has next it has by another word.
            self.confirmed_at = None;
        }
        LeaseStanding { until: self.confirmed_at.map(|at| at + term), losses }
    }

    fn protocol_is_over(&self) -> bool {
        match &self.protocol {
            ProtocolMember::Classic(member) => member.is_over(),
            ProtocolMember::Consumer(member) => member.is_over(),
        }
    }

    fn is_losing(&self) -> bool {
        match &self.protocol {
            ProtocolMember::Classic(member) => member.is_losing(),
            ProtocolMember::Consumer(member) => member.is_losing(),
        }
    }

    fn late_at(&self) -> Option<Instant> {
        self.away_since.filter(|_| !self.is_late).map(|since| since + self.settings.max_poll_interval)
    }

    /// Joins again for a caller that was away for too long, once the group has heard that it left.
    fn take_caller_back(&mut self, now: Instant) {
        if !self.is_late || self.away_since.is_some() || !self.protocol_is_over() {
            return;
        }
        self.is_late = false;
        match &mut self.protocol {
            ProtocolMember::Classic(member) => member.rejoin(now),
            ProtocolMember::Consumer(member) => member.rejoin(now),
        }
    }

    /// Leaves for a caller that works on and does not ask: others shall have its partitions.
    fn give_up_caller(&mut self) {
        let limit_ms = self.settings.max_poll_interval.as_millis();
        let sentence = format!(
            "{}: nothing was asked of the member for {limit_ms} ms (max.poll.interval.ms), so it left, and its \
             partitions may be with others; work on less between two polls, or raise the limit",
            self.settings.named()
        );
        self.late = Some(Error::new(ErrorKind::Timeout, sentence));
        self.leave_at_once();
        self.is_late = true;
    }
}

/// Of heartbeats, where nothing else is known of the session.
const INTERVALS_OF_LEASE: u32 = 3;

#[cfg(test)]
mod tests;
