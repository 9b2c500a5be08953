//! A record as a row: as text, as one JSON object a line, or its bytes.

use serde_json::{Map, Value, json};
use upsert_kafka_client::ConsumerRecord;

use crate::listing::Row;
use crate::{hex, text};

/// The heads of a table of records.
pub(crate) const HEADS: &[&str] = &["partition", "offset", "key", "value"];

/// A record and where it lies.
pub(crate) struct RecordRow<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    pub(crate) record: &'a ConsumerRecord<'a>,
}

impl Row for RecordRow<'_> {
    fn cells(&self, columns: usize) -> Vec<String> {
        let (key, value) = (cell(self.record.key, columns), cell(self.record.value, columns));
        vec![self.partition.to_string(), self.record.offset.to_string(), key, value]
    }

    /// Bytes that are not UTF-8 stand as `{"hex": "…"}`; a tombstone's value is null.
    fn json(&self) -> Value {
        let headers: Vec<_> = self.record.headers().map(|(key, value)| json!([key, bytes(value)])).collect();
        let mut out = Map::new();
        out.insert("topic".into(), self.topic.into());
        out.insert("partition".into(), self.partition.into());
        out.insert("offset".into(), self.record.offset.into());
        out.insert("timestamp".into(), self.record.timestamp_ms.into());
        out.insert("headers".into(), headers.into());
        out.insert("key".into(), bytes(self.record.key));
        out.insert("value".into(), bytes(self.record.value));
        Value::Object(out)
    }

    /// Key and value alone.
    fn raw(&self) -> Vec<u8> {
        let bytes = |of: Option<&'_ [u8]>| of.unwrap_or(b"null").to_vec();
        [bytes(self.record.key), bytes(self.record.value)].join(&b'\t')
    }
}

/// For people: bytes that are not UTF-8 as `0x…`, none as `null`.
fn cell(bytes: Option<&[u8]>, columns: usize) -> String {
    match bytes.map(|bytes| (std::str::from_utf8(bytes), bytes)) {
        None => "null".into(),
        Some((Ok(text), _)) => text::shown(text, columns),
        // Two digits a byte: what cannot be seen is not made.
        Some((Err(_), bytes)) => {
            let seen = bytes.len().min(columns);
            text::shown(&format!("0x{}", hex::encode(&bytes[..seen])), columns)
        }
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

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_cell_is_text_or_hexadecimal_and_never_wider_than_seen() {
        assert_eq!(cell(None, 80), "null");
        assert_eq!(cell(Some(b"a\n"), 80), "a\\n");
        assert_eq!(cell(Some(b"\xff\x00"), 80), "0xff00");
        assert_eq!(cell(Some(&[0xff; 1000]), 6), "0xfff…");
    }
}
