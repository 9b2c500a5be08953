//! Fetch sessions (KIP-227): what each node remembers of readers, so that a Fetch tells changes alone.
//!
//! A session changes when a request of it is answered, not when the request begins to wait. So a request that is served
//! again finds the session as it was, and of two with the same epoch the second is told so.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use upsert_kafka_protocol::messages::fetch::{FetchPartition, FetchTopic, PartitionData};
use upsert_kafka_protocol::messages::{FetchRequest, FetchResponse};
use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

/// A full cache lets a session go that was not used for so long, as Kafka's does; and one that is as old for a larger
/// one.
const EVICTION_AFTER: Duration = Duration::from_secs(120);

/// The first version whose sessions know topics by id.
const BY_ID_SINCE: i16 = 13;

/// The sessions of all nodes.
#[derive(Debug)]
pub(crate) struct FetchSessions {
    slots: usize,
    sessions: BTreeMap<i32, FetchSession>,
    last_id: i32,
}

/// Where a request came from, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FetchOrigin {
    pub(crate) node: i32,
    pub(crate) version: i16,
    pub(crate) now: Instant,
}

/// A partition as requests name it.
type SessionKey = (Str, Uuid, i32);

#[derive(Debug)]
struct FetchSession {
    node: i32,
    /// Of the next request.
    epoch: i32,
    by_id: bool,
    created: Instant,
    used: Instant,
    /// In the order in which they are served: one that gave records goes behind the others.
    partitions: BTreeMap<u64, SessionPartition>,
    places: HashMap<SessionKey, u64>,
    last_place: u64,
}

#[derive(Clone, Debug)]
struct SessionPartition {
    topic: Str,
    topic_id: Uuid,
    asked: FetchPartition,
    /// As told last: the high watermark and where the log begins.
    told: (i64, i64),
}

impl FetchSessions {
    pub(crate) fn new(slots: usize) -> Self {
        Self { slots, sessions: BTreeMap::new(), last_id: 0 }
    }

    /// What a request of a session asks for as a whole; `None` for a full one, which says it itself.
    pub(crate) fn whole(
        &self,
        request: &FetchRequest,
        origin: FetchOrigin,
    ) -> Result<Option<FetchRequest>, ErrorCode> {
        if request.session_epoch <= 0 {
            return Ok(None);
        }
        let session = self.sessions.get(&request.session_id).filter(|session| session.node == origin.node);
        let session = session.ok_or(ErrorCode::FETCH_SESSION_ID_NOT_FOUND)?;
        if session.epoch != request.session_epoch {
            return Err(ErrorCode::INVALID_FETCH_SESSION_EPOCH);
        }
        if session.by_id != (origin.version >= BY_ID_SINCE) {
            return Err(ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR);
        }
        let partitions = session.changed_by(request).0;
        Ok(Some(FetchRequest { topics: topics(&partitions), ..request.clone() }))
    }

    /// Makes of a whole answer the one that is sent: within a session, only what changed.
    pub(crate) fn answer(
        &mut self,
        request: &FetchRequest,
        mut answer: FetchResponse,
        origin: FetchOrigin,
    ) -> FetchResponse {
        if request.session_epoch <= 0 {
            if self.sessions.get(&request.session_id).is_some_and(|session| session.node == origin.node) {
                self.sessions.remove(&request.session_id);
            }
            if request.session_epoch == 0 {
                answer.session_id = self.begin(request, &answer, origin).unwrap_or(0);
            }
            return answer;
        }
        let Some(session) = self.sessions.get_mut(&request.session_id) else { return answer };
        (session.partitions, session.places) = session.changed_by(request);
        session.last_place = session.partitions.last_key_value().map_or(0, |(place, _)| *place);
        session.used = origin.now;
        session.epoch = session.epoch.checked_add(1).unwrap_or(1);
        if session.partitions.is_empty() {
            self.sessions.remove(&request.session_id);
            return answer;
        }
        for topic in &mut answer.responses {
            let (name, id) = (topic.topic.clone(), topic.topic_id);
            topic.partitions.retain(|data| session.is_news((name.clone(), id, data.partition_index), data));
        }
        answer.responses.retain(|topic| !topic.partitions.is_empty());
        answer.session_id = request.session_id;
        answer
    }

    /// A node starts again, and knows none of its sessions.
    pub(crate) fn forget_node(&mut self, node: i32) {
        self.sessions.retain(|_, session| session.node != node);
    }

    /// Begins a session, if there is a slot for it.
    fn begin(&mut self, request: &FetchRequest, answer: &FetchResponse, origin: FetchOrigin) -> Option<i32> {
        let mut session = FetchSession::new(origin);
        (session.partitions, session.places) = session.changed_by(request);
        session.last_place = session.partitions.last_key_value().map_or(0, |(place, _)| *place);
        if session.partitions.is_empty() || !self.make_room(session.partitions.len(), origin) {
            return None;
        }
        for topic in &answer.responses {
            for data in &topic.partitions {
                session.is_news((topic.topic.clone(), topic.topic_id, data.partition_index), data);
            }
        }
        self.last_id = self.last_id.checked_add(1).unwrap_or(1);
        self.sessions.insert(self.last_id, session);
        Some(self.last_id)
    }

    /// Whether the node has a slot, if need be that of a session that is not used, or smaller.
    fn make_room(&mut self, size: usize, origin: FetchOrigin) -> bool {
        let is_past = |since: Instant| origin.now.saturating_duration_since(since) > EVICTION_AFTER;
        let of_node = || self.sessions.iter().filter(|(_, session)| session.node == origin.node);
        if of_node().count() < self.slots {
            return true;
        }
        let unused = of_node().min_by_key(|(_, session)| session.used);
        let unused = unused.filter(|(_, session)| is_past(session.used));
        let smaller = || {
            let aged = of_node().filter(|(_, session)| is_past(session.created));
            aged.min_by_key(|(_, it)| it.partitions.len()).filter(|(_, it)| it.partitions.len() < size)
        };
        let Some(evicted) = unused.or_else(smaller).map(|(id, _)| *id) else { return false };
        self.sessions.remove(&evicted).is_some()
    }
}

impl FetchSession {
    fn new(FetchOrigin { node, version, now }: FetchOrigin) -> Self {
        Self {
            node,
            epoch: 1,
            by_id: version >= BY_ID_SINCE,
            created: now,
            used: now,
            partitions: BTreeMap::new(),
            places: HashMap::new(),
            last_place: 0,
        }
    }

    /// The partitions after a request: those it forgets are gone, those it names are changed or added.
    fn changed_by(
        &self,
        request: &FetchRequest,
    ) -> (BTreeMap<u64, SessionPartition>, HashMap<SessionKey, u64>) {
        let (mut partitions, mut places) = (self.partitions.clone(), self.places.clone());
        let mut last = self.last_place;
        for topic in &request.forgotten_topics_data {
            for index in &topic.partitions {
                let place = places.remove(&(topic.topic.clone(), topic.topic_id, *index));
                place.and_then(|place| partitions.remove(&place));
            }
        }
        for FetchTopic { topic, topic_id, partitions: asked, .. } in &request.topics {
            for asked in asked {
                let place = *places.entry((topic.clone(), *topic_id, asked.partition)).or_insert_with(|| {
                    last += 1;
                    last
                });
                let told = partitions.get(&place).map_or((-1, -1), |known| known.told);
                let (topic, topic_id, asked) = (topic.clone(), *topic_id, asked.clone());
                partitions.insert(place, SessionPartition { topic, topic_id, asked, told });
            }
        }
        (partitions, places)
    }

    /// Whether an answer of this session is to hold the partition. What it holds counts as told.
    fn is_news(&mut self, key: SessionKey, data: &PartitionData) -> bool {
        let Some(place) = self.places.get(&key).copied() else { return true };
        let Some(partition) = self.partitions.get_mut(&place) else { return true };
        let is_failed = data.error_code != ErrorCode::NONE;
        // What was told before an error is told again behind it.
        let status = if is_failed { (-1, -1) } else { (data.high_watermark, data.log_start_offset) };
        let has_records = data.records.as_ref().is_some_and(|records| !records.is_empty());
        let diverges = data.diverging_epoch.epoch >= 0;
        let is_sent_on = data.preferred_read_replica >= 0;
        let is_news = partition.told != status || has_records || is_failed || diverges || is_sent_on;
        partition.told = status;
        if has_records {
            self.move_behind_others(key, place);
        }
        is_news
    }

    fn move_behind_others(&mut self, key: SessionKey, place: u64) {
        self.last_place += 1;
        if let Some(partition) = self.partitions.remove(&place) {
            self.partitions.insert(self.last_place, partition);
            self.places.insert(key, self.last_place);
        }
    }
}

/// The partitions as a request names them, in their order.
fn topics(partitions: &BTreeMap<u64, SessionPartition>) -> Vec<FetchTopic> {
    let mut topics: Vec<FetchTopic> = Vec::new();
    for SessionPartition { topic, topic_id, asked, .. } in partitions.values() {
        match topics.last_mut().filter(|last| last.topic == *topic && last.topic_id == *topic_id) {
            Some(last) => last.partitions.push(asked.clone()),
            None => topics.push(FetchTopic {
                topic: topic.clone(),
                topic_id: *topic_id,
                partitions: vec![asked.clone()],
                ..Default::default()
            }),
        }
    }
    topics
}
