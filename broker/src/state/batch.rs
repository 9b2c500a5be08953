//! Validates a produced batch, as Kafka's `ProduceRequest` and `LogValidator` do: header, size, codec, every record.

use bytes::Bytes;
use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::records::{Batch, Body, Compression, Corrupt, Record, batches};

use super::configs::{Configs, TimestampType};
use super::producers::Sequenced;
use super::refusal::Refusal;

/// How many rejected records the message of an error names.
const NAMED_RECORDS_MAX: usize = 3;

/// How many rejected records are listed one by one; of a bomb's millions the rest is only counted.
const BLAMED_RECORDS_MAX: usize = 1_000;

/// The first version of Produce that may carry zstd.
const ZSTD_SINCE: i16 = 7;

/// What a topic's settings demand of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    message_bytes_max: usize,
    compacted: bool,
    timestamp_type: TimestampType,
    timestamp_before_ms_max: i64,
    timestamp_after_ms_max: i64,
}

impl From<&Configs> for Rules {
    fn from(configs: &Configs) -> Self {
        Self {
            message_bytes_max: configs.message_bytes_max,
            compacted: configs.compacted,
            timestamp_type: configs.timestamp_type,
            timestamp_before_ms_max: configs.timestamp_before_ms_max,
            timestamp_after_ms_max: configs.timestamp_after_ms_max,
        }
    }
}

/// The decompressed batch exceeds the limit.
#[derive(Debug)]
pub(crate) struct ExceedsLimit;

/// A valid batch, which may be appended.
#[derive(Clone, Debug)]
pub(crate) struct CheckedBatch {
    pub(crate) batch: Batch,
    /// The greatest of its records', or the broker's time under LogAppendTime.
    pub(crate) max_timestamp: i64,
    /// The broker's time under LogAppendTime, else -1.
    pub(crate) log_append_time_ms: i64,
    /// None for a producer without idempotence.
    pub(crate) sequenced: Option<Sequenced>,
}

/// Checks the one batch that a partition was given, down to its records, which may decompress to `limit` bytes. Returns
/// the verdict with the number of bytes that were looked at.
pub(crate) fn check(
    records: &Bytes,
    version: i16,
    rules: &Rules,
    now_ms: i64,
    limit: usize,
) -> Result<(Result<CheckedBatch, Refusal>, usize), ExceedsLimit> {
    let batch = match check_outside(records, version, rules) {
        Ok(batch) => batch,
        Err(refusal) => return Ok((Err(refusal), records.len())),
    };
    match batch.body(limit) {
        Err(why) if why.exceeds_limit() => Err(ExceedsLimit),
        // It may have been found after all that was allowed.
        Err(why) => Ok((Err(corrupt(why)), limit)),
        Ok(body) => Ok((check_inside(batch, &body, rules, now_ms), body.size())),
    }
}

/// Checks what can be seen without decompressing.
fn check_outside(records: &Bytes, version: i16, rules: &Rules) -> Result<Batch, Refusal> {
    let batch = only_batch(records)?;
    check_codec(&batch, version)?;
    if batch.bytes().len() > rules.message_bytes_max {
        let (size, limit) = (batch.bytes().len(), rules.message_bytes_max);
        let message = format!(
            "The record batch size is {size} bytes which exceeds the maximum configured value of {limit}."
        );
        return Err(Refusal::new(ErrorCode::MESSAGE_TOO_LARGE, message));
    }
    batch.check().map_err(corrupt)?;
    check_header(&batch)?;
    check_lz4_frame(&batch)?;
    Ok(batch)
}

fn check_inside(batch: Batch, body: &Body, rules: &Rules, now_ms: i64) -> Result<CheckedBatch, Refusal> {
    let newest = check_records(body, rules, now_ms)?;
    let log_append_time_ms = match rules.timestamp_type {
        TimestampType::LogAppendTime => now_ms,
        TimestampType::CreateTime => -1,
    };
    let max_timestamp = if log_append_time_ms == -1 { newest } else { now_ms };
    let sequenced = sequenced(&batch)?;
    Ok(CheckedBatch { sequenced, batch, max_timestamp, log_append_time_ms })
}

fn only_batch(records: &Bytes) -> Result<Batch, Refusal> {
    const MAGIC_AT: usize = 16;
    if records.get(MAGIC_AT).is_some_and(|magic| *magic < 2) {
        return Err(invalid("only record batches with magic version 2 are allowed"));
    }
    let mut found = batches(records);
    let Some(first) = found.next() else {
        return Err(if records.is_empty() {
            invalid("exactly one record batch per partition is expected, there is none")
        } else {
            Refusal::new(ErrorCode::CORRUPT_MESSAGE, "the record batch is cut off")
        });
    };
    let first = first.map_err(corrupt)?;
    if found.remaining() > 0 {
        return Err(invalid("exactly one record batch per partition is expected, there is more"));
    }
    Ok(first)
}

fn check_codec(batch: &Batch, version: i16) -> Result<(), Refusal> {
    match batch.compression() {
        Ok(Compression::Zstd) if version < ZSTD_SINCE => {
            let message = format!("Produce requests with version {version} are not allowed to use ZStandard");
            Err(Refusal::new(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE, message))
        }
        Ok(_) => Ok(()),
        Err(unknown) => Err(Refusal::new(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE, unknown.to_string())),
    }
}

fn check_header(batch: &Batch) -> Result<(), Refusal> {
    let (count, last) = (batch.count(), batch.last_offset_delta());
    if batch.base_offset() != 0 {
        return Err(invalid(format!("the base offset should be 0, but it is {}", batch.base_offset())));
    }
    if count <= 0 {
        return Err(invalid(format!("Invalid reported count for record batch: {count}")));
    }
    if last != count - 1 {
        return Err(invalid(format!(
            "Inconsistent batch offset range [0, {last}] and count of records {count}"
        )));
    }
    if batch.is_control() {
        return Err(invalid("Clients are not allowed to write control records"));
    }
    Ok(())
}

/// Java's reader takes no block that refers to the one before, so neither a Kafka broker nor a Java consumer could read
/// the batch. Kafka answers with this code.
fn check_lz4_frame(batch: &Batch) -> Result<(), Refusal> {
    /// Behind the batch's head and the frame's magic number.
    const FLAGS_AT: usize = 61 + 4;
    const INDEPENDENT_BLOCKS: u8 = 0x20;
    match (batch.compression(), batch.bytes().get(FLAGS_AT)) {
        (Ok(Compression::Lz4), Some(flags)) if flags & INDEPENDENT_BLOCKS == 0 => {
            let message = "Dependent block stream is unsupported: an lz4 frame must have independent blocks";
            Err(Refusal::new(ErrorCode::UNKNOWN_SERVER_ERROR, message))
        }
        _ => Ok(()),
    }
}

fn sequenced(batch: &Batch) -> Result<Option<Sequenced>, Refusal> {
    if batch.producer_id() < 0 {
        let blame = invalid("a transactional batch needs a producer id");
        return if batch.is_transactional() { Err(blame) } else { Ok(None) };
    }
    let (epoch, first) = (batch.producer_epoch(), batch.base_sequence());
    if first < 0 || epoch < 0 {
        let id = batch.producer_id();
        return Err(invalid(format!(
            "Invalid sequence number {first} or epoch {epoch} with producerId {id}"
        )));
    }
    Ok(Some(Sequenced {
        producer_id: batch.producer_id(),
        epoch,
        first,
        count: batch.count(),
        transactional: batch.is_transactional(),
    }))
}

/// Checks every record; returns the greatest timestamp.
fn check_records(body: &Body, rules: &Rules, now_ms: i64) -> Result<i64, Refusal> {
    let (mut newest, mut rejected, mut late) = (-1, RejectedRecords::default(), false);
    for (index, record) in (0..).zip(body.iter()) {
        let record = record.map_err(|broken| invalid(broken.to_string()))?;
        if record.offset != i64::from(index) {
            return Err(invalid(format!("record {index} does not have offset {index} in its batch")));
        }
        newest = newest.max(record.timestamp_ms);
        if rules.compacted && record.key.is_none() {
            rejected.add(index, || "Compacted topic cannot accept message without key".to_owned());
        } else if let Some((earliest, latest)) = missed(&record, rules, now_ms) {
            late = true;
            let timestamp = record.timestamp_ms;
            rejected.add(index, || {
                format!("Timestamp {timestamp} is out of range, it should be within [{earliest}, {latest}]")
            });
        }
    }
    if rejected.count == 0 { Ok(newest) } else { Err(rejected.refusal(late)) }
}

/// How many records are rejected, and the first of them with the reason.
#[derive(Default)]
struct RejectedRecords {
    count: usize,
    first: Vec<(i32, String)>,
}

impl RejectedRecords {
    fn add(&mut self, index: i32, words: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < BLAMED_RECORDS_MAX {
            self.first.push((index, words()));
        }
    }

    fn refusal(self, late: bool) -> Refusal {
        let (count, first) = (self.count, self.first);
        let message = if late {
            "One or more records have been rejected due to invalid timestamp".to_owned()
        } else {
            let named: Vec<_> =
                first.iter().take(NAMED_RECORDS_MAX).map(|(_, words)| words.as_str()).collect();
            let named = named.join("; ");
            format!(
                "One or more records have been rejected due to {count} record errors in total, the first of them: {named}"
            )
        };
        let code = if late { ErrorCode::INVALID_TIMESTAMP } else { ErrorCode::INVALID_RECORD };
        Refusal { code, message, records: first }
    }
}

/// The range of timestamps that is allowed, when the record's is not within it.
fn missed(record: &Record<'_>, rules: &Rules, now_ms: i64) -> Option<(i64, i64)> {
    let timestamp = record.timestamp_ms;
    if rules.timestamp_type == TimestampType::LogAppendTime || timestamp == -1 {
        return None;
    }
    let earliest = now_ms.saturating_sub(rules.timestamp_before_ms_max);
    let latest = now_ms.saturating_add(rules.timestamp_after_ms_max);
    (timestamp < earliest || timestamp > latest).then_some((earliest, latest))
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::INVALID_RECORD, message)
}

fn corrupt(why: Corrupt) -> Refusal {
    Refusal::new(ErrorCode::CORRUPT_MESSAGE, why.to_string())
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use upsert_kafka_protocol::records::{BatchWriter, Codec, Stamp, restamp};

    use super::*;

    const NOW: i64 = 1_700_000_000_000;

    fn batch(records: &[(i64, Option<&[u8]>)], stamp: Stamp) -> BytesMut {
        let mut writer = BatchWriter::new(BytesMut::new(), 1 << 20);
        for (timestamp, key) in records {
            writer.append(*timestamp, *key, Some(b"v"), &[]).unwrap();
        }
        BytesMut::from(&writer.seal(stamp, Codec::NONE)[..])
    }

    fn good() -> BytesMut {
        batch(&[(NOW - 5, Some(b"a")), (NOW, None)], Stamp::NONE)
    }

    fn judge(bytes: BytesMut, configs: &Configs) -> Result<CheckedBatch, Refusal> {
        judge_at(bytes, 9, configs)
    }

    fn judge_at(bytes: BytesMut, version: i16, configs: &Configs) -> Result<CheckedBatch, Refusal> {
        check(&bytes.freeze(), version, &Rules::from(configs), NOW, 1 << 20).unwrap().0
    }

    fn with(name: &str, value: &str) -> Configs {
        Configs::parse([(name, Some(value))]).unwrap()
    }

    /// Overwrites header bytes; `restamp` renews the checksum.
    fn edited(at: usize, bytes: &[u8]) -> BytesMut {
        let mut batch = good();
        batch[at..at + bytes.len()].copy_from_slice(bytes);
        upsert_kafka_protocol::records::restamp(&mut batch, Stamp::NONE);
        batch
    }

    #[test]
    fn a_good_batch_passes() {
        let checked = judge(good(), &Configs::default()).unwrap();
        assert_eq!((checked.max_timestamp, checked.log_append_time_ms), (NOW, -1));
        assert_eq!(checked.sequenced, None);
        let checked = judge(good(), &with("message.timestamp.type", "LogAppendTime")).unwrap();
        assert_eq!((checked.max_timestamp, checked.log_append_time_ms), (NOW, NOW));
    }

    #[test]
    fn what_is_not_one_whole_batch_is_refused() {
        let code = |bytes: BytesMut| judge(bytes, &Configs::default()).unwrap_err().code;
        assert_eq!(code(BytesMut::new()), ErrorCode::INVALID_RECORD);
        let mut cut = good();
        cut.truncate(cut.len() - 1);
        assert_eq!(code(cut), ErrorCode::CORRUPT_MESSAGE);
        let mut two = good();
        two.extend_from_slice(&good());
        assert_eq!(code(two), ErrorCode::INVALID_RECORD);
        let mut flipped = good();
        *flipped.last_mut().unwrap() ^= 1;
        assert_eq!(code(flipped), ErrorCode::CORRUPT_MESSAGE);
    }

    #[test]
    fn a_header_that_lies_is_refused() {
        let code = |at, bytes: &[u8]| judge(edited(at, bytes), &Configs::default()).unwrap_err().code;
        assert_eq!(code(0, &7_i64.to_be_bytes()), ErrorCode::INVALID_RECORD, "base offset");
        assert_eq!(code(16, &[1]), ErrorCode::INVALID_RECORD, "magic");
        assert_eq!(code(21, &[0, 0x20]), ErrorCode::INVALID_RECORD, "control");
        assert_eq!(code(21, &[0, 7]), ErrorCode::UNSUPPORTED_COMPRESSION_TYPE, "codec");
        assert_eq!(code(23, &4_i32.to_be_bytes()), ErrorCode::INVALID_RECORD, "last offset");
        assert_eq!(code(57, &1_i32.to_be_bytes()), ErrorCode::INVALID_RECORD, "count");
        assert_eq!(code(57, &0_i32.to_be_bytes()), ErrorCode::INVALID_RECORD, "no records");
    }

    #[test]
    fn zstd_needs_version_7() {
        let refusal = judge_at(edited(21, &[0, 4]), 6, &Configs::default()).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::UNSUPPORTED_COMPRESSION_TYPE);
    }

    #[test]
    fn a_batch_over_the_topics_limit_exceeds_limit() {
        let size = good().len();
        assert!(judge(good(), &with("max.message.bytes", &size.to_string())).is_ok());
        let refusal = judge(good(), &with("max.message.bytes", &(size - 1).to_string())).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::MESSAGE_TOO_LARGE);
    }

    #[test]
    fn a_compacted_topic_names_the_records_without_key() {
        let refusal = judge(good(), &with("cleanup.policy", "compact")).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::INVALID_RECORD);
        assert_eq!(refusal.records.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn a_batch_that_grows_beyond_the_limit_is_only_told_larger() {
        let mut writer = BatchWriter::new(BytesMut::new(), 1 << 20);
        writer.append(NOW, None, Some(&[0; 100_000]), &[]).unwrap();
        let packed = writer.seal(Stamp::NONE, Codec { compression: Compression::Zstd, level: None });
        let judge = |limit| check(&packed, 9, &Rules::from(&Configs::default()), NOW, limit);
        assert!(matches!(judge(100_000), Err(ExceedsLimit)));
        assert!(judge(101_000).is_ok_and(|(checked, size)| checked.is_ok() && size > 100_000));
    }

    /// As lz4js, a codec for kafkajs, writes them; a real Kafka 4.4 answered so.
    #[test]
    fn an_lz4_frame_of_dependent_blocks_is_refused_as_by_kafka() {
        let mut writer = BatchWriter::new(BytesMut::new(), 1 << 20);
        writer.append(NOW, None, Some(&[0; 1000]), &[]).unwrap();
        let mut packed =
            writer.seal(Stamp::NONE, Codec { compression: Compression::Lz4, level: None }).to_vec();
        assert_eq!(packed[65..67], [0x60, 0x40], "the frame's flags and its block size");
        assert!(judge(BytesMut::from(&packed[..]), &Configs::default()).is_ok());
        // Other flags have another checksum.
        (packed[65], packed[67]) = (0x40, 0xc0);
        restamp(&mut packed, Stamp::NONE);
        assert!(
            batches(&packed.clone().into()).next().unwrap().unwrap().body(1 << 20).is_ok(),
            "it can be read"
        );
        let refusal = judge(BytesMut::from(&packed[..]), &Configs::default()).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::UNKNOWN_SERVER_ERROR);
        assert!(refusal.message.contains("Dependent block stream is unsupported"), "{}", refusal.message);
    }

    #[test]
    fn of_very_many_refused_records_the_first_are_told_and_all_are_counted() {
        let nobody = vec![(NOW, None); BLAMED_RECORDS_MAX + 5];
        let refusal = judge(batch(&nobody, Stamp::NONE), &with("cleanup.policy", "compact")).unwrap_err();
        assert_eq!(refusal.records.len(), BLAMED_RECORDS_MAX);
        assert!(refusal.message.contains("1005 record errors"), "{}", refusal.message);
    }

    #[test]
    fn a_timestamp_from_the_future_is_refused() {
        let hour = 3_600_000;
        let at = |ahead: i64| batch(&[(NOW + ahead, None)], Stamp::NONE);
        assert!(judge(at(hour), &Configs::default()).is_ok());
        let refusal = judge(at(hour + 1), &Configs::default()).unwrap_err();
        assert_eq!((refusal.code, refusal.records.len()), (ErrorCode::INVALID_TIMESTAMP, 1));
    }

    #[test]
    fn a_producer_id_needs_a_sequence() {
        let stamp = Stamp { producer_id: 4, producer_epoch: 1, base_sequence: 9, ..Stamp::NONE };
        let checked = judge(batch(&[(NOW, None)], stamp), &Configs::default()).unwrap();
        let expected = Sequenced { producer_id: 4, epoch: 1, first: 9, count: 1, transactional: false };
        assert_eq!(checked.sequenced, Some(expected));
        let stamp = Stamp { base_sequence: -1, ..stamp };
        let refusal = judge(batch(&[(NOW, None)], stamp), &Configs::default()).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::INVALID_RECORD);
    }
}
