//! The Kafka source: a consumer that reads one task's share of the topics of a table, and knows how far it has come.
//!
//! A [`KafkaSource`] drives one consumer. It answers four questions.
//!
//! - **Where do partitions begin and end?** When the source is opened, [`OffsetsInitializer`] decides that from the
//!   table's options and from what the group has committed; what it leaves open, the brokers are asked for. The
//!   beginnings are committed at once: a job that dies before its first checkpoint begins there again.
//! - **How far has it come?** A position moves when the caller says that records were processed
//!   ([`advance`](KafkaSource::advance)), not when they are fetched. A checkpoint captures all positions at one moment
//!   ([`positions`](KafkaSource::positions)) and commits these later ([`commit`](KafkaSource::commit)), once the sinks
//!   have acknowledged what lies before them; that order is the caller's part.
//! - **Has the topic changed?** [`discover`](KafkaSource::discover) finds partitions that were created since, and topics
//!   that were deleted and created again, which have another id. [`follow`](KafkaSource::follow) takes over positions
//!   that the consumer had to reset.
//! - **Whose partitions are they?** A [`Share`] says it. As a member of its group a source is told which it has, and
//!   the group's coordinator refuses what it commits once it has them no more. With a fixed share nobody checks that:
//!   so before each commit the group's offsets must be the ones that this job committed last. If not, another process
//!   is at work, and the job fails.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::timeout;
use tracing::debug;
use upsert_kafka_client::{
    Admin, Assignor, Commit, Config, Consumer, Fetched, GroupMetadata, OffsetSpec, Role, TopicDescription,
    TopicPartition, Uuid,
};

use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::plan::{self, Notice, SourcePlan};
use crate::progress::OffsetsRebuilt;
use crate::scan::Bounded;
use crate::task_transaction::TaskTransaction;

mod beginning;
mod checkpoint_metadata;
mod group_share;
mod offsets_initializer;
mod partition;
mod rebalance;
mod subscription;
mod topic_changes;

use checkpoint_metadata::CommittedBy;
pub(crate) use checkpoint_metadata::JobIdentity;
use group_share::GroupShare;
pub(crate) use group_share::{Share, SourceEvent};
use offsets_initializer::AutoOffsetReset;
pub use offsets_initializer::Restore;
use partition::Partition;
use subscription::Subscription;

/// The driver of one task's consumer.
pub(crate) struct KafkaSource {
    /// The first of its tables, which errors name.
    table: String,
    consumer: Consumer,
    admin: Admin,
    /// The member through which partitions come and go, unless they are fixed.
    group_share: Option<GroupShare>,
    subscription: Subscription,
    partitions: BTreeMap<TopicPartition, Partition>,
    /// Whether where it began is told already.
    is_open: bool,
    notices: Vec<Notice>,
    resumed: Vec<Notice>,
}

/// How far a source had come at one moment: what a checkpoint commits.
#[derive(Default)]
pub(crate) struct Positions(Vec<Commit>);

impl Positions {
    /// What a transaction is to keep.
    pub(crate) fn commits(&self) -> &[Commit] {
        &self.0
    }
}

impl KafkaSource {
    /// Resolves where each partition begins and ends, and commits the beginning: a job that dies before
    /// its first commit starts again where it started.
    pub(crate) async fn open(
        plan: &SourcePlan,
        share: Share,
        restore: Restore,
        job: JobIdentity,
        clients: &mut Clients,
        transaction: Option<&TaskTransaction>,
    ) -> Result<Self, Error> {
        let (subtask, chooses_protocol) = (share.subtask(), chooses_protocol(plan, &share));
        let client = clients.open(config(plan, share)?).await.map_err(Error::cluster)?;
        let mut source = Self {
            table: plan.table.clone(),
            consumer: client.consumer(),
            admin: client.admin(),
            group_share: None,
            subscription: Subscription {
                subtask,
                topics: plan.topics.clone(),
                topic_ids: BTreeMap::new(),
                pattern: plan.topic_pattern.clone(),
                group: plan.group_id.clone(),
                job,
                restore,
                startup: plan.startup.clone(),
                bounded: plan.bounded.clone(),
                ends: plan.bounded != Bounded::Unbounded,
                rebuilds: plan.keeps_state(),
                reset: AutoOffsetReset::of(&plan.properties),
                commits: restore != Restore::LookOn,
                kept_elsewhere: transaction.filter(|it| it.keeps_positions()).cloned(),
            },
            partitions: BTreeMap::new(),
            is_open: false,
            notices: Vec::new(),
            resumed: Vec::new(),
        };
        if subtask.is_none() {
            source.join(&client, chooses_protocol).await?;
            return Ok(source);
        }
        for topic in source.describe().await? {
            let topic = topic?;
            source.begin(&topic, &source.own_partitions_of(&topic)).await?;
        }
        source.assign();
        source.commit(source.positions()).await?;
        Ok(source)
    }

    /// What the user should know of the start.
    pub(crate) fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// Where it goes on from an earlier run: a line for each topic that does.
    pub(crate) fn resumed(&self) -> &[Notice] {
        &self.resumed
    }

    /// Waits for the next records. Cancel-safe: what was fetched and not handed over comes next time.
    pub(crate) async fn poll(&mut self) -> Result<Fetched, Error> {
        self.consumer.poll().await.map_err(|e| self.failed(e))
    }

    /// Waits for what comes next: records, or a change of the source's partitions. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Result<SourceEvent, Error> {
        let Some(group_share) = &mut self.group_share else {
            return self.poll().await.map(SourceEvent::Fetched);
        };
        let reads = !self.partitions.is_empty();
        // Both are cancel-safe. What the group says goes before records of what it may have taken away.
        let next = tokio::select! {
            biased;
            event = group_share.changed() => event,
            fetched = self.consumer.poll(), if reads => fetched.map(SourceEvent::Fetched),
        };
        next.map_err(|e| self.not_member(e))
    }

    /// Whether nothing is left up to where the source ends.
    pub(crate) fn is_done(&self) -> bool {
        // One of several tasks may have no partition of a topic that has few.
        let Subscription { ends, subtask, pattern, .. } = &self.subscription;
        let is_one_of_several = subtask.is_some_and(|it| it.parallelism() > 1);
        let may_be_empty = *ends && (is_one_of_several || pattern.is_some());
        (may_be_empty || !self.partitions.is_empty()) && self.partitions.values().all(Partition::is_done)
    }

    /// From now on the source ends where its partitions end at this moment.
    pub(crate) async fn stop_at_end(&mut self) -> Result<(), Error> {
        if self.is_member() {
            let text = format!("table {}: a job ends at its end only where it is alone", self.table);
            return Err(Error::new(ErrorKind::Source, text));
        }
        let all: Vec<_> = self.partitions.keys().map(|of| (of.clone(), OffsetSpec::Latest)).collect();
        let ends = self.list_offsets(&all).await?;
        self.subscription.ends = true;
        self.partitions.values_mut().zip(ends).for_each(|(it, end)| it.stop = Some(end));
        Ok(())
    }

    /// The offset at which this partition ends, exclusively.
    pub(crate) fn stop_of(&self, of: &TopicPartition) -> Option<i64> {
        self.partitions.get(of).and_then(|it| it.stop)
    }

    /// Records before this offset of the partition only rebuild state: what they change was written before.
    pub(crate) fn rebuilt_to(&self, of: &TopicPartition) -> i64 {
        self.partitions.get(of).map_or(0, |it| it.rebuilt_to)
    }

    /// How much of what only rebuilds state is done, over all partitions.
    pub(crate) fn rebuilt(&self) -> OffsetsRebuilt {
        let each = self.partitions.values().map(Partition::rebuilt);
        each.fold(OffsetsRebuilt::default(), |sum, it| OffsetsRebuilt {
            done: sum.done.saturating_add(it.done),
            total: sum.total.saturating_add(it.total),
        })
    }

    /// All before `next` was processed; the last record of it was taken in `leader_epoch`, -1 if unknown.
    pub(crate) fn advance(&mut self, of: &TopicPartition, next: i64, leader_epoch: i32) {
        if let Some(it) = self.partitions.get_mut(of) {
            it.next = it.next.max(next);
            it.leader_epoch = it.leader_epoch.max(leader_epoch);
        }
    }

    /// Records between the positions and the ends of the partitions, as far as they are known.
    pub(crate) fn lag(&self) -> i64 {
        // A broker may claim any end.
        self.partitions.keys().filter_map(|of| self.consumer.lag(of)).fold(0, i64::saturating_add)
    }

    /// How far it came, where that is further than what is committed.
    pub(crate) fn positions(&self) -> Positions {
        let moved = self.partitions.iter().filter(|(_, it)| it.committed != Some(it.position()));
        Positions(moved.map(|(of, it)| it.commit(of, &self.subscription.job)).collect())
    }

    /// Commits positions; the caller has seen to it that all before them is acknowledged.
    pub(crate) async fn commit(&mut self, Positions(moved): Positions) -> Result<(), Error> {
        let Some(group) = &self.subscription.group else { return Ok(()) };
        if moved.is_empty() || !self.subscription.commits {
            return Ok(());
        }
        if let Some(kept) = &self.subscription.kept_elsewhere {
            if kept.commit_beginnings(&moved).await? {
                self.committed_in_transaction(Positions(moved)).await;
            }
            return Ok(());
        }
        if let Some(group_share) = &self.group_share {
            if !group_share.commit(&moved).await.map_err(|e| self.failed(e))? {
                return Ok(());
            }
        } else {
            self.alone(group).await?;
            self.consumer.commit(group, &moved).await.map_err(|e| self.failed(e))?;
        }
        self.committed_at(Positions(moved));
        Ok(())
    }

    /// These positions are committed.
    pub(crate) fn committed_at(&mut self, Positions(moved): Positions) {
        for commit in moved {
            let of = TopicPartition { topic: commit.topic, partition: commit.partition };
            if let Some(it) = self.partitions.get_mut(&of) {
                it.committed = Some(commit.offset);
            }
        }
    }

    /// These positions were committed in a transaction. Where a progress topic keeps them, the group is told too, so that
    /// it shows the lag; nobody reads that.
    pub(crate) async fn committed_in_transaction(&mut self, positions: Positions) {
        if let Some(group) = self.subscription.group.as_deref().filter(|_| self.is_kept_elsewhere()) {
            let Positions(moved) = &positions;
            let told = async {
                match &self.group_share {
                    Some(group_share) => group_share.commit(moved).await.map(drop),
                    None => self.consumer.commit(group, moved).await,
                }
            };
            match timeout(LAG_TIMEOUT, told).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => debug!(group, %error, "the group's lag is not shown as it is"),
                Err(_) => debug!(group, "the group's lag is not shown as it is: no answer"),
            }
        }
        self.committed_at(positions);
    }

    /// Whether the group does not keep the positions that count.
    fn is_kept_elsewhere(&self) -> bool {
        self.subscription.kept_elsewhere.is_some()
    }

    /// Whose positions a transaction keeps; `None` where nobody keeps them, or while it is in no group.
    pub(crate) fn group(&self) -> Option<GroupMetadata> {
        match &self.group_share {
            Some(group_share) => group_share.metadata(),
            None => self
                .subscription
                .group
                .as_deref()
                .filter(|_| self.subscription.commits)
                .map(GroupMetadata::new),
        }
    }

    /// Refuses to go on where somebody else moved the group's offsets: see [`alone`](Self::alone).
    pub(crate) async fn check_alone(&self) -> Result<(), Error> {
        match &self.subscription.group {
            Some(group) if self.subscription.commits && !self.is_member() && !self.is_kept_elsewhere() => {
                self.alone(group).await
            }
            _ => Ok(()),
        }
    }

    /// The partitions that are read.
    pub(crate) fn owned(&self) -> Vec<TopicPartition> {
        self.partitions.keys().cloned().collect()
    }

    /// Whether this partition is read, and is one of the topic with that id: what was fetched of a topic that was
    /// deleted since says nothing of the new one. Brokers before Kafka 2.8 know no ids.
    pub(crate) fn reads(&self, of: &TopicPartition, id: Uuid) -> bool {
        let known = self.partitions.get(of).map(|it| it.topic_id);
        known.is_some_and(|known| known == id || known == Uuid::ZERO || id == Uuid::ZERO)
    }

    /// The topic's partitions that are read here.
    fn own_partitions_of(&self, topic: &TopicDescription) -> Vec<TopicPartition> {
        let mut own = Subscription::all_partitions_of(topic);
        own.retain(|of| match self.subscription.subtask {
            Some(subtask) => subtask.reads(of.partition),
            None => self.partitions.contains_key(of),
        });
        own
    }

    /// Refuses to go on when somebody else moved the group's offsets: where shares are fixed, two processes would each
    /// write every row. Offsets that the broker forgot are nobody's.
    async fn alone(&self, group: &str) -> Result<(), Error> {
        let ours = self.partitions.iter().filter(|(_, it)| it.committed.is_some());
        let of: Vec<_> = ours.map(|(of, _)| of.clone()).collect();
        let kept = self.consumer.committed(group, &of).await.map_err(|e| self.failed(e))?;
        let moved = kept.iter().zip(&of).find(|(kept, of)| {
            kept.offset.is_some() && kept.offset != self.partitions.get(of).and_then(|it| it.committed)
        });
        let Some((kept, of)) = moved else { return Ok(()) };
        let who = match CommittedBy::of(&kept.metadata) {
            CommittedBy::Checkpoint(it) if it.job != self.subscription.job => {
                format!("a job that writes {}", it.job)
            }
            _ => "processes share the partitions of a job that goes on for ever and whose tables name a group and their \
                  topics; this one does not"
                .to_owned(),
        };
        let (table, topic, index) = (&self.table, &of.topic, of.partition);
        let text = format!(
            "table {table}: topic {topic}, partition {index}: somebody else commits offsets of group {group}: {who}"
        );
        Err(Error::new(ErrorKind::Cluster, text))
    }

    fn failed(&self, error: upsert_kafka_client::Error) -> Error {
        Error::cluster(error).within(format_args!("table {}", self.table))
    }
}

/// Whether it is said by which protocol the group shares: by a setting that only one of them has, or by a name. Under the
/// consumer protocol a member that was killed keeps its name until it is missed; under the classic one whoever comes
/// with the name has its place at once.
fn chooses_protocol(plan: &SourcePlan, share: &Share) -> bool {
    let keys =
        ["group.protocol", "heartbeat.interval.ms", "partition.assignment.strategy", "session.timeout.ms"];
    let is_named = matches!(share, Share::Group { instance: Some(_) });
    is_named || keys.iter().any(|key| plan::sets(&plan.properties, key))
}

/// The settings of the consumer, and of its member.
fn config(plan: &SourcePlan, share: Share) -> Result<Config, Error> {
    let mut config = plan::config(&plan.table, &plan.properties, Role::Consumer)?;
    config.auto_offset_reset = AutoOffsetReset::of_consumer(&plan.properties, &plan.startup);
    if !plan::sets(&plan.properties, "fetch.max.bytes") {
        config.fetch_max_bytes = FETCH_BYTES_MAX;
    }
    // Partitions that do not move go on being read.
    if !plan::sets(&plan.properties, "partition.assignment.strategy") {
        config.partition_assignment_strategy = vec![Assignor::CooperativeSticky];
    }
    if let Share::Group { instance } = share {
        config.group_instance_id = instance;
    }
    Ok(config)
}

/// How long a group is told of positions that are kept elsewhere: the next checkpoint tells it more.
const LAG_TIMEOUT: Duration = Duration::from_secs(3);

/// `fetch.max.bytes` where the table does not set it. Java's 50 MiB would let a job hold eight times as much in
/// memory as it needs: what one fetch brings is worked on while the next is under way. A link of long delay
/// wants more: a fetch of this size each round trip is its ceiling.
const FETCH_BYTES_MAX: u32 = 2 << 20;
