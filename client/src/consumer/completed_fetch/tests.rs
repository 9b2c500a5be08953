//! Batches made here, read as a consumer sees them.

use bytes::BytesMut;
use upsert_kafka_protocol::records::{BatchWriter, Codec, Compression, Stamp, TimestampType, set_offset};

use super::*;

const PLAIN: ReadOptions = ReadOptions { check_crcs: true, committed_only: false };
const COMMITTED: ReadOptions = ReadOptions { committed_only: true, check_crcs: false };

/// A batch of values at an offset.
fn batch(offset: i64, values: &[&str], stamp: Stamp, codec: Codec) -> Vec<u8> {
    let mut writer = BatchWriter::new(BytesMut::new(), 1 << 20);
    for value in values {
        writer.append(1000, Some(b"k"), Some(value.as_bytes()), &[]).unwrap();
    }
    let mut bytes = writer.seal(stamp, codec).to_vec();
    set_offset(&mut bytes, offset, 4);
    bytes
}

fn plain(offset: i64, values: &[&str]) -> Vec<u8> {
    batch(offset, values, Stamp::NONE, Codec::NONE)
}

fn in_transaction(offset: i64, producer_id: i64, values: &[&str]) -> Vec<u8> {
    batch(
        offset,
        values,
        Stamp { producer_id, producer_epoch: 0, base_sequence: 0, transactional: true },
        Codec::NONE,
    )
}

/// The end of a transaction: the control flag is bit 5 of the attributes.
fn marker(offset: i64, producer_id: i64, kind: u8) -> Vec<u8> {
    let mut writer = BatchWriter::new(BytesMut::new(), 1 << 20);
    writer.append(1000, Some(&[0, 0, 0, kind]), Some(&[0; 6]), &[]).unwrap();
    let stamp = Stamp { producer_id, producer_epoch: 0, base_sequence: -1, transactional: true };
    let mut bytes = writer.seal(stamp, Codec::NONE).to_vec();
    set_offset(&mut bytes, offset, 4);
    bytes[22] |= 0b10_0000;
    bytes
}

fn blob(batches: &[Vec<u8>]) -> Bytes {
    Bytes::from(batches.concat())
}

fn aborted(rows: &[(i64, i64)]) -> Option<Vec<AbortedTransaction>> {
    let row = |(producer_id, first_offset): &(i64, i64)| AbortedTransaction {
        producer_id: *producer_id,
        first_offset: *first_offset,
        ..Default::default()
    };
    Some(rows.iter().map(row).collect())
}

/// All in one piece.
fn read(
    blob: &Bytes,
    from: i64,
    aborted: Option<Vec<AbortedTransaction>>,
    reading: ReadOptions,
) -> Result<Piece, Corrupt> {
    CompletedFetch::new(blob, from, aborted, reading).read(1 << 20)
}

fn values(read: &Piece) -> Vec<String> {
    let records = read.chunks.iter().flat_map(|chunk| chunk.body.iter());
    records.map(|record| String::from_utf8(record.unwrap().value.unwrap().to_vec()).unwrap()).collect()
}

#[test]
fn whole_batches_are_read_and_a_partial_one_is_left() {
    let whole = [plain(5, &["a", "b"]), plain(7, &["c"])];
    let mut bytes = whole.concat();
    let cut = plain(8, &["d"]);
    bytes.extend_from_slice(&cut[..cut.len() - 1]);
    let got = read(&Bytes::from(bytes), 5, None, PLAIN).unwrap();
    assert_eq!(
        (values(&got), got.next_offset, got.leader_epoch, got.cut),
        (vec!["a".into(), "b".into(), "c".into()], 8, 4, false)
    );
    assert_eq!(got.chunks[0].timestamp_type, TimestampType::CreateTime);
}

#[test]
fn nothing_but_a_part_of_a_batch_says_that_more_must_be_asked_for() {
    let whole = plain(5, &["a long enough value"]);
    let got = read(&Bytes::copy_from_slice(&whole[..40]), 5, None, PLAIN).unwrap();
    assert_eq!((got.next_offset, got.cut), (5, true));
    let got = read(&Bytes::new(), 5, None, PLAIN).unwrap();
    assert_eq!((got.next_offset, got.cut), (5, false));
}

#[test]
fn compressed_batches_are_the_same_records() {
    for compression in [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd] {
        let bytes = blob(&[batch(5, &["a", "b"], Stamp::NONE, Codec::from(compression))]);
        assert_eq!(values(&read(&bytes, 5, None, PLAIN).unwrap()), ["a", "b"], "{compression}");
    }
}

#[test]
fn the_position_passes_what_compaction_emptied() {
    // Count 0 with its last offset kept; the checksum is not renewed, so it is not checked.
    let mut emptied = plain(5, &["a", "b", "c"]);
    emptied.truncate(61);
    emptied[8..12].copy_from_slice(&49i32.to_be_bytes());
    emptied[57..61].copy_from_slice(&0i32.to_be_bytes());
    let unchecked = ReadOptions { check_crcs: false, ..PLAIN };
    let got = read(&Bytes::from(emptied), 5, None, unchecked).unwrap();
    assert_eq!((values(&got), got.next_offset, got.cut), (vec![], 8, false));
}

#[test]
fn a_damaged_batch_is_an_error_only_when_it_comes_first() {
    let mut damaged = plain(6, &["b"]);
    *damaged.last_mut().unwrap() ^= 1;
    let got = read(&blob(&[plain(5, &["a"]), damaged.clone()]), 5, None, PLAIN).unwrap();
    assert_eq!((values(&got), got.next_offset), (vec!["a".into()], 6));
    let error = read(&Bytes::from(damaged.clone()), 6, None, PLAIN).unwrap_err();
    assert!(error.to_string().contains("offset 6"), "{error}");
    let unchecked = ReadOptions { check_crcs: false, ..PLAIN };
    assert!(read(&Bytes::from(damaged), 6, None, unchecked).is_ok());
}

#[test]
fn a_batch_that_unpacks_beyond_the_limit_is_refused_and_stays_for_a_higher_one() {
    let long = "x".repeat(100_000);
    for compression in [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd] {
        let bytes = blob(&[batch(5, &[&long], Stamp::NONE, Codec::from(compression))]);
        let mut fetch = CompletedFetch::new(&bytes, 5, None, PLAIN);
        for _ in 0..2 {
            let error = fetch.read(1000).unwrap_err();
            assert!(error.exceeds_limit() && fetch.waits(), "{compression}");
            assert!(error.to_string().contains("limit of 1000 bytes"), "{error}");
        }
        assert_eq!(values(&fetch.read(200_000).unwrap()), [&*long]);
    }
}

#[test]
fn what_exceeds_the_room_is_left_for_the_next_piece_and_nothing_is_lost() {
    let long = "x".repeat(1000);
    let zstd = |offset, values: &[&str]| batch(offset, values, Stamp::NONE, Codec::from(Compression::Zstd));
    let mut log = Vec::new();
    log.push(zstd(5, &[&long]));
    log.push(plain(6, &["not compressed, so it costs nothing"]));
    log.extend([zstd(7, &[&long]), zstd(8, &[&long]), zstd(9, &[&long])]);
    let mut fetch = CompletedFetch::new(&blob(&log), 5, None, PLAIN);
    let mut pieces = Vec::new();
    loop {
        let piece = fetch.read(2500).unwrap();
        assert!(piece.decompressed_bytes <= 2500);
        pieces.push((piece.next_offset, values(&piece).len(), piece.is_full));
        if !piece.is_full {
            break;
        }
    }
    assert_eq!(pieces, [(8, 3, true), (10, 2, false)]);
}

#[test]
fn transactions_are_hidden_across_pieces() {
    let zstd = Codec::from(Compression::Zstd);
    let long = "x".repeat(1000);
    let of = |producer_id| Stamp { producer_id, producer_epoch: 0, base_sequence: 0, transactional: true };
    let bytes = blob(&[
        batch(0, &[&long], of(1), zstd),
        batch(1, &[&long], of(2), zstd),
        batch(2, &["also committed"], of(2), zstd),
        batch(3, &["aborted"], of(1), zstd),
        marker(4, 1, 0),
        batch(5, &["kept"], of(1), zstd),
    ]);
    let mut fetch = CompletedFetch::new(&bytes, 0, aborted(&[(1, 0)]), COMMITTED);
    let first = fetch.read(1020).unwrap();
    assert_eq!((values(&first).len(), first.next_offset, first.is_full), (1, 2, true));
    assert_eq!(values(&fetch.read(1020).unwrap()), ["also committed", "kept"]);
}

#[test]
fn aborted_transactions_are_left_out_and_only_those() {
    let bytes = blob(&[
        in_transaction(0, 1, &["aborted"]),
        in_transaction(1, 2, &["committed"]),
        plain(2, &["outside"]),
        marker(3, 1, 0),
        in_transaction(4, 1, &["committed later"]),
        marker(5, 2, 1),
        marker(6, 1, 1),
    ]);
    let got = read(&bytes, 0, aborted(&[(1, 0)]), COMMITTED).unwrap();
    assert_eq!(values(&got), ["committed", "outside", "committed later"]);
    assert_eq!(got.next_offset, 7, "markers are passed");
    let all = read(&bytes, 0, None, ReadOptions { committed_only: false, ..COMMITTED }).unwrap();
    assert_eq!(
        values(&all),
        ["aborted", "committed", "outside", "committed later"],
        "markers are for nobody"
    );
}

#[test]
fn the_aborted_list_may_come_in_any_order() {
    let bytes = blob(&[
        in_transaction(0, 1, &["x"]),
        marker(1, 1, 0),
        in_transaction(2, 1, &["kept"]),
        marker(3, 1, 1),
        in_transaction(4, 1, &["y"]),
        marker(5, 1, 0),
    ]);
    let got = read(&bytes, 0, aborted(&[(1, 4), (1, 0)]), COMMITTED).unwrap();
    assert_eq!(values(&got), ["kept"]);
}
