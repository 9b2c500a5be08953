//! What passes through the links: who reads which partition and commits how far; and where bugs are planted.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use upsert_kafka_client::Bytes;
use upsert_kafka_protocol::header::{RequestHeader, ResponseHeader};
use upsert_kafka_protocol::messages::{
    FetchRequest, FetchResponse, OffsetCommitRequest, OffsetCommitResponse, ProduceRequest, ProduceResponse,
};
use upsert_kafka_protocol::{ApiKey, ErrorCode, Message};

use super::batch_bug::{self, BatchMemory};
use super::network::Dialer;
use super::planted_bug::{PlantedBug, TappedConnectionState};
use super::trace::Trace;

/// Sees every frame of a run. Clones share it.
#[derive(Clone)]
pub(crate) struct Tap {
    /// The dialers below are processes of the job.
    processes: usize,
    bug: Option<PlantedBug>,
    trace: Trace,
    seen: Arc<Mutex<Seen>>,
}

/// What was seen.
#[derive(Default)]
struct Seen {
    frames: u64,
    /// Who has asked for records of each partition of the source since it was last looked at.
    readers: BTreeMap<i32, BTreeSet<Dialer>>,
    /// The partitions of each fetch session, whose requests name what changed alone.
    fetch_sessions: BTreeMap<i32, BTreeSet<i32>>,
    /// The last position of each partition that a coordinator took.
    committed: BTreeMap<i32, (i64, Dialer)>,
    /// What must not have happened.
    violation: Option<String>,
    /// The first assignment of a group that a bug gives to all.
    assignment: Option<Bytes>,
    of_bug: BatchMemory,
}

/// What becomes of a request.
#[derive(Default)]
pub(crate) struct Passed {
    pub(crate) to_broker: Vec<Bytes>,
    /// An answer that no broker gave.
    pub(crate) to_client: Option<Bytes>,
}

/// An answer on its way.
pub(crate) struct Answered {
    pub(crate) frame: Bytes,
    pub(crate) api: ApiKey,
    pub(crate) version: i16,
}

/// The frames of one connection.
pub(crate) struct TappedConnection {
    tap: Tap,
    dialer: Dialer,
    /// Of the link, among all of the run.
    number: u64,
    state: Mutex<ConnectionState>,
}

#[derive(Default)]
struct ConnectionState {
    /// The requests that are not answered, by correlation id.
    asked: BTreeMap<i32, Asked>,
    of_bug: TappedConnectionState,
}

/// What an answer is read by.
struct Asked {
    api: ApiKey,
    version: i16,
    /// Of a commit, or of a fetch that asks for a session: partitions and positions.
    positions: Vec<(i32, i64)>,
    is_awaited: bool,
    /// With a bug: what was to be written, and whether a producer looks into a log.
    produce: Option<ProduceRequest>,
    looks_into_log: bool,
}

/// Of a request that a client did not send.
const NOBODYS_ID: i32 = -7;
/// A producer that looks into a log waits for so long; nobody else asks so.
const LOOK_WAIT_MS: i32 = 1;
/// The first version of Produce whose answer's head has tagged fields.
const FLEXIBLE_PRODUCE_SINCE: i16 = 9;

impl Tap {
    pub(crate) fn new(processes: usize, bug: Option<PlantedBug>, trace: Trace) -> Self {
        Self { processes, bug, trace, seen: Arc::default() }
    }

    pub(crate) fn connection(&self, dialer: Dialer, number: u64) -> TappedConnection {
        TappedConnection { tap: self.clone(), dialer, number, state: Mutex::default() }
    }

    pub(crate) fn frames(&self) -> u64 {
        self.with(|seen| seen.frames)
    }

    /// Who has asked for records of each partition since the last call.
    pub(crate) fn take_readers(&self) -> BTreeMap<i32, BTreeSet<Dialer>> {
        self.with(|seen| std::mem::take(&mut seen.readers))
    }

    /// What must not have happened, if it has.
    pub(crate) fn take_violation(&self) -> Option<String> {
        self.with(|seen| seen.violation.take())
    }

    fn with<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl TappedConnection {
    /// A request on its way, and what a bug makes of it.
    pub(crate) fn request(&self, frame: Bytes) -> Passed {
        let inner = frame.slice(4..);
        let Ok((head, body)) = RequestHeader::read(&inner) else {
            return Passed { to_broker: vec![frame], to_client: None };
        };
        let (api, version) = (ApiKey(head.request_api_key), head.request_api_version);
        self.tell("asks", head.correlation_id, api, &frame);
        let is_process = self.dialer.process < self.tap.processes;
        let positions = if is_process { self.look_at(api, version, &body) } else { Vec::new() };
        let mut asked =
            Asked { api, version, positions, is_awaited: true, produce: None, looks_into_log: false };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut passed = Passed::default();
        let Some(bug) = self.tap.bug else {
            state.asked.insert(head.correlation_id, asked);
            passed.to_broker.push(frame);
            return passed;
        };
        let head_bytes = &inner[..inner.len() - body.len()];
        if let Some(body) = bug.request_before(&head, &body) {
            state.asked.insert(NOBODYS_ID, Asked::of_nobody(api, version));
            let mut head_bytes = head_bytes.to_vec();
            head_bytes[4..8].copy_from_slice(&NOBODYS_ID.to_be_bytes());
            passed.to_broker.push(framed(&head_bytes, &body));
        }
        let mut changed = bug.request(&mut state.of_bug, &head, &body);
        match api {
            ApiKey::PRODUCE => asked.produce = ProduceRequest::decode(&body, version).ok(),
            ApiKey::FETCH => {
                let fetch = FetchRequest::decode(&body, version);
                asked.looks_into_log = fetch.is_ok_and(|it| it.max_wait_ms == LOOK_WAIT_MS);
            }
            _ => {}
        }
        if let Some(produce) = &asked.produce {
            let written = self.tap.with(|seen| seen.of_bug.request(bug, produce));
            if written != *produce {
                changed = written.encode(version).ok().map(|it| it.into_bytes());
            }
            if bug == PlantedBug::EndedUnanswered && produce.transactional_id.is_some() {
                passed.to_client = made_up(head.correlation_id, produce, version);
                asked.is_awaited = passed.to_client.is_none();
            }
        }
        state.asked.insert(head.correlation_id, asked);
        passed.to_broker.push(changed.map_or(frame.clone(), |body| framed(head_bytes, &body)));
        passed
    }

    /// What a client with a bug hears where a link was cut before an answer.
    pub(crate) fn cut(&self) -> Vec<Bytes> {
        if self.tap.bug != Some(PlantedBug::LostAcknowledged) {
            return Vec::new();
        }
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let lost =
            state.asked.iter().filter_map(|(id, asked)| Some((id, asked.version, asked.produce.as_ref()?)));
        lost.filter_map(|(id, version, produce)| made_up(*id, produce, version)).collect()
    }

    /// An answer on its way; `None` when nobody awaits it.
    pub(crate) fn answer(&self, frame: Bytes) -> Option<Answered> {
        let id = i32::from_be_bytes(frame.get(4..8)?.try_into().ok()?);
        let asked = self.state.lock().unwrap_or_else(PoisonError::into_inner).asked.remove(&id);
        let asked = asked.filter(|asked| asked.is_awaited)?;
        self.tell("hears", id, asked.api, &frame);
        let frame = self.answer_to(&asked, frame);
        Some(Answered { frame, api: asked.api, version: asked.version })
    }

    /// What the client hears, and what is seen in it.
    fn answer_to(&self, asked: &Asked, frame: Bytes) -> Bytes {
        let inner = frame.slice(4..);
        let Ok((_, body)) = ResponseHeader::read(&inner, asked.api.0, asked.version) else { return frame };
        if !asked.positions.is_empty() {
            match asked.api {
                ApiKey::FETCH => self.look_at_session(asked, &body),
                _ => self.look_at_commit(asked, &body),
            }
        }
        let changed = self.tap.bug.and_then(|bug| self.answer_of_bug(bug, asked, &body));
        let head = &inner[..inner.len() - body.len()];
        changed.map_or(frame, |body| framed(head, &body))
    }

    fn answer_of_bug(&self, bug: PlantedBug, asked: &Asked, body: &Bytes) -> Option<Bytes> {
        self.tap.with(|seen| match &asked.produce {
            _ if asked.looks_into_log => {
                let mut answer = FetchResponse::decode(body, asked.version).ok()?;
                seen.of_bug.log(bug, &mut answer);
                Some(answer.encode(asked.version).ok()?.into_bytes())
            }
            Some(produce) => {
                let mut answer = ProduceResponse::decode(body, asked.version).ok()?;
                seen.of_bug.answer(bug, produce, &mut answer);
                Some(answer.encode(asked.version).ok()?.into_bytes())
            }
            None => bug.answer(&mut seen.assignment, asked.api, asked.version, body),
        })
    }

    /// What a bad link does to an answer.
    pub(crate) fn tell_bad(&self, what: &str) {
        let number = self.number;
        self.tap.trace.tell(|| format!("link {number}: that answer {what}"));
    }

    /// The bytes by their checksum: who compares two traces compares the frames.
    fn tell(&self, verb: &str, id: i32, api: ApiKey, frame: &[u8]) {
        let Self { dialer: Dialer { process, life }, number, .. } = self;
        self.tap.trace.tell(|| {
            let mut checksum = DefaultHasher::new();
            frame.hash(&mut checksum);
            let (bytes, checksum) = (frame.len(), checksum.finish());
            format!(
                "process {process}.{life} {verb} on link {number}: {api} {id}, {bytes} bytes, {checksum:016x}"
            )
        });
    }

    /// A request of a process of the job, which reads the source alone; the positions that it commits.
    fn look_at(&self, api: ApiKey, version: i16, body: &Bytes) -> Vec<(i32, i64)> {
        self.tap.with(|seen| seen.frames += 1);
        match api {
            ApiKey::FETCH => {
                let Ok(request) = FetchRequest::decode(body, version) else { return Vec::new() };
                self.look_at_fetch(&request)
            }
            ApiKey::OFFSET_COMMIT => {
                let Ok(request) = OffsetCommitRequest::decode(body, version) else { return Vec::new() };
                let partitions = request.topics.iter().flat_map(|topic| &topic.partitions);
                partitions.map(|it| (it.partition_index, it.committed_offset)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whose records a fetch asks for; where it asks for a session, these partitions.
    fn look_at_fetch(&self, request: &FetchRequest) -> Vec<(i32, i64)> {
        let named = || request.topics.iter().flat_map(|topic| &topic.partitions);
        self.tap.with(|seen| {
            let mut all: BTreeSet<i32> = named().map(|it| it.partition).collect();
            if request.session_epoch > 0 {
                let session = seen.fetch_sessions.entry(request.session_id).or_default();
                for topic in &request.forgotten_topics_data {
                    session.retain(|index| !topic.partitions.contains(index));
                }
                session.append(&mut all);
                all.clone_from(session);
            }
            for partition in all {
                seen.readers.entry(partition).or_default().insert(self.dialer);
            }
        });
        match request.session_epoch {
            0 => named().map(|it| (it.partition, it.fetch_offset)).collect(),
            _ => Vec::new(),
        }
    }

    /// A broker has given the session its id.
    fn look_at_session(&self, asked: &Asked, body: &Bytes) {
        let Ok(answer) = FetchResponse::decode(body, asked.version) else { return };
        let partitions = asked.positions.iter().map(|(index, _)| *index).collect();
        self.tap.with(|seen| seen.fetch_sessions.insert(answer.session_id, partitions));
    }

    /// What a coordinator took never goes back: whoever is not the owner any more is refused.
    fn look_at_commit(&self, asked: &Asked, body: &Bytes) {
        let Ok(answer) = OffsetCommitResponse::decode(body, asked.version) else { return };
        let partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
        for taken in partitions.filter(|it| it.error_code == ErrorCode::NONE) {
            let position = asked.positions.iter().find(|(index, _)| *index == taken.partition_index);
            let Some((index, offset)) = position.copied() else { continue };
            self.tap.with(|seen| {
                let before = seen.committed.insert(index, (offset, self.dialer));
                if let Some((last, by)) = before.filter(|(last, _)| *last > offset) {
                    let now = self.dialer;
                    seen.violation.get_or_insert_with(|| {
                        format!("the position of orders-{index} went back: {last} by {by:?}, then {offset} by {now:?}")
                    });
                }
            });
        }
    }
}

impl Asked {
    fn of_nobody(api: ApiKey, version: i16) -> Self {
        Self { api, version, positions: Vec::new(), is_awaited: false, produce: None, looks_into_log: false }
    }
}

/// The answer to a Produce that no broker gave.
fn made_up(id: i32, asked: &ProduceRequest, version: i16) -> Option<Bytes> {
    let body = batch_bug::all_written(asked, version)?;
    let mut head = id.to_be_bytes().to_vec();
    if version >= FLEXIBLE_PRODUCE_SINCE {
        // No tagged fields.
        head.push(0);
    }
    Some(framed(&head, &body))
}

fn framed(head: &[u8], body: &[u8]) -> Bytes {
    let length = u32::try_from(head.len() + body.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], head, body].concat().into()
}
