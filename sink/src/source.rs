//! A Kafka source: which partitions it reads, from where, up to where, and how far it came.

use std::sync::Arc;

use tracing::{debug, info};
use upsert_kafka_client::{
    Assignment, Client, Commit, Committed, Config, Consumer, Fetched, OffsetSpec, Position, Role,
};

use crate::error::{Error, ErrorKind};
use crate::plan::SourcePlan;

mod start;

pub(crate) use start::{MARK, Place, Reset};

/// The shell around a consumer; positions move only with records that were handed over.
pub(crate) struct Source {
    table: String,
    consumer: Consumer,
    group: Option<String>,
    partitions: Vec<Partition>,
}

/// One partition that is read.
struct Partition {
    topic: Arc<str>,
    index: i32,
    /// The next offset to process; what a commit would keep.
    next: i64,
    leader_epoch: Option<i32>,
    /// Exclusive.
    stop: Option<i64>,
    committed: Option<i64>,
}

impl Source {
    /// Resolves where each partition begins and ends, and commits the beginning: a job that dies before
    /// its first commit starts again where it started.
    pub(crate) async fn open(plan: &SourcePlan, ignore_marks: bool) -> Result<Self, Error> {
        let (config, notices) = Config::from_properties(plan.properties.iter().cloned(), Role::Consumer)
            .map_err(|e| Error::cluster(e).within(format_args!("table {}", plan.table)))?;
        notices.iter().for_each(|notice| debug!(table = plan.table, "{notice}"));
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
        let assignment = source.partitions.iter().map(Partition::assignment).collect();
        source.consumer.assign(assignment).map_err(Error::cluster)?;
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
        let mut topics: Vec<_> = self.partitions.iter().map(|it| Arc::clone(&it.topic)).collect();
        topics.dedup();
        for topic in topics {
            let ends = self.offsets(&topic, OffsetSpec::Latest).await?;
            for it in self.partitions.iter_mut().filter(|it| it.topic == topic) {
                it.stop = found(&ends, it.index);
            }
        }
        Ok(())
    }

    /// How many records of these may still be read before the partition ends.
    pub(crate) fn stop_of(&self, topic: &str, partition: i32) -> Option<i64> {
        self.find(topic, partition).and_then(|it| it.stop)
    }

    /// All before `next` was processed.
    pub(crate) fn advance(&mut self, topic: &str, partition: i32, next: i64, leader_epoch: Option<i32>) {
        let at = self.partitions.iter().position(|it| it.index == partition && *it.topic == *topic);
        if let Some(it) = at.map(|at| &mut self.partitions[at]) {
            it.next = it.next.max(next);
            it.leader_epoch = leader_epoch.or(it.leader_epoch);
        }
    }

    /// Records between the positions and the ends of the partitions, as far as they are known.
    pub(crate) fn lag(&self) -> i64 {
        self.partitions.iter().filter_map(|it| self.consumer.lag(&it.topic, it.index)).sum()
    }

    /// Commits what moved since the last time; the caller has seen to it that all before is acknowledged.
    pub(crate) async fn commit(&mut self) -> Result<(), Error> {
        let Some(group) = &self.group else { return Ok(()) };
        let moved: Vec<Commit> =
            self.partitions.iter().filter(|it| it.committed != Some(it.next)).map(Partition::commit).collect();
        if moved.is_empty() {
            return Ok(());
        }
        self.consumer.commit(group, moved).await.map_err(|e| self.failed(e))?;
        self.partitions.iter_mut().for_each(|it| it.committed = Some(it.next));
        Ok(())
    }

    /// Looks for partitions that came after the start; they are read from their beginning.
    pub(crate) async fn discover(&mut self, plan_topics: &[String]) -> Result<(), Error> {
        for topic in plan_topics {
            let starts = self.offsets(topic, OffsetSpec::Earliest).await?;
            for (index, next) in starts {
                if self.find(topic, index).is_none() {
                    info!(topic, partition = index, "a new partition, read from its beginning");
                    let partition = Partition::new(topic, index, next, None);
                    self.consumer.add(partition.assignment()).map_err(|e| self.failed(e))?;
                    self.partitions.push(partition);
                }
            }
        }
        Ok(())
    }

    async fn add_topic(&mut self, plan: &SourcePlan, topic: &str, ignore_marks: bool) -> Result<(), Error> {
        let starts = self.offsets(topic, OffsetSpec::Earliest).await?;
        let committed = self.committed(topic, &starts).await?;
        let reset = Reset::of(&plan.properties);
        for (index, earliest) in starts {
            let kept = committed.iter().find(|it| it.partition == index);
            let begin = start::begin(&plan.startup, index, kept, ignore_marks, reset);
            let next = self.resolve(topic, index, earliest, begin).await?;
            let stop = match start::end(&plan.bounded, index, kept) {
                Some(end) => Some(self.resolve(topic, index, earliest, end).await?),
                None => None,
            };
            let marked = kept.filter(|it| it.metadata == MARK).and_then(|it| it.offset);
            debug!(topic, partition = index, ?begin, next, ?stop, "resolved");
            self.partitions.push(Partition {
                committed: marked.filter(|offset| *offset == next),
                leader_epoch: kept.filter(|it| it.offset == Some(next)).and_then(|it| it.leader_epoch),
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
        let wanted: Vec<_> = partitions.iter().map(|(index, _)| (topic.to_owned(), *index)).collect();
        self.consumer.committed(group, wanted).await.map_err(|e| self.failed(e))
    }

    async fn offsets(&self, topic: &str, spec: OffsetSpec) -> Result<Vec<(i32, i64)>, Error> {
        self.consumer.offsets(topic, spec).await.map_err(|e| self.failed(e))
    }

    fn find(&self, topic: &str, index: i32) -> Option<&Partition> {
        self.partitions.iter().find(|it| it.index == index && *it.topic == *topic)
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
        Self { topic: topic.into(), index, next, leader_epoch: None, stop, committed: None }
    }

    fn is_done(&self) -> bool {
        self.stop.is_some_and(|stop| self.next >= stop)
    }

    fn assignment(&self) -> Assignment {
        Assignment {
            topic: Arc::clone(&self.topic),
            partition: self.index,
            position: Position::Offset(self.next),
        }
    }

    fn commit(&self) -> Commit {
        Commit {
            topic: Arc::clone(&self.topic),
            partition: self.index,
            offset: self.next,
            leader_epoch: self.leader_epoch,
            metadata: MARK.to_owned(),
        }
    }
}

fn found(offsets: &[(i32, i64)], index: i32) -> Option<i64> {
    offsets.iter().find(|(partition, _)| *partition == index).map(|(_, offset)| *offset)
}
