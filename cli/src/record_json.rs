//! A record as one JSON object a line, and as text.

use serde_json::{Map, Value, json};
use upsert_kafka_client::ConsumerRecord;

use crate::hex;

/// The object: bytes that are not UTF-8 stand as `{"hex": "…"}`; a tombstone's value is null.
pub(crate) fn object(topic: &str, partition: i32, record: &ConsumerRecord<'_>) -> Value {
    let headers: Vec<_> = record.headers().map(|(key, value)| json!([key, bytes(value)])).collect();
    let mut out = Map::new();
    out.insert("topic".into(), topic.into());
    out.insert("partition".into(), partition.into());
    out.insert("offset".into(), record.offset.into());
    out.insert("timestamp".into(), record.timestamp_ms.into());
    out.insert("headers".into(), headers.into());
    out.insert("key".into(), bytes(record.key));
    out.insert("value".into(), bytes(record.value));
    Value::Object(out)
}

/// For people: bytes that are not UTF-8 as `0x…`, none as `null`.
pub(crate) fn text(bytes: Option<&[u8]>) -> String {
    match bytes.map(|bytes| (std::str::from_utf8(bytes), bytes)) {
        None => "null".into(),
        Some((Ok(text), _)) => text.into(),
        Some((Err(_), bytes)) => format!("0x{}", hex::encode(bytes)),
    }
}

/// A key or a value.
pub(crate) fn bytes(bytes: Option<&[u8]>) -> Value {
    match bytes.map(|bytes| (std::str::from_utf8(bytes), bytes)) {
        None => Value::Null,
        Some((Ok(text), _)) => text.into(),
        Some((Err(_), bytes)) => json!({ "hex": hex::encode(bytes) }),
    }
}
