//! Nanoseconds a record, appended, sealed and iterated, and megabytes a second for each codec.
//!
//! `cargo bench -p upsert-kafka-protocol --bench records`

use std::hint::black_box;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use upsert_kafka_protocol::records::{BatchWriter, Codec, Compression, HEADER_BYTES, Header, Stamp, batches};

fn main() {
    println!("{:<22} {:>10} {:>10} {:>10} {:>10}", "ns a record", "append", "seal", "check", "iterate");
    for (name, value_bytes, headers) in [
        ("100 B", 90, &[][..]),
        ("100 B + two headers", 90, &HEADERS[..]),
        ("1 KB", 1014, &[][..]),
        ("1 KB + two headers", 1014, &HEADERS[..]),
    ] {
        records(name, value_bytes, headers);
    }
    println!("\n{:<22} {:>10} {:>10} {:>10}", "MB/s of records", "write", "read", "ratio");
    for batch_bytes in [16 * 1024, 256 * 1024] {
        Compression::ALL.into_iter().filter(|it| it.is_built()).for_each(|it| codec(it, batch_bytes));
    }
    println!("\n{:<22} {:>10} {:>10}", "MB/s, the frame alone", "write", "read");
    for batch_bytes in [16 * 1024, 256 * 1024] {
        lz4_frames(batch_bytes);
    }
}

/// Batches of 64 KiB, each in the buffer of the one before, as a producer's pool has it.
fn records(name: &str, value_bytes: usize, headers: &[Header<'_>]) {
    let value = vec![b'v'; value_bytes];
    let [mut append, mut seal, mut check, mut iterate] = [Duration::MAX; 4];
    let (mut buffer, mut count) = (BytesMut::zeroed(BATCH_BYTES), 0);
    for _ in 0..PASSES {
        let mut writer = BatchWriter::new(buffer, BATCH_BYTES);
        append = append.min(time(|| {
            while writer.append(NOW_MS, Some(b"order-42"), Some(black_box(&value)), headers).is_some() {}
        }));
        count = writer.count();
        let mut blob = Bytes::new();
        seal = seal.min(time(|| blob = writer.seal(Stamp::NONE, Codec::NONE)));
        check = check.min(time(|| checked(&blob)));
        let mut seen = 0;
        iterate = iterate.min(time(|| seen = iterated(&blob)));
        assert_eq!(seen, count);
        buffer = blob.try_into_mut().expect("nobody else holds it");
    }
    print!("{name:<22}");
    for total in [append, seal, check, iterate] {
        print!(" {:>10.1}", total.as_nanos() as f64 / f64::from(count));
    }
    println!();
}

/// Orders as JSON; a write is append and seal, a read is checksum, decompression and iteration.
fn codec(compression: Compression, batch_bytes: usize) {
    let orders: Vec<_> = (0..batch_bytes / 100).map(order).collect();
    let (mut write, mut read) = (Duration::MAX, Duration::MAX);
    let (mut size, mut packed) = (0, 0);
    for _ in 0..PASSES / 20 {
        let mut blob = Bytes::new();
        write = write.min(time(|| {
            let mut writer = BatchWriter::new(BytesMut::with_capacity(batch_bytes), batch_bytes);
            let fits = |order: &&String| writer.append(NOW_MS, None, Some(order.as_bytes()), &[]).is_some();
            orders.iter().take_while(fits).for_each(drop);
            size = writer.size();
            blob = writer.seal(Stamp::NONE, compression.into());
        }));
        packed = blob.len();
        read = read.min(time(|| {
            checked(&blob);
            black_box(iterated(&blob));
        }));
    }
    let speed = |time: Duration| size as f64 / 1e6 / time.as_secs_f64();
    let name = format!("{compression}, {} KiB", batch_bytes / 1024);
    println!("{name:<22} {:>10.0} {:>10.0} {:>10.2}", speed(write), speed(read), size as f64 / packed as f64);
}

/// lz4_flex's own frames of the same kind, to hold ours against, which are sealed into a batch.
fn lz4_frames(batch_bytes: usize) {
    use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};
    let blob = filled(batch_bytes).seal(Stamp::NONE, Compression::Lz4.into());
    let batch = batches(&blob).next().expect("a batch").expect("a good batch");
    let records = batch.body(LIMIT).expect("a body").bytes().clone();
    let [mut write, mut read, mut our_write, mut our_read] = [Duration::MAX; 4];
    for _ in 0..PASSES / 4 {
        write = write.min(time(|| {
            let info = FrameInfo::new().block_size(BlockSize::Max64KB).block_mode(BlockMode::Independent);
            let mut encoder = FrameEncoder::with_frame_info(info, Vec::with_capacity(batch_bytes / 2));
            encoder.write_all(&records).expect("a Vec");
            black_box(encoder.finish().expect("a Vec"));
        }));
        read = read.min(time(|| {
            let mut out = Vec::new();
            FrameDecoder::new(&blob[HEADER_BYTES..]).read_to_end(&mut out).expect("a frame");
            black_box(out);
        }));
        let writer = filled(batch_bytes);
        our_write =
            our_write.min(time(|| drop(black_box(writer.seal(Stamp::NONE, Compression::Lz4.into())))));
        our_read = our_read.min(time(|| drop(black_box(batch.body(LIMIT)))));
    }
    let speed = |time: Duration| records.len() as f64 / 1e6 / time.as_secs_f64();
    let size = batch_bytes / 1024;
    println!("{:<22} {:>10.0} {:>10.0}", format!("lz4_flex, {size} KiB"), speed(write), speed(read));
    println!("{:<22} {:>10.0} {:>10.0}", format!("ours, {size} KiB"), speed(our_write), speed(our_read));
}

fn filled(batch_bytes: usize) -> BatchWriter {
    let mut writer = BatchWriter::new(BytesMut::with_capacity(batch_bytes), batch_bytes);
    for at in 0..batch_bytes / 100 {
        let _ = writer.append(NOW_MS, None, Some(order(at).as_bytes()), &[]);
    }
    writer
}

fn checked(blob: &Bytes) {
    batches(blob).for_each(|batch| batch.and_then(|batch| batch.check()).expect("its checksum"));
}

fn iterated(blob: &Bytes) -> u32 {
    let mut count = 0;
    for batch in batches(blob) {
        for record in &batch.and_then(|batch| batch.body(LIMIT)).expect("a body") {
            black_box(record.expect("a record"));
            count += 1;
        }
    }
    count
}

fn order(at: usize) -> String {
    let mixed = at.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!(
        r#"{{"order_id":{at},"customer":"customer-{}","item":"{}","amount":{}.{:02},"at":"2026-11-24 00:{:02}:{:02}"}}"#,
        mixed % 1000,
        ["bread", "butter", "wine", "coffee", "tea"][mixed % 5],
        mixed % 977,
        mixed % 100,
        at / 60 % 60,
        at % 60
    )
}

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

const BATCH_BYTES: usize = 64 * 1024;
const HEADERS: [Header<'static>; 2] = [
    Header { key: "source", value: Some(b"orders") },
    Header { key: "trace", value: Some(b"0123456789abcdef") },
];
const LIMIT: usize = 64 * 1024 * 1024;
const NOW_MS: i64 = 1_700_000_000_000;
/// The best of so many counts: the machine is shared.
const PASSES: usize = 2000;
