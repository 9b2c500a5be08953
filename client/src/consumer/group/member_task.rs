//! Carries one member of a group: asks its core what to send, sends it, and tells it what came.
//!
//! It runs as a task of its own, so heartbeats leave whatever the caller, its fetches or its producers are at. The
//! caller's [`Member`](super::Member) hears events through a channel of [`EVENTS_MAX`] places; what does not fit stays in
//! the core. What the caller says is few and must not wait, so it comes through a channel without a bound: one word for
//! each event that asks for one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;
use upsert_kafka_protocol::messages::metadata::MetadataRequestTopic;
use upsert_kafka_protocol::messages::{
    ConsumerGroupHeartbeatRequest, DescribeGroupsRequest, HeartbeatRequest, JoinGroupRequest,
    LeaveGroupRequest, MetadataRequest, SyncGroupRequest,
};
use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::membership::{Membership, MembershipEvent};
use super::ownership::TopicIdPartition;
use super::requests::{MemberRequest, MemberResponse};
use crate::cluster::{Cluster, Coordinator, TopicInterest, View};
use crate::connection::Connection;
use crate::environment::until;
use crate::membership_lease::LeaseStanding;
use crate::retry::{Backoff, Chance};
use crate::{Error, ErrorKind, GroupMetadata};

/// So many events may wait for the caller; each holds the partitions that it is about.
pub(super) const EVENTS_MAX: usize = 4;

/// What the caller says.
#[derive(Debug)]
pub(super) enum MemberCommand {
    LetGo(Vec<TopicIdPartition>),
    Leave,
    /// New topics are to be looked for.
    Discover,
}

/// The ends of what the task shares with its [`Member`](super::Member).
pub(super) struct MemberChannels {
    pub(super) events: mpsc::Sender<MembershipEvent>,
    pub(super) commands: mpsc::UnboundedReceiver<MemberCommand>,
    /// Since when the caller has asked for nothing.
    pub(super) away_since: watch::Receiver<Option<Instant>>,
    pub(super) identity: watch::Sender<Option<GroupMetadata>>,
    /// Whether the member has what the group wants it to have, and the caller was told.
    pub(super) settled: watch::Sender<bool>,
    /// When the group had the member, as its coordinator said: the last such moment, behind what was lost by then.
    pub(super) confirmed_at: watch::Sender<Option<Instant>>,
    /// What producers hear that write for the member, ahead of its caller.
    pub(super) lease: watch::Sender<LeaseStanding>,
}

/// See the [module](self).
pub(super) struct MemberTask {
    cluster: Cluster,
    coordinator: Coordinator,
    instance_id: Option<String>,
    rebalance_timeout: Duration,
    membership: Membership,
    metadata: View,
    channels: MemberChannels,
    requests: JoinSet<TaskAnswer>,
    /// Topics whose names are being looked up.
    is_naming: bool,
    /// How long the next lookup waits: the first one does not.
    naming_pause: Duration,
    naming_backoff: Backoff,
    /// The coordinator may have moved.
    rediscover: bool,
    chance: Chance,
}

enum TaskAnswer {
    Member(Result<MemberResponse, Error>),
    Names(Result<Vec<(Uuid, Arc<str>)>, Error>),
    Topics(Result<Vec<Arc<str>>, Error>),
}

impl MemberTask {
    /// `cluster` is a handle of an owner of its own: JoinGroup is held back on its connection to the coordinator.
    pub(super) fn new(
        cluster: Cluster,
        group: Arc<str>,
        membership: Membership,
        channels: MemberChannels,
    ) -> Self {
        let config = cluster.config();
        Self {
            instance_id: config.group_instance_id.clone(),
            rebalance_timeout: config.max_poll_interval,
            coordinator: Coordinator::Group(group),
            membership,
            metadata: cluster.watch(),
            channels,
            requests: JoinSet::new(),
            is_naming: false,
            naming_pause: Duration::ZERO,
            naming_backoff: Backoff::new(config.retry_backoff, config.retry_backoff_max),
            rediscover: false,
            chance: cluster.environment().chance(),
            cluster,
        }
    }

    /// Runs until the member is out of its group.
    pub(super) async fn run(mut self) {
        let mut has_caller = true;
        loop {
            self.send_due();
            self.publish_lease();
            self.publish_identity();
            let has_told = self.publish_events();
            if has_told && self.membership.is_over() {
                return;
            }
            self.publish_standing(has_told);
            let deadline = self.membership.deadline();
            let events = self.channels.events.clone();
            // Every branch is cancel-safe: channels and the set keep what was not taken. None is starved: requests are
            // few, views come with answers, a caller gives a command at a time, and what the last two wait for is done
            // above in every round.
            tokio::select! {
                biased;
                Some(answer) = self.requests.join_next() => match answer {
                    Ok(answer) => self.handle_answer(answer),
                    Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
                    // The runtime shuts down.
                    Err(_) => return,
                },
                changed = self.metadata.changed() => if changed.is_err() { return },
                command = self.channels.commands.recv(), if has_caller => match command {
                    Some(command) => self.handle_command(command),
                    // Nobody is there any more who could let go.
                    None => {
                        has_caller = false;
                        self.membership.leave_at_once();
                    }
                },
                Ok(()) = self.channels.away_since.changed() => {
                    let away_since = *self.channels.away_since.borrow_and_update();
                    self.membership.handle_caller(away_since);
                }
                // There is room again.
                _ = events.reserve(), if !has_told => {}
                () = until(deadline) => {}
            }
        }
    }

    fn handle_command(&mut self, command: MemberCommand) {
        match command {
            MemberCommand::LetGo(released) => self.membership.let_go(&released),
            MemberCommand::Leave => self.membership.leave(),
            MemberCommand::Discover => self.membership.discover(self.cluster.now()),
        }
    }

    fn handle_answer(&mut self, answer: TaskAnswer) {
        let (now, chance) = (self.cluster.now(), self.chance.draw());
        match answer {
            TaskAnswer::Member(Ok(response)) => {
                self.rediscover |= response.coordinator_moved();
                self.membership.handle_response(response, now, chance);
            }
            TaskAnswer::Member(Err(error)) => {
                let kinds = [ErrorKind::Disconnected, ErrorKind::Unreachable, ErrorKind::Timeout];
                self.rediscover |= kinds.contains(&error.kind());
                let named = error.within(&self.coordinator.named());
                self.membership.handle_failed(named, now, chance);
            }
            TaskAnswer::Topics(Ok(topics)) => self.membership.handle_discovered(topics, now),
            TaskAnswer::Topics(Err(error)) => {
                tracing::warn!(%error, "new topics are not looked for yet");
                self.membership.handle_undiscovered(now, chance);
            }
            TaskAnswer::Names(names) => {
                self.is_naming = false;
                self.naming_pause = self.naming_backoff.wait(chance);
                match names {
                    Ok(names) => self.membership.handle_names(names),
                    Err(error) => tracing::warn!(%error, "assigned topics have no names yet"),
                }
            }
        }
    }

    /// Tells the core of the cluster as it is known, and sends what is due.
    fn send_due(&mut self) {
        for topic in self.membership.topics() {
            // When the mailbox is full, the next turn says it again.
            self.cluster.track(&topic, TopicInterest::Lasting);
        }
        let metadata = self.metadata.see();
        self.membership.handle_metadata(&metadata);
        let unnamed = self.membership.unnamed();
        if unnamed.is_empty() {
            self.naming_pause = Duration::ZERO;
            self.naming_backoff.reset();
        } else if !self.is_naming {
            self.is_naming = true;
            let (cluster, pause) = (self.cluster.clone(), self.naming_pause);
            // A broker that refuses at once, or does not know them either, would else be asked without end.
            self.requests.spawn(async move {
                sleep(pause).await;
                TaskAnswer::Names(names(&cluster, &unnamed).await)
            });
        }
        if self.membership.poll_discovery(self.cluster.now()) {
            let cluster = self.cluster.clone();
            self.requests.spawn(async move { TaskAnswer::Topics(topics(&cluster).await) });
        }
        if let Some(request) = self.membership.poll_request(self.cluster.now()) {
            let (cluster, coordinator) = (self.cluster.clone(), self.coordinator.clone());
            let rediscover = std::mem::take(&mut self.rediscover);
            let join_timeout = self.rebalance_timeout + JOIN_LEEWAY;
            self.requests.spawn(async move {
                if rediscover {
                    cluster.forget_coordinator(&coordinator).await;
                }
                TaskAnswer::Member(send(&cluster, &coordinator, request, join_timeout).await)
            });
        }
    }

    /// Tells the caller what there is room for; false when there is more.
    fn publish_events(&mut self) -> bool {
        loop {
            match self.channels.events.try_reserve() {
                Ok(place) => match self.membership.poll_event() {
                    Some(event) => place.send(event),
                    None => return true,
                },
                Err(TrySendError::Full(())) => return false,
                Err(TrySendError::Closed(())) => return true,
            }
        }
    }

    /// Behind the events, so that whoever hears of it finds them.
    fn publish_standing(&mut self, has_told: bool) {
        let settled = has_told && self.membership.is_settled();
        self.channels.settled.send_if_modified(|known| std::mem::replace(known, settled) != settled);
        let confirmed_at = self.membership.confirmed_at().filter(|_| has_told);
        self.channels.confirmed_at.send_if_modified(|known| {
            let is_news = confirmed_at > *known;
            if is_news {
                *known = confirmed_at;
            }
            is_news
        });
    }

    fn publish_lease(&mut self) {
        let standing = self.membership.poll_lease();
        self.channels.lease.send_if_modified(|known| std::mem::replace(known, standing) != standing);
    }

    /// Tells the caller under which identity it commits.
    fn publish_identity(&mut self) {
        let identity = self.membership.identity().map(|(member_id, generation)| {
            let member = GroupMetadata::new(Arc::clone(self.coordinator.key()));
            let member = member.member(generation, member_id.to_string());
            match &self.instance_id {
                Some(instance) => member.instance(instance.clone()),
                None => member,
            }
        });
        self.channels.identity.send_if_modified(|known| {
            let has_changed = *known != identity;
            *known = identity;
            has_changed
        });
    }
}

async fn send(
    cluster: &Cluster,
    coordinator: &Coordinator,
    request: MemberRequest,
    join_timeout: Duration,
) -> Result<MemberResponse, Error> {
    let connection = cluster.group_coordinator(coordinator).await?;
    let timeout = connection.request_timeout();
    Ok(match request {
        MemberRequest::ConsumerGroupHeartbeat(request) => {
            let version = connection.version::<ConsumerGroupHeartbeatRequest>()?;
            MemberResponse::ConsumerGroupHeartbeat(connection.call_at(&request, version, timeout).await?)
        }
        MemberRequest::JoinGroup(request) => {
            let version = connection.version::<JoinGroupRequest>()?;
            let timeout = timeout.max(join_timeout);
            MemberResponse::JoinGroup(connection.call_at(&request, version, timeout).await?)
        }
        MemberRequest::SyncGroup(request) => {
            let version = connection.version::<SyncGroupRequest>()?;
            MemberResponse::SyncGroup(connection.call_at(&request, version, timeout).await?)
        }
        MemberRequest::Heartbeat(request) => {
            let version = connection.version::<HeartbeatRequest>()?;
            MemberResponse::Heartbeat(connection.call_at(&request, version, timeout).await?)
        }
        MemberRequest::DescribeGroups(request) => {
            let version = connection.version::<DescribeGroupsRequest>()?;
            MemberResponse::DescribeGroups(connection.call_at(&request, version, timeout).await?)
        }
        MemberRequest::LeaveGroup(request) => {
            MemberResponse::LeaveGroup(leave(&connection, request, timeout).await?)
        }
    })
}

async fn leave(
    connection: &Connection,
    mut request: LeaveGroupRequest,
    timeout: Duration,
) -> Result<upsert_kafka_protocol::messages::LeaveGroupResponse, Error> {
    let version = connection.version::<LeaveGroupRequest>()?;
    if version < FIRST_LEAVE_OF_MANY {
        request.member_id = request.members.drain(..).next().map(|it| it.member_id).unwrap_or_default();
    }
    connection.call_at(&request, version, timeout).await
}

/// The names of topics that are known by id alone, as far as a broker knows them.
async fn names(cluster: &Cluster, ids: &[Uuid]) -> Result<Vec<(Uuid, Arc<str>)>, Error> {
    let connection = cluster.any().await?;
    let topic = |id: &Uuid| MetadataRequestTopic { topic_id: *id, name: None::<Str>, ..Default::default() };
    let request = MetadataRequest {
        topics: Some(ids.iter().map(topic).collect()),
        allow_auto_topic_creation: false,
        ..Default::default()
    };
    let response = connection.call(&request).await?;
    let named = response.topics.into_iter().filter(|topic| topic.error_code == ErrorCode::NONE);
    Ok(named.filter_map(|topic| Some((topic.topic_id, Arc::from(&*topic.name?)))).collect())
}

/// The names of all topics that a broker tells of, but for Kafka's own.
async fn topics(cluster: &Cluster) -> Result<Vec<Arc<str>>, Error> {
    let connection = cluster.any().await?;
    let request = MetadataRequest { topics: None, allow_auto_topic_creation: false, ..Default::default() };
    let response = connection.call(&request).await?;
    let wanted = response.topics.into_iter().filter(|it| it.error_code == ErrorCode::NONE && !it.is_internal);
    Ok(wanted.filter_map(|topic| Some(Arc::from(&*topic.name?))).collect())
}

/// How much longer than a rebalance a JoinGroup may take, as in Java.
const JOIN_LEEWAY: Duration = Duration::from_secs(5);
/// From version 3 on LeaveGroup names many members.
const FIRST_LEAVE_OF_MANY: i16 = 3;
