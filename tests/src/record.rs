//! A record as tests hold it: owned, comparable, readable in a failure.

use std::fmt;

use serde_json::Value;

use crate::hex;

/// What is to be written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewRecord {
    /// Its topic.
    pub topic: String,
    /// `None`: the partitioner chooses.
    pub partition: Option<i32>,
    /// `None`: now.
    pub timestamp_ms: Option<i64>,
    /// Names and values.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// `None` is null.
    pub key: Option<Vec<u8>>,
    /// `None` is null: a tombstone.
    pub value: Option<Vec<u8>>,
}

/// What stands in a log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its place.
    pub offset: i64,
    /// When, by its own word or the broker's.
    pub timestamp_ms: i64,
    /// Names and values, in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// `None` is null.
    pub key: Option<Vec<u8>>,
    /// `None` is null: a tombstone.
    pub value: Option<Vec<u8>>,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}@{} ", self.topic, self.partition, self.offset)?;
        write!(f, "{} = {}", text(self.key.as_deref()), text(self.value.as_deref()))?;
        for (name, value) in &self.headers {
            write!(f, " [{name}: {}]", text(value.as_deref()))?;
        }
        Ok(())
    }
}

/// Bytes for people: text, or hexadecimal, or NULL.
pub fn text(bytes: Option<&[u8]>) -> String {
    match bytes.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
        None => "NULL".into(),
        Some((_, Ok(text))) => text.into(),
        Some((bytes, Err(_))) => format!("0x{}", hex::encode(bytes)),
    }
}

/// Bytes as golden data writes them: null, `{"utf8": …}` or `{"hex": …}`.
pub fn golden_bytes(value: &Value) -> Option<Vec<u8>> {
    if value.is_null() {
        return None;
    }
    match (value["utf8"].as_str(), value["hex"].as_str()) {
        (Some(text), _) => Some(text.as_bytes().to_vec()),
        (_, Some(digits)) => Some(hex::decode(digits).unwrap_or_else(|| panic!("not hexadecimal: {digits}"))),
        _ => panic!("neither utf8 nor hex: {value}"),
    }
}

/// Headers as golden data writes them: `[[name, bytes], …]`, or absent.
pub fn golden_headers(value: &Value) -> Vec<(String, Option<Vec<u8>>)> {
    let headers = value.as_array().map_or(&[][..], Vec::as_slice);
    headers.iter().map(|it| (it[0].as_str().unwrap_or_default().to_owned(), golden_bytes(&it[1]))).collect()
}
