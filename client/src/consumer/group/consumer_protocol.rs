//! What members of a classic group say to each other within JoinGroup and SyncGroup: a version, then a message of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use upsert_kafka_protocol::data::consumer::{
    ConsumerProtocolAssignment, ConsumerProtocolSubscription, consumer_protocol_assignment,
    consumer_protocol_subscription,
};
use upsert_kafka_protocol::{Message, Str};

use crate::{Error, ErrorKind, TopicPartition};

/// What a member says as it joins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MemberSubscription {
    pub(crate) topics: Vec<Arc<str>>,
    /// What it still has from before (KIP-429).
    pub(crate) owned: Vec<TopicPartition>,
    /// The generation in which it got that; -1 for none, and from members that do not say.
    pub(crate) generation: i32,
    pub(crate) rack: Option<Str>,
    pub(crate) user_data: Option<Bytes>,
}

/// The bytes of a subscription.
pub(crate) fn subscription_bytes(said: &MemberSubscription) -> Result<Bytes, Error> {
    let owned = by_topic(&said.owned).into_iter().map(|(topic, partitions)| {
        consumer_protocol_subscription::TopicPartition { topic, partitions, ..Default::default() }
    });
    let message = ConsumerProtocolSubscription {
        topics: said.topics.iter().map(|topic| Str::from(topic.to_string())).collect(),
        user_data: said.user_data.clone(),
        owned_partitions: owned.collect(),
        generation_id: said.generation,
        rack_id: said.rack.clone(),
        ..Default::default()
    };
    versioned(&message)
}

/// The bytes of an assignment.
pub(crate) fn assignment_bytes(partitions: &[TopicPartition]) -> Result<Bytes, Error> {
    let assigned = by_topic(partitions).into_iter().map(|(topic, partitions)| {
        consumer_protocol_assignment::TopicPartition { topic, partitions, ..Default::default() }
    });
    let message =
        ConsumerProtocolAssignment { assigned_partitions: assigned.collect(), ..Default::default() };
    versioned(&message)
}

/// What a member said, in whichever version.
pub(crate) fn read_subscription(bytes: &Bytes) -> Result<MemberSubscription, Error> {
    let said: ConsumerProtocolSubscription = read(bytes, "subscription")?;
    let owned = said.owned_partitions.iter().flat_map(|of| partitions(&of.topic, &of.partitions));
    Ok(MemberSubscription {
        topics: said.topics.iter().map(|topic| Arc::from(&**topic)).collect(),
        owned: owned.collect(),
        generation: said.generation_id,
        rack: said.rack_id,
        user_data: said.user_data,
    })
}

/// What the leader gave. No bytes mean no partitions.
pub(crate) fn read_assignment(bytes: &Bytes) -> Result<Vec<TopicPartition>, Error> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let given: ConsumerProtocolAssignment = read(bytes, "assignment")?;
    Ok(given.assigned_partitions.iter().flat_map(|of| partitions(&of.topic, &of.partitions)).collect())
}

/// What Java's `StickyAssignor` says beside: the member's last assignment, and its generation.
pub(crate) fn sticky_user_data(assigned: &[TopicPartition], generation: i32) -> Bytes {
    let mut bytes = BytesMut::new();
    let topics = by_topic(assigned);
    put_count(&mut bytes, topics.len());
    for (topic, partitions) in topics {
        bytes.put_i16(i16::try_from(topic.len()).unwrap_or(i16::MAX));
        bytes.extend_from_slice(topic.as_bytes());
        put_count(&mut bytes, partitions.len());
        partitions.into_iter().for_each(|index| bytes.put_i32(index));
    }
    bytes.put_i32(generation);
    bytes.freeze()
}

/// The last assignment and its generation, as far as a member's words can be understood; members of the first version
/// name no generation.
pub(crate) fn read_sticky_user_data(mut bytes: &[u8]) -> Option<(Vec<TopicPartition>, i32)> {
    let mut assigned = Vec::new();
    for _ in 0..bytes.try_get_i32().ok()? {
        let length = usize::try_from(bytes.try_get_i16().ok()?).ok()?;
        let (topic, rest) = bytes.split_at_checked(length)?;
        let topic: Arc<str> = Arc::from(std::str::from_utf8(topic).ok()?);
        bytes = rest;
        for _ in 0..bytes.try_get_i32().ok()? {
            assigned.push(TopicPartition::new(Arc::clone(&topic), bytes.try_get_i32().ok()?));
        }
    }
    Some((assigned, bytes.try_get_i32().unwrap_or(-1)))
}

fn put_count(bytes: &mut BytesMut, count: usize) {
    bytes.put_i32(i32::try_from(count).unwrap_or(i32::MAX));
}

fn partitions(topic: &str, indexes: &[i32]) -> impl Iterator<Item = TopicPartition> {
    let topic: Arc<str> = Arc::from(topic);
    indexes.iter().map(move |index| TopicPartition { topic: Arc::clone(&topic), partition: *index })
}

fn by_topic(partitions: &[TopicPartition]) -> BTreeMap<Str, Vec<i32>> {
    let mut topics: BTreeMap<Str, Vec<i32>> = BTreeMap::new();
    for of in partitions {
        topics.entry(Str::from(of.topic.to_string())).or_default().push(of.partition);
    }
    topics
}

fn versioned<M: Message>(message: &M) -> Result<Bytes, Error> {
    let version = M::VERSIONS.to;
    let body = message.encode(version).map_err(Error::from)?.into_bytes();
    let mut bytes = BytesMut::with_capacity(2 + body.len());
    bytes.put_i16(version);
    bytes.extend_from_slice(&body);
    Ok(bytes.freeze())
}

/// Later versions begin like the last one that is known here, and only append.
fn read<M: Message>(bytes: &Bytes, what: &str) -> Result<M, Error> {
    let unreadable =
        |why: &str| Error::new(ErrorKind::Protocol, format!("a member's {what} cannot be read: {why}"));
    let Some((version, _)) = bytes.split_first_chunk() else {
        return Err(unreadable("it has no version"));
    };
    let version = i16::from_be_bytes(*version);
    if version < 0 {
        return Err(unreadable(&format!("its version is {version}")));
    }
    let body = bytes.slice(2..);
    M::decode_leniently(&body, version.min(M::VERSIONS.to), ELEMENTS_MAX)
        .map_err(|why| unreadable(&why.to_string()))
}

/// A subscription or an assignment of more topics and partitions together is refused; each takes some 30 bytes.
const ELEMENTS_MAX: usize = 1_000_000;
