//! A Kafka source: which partitions it reads, from where, up to where, and how far it came.

use std::sync::Arc;

use tracing::{debug, info};
use upsert_kafka_client::{
    Assignment, Client, Commit, Committed, Consumer, Fetched, OffsetSpec, Position, Role, TopicPartition,
};

use crate::error::{Error, ErrorKind};
use crate::plan::{self, SourcePlan};

mod start;

use start::{MARK, Place, Reset, Run};

/// The shell around a consumer; positions move only with records that were handed over.
pub(crate) struct Source {
    table: String,
    consumer: Consumer,
    group: Option<String>,
    partitions: Vec<Partition>,
}

/// One partition that is read.
struct Partition {
    of: TopicPartition,
    /// The next offset to process; what a commit would keep.
    next: i64,
    /// -1 when not known.
    leader_epoch: i32,
    /// Exclusive.
    stop: Option<i64>,
    committed: Option<i64>,
}

impl Source {
    /// Resolves where each partition begins and ends, and commits the beginning: a job that dies before
    /// its first commit starts again where it started.
    pub(crate) async fn open(plan: &SourcePlan, ignore_marks: bool) -> Result<Self, Error> {
        let mut config = plan::config(&plan.table, &plan.properties, Role::Consumer)?;
        config.auto_offset_reset = Reset::of(&plan.properties).of_consumer(&plan.startup);
        if !plan::sets(&plan.properties, "fetch.max.bytes") {
            config.fetch_max_bytes = FETCH_BYTES_MAX;
        }
        let client = Client::open(config).await.map_err(Error::cluster)?;
        let mut source = Self {
            table: plan.table.clone(),
            consumer: client.consumer(),
            group: plan.group_id.clone(),
            partitions: Vec::new(),
        };
        for topic in &plan.topics {
            source.add_topic(plan, topic, ignore_marks).await?;
        }
        source.assign();
        source.commit().await?;
        Ok(source)
    }

    /// Waits for the next records. Cancel-safe: what was fetched and not handed over comes next time.
    pub(crate) async fn poll(&mut self) -> Result<Fetched, Error> {
        self.consumer.poll().await.map_err(|e| self.failed(e))
    }

    /// Whether nothing is left up to where the source ends.
    pub(crate) fn is_done(&self) -> bool {
        self.partitions.iter().all(Partition::is_done)
    }

    /// From now on the source ends where its partitions end at this moment.
    pub(crate) async fn stop_at_end(&mut self) -> Result<(), Error> {
        let mut topics: Vec<_> = self.partitions.iter().map(|it| Arc::clone(&it.of.topic)).collect();
        topics.dedup();
        for topic in topics {
            let ends = self.offsets(&topic, OffsetSpec::Latest).await?;
            for it in self.partitions.iter_mut().filter(|it| it.of.topic == topic) {
                it.stop = found(&ends, it.of.partition);
            }
        }
        Ok(())
    }

    /// How many records of these may still be read before the partition ends.
    pub(crate) fn stop_of(&self, topic: &str, partition: i32) -> Option<i64> {
        self.find(topic, partition).and_then(|it| it.stop)
    }

    /// All before `next` was processed; the last record of it was taken in `leader_epoch`, -1 if unknown.
    pub(crate) fn advance(&mut self, topic: &str, partition: i32, next: i64, leader_epoch: i32) {
        if let Some(it) = self.partitions.iter_mut().find(|it| it.is(topic, partition)) {
            it.next = it.next.max(next);
            it.leader_epoch = it.leader_epoch.max(leader_epoch);
        }
    }

    /// Records between the positions and the ends of the partitions, as far as they are known.
    pub(crate) fn lag(&self) -> i64 {
        self.partitions.iter().filter_map(|it| self.consumer.lag(&it.of)).sum()
    }

    /// Commits what moved since the last time; the caller has seen to it that all before is acknowledged.
    pub(crate) async fn commit(&mut self) -> Result<(), Error> {
        let Some(group) = &self.group else { return Ok(()) };
        let moved: Vec<Commit> = self
            .partitions
            .iter()
            .filter(|it| it.committed != Some(it.next))
            .map(Partition::commit)
            .collect();
        if moved.is_empty() {
            return Ok(());
        }
        self.alone(group).await?;
        self.consumer.commit(group, &moved).await.map_err(|e| self.failed(e))?;
        self.partitions.iter_mut().for_each(|it| it.committed = Some(it.next));
        Ok(())
    }

    /// Refuses to go on when somebody else moved the group's offsets: two processes of one job would each
    /// write every row, until they can share partitions.
    async fn alone(&self, group: &str) -> Result<(), Error> {
        let ours: Vec<_> = self.partitions.iter().filter(|it| it.committed.is_some()).collect();
        let of: Vec<_> = ours.iter().map(|it| it.of.clone()).collect();
        let kept = self.consumer.committed(group, &of).await.map_err(|e| self.failed(e))?;
        let moved = |it: &&&Partition| {
            let kept = kept.iter().find(|kept| it.is(&kept.topic, kept.partition));
            kept.is_none_or(|kept| kept.offset != it.committed)
        };
        match ours.iter().find(moved) {
            None => Ok(()),
            Some(it) => {
                let (table, topic, index) = (&self.table, &it.of.topic, it.of.partition);
                let text = format!(
                    "table {table}: topic {topic}, partition {index}: somebody else commits offsets of group {group}; \
                     two processes of one job cannot share its partitions yet"
                );
                Err(Error::new(ErrorKind::Cluster, text))
            }
        }
    }

    /// Looks for partitions that came after the start; they are read from their beginning.
    pub(crate) async fn discover(&mut self, plan_topics: &[String]) -> Result<(), Error> {
        let before = self.partitions.len();
        for topic in plan_topics {
            let starts = self.offsets(topic, OffsetSpec::Earliest).await?;
            for (index, next) in starts {
                if self.find(topic, index).is_none() {
                    info!(topic, partition = index, "a new partition, read from its beginning");
                    self.partitions.push(Partition::new(topic, index, next, None));
                }
            }
        }
        if self.partitions.len() > before {
            self.assign();
        }
        Ok(())
    }

    async fn add_topic(&mut self, plan: &SourcePlan, topic: &str, ignore_marks: bool) -> Result<(), Error> {
        let starts = self.offsets(topic, OffsetSpec::Earliest).await?;
        let committed = self.committed(topic, &starts).await?;
        let (run, reset) = (Run::of(&committed, ignore_marks), Reset::of(&plan.properties));
        for (index, earliest) in starts {
            let kept = committed.iter().find(|it| it.partition == index);
            let begin = start::begin(&plan.startup, index, kept, run, reset);
            let next = self.resolve(topic, index, earliest, begin).await?;
            let stop = match start::end(&plan.bounded, index, kept) {
                Some(end) => Some(self.resolve(topic, index, earliest, end).await?),
                None => None,
            };
            let marked = kept.filter(|it| it.metadata == MARK).and_then(|it| it.offset);
            debug!(topic, partition = index, ?begin, next, ?stop, "resolved");
            self.partitions.push(Partition {
                committed: marked.filter(|offset| *offset == next),
                leader_epoch: kept.filter(|it| it.offset == Some(next)).map_or(-1, |it| it.leader_epoch),
                ..Partition::new(topic, index, next, stop)
            });
        }
        Ok(())
    }

    async fn resolve(&self, topic: &str, index: i32, earliest: i64, place: Place) -> Result<i64, Error> {
        let spec = match place {
            Place::At(offset) => return Ok(offset),
            Place::Start => return Ok(earliest),
            Place::Unknown => return Err(self.no_offset(topic, index)),
            Place::End => OffsetSpec::Latest,
            Place::Since(ms) => OffsetSpec::Timestamp(ms),
        };
        match found(&self.offsets(topic, spec).await?, index) {
            Some(offset) if offset >= 0 => Ok(offset),
            // No record is that young: the end.
            _ => Ok(found(&self.offsets(topic, OffsetSpec::Latest).await?, index).unwrap_or(earliest)),
        }
    }

    async fn committed(&self, topic: &str, partitions: &[(i32, i64)]) -> Result<Vec<Committed>, Error> {
        let Some(group) = &self.group else { return Ok(Vec::new()) };
        let wanted: Vec<_> = partitions.iter().map(|(index, _)| of(topic, *index)).collect();
        self.consumer.committed(group, &wanted).await.map_err(|e| self.failed(e))
    }

    async fn offsets(&self, topic: &str, spec: OffsetSpec) -> Result<Vec<(i32, i64)>, Error> {
        self.consumer.offsets(topic, spec).await.map_err(|e| self.failed(e))
    }

    fn find(&self, topic: &str, index: i32) -> Option<&Partition> {
        self.partitions.iter().find(|it| it.is(topic, index))
    }

    /// Reads every partition on from where it stands.
    fn assign(&mut self) {
        self.consumer.assign(self.partitions.iter().map(Partition::assignment).collect());
    }

    fn no_offset(&self, topic: &str, index: i32) -> Error {
        let group = self.group.as_deref().unwrap_or_default();
        let text = format!(
            "table {}: topic {topic}, partition {index}: group {group} has no committed offset; \
             set 'properties.auto.offset.reset' or another 'scan.startup.mode'",
            self.table
        );
        Error::new(ErrorKind::Cluster, text)
    }

    fn failed(&self, error: upsert_kafka_client::Error) -> Error {
        Error::cluster(error).within(format_args!("table {}", self.table))
    }
}

impl Partition {
    fn new(topic: &str, index: i32, next: i64, stop: Option<i64>) -> Self {
        Self { of: of(topic, index), next, leader_epoch: -1, stop, committed: None }
    }

    fn is(&self, topic: &str, index: i32) -> bool {
        self.of.partition == index && *self.of.topic == *topic
    }

    fn is_done(&self) -> bool {
        self.stop.is_some_and(|stop| self.next >= stop)
    }

    fn assignment(&self) -> Assignment {
        Assignment::new(Arc::clone(&self.of.topic), self.of.partition, Position::Offset(self.next))
    }

    fn commit(&self) -> Commit {
        Commit {
            topic: Arc::clone(&self.of.topic),
            partition: self.of.partition,
            offset: self.next,
            leader_epoch: self.leader_epoch,
            metadata: MARK.to_owned(),
        }
    }
}

/// `fetch.max.bytes` where the table does not set it. Java's 50 MiB would let a job hold eight times as much in
/// memory as it needs: what one fetch brings is worked on while the next is under way. A link of long delay
/// wants more: a fetch of this size each round trip is its ceiling.
const FETCH_BYTES_MAX: u32 = 2 << 20;

fn of(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition { topic: topic.into(), partition }
}

fn found(offsets: &[(i32, i64)], index: i32) -> Option<i64> {
    offsets.iter().find(|(partition, _)| *partition == index).map(|(_, offset)| *offset)
}
