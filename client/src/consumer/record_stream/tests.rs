//! A stream's records, and what a dropped one leaves behind.

use std::future::poll_fn;
use std::io::Write;

use bytes::BytesMut;
use flate2::write::GzEncoder;
use upsert_kafka_protocol::messages::FetchRequest;
use upsert_kafka_protocol::messages::fetch::PartitionData;
use upsert_kafka_protocol::records::{BatchWriter, Codec, Compression, HEADER_BYTES, Stamp, set_offset};
use upsert_kafka_protocol::{Bytes, Message};

use super::*;
use crate::consumer::tests::{broken_inside, broker, fetched, of};
use crate::peer::{Ask, Peer};
use crate::{Assignment, Client, Config, Position};

async fn next(stream: &mut RecordStream<'_>) -> Result<OwnedRecord, Error> {
    poll_fn(|context| Pin::new(&mut *stream).poll_next(context)).await.expect("it has no end")
}

/// Four compressed batches an answer, of one record of 100 bytes each.
fn compressed(offset: i64, end: i64) -> Bytes {
    let mut answer = Vec::new();
    for at in offset..end.min(offset + 4) {
        let mut writer = BatchWriter::new(BytesMut::new(), 1 << 20);
        writer.append(1000, None, Some(&[b'v'; 100]), &[]).unwrap();
        let mut bytes = writer.seal(Stamp::NONE, Codec::from(Compression::Zstd)).to_vec();
        set_offset(&mut bytes, at, 5);
        answer.extend_from_slice(&bytes);
    }
    Bytes::from(answer)
}

/// Two partitions of twenty records; a poll hands over two batches of one.
async fn consumer() -> (Peer, Consumer) {
    let peer = Peer::at(|at| {
        let mut broker = broker(at, 20);
        move |ask: &Ask| match ask.key {
            FetchRequest::KEY => fetched(ask, |_, offset| {
                let records = Some(compressed(offset, 20));
                PartitionData { high_watermark: 20, records, ..Default::default() }
            }),
            _ => broker(ask),
        }
    })
    .await;
    let config = Config { fetch_max_decompressed_bytes: 250, ..peer.config() };
    let mut consumer = Client::open(config).await.unwrap().consumer();
    consumer.assign((0..2).map(|index| Assignment::new("orders", index, Position::Offset(0))).collect());
    (peer, consumer)
}

fn both() -> [Vec<i64>; 2] {
    [(0..20).collect(), (0..20).collect()]
}

#[tokio::test]
async fn a_stream_gives_every_record_once_and_in_order_though_waits_for_it_are_dropped() {
    let (_peer, mut consumer) = consumer().await;
    let mut stream = consumer.stream();
    let mut read = [Vec::new(), Vec::new()];
    while read[0].len() + read[1].len() < 40 {
        let record = tokio::select! {
            biased;
            record = next(&mut stream) => record.unwrap(),
            () = tokio::task::yield_now() => continue,
        };
        read[record.partition as usize].push(record.offset);
        assert_eq!(record.value.as_deref(), Some(&[b'v'; 100][..]));
    }
    assert_eq!(read, both());
    drop(stream);
    assert_eq!((consumer.position(&of(0)), consumer.position(&of(1))), (Some(20), Some(20)));
}

#[tokio::test]
async fn a_stream_that_is_dropped_leaves_the_consumer_behind_the_last_record_that_was_taken() {
    let (_peer, mut consumer) = consumer().await;
    let mut read = [Vec::new(), Vec::new()];
    // One, two or three records of each stream, so that streams end within answers, pieces and partitions.
    for round in 0.. {
        if read[0].len() + read[1].len() == 40 {
            break;
        }
        let mut stream = consumer.stream();
        for _ in 0..(1 + round % 3).min(40 - read[0].len() - read[1].len()) {
            let record = next(&mut stream).await.unwrap();
            read[record.partition as usize].push(record.offset);
        }
        drop(stream);
        for index in 0..2 {
            let position = consumer.position(&of(index)).unwrap();
            assert_eq!(position, read[index as usize].len() as i64);
        }
    }
    assert_eq!(read, both());
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_told_until_the_consumer_seeks_behind_it() {
    let peer = Peer::at(|at| {
        let mut broker = broker(at, 9);
        move |ask: &Ask| match ask.key {
            FetchRequest::KEY => fetched(ask, |_, offset| {
                let mut records = broken_inside(0).to_vec();
                records.extend_from_slice(&compressed(offset.max(3), 9));
                PartitionData { high_watermark: 9, records: Some(records.into()), ..Default::default() }
            }),
            _ => broker(ask),
        }
    })
    .await;
    let config = Config { check_crcs: false, ..peer.config() };
    let mut consumer = Client::open(config).await.unwrap().consumer();
    consumer.assign(vec![Assignment::new("orders", 0, Position::Offset(0))]);
    let mut stream = consumer.stream();
    assert_eq!(next(&mut stream).await.unwrap().offset, 0);
    for _ in 0..3 {
        let error = next(&mut stream).await.unwrap_err();
        assert_eq!((error.kind(), error.partition()), (ErrorKind::Corrupt, Some(0)), "{error}");
    }
    drop(stream);
    assert_eq!(consumer.position(&of(0)), Some(1));
    consumer.seek(&of(0), Position::Offset(3)).unwrap();
    assert_eq!(next(&mut consumer.stream()).await.unwrap().offset, 3);
}

/// A gzip batch of one record of 100 bytes that says that it is longer than its batch.
fn broken_and_compressed(offset: i64) -> Bytes {
    let mut writer = BatchWriter::new(BytesMut::new(), 1 << 20);
    writer.append(1000, None, Some(&[b'v'; 100]), &[]).unwrap();
    let mut bytes = writer.seal(Stamp::NONE, Codec::NONE).to_vec();
    set_offset(&mut bytes, offset, 5);
    let mut record = bytes.split_off(HEADER_BYTES);
    record[1] = 0x7f;
    let mut gzip = GzEncoder::new(&mut bytes, flate2::Compression::fast());
    gzip.write_all(&record).unwrap();
    gzip.finish().unwrap();
    // The codec is the low bits of the attributes; the length counts what follows it.
    bytes[22] = 1;
    let length = u32::try_from(bytes.len() - 12).unwrap();
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    Bytes::from(bytes)
}

#[tokio::test]
async fn after_a_piece_that_begins_with_a_damaged_record_no_record_comes_again() {
    let peer = Peer::at(|at| {
        let mut broker = broker(at, 9);
        move |ask: &Ask| match ask.key {
            FetchRequest::KEY => fetched(ask, |_, offset| {
                let mut records = compressed(offset, 2).to_vec();
                records.extend_from_slice(&broken_and_compressed(2));
                PartitionData { high_watermark: 9, records: Some(records.into()), ..Default::default() }
            }),
            _ => broker(ask),
        }
    })
    .await;
    let config = Config { check_crcs: false, fetch_max_decompressed_bytes: 250, ..peer.config() };
    let mut consumer = Client::open(config).await.unwrap().consumer();
    consumer.assign(vec![Assignment::new("orders", 0, Position::Offset(0))]);
    let mut stream = consumer.stream();
    for offset in 0..2 {
        assert_eq!(next(&mut stream).await.unwrap().offset, offset);
    }
    for _ in 0..3 {
        assert_eq!(next(&mut stream).await.unwrap_err().kind(), ErrorKind::Corrupt);
    }
    drop(stream);
    assert_eq!(consumer.position(&of(0)), Some(2));
}

#[tokio::test]
async fn an_error_is_an_item_and_not_the_end() {
    let (_peer, mut consumer) = consumer().await;
    consumer.assign(Vec::new());
    let mut stream = consumer.stream();
    for _ in 0..2 {
        assert_eq!(next(&mut stream).await.unwrap_err().kind(), ErrorKind::Usage);
    }
}
