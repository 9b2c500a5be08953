//! Batches of records, encoded and iterated by both.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use kafka_protocol::records as theirs;
use upsert_kafka_protocol::records::{BatchWriter, Codec, Compression, Stamp, batches};

use crate::line::Line;
use crate::orders::order;

/// What both sides pack with. Their levels are fixed: gzip 6, lz4 HC 4, zstd 3.
pub(crate) struct Packing {
    name: &'static str,
    codec: Codec,
}

pub(crate) const PACKINGS: &[Packing] = &[
    packing("none", Compression::None, None),
    packing("gzip 6", Compression::Gzip, Some(6)),
    packing("snappy", Compression::Snappy, None),
    packing("lz4 fast/HC 4", Compression::Lz4, None),
    packing("zstd 3", Compression::Zstd, Some(3)),
    packing("zstd 2/3", Compression::Zstd, Some(2)),
];

const fn packing(name: &'static str, compression: Compression, level: Option<i32>) -> Packing {
    Packing { name, codec: Codec { compression, level } }
}

/// Some 64 KB of records. Each side reads what the other wrote before they are timed.
pub(crate) fn lines(name: &str, size: usize, packing: &Packing) -> [Line; 2] {
    let Packing { name: packed, codec } = *packing;
    let records: Vec<_> = (0..BATCH_BYTES / size).map(|at| record(at, size)).collect();
    let ours = ours_written(&records, codec, BytesMut::new());
    let mut written = BytesMut::new();
    theirs_written(&records, codec, &mut written);
    let theirs = written.freeze();
    assert!(codec != Codec::NONE || ours == theirs, "{name}: they write other bytes");
    for blob in [&ours, &theirs] {
        assert!(theirs_read(blob) == records, "{name}, {packed}: they read other records");
        assert_eq!(ours_checked(blob, &records), records.len(), "{name}, {packed}: we read fewer");
    }

    let bytes = [ours.len(), theirs.len()];
    let (blob, same) = (theirs.clone(), theirs);
    let iterate = Line {
        name: format!("iterate {name}, {packed}"),
        bytes: [blob.len(); 2],
        ours: Box::new(move || {
            black_box(ours_read(black_box(&blob)));
        }),
        theirs: vec![Box::new(move || {
            black_box(theirs_touched(black_box(&same)));
        })],
    };
    let (again, mut used, mut pooled) = (records.clone(), BytesMut::new(), BytesMut::new());
    let encode = Line {
        name: format!("encode {name}, {packed}"),
        bytes,
        // Each in the buffer of the pass before, where it has it still.
        ours: Box::new(move || {
            let blob = ours_written(black_box(&records), codec, std::mem::take(&mut pooled));
            pooled = blob.try_into_mut().unwrap_or_default();
        }),
        theirs: vec![Box::new(move || {
            used.clear();
            theirs_written(black_box(&again), codec, &mut used);
        })],
    };
    [encode, iterate]
}

fn record(at: usize, size: usize) -> theirs::Record {
    theirs::Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: theirs::NO_PARTITION_LEADER_EPOCH,
        producer_id: 7000,
        producer_epoch: 3,
        timestamp_type: theirs::TimestampType::Creation,
        offset: at as i64,
        sequence: at as i32,
        timestamp: NOW_MS + at as i64 / 10,
        key: Some(Bytes::from(format!("order-{at:04}"))),
        value: Some(Bytes::from(order(at, size - 10))),
        headers: Default::default(),
    }
}

fn ours_written(records: &[theirs::Record], codec: Codec, buffer: BytesMut) -> Bytes {
    let mut writer = BatchWriter::new(buffer, LIMIT);
    for it in records {
        let index = writer.append(it.timestamp, it.key.as_deref(), it.value.as_deref(), &[]);
        index.expect("room for all");
    }
    let stamp = Stamp { producer_id: 7000, producer_epoch: 3, base_sequence: 0, transactional: false };
    writer.seal(stamp, codec)
}

fn theirs_written(records: &[theirs::Record], codec: Codec, buffer: &mut BytesMut) {
    let compression = match codec.compression {
        Compression::None => theirs::Compression::None,
        Compression::Gzip => theirs::Compression::Gzip,
        Compression::Snappy => theirs::Compression::Snappy,
        Compression::Lz4 => theirs::Compression::Lz4,
        Compression::Zstd => theirs::Compression::Zstd,
    };
    let options = theirs::RecordEncodeOptions { version: 2, compression };
    theirs::RecordBatchEncoder::encode(buffer, records, &options).expect("records of format 2");
}

/// The checksum and every record's key and value, as a consumer meets them.
fn ours_read(blob: &Bytes) -> usize {
    let mut sum = 0;
    for batch in batches(blob) {
        let batch = batch.expect("a batch");
        batch.check().expect("its checksum");
        for record in &batch.body(LIMIT).expect("a body") {
            let record = black_box(record.expect("a record"));
            sum += record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
        }
    }
    sum
}

fn theirs_touched(blob: &Bytes) -> usize {
    let mut sum = 0;
    for batch in theirs::RecordBatchDecoder::decode_all(&mut blob.clone()).expect("batches") {
        for record in &batch.records {
            let record = black_box(record);
            sum += record.key.as_ref().map_or(0, Bytes::len) + record.value.as_ref().map_or(0, Bytes::len);
        }
    }
    sum
}

fn theirs_read(blob: &Bytes) -> Vec<theirs::Record> {
    let batches = theirs::RecordBatchDecoder::decode_all(&mut blob.clone()).expect("batches");
    batches.into_iter().flat_map(|batch| batch.records).collect()
}

/// How many records we read, each of which is the expected one.
fn ours_checked(blob: &Bytes, expected: &[theirs::Record]) -> usize {
    let mut count = 0;
    for batch in batches(blob).map(|batch| batch.expect("a batch")) {
        batch.check().expect("its checksum");
        for (record, expected) in (&batch.body(LIMIT).expect("a body")).into_iter().zip(expected) {
            let record = record.expect("a record");
            assert_eq!((record.offset, record.timestamp_ms), (expected.offset, expected.timestamp));
            assert_eq!((record.key, record.value), (expected.key.as_deref(), expected.value.as_deref()));
            count += 1;
        }
    }
    count
}

const BATCH_BYTES: usize = 64 * 1024;
const LIMIT: usize = 1024 * 1024;
const NOW_MS: i64 = 1_700_000_000_000;
