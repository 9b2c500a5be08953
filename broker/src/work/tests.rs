//! Turns of work: what is small goes through, what is large waits for its turn, and all of it is counted.

use bytes::BytesMut;
use upsert_kafka_protocol::records::{BatchWriter, Codec, Compression, Stamp};

use super::*;
use crate::state::configs::Configs;

/// A batch whose one value is of so many bytes, all alike.
fn batch(size: usize, compression: Compression) -> WorkItem {
    let mut writer = BatchWriter::new(BytesMut::new(), 64 << 20);
    writer.append(1_700_000_000_000, Some(b"key"), Some(&vec![7; size]), &[]).unwrap();
    let records = writer.seal(Stamp::NONE, Codec { compression, level: None });
    WorkItem::Check {
        records,
        version: 9,
        rules: Rules::from(&Configs::default()),
        now_ms: 1_700_000_000_000,
    }
}

/// What was found: a code for each batch.
fn codes(findings: Vec<Finding>) -> Vec<ErrorCode> {
    let code = |finding| match finding {
        Finding::Checked(checked) => checked.err().map_or(ErrorCode::NONE, |refusal| refusal.code),
        other => panic!("{other:?}"),
    };
    findings.into_iter().map(code).collect()
}

#[test]
fn what_is_not_compressed_and_not_large_is_small() {
    let work = |items| Work::new(items, 8 << 20, 8 << 20);
    assert!(work(vec![batch(500_000, Compression::None), WorkItem::Nothing]).is_small());
    assert!(!work(vec![batch(600_000, Compression::None), batch(600_000, Compression::None)]).is_small());
    assert!(!work(vec![batch(10, Compression::Zstd)]).is_small());
}

#[test]
fn a_quick_turn_stops_before_a_batch_that_is_larger() {
    let items = vec![
        batch(10_000, Compression::Zstd),
        batch(3 << 20, Compression::Zstd),
        batch(10, Compression::Lz4),
    ];
    let mut work = Work::new(items, 8 << 20, 8 << 20);
    assert!(!work.run_quickly(1 << 20));
    assert_eq!(work.findings.len(), 1);
    assert!(work.run_turn());
    assert_eq!(codes(work.findings()), [ErrorCode::NONE; 3]);
}

#[test]
fn a_turn_ends_after_as_much_as_one_batch_may_be() {
    let mut work = Work::new((0..5).map(|_| batch(3 << 20, Compression::Lz4)).collect(), 4 << 20, 64 << 20);
    let mut turns = 1;
    while !work.run_turn() {
        turns += 1;
    }
    assert_eq!(turns, 5);
    assert_eq!(codes(work.findings()), [ErrorCode::NONE; 5]);
}

#[test]
fn a_batch_exceeds_limit_alone_or_with_what_came_before_it() {
    let items = [1 << 20, 5 << 20, 3 << 20, 3 << 20].map(|size| batch(size, Compression::Snappy)).into();
    let large = ErrorCode::MESSAGE_TOO_LARGE;
    let found = Work::new(items, 4 << 20, 6 << 20).finish();
    assert_eq!(codes(found), [ErrorCode::NONE, large, ErrorCode::NONE, large]);
}
