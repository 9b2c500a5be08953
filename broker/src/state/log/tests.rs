//! Scripts of appends and reads.

use upsert_kafka_protocol::records::{BatchWriter, Codec, Stamp};

use super::*;
use crate::state::batch::{Rules, check};
use crate::state::configs::Configs;

const NOW: i64 = 1_700_000_000_000;

fn checked(timestamps: &[i64], value: &[u8], configs: &Configs) -> CheckedBatch {
    let mut writer = BatchWriter::new(BytesMut::new(), 4 << 20);
    for timestamp in timestamps {
        writer.append(*timestamp, Some(b"k"), Some(value), &[]).unwrap();
    }
    check(&writer.seal(Stamp::NONE, Codec::NONE), 9, &Rules::from(configs), NOW, 1 << 20).unwrap().0.unwrap()
}

fn at_time(log: &mut Log, timestamp_ms: i64) -> Option<FoundRecord> {
    find_time(&log.batches_at_time(timestamp_ms), 0, timestamp_ms, 1 << 20).unwrap().0
}

/// A log of batches of so many records each.
fn log_of(counts: &[usize], value: &[u8]) -> Log {
    let mut log = Log::default();
    for count in counts {
        log.append(&checked(&vec![NOW; *count], value, &Configs::default()), 3);
    }
    log
}

/// The base offsets of the batches in what was read, each checked whole.
fn offsets(bytes: &Bytes) -> Vec<i64> {
    let mut found = batches(bytes);
    let offsets = found
        .by_ref()
        .map(|batch| {
            let batch = batch.unwrap();
            batch.check().unwrap();
            assert_eq!(batch.leader_epoch(), 3);
            batch.base_offset()
        })
        .collect();
    assert_eq!(found.remaining(), 0, "whole batches only");
    offsets
}

#[test]
fn a_read_begins_with_the_batch_that_holds_the_offset() {
    let mut log = log_of(&[3, 2, 1], b"v");
    assert_eq!((log.start_offset(), log.end_offset(), log.batches()), (0, 6, 3));
    let mut read = |offset| log.read(offset, 6, usize::MAX, true).map(|bytes| offsets(&bytes));
    assert_eq!(read(0), Some(vec![0, 3, 5]));
    assert_eq!(read(2), Some(vec![0, 3, 5]));
    assert_eq!(read(3), Some(vec![3, 5]));
    assert_eq!(read(5), Some(vec![5]));
    assert_eq!(read(6), Some(vec![]));
    assert_eq!(read(7), None);
    assert_eq!(read(-1), None);
}

#[test]
fn a_limit_cuts_between_batches_but_leaves_one_when_asked() {
    let mut log = log_of(&[1, 1, 1], b"value");
    let size = usize::try_from(log.bytes()).unwrap() / 3;
    let mut read = |limit, at_least_one| offsets(&log.read(0, 3, limit, at_least_one).unwrap());
    assert!(read(size - 1, false).is_empty());
    assert_eq!(read(size - 1, true), [0]);
    assert_eq!(read(size, false), [0]);
    assert_eq!(read(2 * size, true), [0, 1]);
    assert_eq!(read(3 * size - 1, true), [0, 1]);
    assert_eq!(read(3 * size, false), [0, 1, 2]);
    assert_eq!(log.available(0, 3, usize::MAX), Some(3 * size));
    assert_eq!(log.available(2, 3, usize::MAX), Some(size));
    assert_eq!(log.available(3, 3, usize::MAX), Some(0));
    assert_eq!(log.available(4, 3, usize::MAX), None);
}

#[test]
fn one_batch_is_lent_not_copied() {
    let mut log = log_of(&[1, 1], b"v");
    let (once, again) = (log.read(0, 2, 1, true).unwrap(), log.read(0, 2, 1, true).unwrap());
    assert_eq!(once.as_ptr(), again.as_ptr());
    let both = log.read(0, 2, usize::MAX, true).unwrap();
    assert_eq!(both.as_ptr(), once.as_ptr());
}

#[test]
fn what_a_reader_at_the_tail_froze_is_read_together_from_the_start() {
    let mut log = Log::default();
    for expected in 0..200 {
        log.append(&checked(&[NOW], &[7; 100], &Configs::default()), 3);
        assert_eq!(offsets(&log.read(expected, expected + 1, usize::MAX, true).unwrap()), [expected]);
    }
    assert_eq!(offsets(&log.read(0, 200, usize::MAX, true).unwrap()), (0..200).collect::<Vec<_>>());
    assert_eq!(offsets(&log.read(150, 200, usize::MAX, true).unwrap()), (150..200).collect::<Vec<_>>());
}

#[test]
fn large_batches_cross_buffers() {
    let mut log = log_of(&[1; 9], &[7; 700_000]);
    let (mut next, mut reads) = (0, 0);
    while next < log.end_offset() {
        let read = offsets(&log.read(next, 9, usize::MAX, true).unwrap());
        assert_eq!(read[0], next);
        next = read[read.len() - 1] + 1;
        reads += 1;
    }
    assert!(reads <= 9);
    assert!(log.bytes() > 9 * 700_000);
}

#[test]
fn a_record_is_found_by_time() {
    let mut log = Log::default();
    for timestamps in [&[NOW - 90, NOW - 10][..], &[NOW - 50], &[NOW - 5, NOW - 5, NOW - 80]] {
        log.append(&checked(timestamps, b"v", &Configs::default()), 3);
    }
    let mut offset = |ago| at_time(&mut log, NOW - ago).map(|found| found.offset);
    assert_eq!(
        [offset(1000), offset(60), offset(7), offset(5), offset(4)],
        [Some(0), Some(1), Some(3), Some(3), None]
    );
    let newest = FoundRecord { offset: 3, timestamp_ms: NOW - 5, leader_epoch: 3 };
    let greatest = log.max_timestamp().unwrap();
    assert_eq!(at_time(&mut log, greatest), Some(newest));
    assert_eq!(Log::default().max_timestamp(), None);
}

#[test]
fn log_append_time_is_stamped() {
    let configs = Configs::parse([("message.timestamp.type", Some("LogAppendTime"))]).unwrap();
    let mut log = Log::default();
    log.append(&checked(&[5, 6], b"v", &configs), 3);
    let bytes = log.read(0, 2, usize::MAX, true).unwrap();
    assert_eq!(offsets(&bytes), [0]);
    let batch = batches(&bytes).next().unwrap().unwrap();
    let times: Vec<_> = batch.body(1000).unwrap().iter().map(|record| record.unwrap().timestamp_ms).collect();
    assert_eq!(times, [NOW, NOW]);
    assert_eq!(at_time(&mut log, NOW).map(|found| found.offset), Some(0));
}

#[test]
fn a_bound_hides_what_lies_behind_it() {
    let mut log = log_of(&[2, 2, 2], b"v");
    let size = usize::try_from(log.bytes()).unwrap() / 3;
    assert_eq!(offsets(&log.read(0, 4, usize::MAX, true).unwrap()), [0, 2]);
    assert_eq!(offsets(&log.read(0, 4, size, true).unwrap()), [0]);
    assert!(log.read(4, 4, usize::MAX, true).unwrap().is_empty());
    assert!(log.read(5, 4, usize::MAX, true).unwrap().is_empty());
    assert_eq!(log.available(2, 4, usize::MAX), Some(size));
    assert_eq!(log.available(5, 4, usize::MAX), Some(0));
}
