//! The records of a sealed batch, written into two open ones.

use bytes::{Bytes, BytesMut};
use upsert_kafka_protocol::records::{self, BatchWriter, DECOMPRESSED_BYTES_MAX, Header, Record};

/// `None` when the batch cannot be read, or does not hold two records.
pub(super) fn halves(batch: &Bytes) -> Option<[BatchWriter; 2]> {
    let batch = records::batches(batch).next()?.ok()?;
    let body = batch.body(DECOMPRESSED_BYTES_MAX).ok()?;
    let records: Vec<Record<'_>> = body.iter().collect::<Result<_, _>>().ok()?;
    let at = middle(&records)?;
    Some([written(&records[..at], body.size())?, written(&records[at..], body.size())?])
}

/// Where the first half ends: never at an end of the whole.
fn middle(records: &[Record<'_>]) -> Option<usize> {
    let length = |field: Option<&[u8]>| field.map_or(0, <[u8]>::len);
    let size = |record: &Record<'_>| 1 + length(record.key) + length(record.value);
    let (all, mut before) = (records.iter().map(size).sum::<usize>(), 0);
    let at = records.iter().position(|record| {
        before += size(record);
        2 * before >= all
    })?;
    (records.len() > 1).then(|| (at + 1).min(records.len() - 1))
}

fn written(records: &[Record<'_>], bytes: usize) -> Option<BatchWriter> {
    // No longer than before, but for the batch's own header.
    let mut writer = BatchWriter::new(BytesMut::new(), bytes + 2 * HEADER_BYTES);
    for record in records {
        let named: Vec<_> = record.headers().collect();
        let headers: Vec<_> = named.iter().map(|(key, value)| Header { key, value: *value }).collect();
        writer.append(record.timestamp_ms, record.key, record.value, &headers)?;
    }
    Some(writer)
}

/// More than the head of a batch takes.
const HEADER_BYTES: usize = 64;
