//! One record of a source topic, borrowed from the fetched bytes: what decoders and metadata columns read.

use std::borrow::Cow;

use upsert_kafka_client::{ConsumerRecord, Header, TimestampType};

/// A record as a source table sees it. Key and value are null in Kafka's sense where they are `None`: a null value
/// is a tombstone, and not the same as a value of no bytes.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The topic that it was read from.
    pub topic: &'a str,
    /// The partition of that topic.
    pub partition: i32,
    /// Its place in the partition.
    pub offset: i64,
    /// The epoch of the leader that appended it; `None` where the log does not say.
    pub leader_epoch: Option<i32>,
    /// Milliseconds since 1970; -1 under [`TimestampType::NoTimestampType`].
    pub timestamp_ms: i64,
    /// Whose clock that was.
    pub timestamp_type: TimestampType,
    /// What a key format reads.
    pub key: Option<&'a [u8]>,
    /// What a value format reads.
    pub value: Option<&'a [u8]>,
    /// Its headers.
    pub headers: Headers<'a>,
}

/// The headers of a [`Message`], in order; names may repeat. Nothing is parsed before somebody iterates.
#[derive(Clone, Copy, Debug, Default)]
pub struct Headers<'a> {
    listed: &'a [Header<'a>],
    of_record: Option<&'a ConsumerRecord<'a>>,
}

impl<'a> Message<'a> {
    /// A record at that place with nothing in it: no key, value, headers, timestamp.
    pub fn new(topic: &'a str, partition: i32, offset: i64) -> Self {
        Self {
            topic,
            partition,
            offset,
            leader_epoch: None,
            timestamp_ms: -1,
            timestamp_type: TimestampType::NoTimestampType,
            key: None,
            value: None,
            headers: Headers::default(),
        }
    }

    /// What a consumer has read.
    #[inline]
    pub fn of_record(topic: &'a str, partition: i32, record: &'a ConsumerRecord<'a>) -> Self {
        Self {
            topic,
            partition,
            offset: record.offset,
            leader_epoch: (record.leader_epoch >= 0).then_some(record.leader_epoch),
            timestamp_ms: record.timestamp_ms,
            timestamp_type: record.timestamp_type,
            key: record.key,
            value: record.value,
            headers: Headers { listed: &[], of_record: Some(record) },
        }
    }
}

impl<'a> Headers<'a> {
    /// These, in this order.
    pub fn of(listed: &'a [Header<'a>]) -> Self {
        Self { listed, of_record: None }
    }

    /// Each name with its value, which may be null. A name that is not UTF-8 has replacement characters, as in Java.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'a, str>, Option<&'a [u8]>)> + use<'a> {
        let listed = self.listed.iter().map(|it| (Cow::Borrowed(it.key), it.value));
        listed.chain(self.of_record.into_iter().flat_map(ConsumerRecord::headers))
    }
}
