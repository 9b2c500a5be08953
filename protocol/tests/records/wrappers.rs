//! Wrappers of message formats 0 and 1: point 15 of the golden data's README, and what Java does beside it.

use std::io::Write;

use bytes::Bytes;
use flate2::write::GzEncoder;
use upsert_kafka_protocol::records::{Batch, Codec, Compression, MessageSetWriter, TimestampType, batches};

use super::LIMIT;

fn writer(magic: u8) -> MessageSetWriter {
    if magic == 0 { MessageSetWriter::format_0() } else { MessageSetWriter::format_1() }
}

/// Messages of these offsets, one after the other; each has its offset as its timestamp.
fn messages(magic: u8, offsets: &[i64]) -> Bytes {
    let mut writer = writer(magic);
    for offset in offsets {
        writer.append_at(*offset, *offset, Some(b"k"), Some(b"v")).expect("room");
    }
    writer.seal(Codec::NONE)
}

/// A message whose attributes say that its value is compressed. Its checksum is not right.
fn wrapper(magic: u8, attributes: u8, offset: i64, value: Option<&[u8]>) -> Bytes {
    let mut writer = writer(magic);
    writer.append_at(offset, 77, None, value).expect("room");
    let mut blob = writer.seal(Codec::NONE).to_vec();
    blob[17] = attributes;
    blob.into()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("a Vec");
    encoder.finish().expect("a Vec")
}

fn wrapped(magic: u8, offset: i64, inner: &[u8]) -> Bytes {
    wrapper(magic, 1, offset, Some(&gzip(inner)))
}

fn only(blob: &Bytes) -> Batch {
    batches(blob).next().expect("a batch").expect("a good batch")
}

/// The records' offsets and timestamps.
fn read(blob: &Bytes) -> Result<Vec<(i64, i64)>, String> {
    let body = only(blob).body(LIMIT).map_err(|error| error.to_string())?;
    let facts = body.iter().map(|record| record.map(|it| (it.offset, it.timestamp_ms)));
    facts.collect::<Result<_, _>>().map_err(|error| error.to_string())
}

fn assert_refused(blob: &Bytes, why: &str) {
    let error = read(blob).expect_err("refused");
    assert!(error.starts_with("the batch at offset ") && error.ends_with(why), "{error}");
}

#[test]
fn inner_offsets_are_absolute_in_format_0_and_relative_in_1_and_gaps_are_kept() {
    assert_eq!(read(&wrapped(0, 47, &messages(0, &[40, 42, 47]))), Ok(vec![(40, -1), (42, -1), (47, -1)]));
    assert_eq!(read(&wrapped(0, 99, &messages(0, &[40, 42]))), Ok(vec![(40, -1), (42, -1)]));
    assert_eq!(read(&wrapped(1, 47, &messages(1, &[0, 2, 7]))), Ok(vec![(40, 0), (42, 2), (47, 7)]));
}

#[test]
fn a_wrapper_says_the_offset_of_its_last_message() {
    for magic in 0..2 {
        let mut writer = writer(magic);
        for offset in [40, 42, 47] {
            writer.append_at(offset, offset * 10, None, Some(b"v")).expect("room");
        }
        let blob = writer.seal(Compression::Gzip.into());
        let batch = only(&blob);
        batch.check().expect("its checksum");
        assert_eq!((batch.last_offset(), batch.next_offset(), batch.magic()), (47, 48, magic.cast_signed()));
        let offsets: Vec<_> = read(&blob).expect("records").into_iter().map(|(offset, _)| offset).collect();
        assert_eq!(offsets, [40, 42, 47], "format {magic}");
        let inner = batch.body(LIMIT).expect("a body").bytes().clone();
        let first: i64 = if magic == 0 { 40 } else { 0 };
        assert_eq!(inner[..8], first.to_be_bytes(), "format {magic}");
        assert_eq!(batch.max_timestamp(), if magic == 0 { -1 } else { 470 });
    }
}

#[test]
fn a_wrapper_of_offset_0_is_librdkafkas_and_one_that_is_too_small_is_refused() {
    assert_eq!(read(&wrapped(1, 0, &messages(1, &[0, 1]))), Ok(vec![(0, 0), (1, 1)]));
    let too_small = "its offset is smaller than that of its last message";
    assert_refused(&wrapped(1, 6, &messages(1, &[0, 7])), too_small);
}

#[test]
fn log_append_time_of_a_wrapper_is_every_records() {
    let mut blob = wrapped(1, 1, &messages(1, &[0, 1])).to_vec();
    assert_eq!(only(&blob.clone().into()).timestamp_type(), TimestampType::CreateTime);
    blob[17] |= 8;
    assert_eq!(read(&blob.into()), Ok(vec![(0, 77), (1, 77)]));
    let mut blob = wrapped(1, 1, &messages(0, &[0, 1])).to_vec();
    blob[17] |= 8;
    assert_eq!(read(&blob.into()), Ok(vec![(0, -1), (1, -1)]), "format 0 has no place for one");
}

#[test]
fn format_0_has_no_timestamps_whatever_its_attributes_say() {
    let batch = only(&wrapper(0, 8, 5, None));
    assert_eq!((batch.timestamp_type(), batch.max_timestamp()), (TimestampType::NoTimestampType, -1));
}

#[test]
fn zstd_is_refused_and_not_written() {
    let mut writer = MessageSetWriter::format_1();
    writer.append(5, None, Some(b"v")).expect("room");
    assert_eq!(only(&writer.seal(Compression::Zstd.into())).compression(), Ok(Compression::None));
    for magic in 0..2 {
        assert_refused(&wrapper(magic, 4, 0, Some(b"")), "zstd is not for formats 0 and 1");
    }
}

#[test]
fn a_wrapper_within_a_wrapper_is_refused() {
    for magic in 0..2 {
        let inner = wrapped(magic, 0, &messages(magic, &[0]));
        assert_refused(&wrapped(magic, 0, &inner), "a wrapper within a wrapper");
    }
}

#[test]
fn a_wrapper_of_nothing_is_refused() {
    let nothing = "a wrapper of no messages";
    assert_refused(&wrapper(1, 1, 0, None), nothing);
    assert_refused(&wrapped(1, 0, &[]), nothing);
    assert_refused(&wrapped(1, 0, &messages(1, &[0])[..20]), nothing);
}

#[test]
fn an_inner_message_that_is_cut_off_is_silence_and_a_damaged_one_is_not() {
    let mut inner = messages(1, &[0, 1]).to_vec();
    let half = inner.len() / 2;
    assert_eq!(read(&wrapped(1, 3, &inner[..2 * half - 1])), Ok(vec![(3, 0)]));
    inner[half + 11] = 13;
    assert_refused(&wrapped(1, 3, &inner), "a message's length is too small");
    inner[half + 11] = 24;
    inner[half + 16] = 2;
    assert_refused(&wrapped(1, 3, &inner[..half + 36]), "a message of another format than 0 and 1");
}

#[test]
fn a_message_of_the_other_format_keeps_its_own_timestamp_in_a_wrapper() {
    assert_eq!(read(&wrapped(1, 9, &messages(0, &[0, 4]))), Ok(vec![(5, -1), (9, -1)]));
    assert_eq!(read(&wrapped(0, 4, &messages(1, &[3, 4]))), Ok(vec![(3, 3), (4, 4)]));
}

#[test]
fn a_field_longer_than_its_message_is_refused_and_any_negative_length_is_null() {
    let mut blob = messages(1, &[0]).to_vec();
    blob[29] = 100;
    assert_refused(&blob.clone().into(), "a key is longer than its message");
    blob[29] = 1;
    blob[34] = 100;
    assert_refused(&blob.into(), "a value is longer than its message");
    let mut writer = MessageSetWriter::format_0();
    writer.append(0, None, None).expect("room");
    let mut blob = writer.seal(Codec::NONE).to_vec();
    blob[18..22].copy_from_slice(&i32::MIN.to_be_bytes());
    assert_eq!(read(&blob.into()), Ok(vec![(0, -1)]));
}

#[test]
fn every_codec_is_read_back_in_both_formats() {
    for magic in 0..2 {
        for compression in Compression::ALL {
            let mut writer = writer(magic);
            for at in 0..500 {
                writer.append(at, Some(b"key"), Some(&[b'v'; 300])).expect("room");
            }
            assert_eq!((writer.count(), writer.is_empty()), (500, false));
            let blob = writer.seal(compression.into());
            let records: Vec<_> = batches(&blob)
                .flat_map(|batch| {
                    let batch = batch.expect("a batch");
                    batch.check().expect("its checksum");
                    read(&Bytes::copy_from_slice(batch.bytes())).expect("records")
                })
                .collect();
            let expected: Vec<_> = (0..500).map(|at| (at, if magic == 0 { -1 } else { at })).collect();
            assert_eq!(records, expected, "format {magic}, {compression}");
        }
    }
}
