//! How a source begins: where its partitions begin and end, and what the user is told of it.

use std::collections::BTreeMap;

use tracing::{debug, info, warn};
use upsert_kafka_client::{Committed, OffsetSpec, TopicDescription, TopicPartition, Uuid};

use super::offsets_initializer::{self, OffsetsInitializer, RestoreRefused, TopicStart, UnresolvedOffset};
use super::partition::Partition;
use super::subscription::Subscription;
use super::{KafkaSource, Positions};
use crate::error::{Error, ErrorKind};
use crate::plan::Notice;
use crate::scan::Bounded;

impl KafkaSource {
    /// Its topics as the cluster has them now.
    pub(super) async fn describe(&self) -> Result<Vec<Result<TopicDescription, Error>>, Error> {
        if let Some(pattern) = &self.subscription.pattern {
            let topics = self.admin.topics().await.map_err(|e| self.failed(e))?;
            let meant = topics.into_iter().filter(|it| !it.internal && pattern.matches(&it.name));
            return Ok(meant.map(Ok).collect());
        }
        let names: Vec<&str> = self.subscription.topics.iter().map(String::as_str).collect();
        let described = self.admin.describe_topics(&names).await.map_err(|e| self.failed(e))?;
        Ok(described.into_iter().map(|it| it.map_err(|e| self.failed(e))).collect())
    }

    /// Whether the group's offsets are those of this job, of each topic, before anything is read.
    pub(super) async fn check_restore(&mut self) -> Result<(), Error> {
        for topic in self.describe().await? {
            let topic = topic?;
            self.subscription.topic_ids.insert(topic.name.clone(), topic.topic_id);
            let kept = self.committed(&Subscription::all_partitions_of(&topic)).await?;
            self.initializer(&topic).topic_start(&kept).map_err(|it| self.refused(&topic.name, &it))?;
        }
        Ok(())
    }

    /// Resolves where partitions of a topic begin and end, and reads them from then on.
    pub(super) async fn begin(
        &mut self,
        topic: &TopicDescription,
        own: &[TopicPartition],
    ) -> Result<(), Error> {
        let every = Subscription::all_partitions_of(topic);
        let mut kept: BTreeMap<_, _> = every.iter().zip(self.committed(&every).await?).collect();
        if let Some(elsewhere) = &self.subscription.kept_elsewhere {
            // Another job is refused before it takes anything from the one whose positions these are.
            let all: Vec<_> = every.iter().filter_map(|of| kept.get(of).cloned()).collect();
            self.initializer(topic).topic_start(&all).map_err(|it| self.refused(&topic.name, &it))?;
            elsewhere.claim(own).await?;
        }
        // What was committed of them in a transaction may not have reached the group yet.
        kept.extend(own.iter().zip(self.committed_stable(own).await?));
        let initializer = self.initializer(topic);
        // By what all have committed: the partitions that are this task's may be new.
        let all: Vec<_> = every.iter().filter_map(|of| kept.get(of).cloned()).collect();
        let start = initializer.topic_start(&all).map_err(|refused| self.refused(&topic.name, &refused))?;
        let start = start.of_known(self.subscription.topic_ids.get(&topic.name), topic.topic_id);
        let Subscription { startup, bounded, reset, rebuilds, .. } = &self.subscription;
        let starting = |of: &TopicPartition| {
            let offset = initializer.starting_offset(startup, of.partition, kept.get(of), start, *reset);
            (of.clone(), offset)
        };
        let begins: Vec<_> = own.iter().map(starting).collect();
        let stopping = |of: &TopicPartition| {
            let offset = offsets_initializer::stopping_offset(bounded, of.partition, kept.get(of))?;
            Some((of.clone(), offset))
        };
        let ends: Vec<_> = own.iter().filter_map(stopping).collect();
        let (nexts, stops) = (self.resolve(&begins).await?, self.resolve(&ends).await?);
        let is_restored = matches!(start, TopicStart::Restored { .. });
        let rebuilt = own.iter().filter(|_| *rebuilds && is_restored);
        let earliest: Vec<_> = rebuilt.map(|of| (of.clone(), OffsetSpec::Earliest)).collect();
        let earliest = self.list_offsets(&earliest).await?;
        debug!(topic = topic.name, ?start, ?begins, ?nexts, ?stops, "resolved");
        for (at, (of, next)) in own.iter().zip(&nexts).enumerate() {
            let mut it = Partition::new(topic.topic_id, *next, stops.get(at).copied());
            it.begun = start.begun(every.len());
            if is_restored {
                it.restore(kept.get(of));
            }
            if let Some(earliest) = earliest.get(at) {
                it.rebuild(*earliest);
            }
            self.partitions.insert(of.clone(), it);
        }
        self.subscription.topic_ids.insert(topic.name.clone(), topic.topic_id);
        let begun: Vec<_> = own.iter().map(|of| of.partition).zip(nexts).collect();
        self.tell(&topic.name, topic.topic_id, start, &begun);
        Ok(())
    }

    fn initializer(&self, topic: &TopicDescription) -> OffsetsInitializer<'_> {
        OffsetsInitializer::new(topic.topic_id, self.subscription.restore, &self.subscription.job)
    }

    /// New partitions at their beginning. Where the source ends somewhere, they end where they end now.
    pub(super) async fn beginnings(
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

    /// Commits where new partitions begin, at once: a broker forgets a group's offsets with the topic, so that a
    /// process that dies before its next checkpoint would otherwise begin them as `scan.startup.mode` says. What fails
    /// is committed with the next checkpoint.
    pub(super) async fn commit_beginnings(&mut self, new: Vec<TopicPartition>) {
        let positions =
            new.iter().filter_map(|of| Some(self.partitions.get(of)?.commit(of, &self.subscription.job)));
        if let Err(error) = self.commit(Positions(positions.collect())).await {
            warn!(%error, "where new partitions begin is not committed yet");
        }
    }

    /// The offsets in numbers: one request per leader for all that brokers must be asked for.
    pub(super) async fn resolve(
        &self,
        offsets: &[(TopicPartition, UnresolvedOffset)],
    ) -> Result<Vec<i64>, Error> {
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
    pub(super) async fn committed(&self, of: &[TopicPartition]) -> Result<Vec<Committed>, Error> {
        let Some(group) = &self.subscription.group else { return Ok(Vec::new()) };
        if let Some(kept) = &self.subscription.kept_elsewhere {
            return kept.kept(of).await;
        }
        self.consumer.committed(group, of).await.map_err(|e| self.failed(e))
    }

    /// The same, once nothing newer is on its way.
    async fn committed_stable(&self, of: &[TopicPartition]) -> Result<Vec<Committed>, Error> {
        let Some(group) = &self.subscription.group else { return Ok(Vec::new()) };
        if let Some(kept) = &self.subscription.kept_elsewhere {
            return kept.kept(of).await;
        }
        self.consumer.committed_stable(group, of).await.map_err(|e| self.failed(e))
    }

    pub(super) async fn list_offsets(
        &self,
        wanted: &[(TopicPartition, OffsetSpec)],
    ) -> Result<Vec<i64>, Error> {
        self.consumer.list_offsets(wanted).await.map_err(|e| self.failed(e))
    }

    /// Reads every partition on from where it stands.
    pub(super) fn assign(&mut self) {
        self.consumer.assign(self.partitions.iter().map(|(of, it)| it.assignment(of)).collect());
    }

    /// Says where a topic that was read before is begun, while the source is opened; later that is but logged.
    fn tell(&mut self, topic: &str, id: Uuid, start: TopicStart, begun: &[(i32, i64)]) {
        if self.is_open {
            info!(topic, ?start, ?begun, "given");
            return;
        }
        let group = self.subscription.group.as_deref().unwrap_or_default();
        match start {
            TopicStart::Fresh => {}
            TopicStart::Restored { .. } => {
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
}

/// How many partitions a line names.
const SHOWN_MAX: usize = 8;
