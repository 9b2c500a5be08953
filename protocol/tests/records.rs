//! Record sets that Apache's Java implementation wrote or was given, good and broken; hashes and error codes.

#![allow(clippy::panic)] // a broken vector should say which one

mod golden;
#[path = "records/rules.rs"]
mod rules;
#[path = "records/wrappers.rs"]
mod wrappers;

use bytes::{Bytes, BytesMut};
use serde_json::Value;
use upsert_kafka_protocol::records::{
    Batch, BatchWriter, Body, Codec, Compression, ControlType, Header, MessageSetWriter, Record, Stamp,
    TimestampType, batches,
};
use upsert_kafka_protocol::{ErrorCode, murmur2, partition_for_key};

const LIMIT: usize = 64 * 1024 * 1024;

fn text(bytes: Option<&[u8]>) -> Value {
    bytes.map_or(Value::Null, |bytes| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>().into())
}

fn bytes(text: &Value) -> Option<Bytes> {
    text.as_str().map(golden::bytes)
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn assert_batch(name: &str, batch: &Batch, expected: &Value) {
    let facts = [
        ("position", batch.position() as i64),
        ("size", batch.bytes().len() as i64),
        ("magic", i64::from(batch.magic())),
        ("attributes", i64::from(batch.attributes())),
        ("last_offset", batch.last_offset()),
        ("next_offset", batch.next_offset()),
        ("max_timestamp", batch.max_timestamp()),
        ("crc", i64::from(batch.crc())),
    ];
    for (fact, ours) in facts {
        assert_eq!(ours, number(&expected[fact]), "{name}: {fact}");
    }
    assert_eq!(batch.compression().expect(name).name(), expected["compression"], "{name}");
    assert_eq!(format!("{:?}", batch.timestamp_type()), expected["timestamp_type"], "{name}");
    if batch.magic() == 2 {
        assert_head(name, batch, expected)
    } else {
        assert_message(name, batch, expected)
    }
}

/// What only format 2 says.
fn assert_head(name: &str, batch: &Batch, expected: &Value) {
    let facts = [
        ("base_offset", batch.base_offset()),
        ("leader_epoch", i64::from(batch.leader_epoch())),
        ("producer_id", batch.producer_id()),
        ("producer_epoch", i64::from(batch.producer_epoch())),
        ("base_sequence", i64::from(batch.base_sequence())),
        ("last_sequence", i64::from(batch.last_sequence())),
        ("base_timestamp_field", batch.base_timestamp()),
        ("max_timestamp_field", batch.max_timestamp()),
        ("last_offset_delta", i64::from(batch.last_offset_delta())),
        ("count", i64::from(batch.count())),
    ];
    for (fact, ours) in facts {
        assert_eq!(ours, number(&expected[fact]), "{name}: {fact}");
    }
    assert_eq!(batch.is_transactional(), expected["transactional"], "{name}");
    assert_eq!(batch.is_control(), expected["control"], "{name}");
    assert_eq!(batch.delete_horizon(), expected["delete_horizon"].as_i64(), "{name}");
}

/// A message says less, and the first offset of a wrapper is its first record's.
fn assert_message(name: &str, batch: &Batch, expected: &Value) {
    let body = batch.body(LIMIT).expect(name);
    let first = body.iter().next().expect(name).expect(name);
    assert_eq!(first.offset, number(&expected["base_offset"]), "{name}");
    assert_eq!((batch.leader_epoch(), batch.count(), batch.last_offset_delta()), (-1, -1, 0), "{name}");
    assert_eq!((batch.producer_id(), batch.producer_epoch()), (-1, -1), "{name}");
    assert_eq!((batch.base_sequence(), batch.last_sequence()), (-1, -1), "{name}");
    let flags = (batch.is_transactional(), batch.is_control(), batch.delete_horizon());
    assert_eq!(flags, (false, false, None), "{name}");
}

fn assert_record(name: &str, batch: &Batch, record: &Record<'_>, expected: &Value) {
    assert_eq!(record.offset, number(&expected["offset"]), "{name}");
    assert_eq!(record.timestamp_ms, number(&expected["timestamp"]), "{name}");
    assert_eq!(text(record.key), expected["key"], "{name}");
    assert_eq!(text(record.value), expected["value"], "{name}");
    let headers: Vec<_> = record.headers().collect();
    let none = Vec::new();
    let theirs = expected["headers"].as_array().unwrap_or(&none);
    assert_eq!(headers.len(), theirs.len(), "{name}");
    for ((key, value), theirs) in headers.iter().zip(theirs) {
        assert_eq!(*key, theirs["key"].as_str().expect(name), "{name}");
        assert_eq!(text(*value), theirs["value"], "{name}");
    }
    if let Some(sequence) = expected.get("sequence") {
        assert_eq!(i64::from(batch.sequence_of(record)), number(sequence), "{name}");
    }
    if batch.is_control() {
        let control = ControlType::of_key(record.key).expect(name);
        assert_eq!(control.name(), expected["control_type"].as_str(), "{name}");
    }
}

/// What reading all of a blob came to: batches and records read, and the first error.
fn read(blob: &Bytes) -> (usize, usize, Option<String>) {
    let (mut batch_count, mut record_count) = (0, 0);
    for batch in batches(blob) {
        let outcome = batch.and_then(|batch| {
            batch_count += 1;
            batch.check()?;
            batch.body(LIMIT)?.iter().try_for_each(|record| record.map(|_| record_count += 1))
        });
        if let Err(error) = outcome {
            return (batch_count, record_count, Some(error.to_string()));
        }
    }
    (batch_count, record_count, None)
}

#[test]
fn every_good_record_set_reads_as_in_java() {
    let mut batch_counts = [0; 3];
    for vector in golden::lines("records.jsonl.gz") {
        if vector["valid"] != true {
            continue;
        }
        let name = vector["name"].as_str().expect("a name");
        let blob = golden::hex(&vector);
        let mut found = batches(&blob);
        for expected in vector["batches"].as_array().expect(name) {
            let batch = found.next().expect(name).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_batch(name, &batch, expected);
            batch.check().unwrap_or_else(|e| panic!("{name}: {e}"));
            let body = batch.body(LIMIT).unwrap_or_else(|e| panic!("{name}: {e}"));
            let records: Vec<_> =
                body.iter().collect::<Result<_, _>>().unwrap_or_else(|e| panic!("{name}: {e}"));
            let theirs = expected["records"].as_array().expect(name);
            assert_eq!(records.len(), theirs.len(), "{name}");
            records.iter().zip(theirs).for_each(|(ours, theirs)| assert_record(name, &batch, ours, theirs));
            batch_counts[usize::from(batch.magic().unsigned_abs())] += 1;
        }
        assert_eq!(found.remaining() as i64, number(&vector["partial_trailing_bytes"]), "{name}");
        assert!(found.next().is_none(), "{name}");
    }
    println!("batches of formats 0, 1 and 2: {batch_counts:?}");
    assert!(batch_counts.iter().all(|count| *count > 50));
}

#[test]
fn broken_record_sets_are_refused_where_java_refuses_them() {
    let (mut refused, mut accepted) = (0, 0);
    for vector in golden::lines("records.jsonl.gz") {
        if vector["valid"] == true {
            continue;
        }
        let blob = golden::hex(&vector);
        let (batch_count, record_count, error) = read(&blob);
        let java = (number(&vector["batches_before"]), number(&vector["records_before"]));
        match (&error, vector["stage"].as_str().unwrap_or("none")) {
            (None, "none") => {
                assert_eq!((batch_count as i64, record_count as i64), java, "{}", vector["name"]);
                accepted += 1;
            }
            (Some(_), "none") => panic!("stricter than Java: {} {error:?}", vector["name"]),
            (None, stage) => panic!("laxer than Java, which stops at {stage}: {}", vector["name"]),
            (Some(_), _) => {
                // Java looks through a whole batch first; we give the records before the broken one. Of a
                // message it looks at key and value only when they are asked for: the broken one counts.
                let lazy = i64::from(blob.get(16).is_some_and(|magic| *magic < 2));
                assert!(record_count as i64 + lazy >= java.1, "{} {error:?}", vector["name"]);
                refused += 1;
            }
        }
    }
    println!("{refused} refused, {accepted} accepted, each as by Java");
    assert_eq!(refused + accepted, 536);
}

#[test]
fn what_we_write_we_read_with_every_codec() {
    let value = |at: usize| format!("{{\"order\":{at},\"text\":\"{}\"}}", "abc".repeat(at % 50));
    for compression in Compression::ALL {
        let mut writer = BatchWriter::new(BytesMut::new(), 1 << 20);
        for at in 0..2000 {
            let headers = [Header { key: "a", value: None }, Header { key: "a", value: Some(b"x") }];
            let headers = if at % 3 == 0 { &headers[..] } else { &[] };
            let text = value(at);
            let value = (at % 7 > 0).then_some(text.as_bytes());
            writer.append(1_700_000_000_000 - at as i64, Some(b"key"), value, headers).expect("room");
        }
        let stamp =
            Stamp { producer_id: 7, producer_epoch: 1, base_sequence: i32::MAX - 5, transactional: false };
        let blob = writer.seal(stamp, compression.into());
        let batch = batches(&blob).next().expect("a batch").expect("a good batch");
        batch.check().expect("its checksum");
        assert_eq!((batch.compression(), batch.count()), (Ok(compression), 2000));
        assert_eq!((batch.producer_id(), batch.last_sequence()), (7, 1993));
        let body = batch.body(LIMIT).expect("a body");
        for (at, record) in body.iter().enumerate() {
            let record = record.expect("a record");
            let text = value(at);
            assert_eq!(record.value, (at % 7 > 0).then_some(text.as_bytes()), "{compression} {at}");
            assert_eq!(record.timestamp_ms, 1_700_000_000_000 - at as i64);
            assert_eq!(record.headers().count(), if at % 3 == 0 { 2 } else { 0 });
        }
        assert!(
            batch.body(1000).is_err() || compression == Compression::None,
            "{compression}: the cap holds"
        );
    }
}

#[test]
fn what_java_wrote_comes_back_from_our_own_batches() {
    let mut written = 0;
    for vector in golden::lines("records.jsonl.gz") {
        if vector["valid"] != true {
            continue;
        }
        let name = vector["name"].as_str().expect("a name");
        for batch in batches(&golden::hex(&vector)).map_while(Result::ok).filter(|it| it.magic() == 2) {
            let theirs = batch.body(LIMIT).expect(name);
            for compression in Compression::ALL {
                let blob = rewritten(&batch, &theirs, compression);
                let ours = batches(&blob).next().expect(name).expect(name);
                ours.check().expect(name);
                let ours = ours.body(LIMIT).expect(name);
                assert_eq!(ours.iter().count(), theirs.iter().count(), "{name} {compression}");
                for (ours, theirs) in ours.iter().zip(&theirs) {
                    let (ours, theirs) = (ours.expect(name), theirs.expect(name));
                    assert_eq!((ours.key, ours.value), (theirs.key, theirs.value), "{name} {compression}");
                    assert_eq!(ours.timestamp_ms, theirs.timestamp_ms, "{name} {compression}");
                    assert!(ours.headers().eq(theirs.headers()), "{name} {compression}");
                }
                written += 1;
            }
        }
    }
    println!("{written} batches written anew");
    assert!(written > 500);
}

fn rewritten(batch: &Batch, body: &Body, compression: Compression) -> Bytes {
    let mut writer = BatchWriter::new(BytesMut::new(), usize::MAX);
    for record in body {
        let record = record.expect("a record");
        let headers: Vec<_> = record.headers().collect();
        let headers: Vec<_> = headers.iter().map(|(key, value)| Header { key, value: *value }).collect();
        writer.append(record.timestamp_ms, record.key, record.value, &headers).expect("room");
    }
    let stamp = Stamp {
        producer_id: batch.producer_id(),
        producer_epoch: batch.producer_epoch(),
        base_sequence: batch.base_sequence(),
        transactional: batch.is_transactional(),
    };
    writer.seal(stamp, compression.into())
}

#[test]
fn what_java_wrote_in_formats_0_and_1_comes_back_from_our_own_message_sets() {
    let mut written = 0;
    for vector in golden::lines("records.jsonl.gz") {
        if vector["valid"] != true || vector["magic"].as_i64().is_none_or(|magic| magic == 2) {
            continue;
        }
        let name = vector["name"].as_str().expect("a name");
        let theirs = golden::hex(&vector);
        let expected = messages(&theirs);
        for compression in Compression::ALL {
            let ours = message_set(&theirs, compression.into());
            assert_eq!(messages(&ours), expected, "{name} {compression}");
            assert!(batches(&ours).all(|batch| batch.expect(name).check().is_ok()), "{name} {compression}");
            let packed = !matches!(compression, Compression::None | Compression::Zstd);
            assert_eq!(batches(&ours).count(), if packed { 1 } else { expected.len() }, "{name}");
            if !packed && vector["compression"] == "none" {
                assert_eq!(ours, theirs, "{name}: the same bytes");
            }
            written += 1;
        }
    }
    println!("{written} message sets written anew");
    assert!(written > 500);
}

type Fields = (i64, i64, TimestampType, Option<Vec<u8>>, Option<Vec<u8>>);

fn messages(blob: &Bytes) -> Vec<Fields> {
    let mut all = Vec::new();
    for batch in batches(blob) {
        let batch = batch.expect("a batch");
        for record in &batch.body(LIMIT).expect("a body") {
            let record = record.expect("a record");
            let [key, value] = [record.key, record.value].map(|field| field.map(<[u8]>::to_vec));
            all.push((record.offset, record.timestamp_ms, batch.timestamp_type(), key, value));
        }
    }
    all
}

fn message_set(blob: &Bytes, codec: Codec) -> Bytes {
    let first = batches(blob).next().expect("a batch").expect("a good batch");
    let mut writer =
        if first.magic() == 0 { MessageSetWriter::format_0() } else { MessageSetWriter::format_1() };
    if first.timestamp_type() == TimestampType::LogAppendTime {
        writer = writer.log_append_time(first.max_timestamp());
    }
    for (offset, timestamp, _, key, value) in messages(blob) {
        writer.append_at(offset, timestamp, key.as_deref(), value.as_deref()).expect("room");
    }
    writer.seal(codec)
}

/// A damaged head is an error even when the rest was cut off; a cut one is silence.
#[test]
fn a_cut_head_is_told_from_a_damaged_one() {
    let mut writer = BatchWriter::new(BytesMut::new(), 1000);
    writer.append(5, Some(b"k"), Some(b"v"), &[]);
    let good = writer.seal(Stamp::NONE, Codec::NONE);
    for end in 0..good.len() {
        assert!(batches(&good.slice(..end)).next().is_none(), "{end}");
    }
    let damaged = |at: usize, byte: u8, end: usize| {
        let mut blob = good.to_vec();
        blob[at] = byte;
        blob.truncate(end);
        batches(&blob.into()).next().map(|batch| batch.expect_err("damaged").to_string())
    };
    let length = "the batch at offset 0 (byte 0): its length is too small for any batch";
    assert_eq!((damaged(8, 0xff, 11), damaged(8, 0xff, 12).as_deref()), (None, Some(length)));
    let magic = "the batch at offset 0 (byte 0): 3 is no message format";
    assert_eq!((damaged(16, 3, 16), damaged(16, 3, 17).as_deref()), (None, Some(magic)));
}

/// Any limit is a limit, the greatest number too.
#[test]
fn the_greatest_limit_does_not_overflow() {
    for compression in Compression::ALL {
        let mut writer = BatchWriter::new(BytesMut::new(), 1 << 20);
        writer.append(5, None, Some(&[7; 100_000]), &[]).expect("room");
        let blob = writer.seal(Stamp::NONE, compression.into());
        let batch = batches(&blob).next().expect("a batch").expect("a good batch");
        assert_eq!(batch.body(usize::MAX).expect("a body").iter().count(), 1, "{compression}");
    }
}

#[test]
fn damaged_vectors_do_not_make_it_panic() {
    let mut next = chance();
    for vector in golden::lines("records.jsonl.gz") {
        let good = golden::hex(&vector);
        if good.is_empty() || good.len() > 20_000 {
            continue;
        }
        for _ in 0..20 {
            let mut blob = good.to_vec();
            for _ in 0..1 + next() % 4 {
                let at = next() % blob.len();
                blob[at] = next() as u8;
            }
            for batch in batches(&Bytes::from(blob)).flatten() {
                let Ok(body) = batch.body(1 << 20) else { continue };
                body.iter().flatten().for_each(|record| record.headers().for_each(drop));
            }
        }
    }
}

/// The same numbers every time.
fn chance() -> impl FnMut() -> usize {
    let mut state = 42u64;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    }
}

#[test]
fn no_bytes_make_it_panic() {
    let mut next = chance();
    for compression in Compression::ALL {
        let mut writer = BatchWriter::new(BytesMut::new(), 1 << 20);
        (0..20).for_each(|at| {
            writer.append(at, Some(b"key"), Some(&[b'v'; 40]), &[Header { key: "h", value: Some(b"x") }]);
        });
        let good = writer.seal(Stamp::NONE, compression.into());
        for _ in 0..3000 {
            let mut blob = good.to_vec();
            for _ in 0..1 + next() % 4 {
                let at = next() % blob.len();
                blob[at] = next() as u8;
            }
            blob.truncate(blob.len() - next() % 8);
            for batch in batches(&Bytes::from(blob)).flatten() {
                let Ok(body) = batch.body(1 << 20) else { continue };
                body.iter().flatten().for_each(|record| record.headers().for_each(drop));
            }
        }
    }
}

#[test]
fn a_batch_takes_its_place_in_a_log() {
    use upsert_kafka_protocol::records::{set_log_append_time, set_offset};
    let mut writer = BatchWriter::new(BytesMut::new(), 1000);
    writer.append(5, Some(b"k"), Some(b"v"), &[]);
    let mut blob = writer.seal(Stamp::NONE, Codec::NONE).to_vec();
    set_offset(&mut blob, 42, 3);
    set_log_append_time(&mut blob, 99);
    let batch = batches(&blob.into()).next().expect("a batch").expect("a good batch");
    batch.check().expect("its checksum");
    assert_eq!((batch.base_offset(), batch.leader_epoch()), (42, 3));
    let body = batch.body(LIMIT).expect("a body");
    let record = body.iter().next().expect("a record").expect("a good record");
    assert_eq!((record.offset, record.timestamp_ms), (42, 99));
}

#[test]
fn murmur2_and_partitions_are_javas() {
    for vector in golden::lines("murmur2.jsonl.gz") {
        let key = bytes(&vector["key"]).expect("a key");
        assert_eq!(i64::from(murmur2(&key)), number(&vector["murmur2"]), "{vector}");
        for (count, partition) in vector["partition"].as_object().expect("partitions") {
            let ours = partition_for_key(&key, count.parse().expect("a count"));
            assert_eq!(i64::from(ours), number(partition), "{vector}");
        }
    }
    for vector in golden::lines("partitioner.jsonl.gz") {
        let key = bytes(&vector["bytes"]).expect("a key");
        for (count, partition) in vector["partition"].as_object().expect("partitions") {
            let ours = partition_for_key(&key, count.parse().expect("a count"));
            assert_eq!(i64::from(ours), number(partition), "{vector}");
        }
    }
}

#[test]
fn crc_32c_is_javas() {
    for vector in golden::lines("crc32c.jsonl.gz") {
        let data = bytes(&vector["data"]).expect("data");
        assert_eq!(i64::from(crc32c::crc32c(&data)), number(&vector["crc32c"]));
    }
}

#[test]
fn error_codes_are_apaches() {
    let mut count = 0;
    for error in golden::document("errors.json.gz") {
        let code = ErrorCode(number(&error["code"]) as i16);
        assert_eq!(code.name(), error["name"].as_str());
        assert_eq!(code.is_retriable(), error["retriable"] == true, "{code}");
        assert_eq!(code.refreshes_metadata(), error["refresh_metadata"] == true, "{code}");
        count += 1;
    }
    assert_eq!(count, 138);
}
