//! Batches and message sets.

use bytes::{Bytes, BytesMut};
use upsert_kafka_protocol::records::{
    Batch, BatchWriter, Codec, Compression, Header, MessageSetWriter, Stamp, batches,
};

/// Any bytes as a fetched blob: whatever can be iterated can be written anew and is the same; iteration ends.
pub fn records(data: &[u8]) {
    let blob = Bytes::copy_from_slice(data);
    let mut end = 0;
    for batch in batches(&blob) {
        let Ok(batch) = batch else { return };
        assert_eq!(batch.position(), end, "batches follow each other");
        end += batch.bytes().len();
        let _ = (batch.check(), batch.last_offset(), batch.last_sequence(), batch.delete_horizon());
        written_anew(&batch);
    }
}

/// Bytes as message sets of formats 0 and 1: as they are but for the magic, and as what they choose to write.
pub fn legacy(data: &[u8]) {
    let Some((&choice, data)) = data.split_first() else { return };
    let mut forced = data.to_vec();
    if let Some(magic) = forced.get_mut(16) {
        *magic = choice & 1;
    }
    records(&forced);
    let written = message_set(choice, data);
    let mut count = 0;
    for batch in batches(&written) {
        let batch = batch.expect("what was written");
        batch.check().expect("its checksum");
        for record in &batch.body(LIMIT).expect("its body") {
            record.expect("its record");
            count += 1;
        }
    }
    assert_eq!(count, data.chunks(CHUNK).count());
}

fn message_set(choice: u8, data: &[u8]) -> Bytes {
    let mut writer =
        if choice & 1 == 0 { MessageSetWriter::format_0() } else { MessageSetWriter::format_1() };
    for chunk in data.chunks(CHUNK) {
        let (key, value) = chunk.split_at(chunk.len() / 3);
        let key = (key.len() % 2 == 0).then_some(key);
        writer.append(i64::from(choice), key, Some(value)).expect("room");
    }
    // zstd came with format 2.
    writer.seal(Compression::ALL[usize::from(choice >> 1) % 4].into())
}

fn written_anew(batch: &Batch) {
    let Ok(body) = batch.body(LIMIT) else { return };
    let mut writer = BatchWriter::new(BytesMut::new(), usize::MAX);
    let mut count = 0;
    for record in &body {
        let Ok(record) = record else { return };
        let headers: Vec<_> = record.headers().collect();
        let headers: Vec<_> = headers.iter().map(|(key, value)| Header { key, value: *value }).collect();
        writer.append(record.timestamp_ms, record.key, record.value, &headers).expect("room");
        count += 1;
    }
    if count == 0 {
        return;
    }
    let blob = writer.seal(Stamp::NONE, Codec::NONE);
    let ours = batches(&blob).next().expect("a batch").expect("a good batch");
    ours.check().expect("its checksum");
    let ours = ours.body(LIMIT).expect("its body");
    for (ours, theirs) in ours.iter().zip(&body) {
        let (ours, theirs) = (ours.expect("a record"), theirs.expect("a record"));
        assert_eq!(
            (ours.key, ours.value, ours.timestamp_ms),
            (theirs.key, theirs.value, theirs.timestamp_ms)
        );
        assert!(ours.headers().eq(theirs.headers()));
    }
    assert_eq!(ours.iter().count(), count);
}

const LIMIT: usize = 1 << 20;
const CHUNK: usize = 37;
