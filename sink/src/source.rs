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
//! - **Does anybody else commit?** Before each commit the group's offsets must be the ones that this job committed
//!   last. If not, another process is at work, and the job fails.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tracing::{debug, info, warn};
use upsert_kafka_client::{
    Admin, Commit, Committed, Consumer, Fetched, GroupMetadata, OffsetSpec, PositionReset, Role,
    TopicDescription, TopicPartition, Uuid,
};

use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::job::subtask::Subtask;
use crate::plan::{self, Notice, SourcePlan};
use crate::progress::OffsetsRebuilt;
use crate::scan::{Bounded, Startup};
use crate::topic_selector::TopicPattern;

mod checkpoint_metadata;
mod offsets_initializer;
mod partition;

use checkpoint_metadata::CommittedBy;
pub(crate) use checkpoint_metadata::JobIdentity;
pub use offsets_initializer::Restore;
use offsets_initializer::{
    AutoOffsetReset, OffsetsInitializer, RestoreRefused, TopicStart, UnresolvedOffset,
};
use partition::Partition;

/// The driver of one task's consumer.
pub(crate) struct KafkaSource {
    /// The first of its tables, which errors name.
    table: String,
    consumer: Consumer,
    admin: Admin,
    subscription: Subscription,
    partitions: BTreeMap<TopicPartition, Partition>,
    notices: Vec<Notice>,
    resumed: Vec<Notice>,
}

/// What is read, and for whom.
struct Subscription {
    topics: Vec<String>,
    /// Which topics, instead of those.
    pattern: Option<TopicPattern>,
    /// Which of their partitions.
    subtask: Subtask,
    group: Option<String>,
    job: JobIdentity,
    startup: Startup,
    bounded: Bounded,
    /// Whether partitions have ends, be it by `bounded` or since.
    ends: bool,
    /// Whether records before the checkpoint are read again, for the state that is made of them.
    rebuilds: bool,
    reset: AutoOffsetReset,
    /// Whether the group is told how far it came.
    commits: bool,
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
        subtask: Subtask,
        restore: Restore,
        job: JobIdentity,
        clients: &mut Clients,
    ) -> Result<Self, Error> {
        let mut config = plan::config(&plan.table, &plan.properties, Role::Consumer)?;
        // What an earlier run committed in a transaction may not have reached the group yet.
        config.require_stable_offsets = true;
        config.auto_offset_reset = AutoOffsetReset::of_consumer(&plan.properties, &plan.startup);
        if !plan::sets(&plan.properties, "fetch.max.bytes") {
            config.fetch_max_bytes = FETCH_BYTES_MAX;
        }
        let client = clients.open(config).await.map_err(Error::cluster)?;
        let mut source = Self {
            table: plan.table.clone(),
            consumer: client.consumer(),
            admin: client.admin(),
            subscription: Subscription {
                subtask,
                topics: plan.topics.clone(),
                pattern: plan.topic_pattern.clone(),
                group: plan.group_id.clone(),
                job,
                startup: plan.startup.clone(),
                bounded: plan.bounded.clone(),
                ends: plan.bounded != Bounded::Unbounded,
                rebuilds: plan.keeps_state(),
                reset: AutoOffsetReset::of(&plan.properties),
                commits: restore != Restore::LookOn,
            },
            partitions: BTreeMap::new(),
            notices: Vec::new(),
            resumed: Vec::new(),
        };
        for topic in source.describe().await? {
            source.begin(&topic?, restore).await?;
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

    /// Whether nothing is left up to where the source ends.
    pub(crate) fn is_done(&self) -> bool {
        // One of several tasks may have no partition of a topic that has few.
        let Subscription { ends, subtask, pattern, .. } = &self.subscription;
        let may_be_empty = *ends && (subtask.parallelism() > 1 || pattern.is_some());
        (may_be_empty || !self.partitions.is_empty()) && self.partitions.values().all(Partition::is_done)
    }

    /// From now on the source ends where its partitions end at this moment.
    pub(crate) async fn stop_at_end(&mut self) -> Result<(), Error> {
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
        self.alone(group).await?;
        self.consumer.commit(group, &moved).await.map_err(|e| self.failed(e))?;
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

    /// Whose positions a transaction keeps; `None` where nobody keeps them.
    pub(crate) fn group(&self) -> Option<GroupMetadata> {
        self.subscription.group.as_deref().filter(|_| self.subscription.commits).map(GroupMetadata::new)
    }

    /// Refuses to go on where somebody else moved the group's offsets: see [`alone`](Self::alone).
    pub(crate) async fn check_alone(&self) -> Result<(), Error> {
        match &self.subscription.group {
            Some(group) if self.subscription.commits => self.alone(group).await,
            _ => Ok(()),
        }
    }

    /// Takes in what the consumer had to give up: offsets that the log lost, and topics that were made again. Whether
    /// there are such topics: once the records that came with the resets are processed, they may have partitions more.
    pub(crate) async fn follow(&mut self, resets: &[PositionReset]) -> Result<bool, Error> {
        let mut recreated = Vec::new();
        for reset in resets {
            let Some(it) = self.partitions.get_mut(&reset.topic_partition) else { continue };
            (it.next, it.leader_epoch) = (reset.new_position, -1);
            if it.topic_id != reset.topic_id {
                (it.topic_id, it.committed, it.rebuilt_to) = (reset.topic_id, None, 0);
                recreated.push((reset.topic_partition.clone(), OffsetSpec::Latest));
            }
        }
        if recreated.is_empty() {
            return Ok(false);
        }
        // Where it ended was an offset of the deleted topic.
        recreated.retain(|(of, _)| self.stop_of(of).is_some());
        let ends = self.list_offsets(&recreated).await?;
        for ((of, _), end) in recreated.iter().zip(ends) {
            if let Some(it) = self.partitions.get_mut(of) {
                it.stop = Some(end);
            }
        }
        let begun = resets.iter().map(|reset| &reset.topic_partition);
        self.commit_beginnings(begun.cloned().collect()).await;
        Ok(true)
    }

    /// Goes on after a failed poll if the topic was made again, with other partitions than it had.
    pub(crate) async fn recover(&mut self, error: Error) -> Result<(), Error> {
        match self.discover().await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(error),
        }
    }

    /// Asks the cluster for partitions that came after the start, and for topics that were deleted and made again;
    /// both are read from their beginning. Whether there are any. A topic that is not there at the moment is left
    /// to the fetches, which know for how long it may be missing. An error changes nothing of what is read. Not to be
    /// called while fetched records wait to be processed: they would be fetched again.
    pub(crate) async fn discover(&mut self) -> Result<bool, Error> {
        let topics: Vec<_> = self.describe().await?.into_iter().filter_map(Result::ok).collect();
        let id_now =
            |of: &TopicPartition| topics.iter().find(|it| it.name == *of.topic).map(|it| it.topic_id);
        let is_stale = |of: &TopicPartition, it: &Partition| id_now(of).is_some_and(|id| id != it.topic_id);
        let mut new: Vec<_> =
            topics.iter().flat_map(|topic| self.subscription.partitions_of(topic)).collect();
        new.retain(|of| self.partitions.get(of).is_none_or(|it| is_stale(of, it)));
        let begun = self.beginnings(&new, |of| id_now(of).unwrap_or(Uuid::ZERO)).await?;
        let recreated = self.partitions.iter().filter(|(of, it)| is_stale(of, it));
        let recreated: BTreeSet<_> = recreated.map(|(of, it)| (Arc::clone(&of.topic), it.topic_id)).collect();
        for (topic, old_id) in &recreated {
            warn!(%topic, %old_id, "the topic was deleted and created again, so it is read from its beginning");
        }
        if recreated.is_empty() && begun.is_empty() {
            return Ok(false);
        }
        self.partitions.retain(|of, it| !is_stale(of, it));
        info!(partitions = ?new, "new partitions, read from their beginning");
        self.partitions.extend(begun);
        self.assign();
        self.commit_beginnings(new).await;
        Ok(true)
    }

    /// Whether this partition is read, and is one of the topic with that id: what was fetched of a topic that was
    /// deleted since says nothing of the new one. Brokers before Kafka 2.8 know no ids.
    pub(crate) fn reads(&self, of: &TopicPartition, id: Uuid) -> bool {
        let known = self.partitions.get(of).map(|it| it.topic_id);
        known.is_some_and(|known| known == id || known == Uuid::ZERO || id == Uuid::ZERO)
    }

    /// Commits where new partitions begin, at once: a broker forgets a group's offsets with the topic, so that a
    /// process that dies before its next checkpoint would otherwise begin them as `scan.startup.mode` says. What fails
    /// is committed with the next checkpoint.
    async fn commit_beginnings(&mut self, new: Vec<TopicPartition>) {
        let positions =
            new.iter().filter_map(|of| Some(self.partitions.get(of)?.commit(of, &self.subscription.job)));
        if let Err(error) = self.commit(Positions(positions.collect())).await {
            warn!(%error, "where new partitions begin is not committed yet");
        }
    }

    /// Refuses to go on when somebody else moved the group's offsets: two processes of one job would each
    /// write every row, until they can share partitions. Offsets that the broker forgot are nobody's.
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
            _ => "two processes of one job cannot share its partitions yet".to_owned(),
        };
        let (table, topic, index) = (&self.table, &of.topic, of.partition);
        let text = format!(
            "table {table}: topic {topic}, partition {index}: somebody else commits offsets of group {group}: {who}"
        );
        Err(Error::new(ErrorKind::Cluster, text))
    }

    /// Its topics as the cluster has them now.
    async fn describe(&self) -> Result<Vec<Result<TopicDescription, Error>>, Error> {
        if let Some(pattern) = &self.subscription.pattern {
            let topics = self.admin.topics().await.map_err(|e| self.failed(e))?;
            let meant = topics.into_iter().filter(|it| !it.internal && pattern.matches(&it.name));
            return Ok(meant.map(Ok).collect());
        }
        let names: Vec<&str> = self.subscription.topics.iter().map(String::as_str).collect();
        let described = self.admin.describe_topics(&names).await.map_err(|e| self.failed(e))?;
        Ok(described.into_iter().map(|it| it.map_err(|e| self.failed(e))).collect())
    }

    /// Resolves where each partition of a topic begins and ends.
    async fn begin(&mut self, topic: &TopicDescription, restore: Restore) -> Result<(), Error> {
        let every = Subscription::all_partitions_of(topic);
        let kept = self.committed(&every).await?;
        let initializer = OffsetsInitializer::new(topic.topic_id, restore, &self.subscription.job);
        // By what all tasks have committed: the partitions of this one may be new.
        let start = initializer.topic_start(&kept).map_err(|refused| self.refused(&topic.name, &refused))?;
        let is_own = |of: &TopicPartition| self.subscription.subtask.reads(of.partition);
        let committed: Vec<Committed> =
            every.iter().zip(kept).filter(|(of, _)| is_own(of)).map(|(_, kept)| kept).collect();
        let all = self.subscription.partitions_of(topic);
        let of = |at: usize| committed.get(at);
        let Subscription { startup, bounded, reset, .. } = &self.subscription;
        let begins: Vec<_> = all
            .iter()
            .enumerate()
            .map(|(at, it)| {
                (it.clone(), initializer.starting_offset(startup, it.partition, of(at), start, *reset))
            })
            .collect();
        let ends: Vec<_> = all
            .iter()
            .enumerate()
            .filter_map(|(at, it)| {
                Some((it.clone(), offsets_initializer::stopping_offset(bounded, it.partition, of(at))?))
            })
            .collect();
        let (nexts, stops) = (self.resolve(&begins).await?, self.resolve(&ends).await?);
        let rebuilds = self.subscription.rebuilds && start == TopicStart::Restored;
        let earliest: Vec<_> =
            all.iter().filter(|_| rebuilds).map(|of| (of.clone(), OffsetSpec::Earliest)).collect();
        let earliest = self.list_offsets(&earliest).await?;
        debug!(topic = topic.name, ?start, ?begins, ?nexts, ?stops, "resolved");
        for (at, (of, next)) in all.iter().zip(&nexts).enumerate() {
            let mut it = Partition::new(topic.topic_id, *next, stops.get(at).copied());
            if start == TopicStart::Restored {
                it.restore(committed.get(at));
            }
            if let Some(earliest) = earliest.get(at) {
                it.rebuild(*earliest);
            }
            self.partitions.insert(of.clone(), it);
        }
        let begun: Vec<_> = all.iter().map(|of| of.partition).zip(nexts).collect();
        self.tell(&topic.name, topic.topic_id, start, &begun);
        Ok(())
    }

    /// New partitions at their beginning. Where the source ends somewhere, they end where they end now.
    async fn beginnings(
        &self,
        new: &[TopicPartition],
        id: impl Fn(&TopicPartition) -> Uuid,
    ) -> Result<Vec<(TopicPartition, Partition)>, Error> {
        let spec = |spec| new.iter().map(|of| (of.clone(), spec)).collect::<Vec<_>>();
        let nexts = self.list_offsets(&spec(OffsetSpec::Earliest)).await?;
        let stops = match self.subscription.bounded {
            Bounded::Unbounded => Vec::new(),
            _ => self.list_offsets(&spec(OffsetSpec::Latest)).await?,
        };
        let partition = |(at, (of, next)): (usize, (&TopicPartition, i64))| {
            (of.clone(), Partition::new(id(of), next, stops.get(at).copied()))
        };
        Ok(new.iter().zip(nexts).enumerate().map(partition).collect())
    }

    /// The offsets in numbers: one request per leader for all that brokers must be asked for.
    async fn resolve(&self, offsets: &[(TopicPartition, UnresolvedOffset)]) -> Result<Vec<i64>, Error> {
        let mut wanted = Vec::new();
        for (of, offset) in offsets {
            match offset {
                UnresolvedOffset::At(_) => {}
                UnresolvedOffset::Missing => return Err(self.no_offset(of)),
                UnresolvedOffset::Earliest => wanted.push((of.clone(), OffsetSpec::Earliest)),
                UnresolvedOffset::Latest => wanted.push((of.clone(), OffsetSpec::Latest)),
                UnresolvedOffset::Timestamp(ms) => wanted.push((of.clone(), OffsetSpec::Timestamp(*ms))),
            }
        }
        let mut found = self.list_offsets(&wanted).await?.into_iter();
        let resolved = |offset: &UnresolvedOffset| match offset {
            UnresolvedOffset::At(offset) => Some(*offset),
            _ => found.next(),
        };
        Ok(offsets.iter().map(|(_, offset)| offset).filter_map(resolved).collect())
    }

    /// What the group keeps of each, in their order; nothing without a group.
    async fn committed(&self, of: &[TopicPartition]) -> Result<Vec<Committed>, Error> {
        let Some(group) = &self.subscription.group else { return Ok(Vec::new()) };
        self.consumer.committed(group, of).await.map_err(|e| self.failed(e))
    }

    async fn list_offsets(&self, wanted: &[(TopicPartition, OffsetSpec)]) -> Result<Vec<i64>, Error> {
        self.consumer.list_offsets(wanted).await.map_err(|e| self.failed(e))
    }

    /// Reads every partition on from where it stands.
    fn assign(&mut self) {
        self.consumer.assign(self.partitions.iter().map(|(of, it)| it.assignment(of)).collect());
    }

    /// Says where a topic that was read before is begun.
    fn tell(&mut self, topic: &str, id: Uuid, start: TopicStart, begun: &[(i32, i64)]) {
        let group = self.subscription.group.as_deref().unwrap_or_default();
        match start {
            TopicStart::Fresh => {}
            TopicStart::Restored => {
                let at: Vec<_> =
                    begun.iter().take(SHOWN_MAX).map(|(index, next)| format!("{index}:{next}")).collect();
                let more = match begun.len().saturating_sub(SHOWN_MAX) {
                    0 => String::new(),
                    more => format!(" and {more} partitions more"),
                };
                let text =
                    format!("resumes where group {group} stands: topic {topic} at {}{more}", at.join(", "));
                self.resumed.push(Notice { table: Some(self.table.clone()), text });
            }
            TopicStart::Recreated { old } => {
                let text = format!(
                    "topic {topic} was deleted and made again since group {group} was last committed (its id was {old} \
                     and is {id}): it is read from its beginning"
                );
                self.notices.push(Notice { table: Some(self.table.clone()), text });
            }
        }
    }

    #[cold]
    fn refused(&self, topic: &str, refused: &RestoreRefused) -> Error {
        let (table, group) = (&self.table, self.subscription.group.as_deref().unwrap_or_default());
        let job = &self.subscription.job;
        let is_same_name =
            matches!(refused, RestoreRefused::AnotherJob(it) if it.to_string() == job.to_string());
        let elsewhere = if is_same_name { " on another cluster" } else { "" };
        let text = format!(
            "table {table}: topic {topic}: group {group} holds {refused}; this one writes {job}{elsewhere}. Give this job a \
             'properties.group.id' of its own; or run it with --from-start-mode, to begin as 'scan.startup.mode' says, \
             or with --resume, to go on from the group's offsets as they are"
        );
        Error::new(ErrorKind::Cluster, text)
    }

    #[cold]
    fn no_offset(&self, of: &TopicPartition) -> Error {
        let text = format!(
            "table {}: topic {}, partition {}: group {} has no committed offset; \
             set 'properties.auto.offset.reset' or another 'scan.startup.mode'",
            self.table,
            of.topic,
            of.partition,
            self.subscription.group.as_deref().unwrap_or_default()
        );
        Error::new(ErrorKind::Cluster, text)
    }

    fn failed(&self, error: upsert_kafka_client::Error) -> Error {
        Error::cluster(error).within(format_args!("table {}", self.table))
    }
}

impl Subscription {
    /// The topic's partitions that are read here.
    fn partitions_of(&self, topic: &TopicDescription) -> Vec<TopicPartition> {
        let mut own = Self::all_partitions_of(topic);
        own.retain(|of| self.subtask.reads(of.partition));
        own
    }

    fn all_partitions_of(topic: &TopicDescription) -> Vec<TopicPartition> {
        let name: Arc<str> = topic.name.as_str().into();
        let indexes: BTreeSet<i32> = topic.partitions.iter().map(|it| it.index).collect();
        indexes.into_iter().map(|index| TopicPartition::new(Arc::clone(&name), index)).collect()
    }
}

/// `fetch.max.bytes` where the table does not set it. Java's 50 MiB would let a job hold eight times as much in
/// memory as it needs: what one fetch brings is worked on while the next is under way. A link of long delay
/// wants more: a fetch of this size each round trip is its ceiling.
const FETCH_BYTES_MAX: u32 = 2 << 20;

/// How many partitions a line names.
const SHOWN_MAX: usize = 8;
