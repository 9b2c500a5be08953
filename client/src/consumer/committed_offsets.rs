//! Offsets that a group has committed, written and read by OffsetCommit and OffsetFetch.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use upsert_kafka_protocol::messages::offset_commit::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use upsert_kafka_protocol::messages::offset_fetch::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use upsert_kafka_protocol::messages::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse,
};
use upsert_kafka_protocol::{ErrorCode, Request, Str, Uuid};

use super::assignment::TopicPartition;
use crate::cluster::{Attempts, Cluster, Coordinator};
use crate::connection::Connection;
use crate::{Error, ErrorKind, GroupMetadata};

mod topic_ids;

use topic_ids::TopicIds;

/// An offset to commit for a group.
///
/// ```
/// use upsert_kafka_client::{Commit, TopicPartition};
///
/// let commit = Commit::new(TopicPartition::new("orders", 3), 42).with_leader_epoch(7).with_metadata("by hand");
/// assert_eq!((&*commit.topic, commit.partition, commit.offset), ("orders", 3, 42));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Commit {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The offset of the next record to read.
    pub offset: i64,
    /// The leader epoch of the record before; -1 when not known.
    pub leader_epoch: i32,
    /// Text of the caller's own, which comes back with the offset.
    pub metadata: String,
    /// The topic that the offset belongs to: if the name has another id now, it is refused, as far as brokers know ids
    /// (OffsetCommit 10), and as far as all that is committed with it says one. `None` takes whatever topic has the name.
    pub topic_id: Option<Uuid>,
}

/// An offset that a group has committed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Committed {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The offset of the next record to read; `None` when the group has committed none.
    pub offset: Option<i64>,
    /// The leader epoch of the record before; -1 when not known.
    pub leader_epoch: i32,
    /// The text that was committed with it.
    pub metadata: String,
    /// The topic that was asked for by this id (OffsetFetch 10); `None` where it was asked for by name.
    pub topic_id: Option<Uuid>,
}

impl Commit {
    /// The offset of the next record to read of a partition, without leader epoch and metadata.
    pub fn new(of: TopicPartition, offset: i64) -> Self {
        let TopicPartition { topic, partition } = of;
        Self { topic, partition, offset, leader_epoch: -1, metadata: String::new(), topic_id: None }
    }

    /// An offset in the topic of this id and in no other of the same name; a zero id names none.
    #[must_use]
    pub fn with_topic_id(self, topic_id: Uuid) -> Self {
        Self { topic_id: Some(topic_id).filter(|id| *id != Uuid::ZERO), ..self }
    }

    /// With the leader epoch of the record before the offset; -1 when not known.
    #[must_use]
    pub fn with_leader_epoch(self, leader_epoch: i32) -> Self {
        Self { leader_epoch, ..self }
    }

    /// With text of the caller's own, which comes back with the offset.
    #[must_use]
    pub fn with_metadata(self, metadata: impl Into<String>) -> Self {
        Self { metadata: metadata.into(), ..self }
    }
}

impl Committed {
    /// Without leader epoch and metadata. Clusters tell these; only tests of programs that read them make one.
    pub fn new(of: TopicPartition, offset: Option<i64>) -> Self {
        let TopicPartition { topic, partition } = of;
        Self { topic, partition, offset, leader_epoch: -1, metadata: String::new(), topic_id: None }
    }

    /// With the leader epoch of the record before the offset; -1 when not known.
    #[must_use]
    pub fn with_leader_epoch(self, leader_epoch: i32) -> Self {
        Self { leader_epoch, ..self }
    }

    /// With the text that was committed with the offset.
    #[must_use]
    pub fn with_metadata(self, metadata: impl Into<String>) -> Self {
        Self { metadata: metadata.into(), ..self }
    }
}

/// Commits as the member that `identity` names, or as none.
pub(super) async fn commit(
    cluster: &Cluster,
    identity: &GroupMetadata,
    offsets: &[Commit],
) -> Result<(), Error> {
    if offsets.is_empty() {
        return Ok(());
    }
    let ids = || TopicIds::new(offsets.iter().map(|it| (Arc::clone(&it.topic), it.topic_id)));
    let request = |_, _: &TopicIds| commit_request(identity, offsets);
    answered(cluster, &identity.group_id, ids, request, taken).await
}

/// `stable` where those are awaited that open transactions hold (KIP-447).
pub(super) async fn committed(
    cluster: &Cluster,
    group: &str,
    of: &[TopicPartition],
    stable: bool,
) -> Result<Vec<Committed>, Error> {
    if of.is_empty() {
        return Ok(Vec::new());
    }
    // Where a topic is another one meanwhile, the next attempt asks for that.
    let ids = || TopicIds::of(of.iter().map(|of| &of.topic).collect::<BTreeSet<_>>(), &cluster.metadata());
    let request = |version, ids: &TopicIds| fetch_request(group, of, ids, version, stable);
    answered(cluster, group, ids, request, |coordinator, response, ids| kept(coordinator, response, ids, of))
        .await
}

/// All offsets that a group has committed, by topic and partition.
pub(crate) async fn all_committed(cluster: &Cluster, group: &str) -> Result<Vec<Committed>, Error> {
    let request = |version, _: &TopicIds| all_request(group, version);
    let mut all = answered(cluster, group, TopicIds::default, request, all_kept).await?;
    all.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
    Ok(all)
}

/// What the group's coordinator answers, asked again until it does or may not.
async fn answered<R: Request, T>(
    cluster: &Cluster,
    group: &str,
    known_ids: impl Fn() -> TopicIds,
    request: impl Fn(i16, &TopicIds) -> R,
    read: impl Fn(&Connection, &R::Response, &TopicIds) -> Result<T, Error>,
) -> Result<T, Error> {
    let keeper = Coordinator::Group(Arc::from(group));
    let mut attempts = Attempts::new(cluster);
    loop {
        let ids = known_ids();
        let attempt = async {
            let coordinator = cluster.group_coordinator(&keeper).await?;
            let version = coordinator.version_up_to::<R>(ids.version_max())?;
            let timeout = cluster.config().request_timeout;
            let response = coordinator.call_at(&request(version, &ids), version, timeout).await?;
            read(&coordinator, &response, &ids)
        };
        match attempts.run(attempt).await {
            Ok(answer) => return Ok(answer),
            Err(error) => {
                // The coordinator may not know a new topic yet; what metadata says against an old one is final.
                let unknown = error.code() == Some(ErrorCode::UNKNOWN_TOPIC_ID);
                if let Some(gone) = known_ids().gone(&cluster.metadata()).filter(|_| unknown) {
                    return Err(gone.within(&format!("group {group}")));
                }
                again(cluster, group, &mut attempts, error).await?;
            }
        }
    }
}

/// Waits before the next attempt, which looks for the coordinator again if it may have moved.
async fn again(cluster: &Cluster, group: &str, attempts: &mut Attempts, error: Error) -> Result<(), Error> {
    let moved = matches!(
        error.code(),
        Some(
            ErrorCode::NOT_COORDINATOR | ErrorCode::COORDINATOR_NOT_AVAILABLE | ErrorCode::REQUEST_TIMED_OUT
        )
    );
    if moved || matches!(error.kind(), ErrorKind::Disconnected | ErrorKind::Unreachable | ErrorKind::Timeout)
    {
        cluster.forget_coordinator(&Coordinator::Group(Arc::from(group))).await;
    }
    let named = error.within(&format!("group {group}"));
    attempts.again(named).await
}

fn commit_request(identity: &GroupMetadata, offsets: &[Commit]) -> OffsetCommitRequest {
    let mut topics: BTreeMap<(&Arc<str>, Uuid), Vec<OffsetCommitRequestPartition>> = BTreeMap::new();
    for offset in offsets {
        let topic_id = offset.topic_id.unwrap_or(Uuid::ZERO);
        topics.entry((&offset.topic, topic_id)).or_default().push(OffsetCommitRequestPartition {
            partition_index: offset.partition,
            committed_offset: offset.offset,
            committed_leader_epoch: offset.leader_epoch,
            committed_metadata: Some(Str::from(offset.metadata.clone())),
            ..Default::default()
        });
    }
    let topics = topics.into_iter().map(|((name, topic_id), partitions)| OffsetCommitRequestTopic {
        name: Str::from(name.to_string()),
        topic_id,
        partitions,
        ..Default::default()
    });
    OffsetCommitRequest {
        group_id: Str::from(identity.group_id.to_string()),
        generation_id_or_member_epoch: identity.generation_id,
        member_id: Str::from(identity.member_id.clone()),
        group_instance_id: identity.group_instance_id.clone().map(Str::from),
        topics: topics.collect(),
        ..Default::default()
    }
}

fn fetch_request(
    group: &str,
    of: &[TopicPartition],
    ids: &TopicIds,
    version: i16,
    stable: bool,
) -> OffsetFetchRequest {
    let mut topics: BTreeMap<&Arc<str>, Vec<i32>> = BTreeMap::new();
    for of in of {
        topics.entry(&of.topic).or_default().push(of.partition);
    }
    let group_id = Str::from(group.to_owned());
    let name = |name: &Arc<str>| Str::from(name.to_string());
    let require_stable = version >= 7 && stable;
    if version < FIRST_OF_GROUPS {
        let topics = topics.into_iter().map(|(topic, partition_indexes)| OffsetFetchRequestTopic {
            name: name(topic),
            partition_indexes,
            ..Default::default()
        });
        return OffsetFetchRequest {
            group_id,
            topics: Some(topics.collect()),
            require_stable,
            ..Default::default()
        };
    }
    let topics = topics.into_iter().map(|(topic, partition_indexes)| OffsetFetchRequestTopics {
        name: name(topic),
        topic_id: ids.id(topic),
        partition_indexes,
        ..Default::default()
    });
    let group = OffsetFetchRequestGroup { group_id, topics: Some(topics.collect()), ..Default::default() };
    OffsetFetchRequest { groups: vec![group], require_stable, ..Default::default() }
}

/// Without topics: null asks for all.
fn all_request(group: &str, version: i16) -> OffsetFetchRequest {
    let group_id = Str::from(group.to_owned());
    if version < FIRST_OF_GROUPS {
        return OffsetFetchRequest { group_id, topics: None, ..Default::default() };
    }
    let group = OffsetFetchRequestGroup { group_id, topics: None, ..Default::default() };
    OffsetFetchRequest { groups: vec![group], ..Default::default() }
}

/// What a response says of one partition, whichever its version.
struct CommittedRow {
    topic: Str,
    topic_id: Uuid,
    partition: i32,
    offset: i64,
    leader_epoch: i32,
    metadata: Option<Str>,
    code: ErrorCode,
}

impl CommittedRow {
    fn committed(&self, of: &TopicPartition) -> Committed {
        Committed {
            topic: Arc::clone(&of.topic),
            partition: of.partition,
            offset: Some(self.offset).filter(|offset| *offset >= 0),
            leader_epoch: self.leader_epoch,
            metadata: self.metadata.as_deref().unwrap_or_default().to_owned(),
            topic_id: Some(self.topic_id).filter(|id| *id != Uuid::ZERO),
        }
    }
}

/// Whether every offset of a commit was taken.
fn taken(coordinator: &Connection, response: &OffsetCommitResponse, ids: &TopicIds) -> Result<(), Error> {
    for topic in &response.topics {
        for partition in &topic.partitions {
            refused(coordinator, partition.error_code, "OffsetCommit").map_err(|error| {
                let name = ids.name(&topic.name, topic.topic_id);
                error.with_topic(name.to_string()).with_partition(partition.partition_index)
            })?;
        }
    }
    Ok(())
}

/// Refuses a response as a whole.
fn accepted(coordinator: &Connection, response: &OffsetFetchResponse) -> Result<(), Error> {
    refused(coordinator, response.error_code, "OffsetFetch")?;
    response.groups.iter().try_for_each(|group| refused(coordinator, group.error_code, "OffsetFetch"))
}

fn kept(
    coordinator: &Connection,
    response: &OffsetFetchResponse,
    ids: &TopicIds,
    of: &[TopicPartition],
) -> Result<Vec<Committed>, Error> {
    accepted(coordinator, response)?;
    let rows = rows(response, ids);
    let rows: HashMap<(&str, i32), &CommittedRow> =
        rows.iter().map(|row| ((&*row.topic, row.partition), row)).collect();
    of.iter()
        .map(|of| {
            let row = rows.get(&(&*of.topic, of.partition)).ok_or_else(|| {
                of.named(Error::new(ErrorKind::Protocol, "the coordinator's answer leaves it out"))
            })?;
            refused(coordinator, row.code, "OffsetFetch").map_err(|error| of.named(error))?;
            Ok(row.committed(of))
        })
        .collect()
}

fn all_kept(
    coordinator: &Connection,
    response: &OffsetFetchResponse,
    ids: &TopicIds,
) -> Result<Vec<Committed>, Error> {
    accepted(coordinator, response)?;
    let committed = |row: CommittedRow| {
        refused(coordinator, row.code, "OffsetFetch")?;
        let of = TopicPartition::new(&*row.topic, row.partition);
        Ok(row.committed(&of))
    };
    rows(response, ids).into_iter().map(committed).collect()
}

fn rows(response: &OffsetFetchResponse, ids: &TopicIds) -> Vec<CommittedRow> {
    let mut rows = Vec::new();
    for topic in &response.topics {
        rows.extend(topic.partitions.iter().map(|partition| CommittedRow {
            topic: topic.name.clone(),
            topic_id: Uuid::ZERO,
            partition: partition.partition_index,
            offset: partition.committed_offset,
            leader_epoch: partition.committed_leader_epoch,
            metadata: partition.metadata.clone(),
            code: partition.error_code,
        }));
    }
    for topic in response.groups.iter().flat_map(|group| &group.topics) {
        let name = ids.name(&topic.name, topic.topic_id);
        rows.extend(topic.partitions.iter().map(|partition| CommittedRow {
            topic: name.clone(),
            topic_id: topic.topic_id,
            partition: partition.partition_index,
            offset: partition.committed_offset,
            leader_epoch: partition.committed_leader_epoch,
            metadata: partition.metadata.clone(),
            code: partition.error_code,
        }));
    }
    rows
}

fn refused(coordinator: &Connection, code: ErrorCode, api: &'static str) -> Result<(), Error> {
    match code {
        ErrorCode::NONE => Ok(()),
        code => Err(coordinator.named(Error::from_code(code, api), api)),
    }
}

/// From version 8 a request may ask for several groups.
const FIRST_OF_GROUPS: i16 = 8;
