//! The rules that readers of record batches get wrong, points 10 to 14 of the golden data's README.

use bytes::{Bytes, BytesMut};
use upsert_kafka_protocol::records::{
    Batch, BatchWriter, Codec, Compression, ControlType, HEADER_BYTES, Header, Stamp, batches, control_batch,
    end_transaction_marker,
};

use super::LIMIT;

type Values = Result<Vec<Vec<u8>>, String>;

/// A batch with `body` behind its header, of as many records as `count` says. Its checksum is not right.
fn forged(attributes: i16, count: i32, body: &[u8]) -> Bytes {
    let mut blob = BatchWriter::new(BytesMut::new(), 100).seal(Stamp::NONE, Codec::NONE).to_vec();
    blob.extend_from_slice(body);
    let length = i32::try_from(blob.len() - 12).expect("small");
    blob[8..12].copy_from_slice(&length.to_be_bytes());
    blob[21..23].copy_from_slice(&attributes.to_be_bytes());
    blob[23..27].copy_from_slice(&(count - 1).to_be_bytes());
    blob[57..61].copy_from_slice(&count.to_be_bytes());
    blob.into()
}

fn sealed(compression: Compression, value: &[u8]) -> Bytes {
    let mut writer = BatchWriter::new(BytesMut::new(), 1000);
    writer.append(5, Some(b"k"), Some(value), &[]).expect("room");
    writer.seal(Stamp::NONE, compression.into())
}

/// One record, compressed, without what leads the batch.
fn packed(compression: Compression, value: &[u8]) -> Vec<u8> {
    sealed(compression, value)[HEADER_BYTES..].to_vec()
}

fn only(blob: &Bytes) -> Batch {
    batches(blob).next().expect("a batch").expect("a good batch")
}

/// The values of a batch, or what is wrong with it.
fn values(blob: &Bytes) -> Values {
    let body = only(blob).body(LIMIT).map_err(|error| error.to_string())?;
    let value = |record: Result<_, _>| {
        record.map(|it: upsert_kafka_protocol::records::Record<'_>| it.value.unwrap_or(b"null").to_vec())
    };
    body.iter().map(value).collect::<Result<_, _>>().map_err(|error| error.to_string())
}

fn assert_refused(blob: &Bytes, why: &str) {
    let error = values(blob).expect_err("refused");
    assert!(error.starts_with("the batch at offset 0 (byte 0): ") && error.ends_with(why), "{error}");
}

/// A record of attributes, deltas 0, and what follows them.
fn record(fields: &[u8]) -> Vec<u8> {
    let mut record = vec![(fields.len() as u8 + 3) * 2, 0, 0, 0];
    record.extend_from_slice(fields);
    record
}

#[test]
fn a_length_under_14_is_corrupt_and_a_short_last_batch_is_silence() {
    let good = sealed(Compression::None, b"v");
    let mut two = good.to_vec();
    two.extend_from_slice(&good[..good.len() - 1]);
    let mut found = batches(&two.into());
    assert!(found.next().is_some_and(|batch| batch.is_ok()));
    assert!(found.next().is_none());
    assert_eq!(found.remaining(), good.len() - 1);
    for (length, is_error) in [(-1, true), (0, true), (13, true), (14, true), (48, true), (1000, false)] {
        let mut blob = good.to_vec();
        blob[8..12].copy_from_slice(&i32::to_be_bytes(length));
        assert_eq!(batches(&blob.into()).next().is_some_and(|batch| batch.is_err()), is_error, "{length}");
    }
}

#[test]
fn the_checksum_covers_all_but_what_a_broker_sets() {
    let good = sealed(Compression::None, b"v");
    for at in (0..8).chain(12..16).chain(17..good.len()) {
        let mut blob = good.to_vec();
        blob[at] ^= 1;
        assert_eq!(only(&blob.into()).check().is_ok(), at < 16, "byte {at}");
    }
}

#[test]
fn sequences_wrap_from_the_greatest_to_0() {
    let mut writer = BatchWriter::new(BytesMut::new(), 1000);
    for at in 0..3 {
        writer.append(at, None, None, &[]).expect("room");
    }
    let stamp =
        Stamp { producer_id: 1, producer_epoch: 0, base_sequence: i32::MAX - 1, transactional: false };
    let batch = only(&writer.seal(stamp, Codec::NONE));
    let body = batch.body(LIMIT).expect("a body");
    let sequences: Vec<_> = body.iter().flatten().map(|record| batch.sequence_of(&record)).collect();
    assert_eq!(sequences, [i32::MAX - 1, i32::MAX, 0]);
    assert_eq!(batch.last_sequence(), 0);
}

#[test]
fn log_append_time_is_every_records_and_the_base_timestamp_stays() {
    let mut writer = BatchWriter::new(BytesMut::new(), 1000);
    for at in 0..3 {
        writer.append(at + 10, None, None, &[]).expect("room");
    }
    let mut blob = writer.seal(Stamp::NONE, Codec::NONE).to_vec();
    upsert_kafka_protocol::records::set_log_append_time(&mut blob, 99);
    let batch = only(&blob.into());
    batch.check().expect("its checksum");
    let body = batch.body(LIMIT).expect("a body");
    assert!(body.iter().all(|record| record.expect("a record").timestamp_ms == 99));
    assert_eq!((batch.base_timestamp(), batch.max_timestamp()), (10, 99));
}

#[test]
fn a_delete_horizon_takes_the_base_timestamps_place_and_deltas_count_from_it() {
    let mut body = record(&[1, 1, 0]);
    body[2] = 19; // ten milliseconds earlier
    let mut blob = forged(0x40, 1, &body).to_vec();
    blob[27..35].copy_from_slice(&1000i64.to_be_bytes());
    let batch = only(&blob.clone().into());
    assert_eq!(batch.delete_horizon(), Some(1000));
    let body = batch.body(LIMIT).expect("a body");
    assert_eq!(body.iter().next().expect("one").expect("a record").timestamp_ms, 990);
    blob[22] = 0;
    assert_eq!(only(&blob.into()).delete_horizon(), None);
}

#[test]
fn a_batch_of_no_records_moves_on_by_its_last_offset_delta() {
    let mut blob = forged(0, 0, &[]).to_vec();
    blob[..8].copy_from_slice(&40i64.to_be_bytes());
    blob[23..27].copy_from_slice(&9i32.to_be_bytes());
    let batch = only(&blob.into());
    assert_eq!((batch.count(), batch.last_offset(), batch.next_offset()), (0, 49, 50));
    assert_eq!(batch.body(LIMIT).expect("a body").iter().count(), 0);
}

#[test]
fn a_count_of_0_ignores_what_follows_whatever_the_codec() {
    for attributes in 0..=4 {
        assert_eq!(values(&forged(attributes, 0, b"anything")), Ok(vec![]), "{attributes}");
    }
}

#[test]
fn bytes_after_the_last_record_are_an_error_with_every_codec() {
    for compression in Compression::ALL {
        let mut writer = BatchWriter::new(BytesMut::new(), 1000);
        for at in 0..2 {
            writer.append(at, None, None, &[]).expect("room");
        }
        let mut blob = writer.seal(Stamp::NONE, compression.into()).to_vec();
        blob[57..61].copy_from_slice(&1i32.to_be_bytes());
        assert_refused(&blob.into(), "bytes after the last record");
    }
}

#[test]
fn any_negative_length_of_a_key_or_value_is_null() {
    for length in [1, 3, 5] {
        let blob = forged(0, 1, &record(&[length, length, 0]));
        let body = only(&blob).body(LIMIT).expect("a body");
        let record = body.iter().next().expect("one").expect("a record");
        assert_eq!((record.key, record.value), (None, None));
    }
    let blob = forged(0, 1, &record(&[1, 1, 2, 1, 1]));
    assert_refused(&blob, "a header without a name");
    assert_eq!(values(&forged(0, 1, &record(&[1, 1, 2, 0, 3]))), Ok(vec![b"null".to_vec()]));
    assert_refused(&forged(0, 1, &record(&[1, 1, 1])), "a negative count of headers");
    assert_refused(&forged(0, -1, &record(&[1, 1, 0])), "a negative count of records");
}

#[test]
fn headers_keep_their_order_with_names_twice_and_values_null() {
    let headers = [
        Header { key: "b", value: Some(b"1") },
        Header { key: "a", value: None },
        Header { key: "b", value: Some(b"") },
        Header { key: "", value: Some(b"2") },
    ];
    let mut writer = BatchWriter::new(BytesMut::new(), 1000);
    writer.append(0, None, None, &headers).expect("room");
    let body = only(&writer.seal(Stamp::NONE, Codec::NONE)).body(LIMIT).expect("a body");
    let read = body.iter().next().expect("one").expect("a record");
    let read: Vec<_> = read.headers().map(|(key, value)| (key.into_owned(), value)).collect();
    assert_eq!(read, headers.map(|header| (header.key.to_owned(), header.value)));
}

#[test]
fn attributes_of_records_and_unused_bits_of_batches_are_ignored() {
    let mut body = record(&[1, 1, 0]);
    body[1] = 0xff;
    assert_eq!(values(&forged(0x7f80, 1, &body)), Ok(vec![b"null".to_vec()]));
}

#[test]
fn an_unknown_codec_is_refused() {
    for id in 5..=7 {
        assert_refused(&forged(id, 1, &[]), &format!("compression {id} is not known, or not in this build"));
    }
}

/// What two compressed records in a row come to, and one with other bytes behind it.
fn in_a_row(compression: Compression) -> (Values, Values) {
    let attributes = i16::from(compression.id());
    let mut two = packed(compression, b"first");
    let mut more = two.clone();
    two.extend_from_slice(&packed(compression, b"second"));
    more.extend_from_slice(&[0; 4]);
    (values(&forged(attributes, 2, &two)), values(&forged(attributes, 1, &more)))
}

fn both() -> Values {
    Ok(vec![b"first".to_vec(), b"second".to_vec()])
}

fn first() -> Values {
    Ok(vec![b"first".to_vec()])
}

#[test]
fn gzip_may_be_many_members_and_ignores_what_is_none() {
    assert_eq!(in_a_row(Compression::Gzip), (both(), first()));
}

#[test]
fn snappy_streams_may_be_in_a_row_but_nothing_else_after_them() {
    let (two, more) = in_a_row(Compression::Snappy);
    assert_eq!(two, both());
    // A block of no bytes is not even a length.
    assert!(more.expect_err("refused").ends_with("its snappy stream is broken"));
}

#[test]
fn snappy_without_the_framing_is_read() {
    // Behind magic, versions and length lies the only block.
    let framed = packed(Compression::Snappy, b"first");
    assert_eq!(values(&forged(2, 1, &framed[8 + 8 + 4..])), first());
}

#[test]
fn lz4_is_one_frame_and_the_rest_is_ignored() {
    let (two, more) = in_a_row(Compression::Lz4);
    assert!(two.expect_err("one record of two").ends_with("a record's size is no number"));
    assert_eq!(more, first());
}

#[test]
fn zstd_may_be_many_frames_but_nothing_else_after_them() {
    let (two, more) = in_a_row(Compression::Zstd);
    assert_eq!(two, both());
    assert!(more.expect_err("refused").ends_with("its zstd frame is broken"));
}

#[test]
fn a_control_batch_says_its_type_and_is_not_compressed() {
    let stamp = Stamp { producer_id: 7, producer_epoch: 3, base_sequence: -1, transactional: true };
    let marker = only(&end_transaction_marker(stamp, 5, ControlType::ABORT, 12));
    marker.check().expect("its checksum");
    assert!(marker.is_control() && marker.is_transactional());
    assert_eq!(
        (marker.attributes(), marker.producer_id(), marker.producer_epoch(), marker.base_sequence()),
        (0x30, 7, 3, -1)
    );
    let body = marker.body(LIMIT).expect("a body");
    let record = body.iter().next().expect("one").expect("a record");
    assert_eq!((record.key, record.value), (Some(&[0; 4][..]), Some(&[0, 0, 0, 0, 0, 12][..])));
    let snapshot = only(&control_batch(Stamp::NONE, 5, ControlType::SNAPSHOT_FOOTER, &[0, 0, 0]));
    assert!(snapshot.is_control() && !snapshot.is_transactional());
}

#[test]
fn a_control_key_of_a_newer_version_is_read_and_a_damaged_one_is_not() {
    assert_eq!(ControlType::of_key(Some(&[0, 9, 0, 1, 5])), Some(ControlType::COMMIT));
    assert_eq!(ControlType::of_key(Some(&[0, 0, 1, 0])), Some(ControlType(256)));
    assert_eq!(ControlType(256).to_string(), "control type 256");
    for damaged in [None, Some(&[][..]), Some(&[0, 0, 1][..]), Some(&[0xff, 0, 0, 1][..])] {
        assert_eq!(ControlType::of_key(damaged), None);
    }
}
