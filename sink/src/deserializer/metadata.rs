//! Metadata that every record has, whatever its format: what `METADATA` columns of a source can be.

use std::borrow::Cow;

use upsert_kafka_client::TimestampType;

use crate::format::last_wins;
use crate::message::Message;
use crate::row::{Arena, Timestamp, Value};
use crate::types::{DataType, Field, LogicalType};

/// A piece of a record's metadata, by Flink's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadableMetadata {
    /// `topic`: STRING.
    Topic,
    /// `partition`: INT.
    Partition,
    /// `headers`: a MAP of STRING and BYTES; of equal names the last counts.
    Headers,
    /// `header-list`: an ARRAY of ROW<key STRING, value BYTES>, in order.
    HeaderList,
    /// `leader-epoch`: INT, NULL where it is unknown.
    LeaderEpoch,
    /// `offset`: BIGINT.
    Offset,
    /// `timestamp`: TIMESTAMP_LTZ(3).
    Timestamp,
    /// `timestamp-type`: STRING, in Kafka's words.
    TimestampType,
}

impl ReadableMetadata {
    /// All there is, as sentences list it.
    pub(crate) const ALL: [Self; 8] = [
        Self::Topic,
        Self::Partition,
        Self::Headers,
        Self::HeaderList,
        Self::LeaderEpoch,
        Self::Offset,
        Self::Timestamp,
        Self::TimestampType,
    ];

    /// Its key, as `METADATA FROM` names it.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Partition => "partition",
            Self::Headers => "headers",
            Self::HeaderList => "header-list",
            Self::LeaderEpoch => "leader-epoch",
            Self::Offset => "offset",
            Self::Timestamp => "timestamp",
            Self::TimestampType => "timestamp-type",
        }
    }

    /// The type of its values.
    pub(crate) fn data_type(self) -> DataType {
        match self {
            Self::Topic | Self::TimestampType => LogicalType::STRING.not_null(),
            Self::Partition => LogicalType::Int.not_null(),
            Self::Headers => {
                let (name, value) = (LogicalType::STRING.nullable(), LogicalType::BYTES.nullable());
                LogicalType::Map(Box::new(name), Box::new(value)).not_null()
            }
            Self::HeaderList => {
                let header = [
                    Field::new("key", LogicalType::STRING.not_null()),
                    Field::new("value", LogicalType::BYTES.nullable()),
                ];
                LogicalType::Array(Box::new(LogicalType::Row(header.into()).not_null())).not_null()
            }
            Self::LeaderEpoch => LogicalType::Int.nullable(),
            Self::Offset => LogicalType::BigInt.not_null(),
            Self::Timestamp => LogicalType::TimestampLtz(3).not_null(),
        }
    }

    /// Its value for a record.
    pub(crate) fn read<'a>(self, message: &Message<'a>, arena: &'a Arena) -> Value<'a> {
        match self {
            Self::Topic => Value::String(message.topic),
            Self::Partition => Value::Int(message.partition),
            Self::Headers => headers(message, arena),
            Self::HeaderList => header_list(message, arena),
            Self::LeaderEpoch => message.leader_epoch.map_or(Value::Null, Value::Int),
            Self::Offset => Value::BigInt(message.offset),
            Self::Timestamp => Value::Timestamp(Timestamp {
                seconds: message.timestamp_ms.div_euclid(1000),
                // Below a second's 1000.
                nanos: message.timestamp_ms.rem_euclid(1000) as u32 * 1_000_000,
            }),
            Self::TimestampType => Value::String(match message.timestamp_type {
                TimestampType::NoTimestampType => "NoTimestampType",
                TimestampType::CreateTime => "CreateTime",
                TimestampType::LogAppendTime => "LogAppendTime",
            }),
        }
    }
}

fn headers<'a>(message: &Message<'a>, arena: &'a Arena) -> Value<'a> {
    let mut entries = arena.vec();
    entries.extend(message.headers.iter().map(|(name, value)| (text(name, arena), bytes(value))));
    let kept = last_wins(&mut entries);
    let entries = entries[..kept].iter().map(|&(name, value)| (Value::String(name), value));
    Value::Map(arena.alloc_slice_fill_iter(entries))
}

fn header_list<'a>(message: &Message<'a>, arena: &'a Arena) -> Value<'a> {
    let mut rows = arena.vec();
    for (name, value) in message.headers.iter() {
        let row = [Value::String(text(name, arena)), bytes(value)];
        rows.push(Value::Row(arena.alloc_slice_copy(&row)));
    }
    Value::Array(rows.into_slice())
}

fn text<'a>(name: Cow<'a, str>, arena: &'a Arena) -> &'a str {
    match name {
        Cow::Borrowed(name) => name,
        Cow::Owned(name) => arena.alloc_str(&name),
    }
}

fn bytes(value: Option<&[u8]>) -> Value<'_> {
    value.map_or(Value::Null, Value::Bytes)
}
