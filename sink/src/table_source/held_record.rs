//! A record on its way to a program, which may have to wait before it can be read.

use std::sync::Arc;

use upsert_kafka_client::{Header, OwnedRecord, TopicPartition};

use crate::deserializer::{Deserializer, Undecoded};
use crate::error::{Error, RecordPlace};
use crate::format::Part;
use crate::message::{Headers, Message};
use crate::transform::SchemaRequest;

/// The record, and what must be done before it is read again.
pub(super) struct HeldRecord {
    pub(super) record: OwnedRecord,
    pub(super) of: TopicPartition,
    pub(super) wait: Wait,
    /// How many schemas it may still need: a key and a value have one each.
    pub(super) schemas_left: u32,
}

/// What a record waits for.
pub(super) enum Wait {
    /// It can be read.
    Nothing,
    /// A schema that is not there yet.
    Schema(SchemaRequest),
    /// It cannot be read, for this reason: whether that is the end is its table's to say.
    DeadLetter(Error),
}

impl HeldRecord {
    pub(super) fn new(record: OwnedRecord, of: TopicPartition) -> Self {
        Self { record, of, wait: Wait::Nothing, schemas_left: 2 }
    }

    pub(super) fn place(&self) -> RecordPlace {
        let TopicPartition { topic, partition, .. } = &self.of;
        RecordPlace { topic: Arc::clone(topic), partition: *partition, offset: self.record.offset }
    }

    /// The position behind it.
    pub(super) fn behind(&self) -> (TopicPartition, i64, i32) {
        (self.of.clone(), self.record.offset.saturating_add(1), self.record.leader_epoch)
    }
}

/// What a record waits for that its table's formats did not read.
#[cold]
pub(super) fn wait_of(undecoded: Undecoded, deserializer: &Deserializer, schemas_left: u32) -> Wait {
    let Undecoded { part, error } = undecoded;
    match error.needed_schema().filter(|_| schemas_left > 0) {
        Some(id) => Wait::Schema(SchemaRequest::new(Arc::clone(deserializer.decoder(part)), id)),
        None => {
            let error = Error::decode(error);
            Wait::DeadLetter(if part == Part::Key { error.within("the key") } else { error })
        }
    }
}

/// The headers of a record, as a [`Message`] has them.
pub(super) fn headers_of(record: &OwnedRecord) -> Vec<Header<'_>> {
    record.headers.iter().map(|it| Header { key: &it.key, value: it.value.as_deref() }).collect()
}

/// The record as formats and metadata columns see it.
pub(super) fn message_of<'a>(record: &'a OwnedRecord, headers: &'a [Header<'a>]) -> Message<'a> {
    Message {
        leader_epoch: (record.leader_epoch >= 0).then_some(record.leader_epoch),
        timestamp_ms: record.timestamp_ms,
        timestamp_type: record.timestamp_type,
        key: record.key.as_deref(),
        value: record.value.as_deref(),
        headers: Headers::of(headers),
        ..Message::new(&record.topic, record.partition, record.offset)
    }
}
