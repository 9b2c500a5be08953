//! A member of a consumer group: which partitions are this process's, and since when, and until when.
//!
//! [`Member`] is the public API; `member_task` carries; `membership` decides, with `classic_member` and
//! `consumer_member` below it, one for each protocol, and `ownership`, which both share. `assignor` holds what a leader
//! of the classic protocol shares partitions by.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{mpsc, watch};
use upsert_kafka_protocol::Str;

use super::{Commit, Committed, TopicPartition, committed_offsets};
use crate::cluster::Cluster;
use crate::environment::Clock;
use crate::membership_lease::{LeaseStanding, MembershipLease};
use crate::retry::Backoff;
use crate::{Error, ErrorKind, GroupMetadata};

mod assignor;
mod auto_commit;
mod classic_member;
mod consumer_member;
pub(crate) mod consumer_protocol;
mod group_consumer;
mod group_member;
mod member_task;
mod membership;
mod ownership;
mod requests;
mod revocation;
mod settings;
mod subscription;
mod topic_discovery;

pub use assignor::Assignor;
pub use group_consumer::{GroupConsumer, GroupEvent};
use member_task::{EVENTS_MAX, MemberChannels, MemberCommand, MemberTask};
use membership::{Membership, MembershipEvent};
use ownership::{OwnershipEvent, TopicIdPartition};
pub use revocation::Revocation;
use settings::GroupSettings;
pub use subscription::Subscription;

/// A member of a consumer group. It is told which partitions it reads, and reads none itself: whoever has it gives
/// them to a [`Consumer`](crate::Consumer), or to what it likes.
///
/// Heartbeats leave from a task of the runtime, whatever the caller does. But a caller that asks for no event for
/// `max.poll.interval.ms` loses its partitions, and is told so by an error.
///
/// ```no_run
/// use upsert_kafka_client::{Client, Config, MemberEvent, Role, Subscription};
///
/// # async fn share() -> Result<(), upsert_kafka_client::Error> {
/// let properties = [("bootstrap.servers", "127.0.0.1:9092"), ("group.id", "billing")];
/// let (config, _) = Config::from_properties(properties, Role::Consumer)?;
/// let client = Client::open(config).await?;
/// let mut member = client.member(Subscription::topics(["orders"]))?;
/// while let Some(event) = member.next().await? {
///     match event {
///         MemberEvent::Given(partitions) => println!("from now on: {partitions:?}"),
///         // Commit what was read of them, then drop it: another member may have them.
///         MemberEvent::Revoked(revocation) => println!("until now: {:?}", revocation.partitions()),
///         // Another member may have them already.
///         MemberEvent::Lost(revocation) => println!("gone: {:?}", revocation.partitions()),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Member {
    cluster: Cluster,
    clock: Clock,
    group: Arc<str>,
    events: mpsc::Receiver<MembershipEvent>,
    commands: mpsc::UnboundedSender<MemberCommand>,
    away_since: watch::Sender<Option<Instant>>,
    identity: watch::Receiver<Option<GroupMetadata>>,
    settled: watch::Receiver<bool>,
    confirmed_at: watch::Receiver<Option<Instant>>,
    lease: MembershipLease,
}

/// What happens to a member.
#[derive(Debug)]
#[non_exhaustive]
pub enum MemberEvent {
    /// These are the member's from now on.
    Given(Vec<TopicPartition>),
    /// These are wanted elsewhere. They are the member's until the revocation is dropped.
    Revoked(Revocation),
    /// These are not the member's any more; nothing may be committed for them. No others are given before this is
    /// dropped.
    Lost(Revocation),
}

impl Member {
    pub(crate) fn new(cluster: Cluster, subscription: Subscription) -> Result<Self, Error> {
        let (settings, member_id) = settings(&cluster, subscription)?;
        let group: Arc<str> = Arc::from(&*settings.group_id);
        let clock = cluster.environment().clock().clone();
        let membership = Membership::new(Arc::new(settings), member_id, clock.now());
        let (events, heard) = mpsc::channel(EVENTS_MAX);
        let (commands, mailbox) = mpsc::unbounded_channel();
        let (away_since, caller) = watch::channel(Some(clock.now()));
        let (told, identity) = watch::channel(None);
        let (settles, settled) = watch::channel(false);
        let (confirms, confirmed_at) = watch::channel(None);
        let (leases, lease) = watch::channel(LeaseStanding::default());
        let channels = MemberChannels {
            events,
            commands: mailbox,
            away_since: caller,
            identity: told,
            settled: settles,
            confirmed_at: confirms,
            lease: leases,
        };
        let task = MemberTask::new(cluster.for_new_owner(), Arc::clone(&group), membership, channels);
        tokio::spawn(task.run());
        Ok(Self {
            cluster,
            clock,
            group,
            events: heard,
            commands,
            away_since,
            identity,
            settled,
            confirmed_at,
            lease: MembershipLease::new(lease),
        })
    }

    /// The next event; `None` once the member has left.
    ///
    /// # Cancellation
    /// The future may be dropped. Nothing is lost.
    ///
    /// # Errors
    /// The group refused the member, or another has taken its static name: the next call gives `None`. The caller
    /// asked for nothing for `max.poll.interval.ms`: the member has left, and the next call joins again. A topic may
    /// not be read: the member goes on trying. Each error names the group.
    pub async fn next(&mut self) -> Result<Option<MemberEvent>, Error> {
        let waiting = Waiting::new(&self.away_since, &self.clock);
        let event = self.events.recv().await;
        drop(waiting);
        Ok(match event {
            None => None,
            Some(MembershipEvent::Failed(error)) => return Err(error),
            Some(MembershipEvent::Ownership(event)) => Some(match event {
                OwnershipEvent::Given(given) => MemberEvent::Given(given.iter().map(named).collect()),
                OwnershipEvent::Revoked(revoked) => MemberEvent::Revoked(self.revocation(revoked)),
                OwnershipEvent::Lost(lost) => MemberEvent::Lost(self.revocation(lost)),
            }),
        })
    }

    /// Under which identity the member commits, or has a transaction commit; `None` while it is in no group, and from the
    /// moment at which partitions are lost until they are let go. A
    /// coordinator refuses one that is out of date, so what was read before a partition went elsewhere cannot be
    /// committed after (KIP-447).
    pub fn metadata(&self) -> Option<GroupMetadata> {
        self.identity.borrow().clone()
    }

    /// Returns once the member is in its group and has what the group wants it to have, which may be nothing, and every
    /// event up to that was handed to [`next`](Self::next) or waits there; also when the member is gone.
    ///
    /// # Cancellation
    /// The future may be dropped. Nothing is lost.
    pub fn settled(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        let mut settled = self.settled.clone();
        async move {
            // A member that is gone says so by its next event.
            _ = settled.wait_for(|settled| *settled).await;
        }
    }

    /// Returns once the group's coordinator has said that the group had this member after this call, within a heartbeat.
    /// What the member had lost by then waits in [`next`](Self::next), and is to be looked at first. Also when the member
    /// is gone, which is told there too.
    ///
    /// A process that was frozen asks this before it believes that it still has what it had.
    ///
    /// # Cancellation
    /// The future may be dropped. Nothing is lost.
    pub fn confirmed(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        let (mut confirmed_at, now) = (self.confirmed_at.clone(), self.clock.now());
        async move {
            _ = confirmed_at.wait_for(|at| at.is_some_and(|at| at >= now)).await;
        }
    }

    /// Until when the group has this member for certain, for the producers that write what it reads
    /// ([`Producer::write_for`](crate::Producer::write_for)).
    pub fn lease(&self) -> MembershipLease {
        self.lease.clone()
    }

    /// Commits offsets as this member.
    ///
    /// # Errors
    /// The group has gone on without the member; or, after `default.api.timeout.ms`, whatever went wrong. Some of the
    /// offsets may be committed then.
    pub async fn commit(&self, offsets: &[Commit]) -> Result<(), Error> {
        let identity = self.metadata().ok_or_else(|| {
            Error::new(ErrorKind::Fenced, format!("group {}: this process is no member now", self.group))
        })?;
        committed_offsets::commit(&self.cluster, &identity, offsets).await
    }

    /// The same, to be carried by a task; `None` while this process is no member, or has nothing to commit.
    pub(super) fn begin_commit(
        &self,
        offsets: Vec<Commit>,
    ) -> Option<impl Future<Output = Result<(), Error>> + Send + 'static> {
        let identity = self.metadata().filter(|_| !offsets.is_empty())?;
        let cluster = self.cluster.clone();
        Some(async move { committed_offsets::commit(&cluster, &identity, &offsets).await })
    }

    /// The offsets that the group has committed for these partitions, in the same order.
    ///
    /// # Errors
    /// After `default.api.timeout.ms`, or at once when a retry cannot help.
    pub async fn committed(&self, partitions: &[TopicPartition]) -> Result<Vec<Committed>, Error> {
        let stable = self.cluster.config().isolation_level == crate::IsolationLevel::ReadCommitted;
        committed_offsets::committed(&self.cluster, &self.group, partitions, stable).await
    }

    /// Has the cluster asked for its topics now, and not only every `metadata.max.age.ms`: where this member leads a
    /// classic group, new partitions are shared then; where it subscribes to whatever a function takes, new topics.
    pub fn refresh_topics(&self) {
        self.cluster.refresh();
        // A task that is gone wants no topics.
        _ = self.commands.send(MemberCommand::Discover);
    }

    /// Begins to leave. Events go on until everything was let go: what the member has is revoked, then comes `None`. A
    /// static member keeps its partitions for when it comes back (KIP-345).
    pub fn leave(&self) {
        // A task that is gone has left already.
        _ = self.commands.send(MemberCommand::Leave);
    }

    fn revocation(&self, partitions: Vec<TopicIdPartition>) -> Revocation {
        let deadline = self.clock.now() + self.cluster.config().max_poll_interval;
        Revocation::new(partitions, deadline, self.commands.clone())
    }
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Member(group {}, {:?})", self.group, self.metadata())
    }
}

/// While it lives, the caller waits for events.
struct Waiting<'a> {
    away_since: &'a watch::Sender<Option<Instant>>,
    clock: &'a Clock,
}

impl<'a> Waiting<'a> {
    fn new(away_since: &'a watch::Sender<Option<Instant>>, clock: &'a Clock) -> Self {
        away_since.send_replace(None);
        Self { away_since, clock }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.away_since.send_replace(Some(self.clock.now()));
    }
}

fn named(of: &TopicIdPartition) -> TopicPartition {
    TopicPartition::new(Arc::clone(&of.topic), of.partition)
}

/// The settings of a member, and an id that nobody else has.
fn settings(cluster: &Cluster, subscription: Subscription) -> Result<(GroupSettings, Str), Error> {
    let config = cluster.config();
    let Some(group) = config.group_id.as_deref().filter(|group| !group.is_empty()) else {
        return Err(Error::new(
            ErrorKind::Config,
            "group.id is not set: whoever shares partitions names a group",
        ));
    };
    if let (crate::config::GroupProtocol::Classic, Some(pattern)) =
        (config.group_protocol, subscription.regex())
    {
        let sentence = format!(
            "group {group}: the pattern '{pattern}' is for brokers to match, which needs group.protocol=consumer; \
             Subscription::matching goes by either protocol"
        );
        return Err(Error::new(ErrorKind::Config, sentence));
    }
    let text = |text: &Option<String>| text.as_ref().map(|text| Str::from(text.clone()));
    let settings = GroupSettings {
        group_id: Str::from(group.to_owned()),
        protocol: config.group_protocol,
        instance_id: text(&config.group_instance_id),
        // Coordinators refuse one that is empty.
        rack_id: text(&config.client_rack).filter(|rack| !rack.is_empty()),
        subscription,
        remote_assignor: text(&config.group_remote_assignor),
        assignors: config.partition_assignment_strategy.clone(),
        session_timeout: config.session_timeout,
        heartbeat_interval: config.heartbeat_interval,
        max_poll_interval: config.max_poll_interval,
        backoff: Backoff::new(config.retry_backoff, config.retry_backoff_max),
        discovery_interval: config.metadata_max_age,
    };
    let mut chance = cluster.environment().chance();
    let (high, low) = (chance.bits(), chance.bits());
    let id = upsert_kafka_protocol::Uuid((u128::from(high) << 64 | u128::from(low)).to_be_bytes());
    Ok((settings, Str::from(id.to_string())))
}
