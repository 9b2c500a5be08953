//! Metadata that a sink's row carries for its record: timestamp, headers, topic.

use std::sync::Arc;

use upsert_kafka_client::Header;

use crate::row::{Row, Timestamp, Value};

/// A piece of metadata that columns can write, by Flink's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WritableMetadata {
    /// `topic`: STRING; where the table names several topics.
    Topic,
    /// `headers`: a MAP of STRING and BYTES; entries without a value are left out.
    Headers,
    /// `header-list`: an ARRAY of ROW<key STRING, value BYTES>, with those without a value.
    HeaderList,
    /// `timestamp`: TIMESTAMP_LTZ(3).
    Timestamp,
}

/// What a sink writes beside key and value: columns of its row, and headers that are the same for every record.
#[derive(Clone, Debug, Default)]
pub(crate) struct MetadataColumns {
    columns: Arc<[(usize, WritableMetadata)]>,
    /// As [`write_header`] has them.
    constant_headers: Arc<[u8]>,
}

/// What was appended of one record's metadata: first the topic, then the headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MetadataSpan {
    timestamp_ms: Option<i64>,
    topic: Option<usize>,
    headers: usize,
}

/// The metadata of a record that is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordMetadata<'a> {
    /// Milliseconds since 1970; `None` leaves it to the producer's clock.
    pub timestamp_ms: Option<i64>,
    /// The topic, where the row says it.
    pub topic: Option<&'a str>,
    /// Its headers, in order.
    pub headers: EncodedHeaders<'a>,
}

/// Headers, one after another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EncodedHeaders<'a>(&'a [u8]);

impl WritableMetadata {
    /// All there is, as sentences list it.
    pub(crate) const ALL: [Self; 4] = [Self::Topic, Self::Headers, Self::HeaderList, Self::Timestamp];

    /// Its key, as `METADATA FROM` names it.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Headers => "headers",
            Self::HeaderList => "header-list",
            Self::Timestamp => "timestamp",
        }
    }
}

impl MetadataColumns {
    /// These columns of the sink's row, and headers for every record.
    pub(crate) fn new(columns: Vec<(usize, WritableMetadata)>, headers: &[(String, String)]) -> Self {
        let mut constant_headers = Vec::new();
        for (name, value) in headers {
            write_header(name, Some(value.as_bytes()), &mut constant_headers);
        }
        Self { columns: columns.into(), constant_headers: constant_headers.into() }
    }

    /// Whether there is nothing to write.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.columns.is_empty() && self.constant_headers.is_empty()
    }

    /// Appends what the row says.
    pub(crate) fn write(&self, row: Row<'_>, out: &mut Vec<u8>) -> MetadataSpan {
        let mut span = MetadataSpan::default();
        let value = |wanted| self.columns.iter().find(|(_, it)| *it == wanted).map(|(slot, _)| row[*slot]);
        if let Some(Value::String(topic)) = value(WritableMetadata::Topic) {
            out.extend_from_slice(topic.as_bytes());
            span.topic = Some(topic.len());
        }
        if let Some(Value::Timestamp(Timestamp { seconds, nanos })) = value(WritableMetadata::Timestamp) {
            span.timestamp_ms = Some(seconds.saturating_mul(1000).saturating_add((nanos / 1_000_000).into()));
        }
        let start = out.len();
        if let Some(Value::Map(entries)) = value(WritableMetadata::Headers) {
            for (name, value) in entries {
                if let (Some(name), Some(value)) = (text(*name), bytes(*value)) {
                    write_header(name, Some(value), out);
                }
            }
        }
        if let Some(Value::Array(rows)) = value(WritableMetadata::HeaderList) {
            for row in rows {
                if let Value::Row([name, value]) = row
                    && let Some(name) = text(*name)
                {
                    write_header(name, bytes(*value), out);
                }
            }
        }
        out.extend_from_slice(&self.constant_headers);
        span.headers = out.len() - start;
        span
    }
}

impl MetadataSpan {
    /// How many bytes were appended.
    pub(crate) fn length(self) -> usize {
        self.topic.unwrap_or(0) + self.headers
    }

    /// Appends metadata that was read elsewhere.
    pub(crate) fn append(metadata: RecordMetadata<'_>, out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(metadata.topic.unwrap_or_default().as_bytes());
        out.extend_from_slice(metadata.headers.0);
        Self {
            timestamp_ms: metadata.timestamp_ms,
            topic: metadata.topic.map(str::len),
            headers: metadata.headers.0.len(),
        }
    }

    /// The metadata that was appended as these bytes.
    pub(crate) fn read(self, bytes: &[u8]) -> RecordMetadata<'_> {
        let (topic, headers) = bytes.split_at(self.topic.unwrap_or(0));
        RecordMetadata {
            timestamp_ms: self.timestamp_ms,
            // It was a text when it was appended.
            topic: self.topic.and_then(|_| std::str::from_utf8(topic).ok()),
            headers: EncodedHeaders(headers),
        }
    }
}

impl<'a> EncodedHeaders<'a> {
    /// Each, in order.
    pub fn iter(&self) -> impl Iterator<Item = Header<'a>> + use<'a> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let key = std::str::from_utf8(taken(&mut rest)??).unwrap_or_default();
            let value = taken(&mut rest)?;
            Some(Header { key, value })
        })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The lengths of name and value in front of each; -1 is no value.
fn write_header(name: &str, value: Option<&[u8]>, out: &mut Vec<u8>) {
    for part in [Some(name.as_bytes()), value] {
        let length = part.map_or(-1, |part| i64::try_from(part.len()).unwrap_or(i64::MAX));
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(part.unwrap_or_default());
    }
}

/// The next part; the inner `None` is no value.
fn taken<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let (length, after) = rest.split_first_chunk::<8>()?;
    *rest = after;
    let Ok(length) = usize::try_from(i64::from_le_bytes(*length)) else { return Some(None) };
    let (part, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(Some(part))
}

fn text(value: Value<'_>) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// Of BYTES, and of STRING as its UTF-8.
fn bytes(value: Value<'_>) -> Option<&[u8]> {
    match value {
        Value::Bytes(bytes) => Some(bytes),
        Value::String(text) => Some(text.as_bytes()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written<'a>(columns: &MetadataColumns, row: Row<'_>, out: &'a mut Vec<u8>) -> RecordMetadata<'a> {
        out.clear();
        let span = columns.write(row, out);
        assert_eq!(span.length(), out.len());
        span.read(out)
    }

    #[test]
    fn a_row_says_timestamp_topic_and_headers() {
        let columns = MetadataColumns::new(
            vec![
                (0, WritableMetadata::Timestamp),
                (1, WritableMetadata::Topic),
                (2, WritableMetadata::Headers),
            ],
            &[("job".to_owned(), "j".to_owned())],
        );
        let entries = [
            (Value::String("a"), Value::Bytes(b"1")),
            (Value::String("none"), Value::Null),
            (Value::Null, Value::Bytes(b"2")),
            (Value::String("b"), Value::String("é")),
        ];
        let at = Value::Timestamp(Timestamp { seconds: -1, nanos: 999_999_999 });
        let mut out = Vec::new();
        let metadata = written(&columns, &[at, Value::String("t"), Value::Map(&entries)], &mut out);
        assert_eq!((metadata.timestamp_ms, metadata.topic), (Some(-1), Some("t")));
        let headers: Vec<_> = metadata.headers.iter().map(|it| (it.key, it.value)).collect();
        assert_eq!(headers, [("a", Some(&b"1"[..])), ("b", Some("é".as_bytes())), ("job", Some(&b"j"[..]))]);
        let metadata = written(&columns, &[Value::Null, Value::Null, Value::Null], &mut out);
        assert_eq!((metadata.timestamp_ms, metadata.topic), (None, None));
        assert_eq!(metadata.headers.iter().count(), 1);
    }

    #[test]
    fn the_list_of_headers_keeps_order_doubles_and_nulls() {
        let columns = MetadataColumns::new(vec![(0, WritableMetadata::HeaderList)], &[]);
        let (a, b) = ([Value::String("a"), Value::Null], [Value::String("a"), Value::Bytes(b"")]);
        let nameless = [Value::Null, Value::Bytes(b"x")];
        let rows = [Value::Row(&a), Value::Null, Value::Row(&nameless), Value::Row(&b)];
        let mut out = Vec::new();
        let metadata = written(&columns, &[Value::Array(&rows)], &mut out);
        let headers: Vec<_> = metadata.headers.iter().map(|it| (it.key, it.value)).collect();
        assert_eq!(headers, [("a", None), ("a", Some(&b""[..]))]);
    }
}
