//! What hostile records may ask of memory: alone in its binary, since it counts every allocation.

use std::alloc::System;

use bytes::{Bytes, BytesMut};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use upsert_kafka_protocol::records::{BatchWriter, Compression, MessageSetWriter, Stamp, batches};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn neither_counts_nor_bombs_reserve_memory() {
    bombs_stop_at_the_limit();
    claimed_counts_reserve_nothing();
    damaged_bodies_stay_within_the_bound();
    a_forged_lz4_head_costs_nothing();
    a_forged_lz4_block_costs_what_its_bytes_can_give();
    compressing_asks_for_a_few_times_the_records();
    iterating_allocates_nothing();
}

/// 4 MiB of zeros pack into little; whoever allows 1 MiB pays for about that.
fn bombs_stop_at_the_limit() {
    let zeros = vec![0; 4 * LIMIT];
    for (magic, compression) in kinds() {
        let blob = match magic {
            2 => {
                let mut writer = BatchWriter::new(BytesMut::new(), 0);
                writer.append(0, None, Some(&zeros), &[]).expect("a first record always fits");
                writer.seal(Stamp::NONE, compression.into())
            }
            _ => {
                let mut writer = message_set(magic);
                writer.append(0, None, Some(&zeros)).expect("it fits the format");
                writer.seal(compression.into())
            }
        };
        let batch = batches(&blob).next().expect("a batch").expect("a good batch");
        let region = Region::new(ALLOCATOR);
        let error = batch.body(LIMIT).expect_err("too large").to_string();
        assert!(error.ends_with("larger than the limit of 1048576 bytes"), "{compression}: {error}");
        let asked = region.change().bytes_allocated;
        assert!(asked < 3 * LIMIT, "format {magic}, {compression} asked for {asked} bytes");
    }
}

fn claimed_counts_reserve_nothing() {
    let mut blob = batch(2, Compression::None, 1).to_vec();
    blob[57..61].copy_from_slice(&i32::MAX.to_be_bytes());
    let blob = Bytes::from(blob);
    let region = Region::new(ALLOCATOR);
    let body = batches(&blob).next().expect("a batch").expect("a head").body(LIMIT).expect("a body");
    assert_eq!(body.iter().filter(Result::is_err).count(), 1);
    assert!(region.change().bytes_allocated < 200);
}

/// A window, a block or a content size that a damaged frame claims is not believed: what is asked for is at most
/// a constant, the limit twice, and so many times the bytes that are there.
fn damaged_bodies_stay_within_the_bound() {
    for (magic, compression) in kinds() {
        let good = batch(magic, compression, 50);
        let body_at = [26, 34, 61][usize::from(magic)];
        let mut most = [0; LIMITS.len()];
        for at in body_at..good.len().min(body_at + 24) {
            for byte in 0..=255 {
                let mut blob = good.to_vec();
                blob[at] = byte;
                let blob = Bytes::from(blob);
                for (limit, most) in LIMITS.into_iter().zip(&mut most) {
                    let region = Region::new(ALLOCATOR);
                    batches(&blob).flatten().for_each(|batch| drop(batch.body(limit)));
                    *most = (*most).max(region.change().bytes_allocated);
                }
            }
        }
        for (limit, most) in LIMITS.into_iter().zip(most) {
            println!("format {magic}, {compression}, {} bytes, limit {limit}: asked for {most}", good.len());
            assert!(most < bound(limit, good.len()), "format {magic}, {compression}, limit {limit}: {most}");
        }
    }
}

/// Eleven bytes that allow blocks of 4 MiB, linked or not; of 256 checksums one makes the head good.
fn a_forged_lz4_head_costs_nothing() {
    for flags in [0x40, 0x60] {
        for checksum in 0..=255 {
            let blob = lz4_batch(&[4, 0x22, 0x4d, 0x18, flags, 0x70, checksum, 0, 0, 0, 0]);
            let region = Region::new(ALLOCATOR);
            batches(&blob).flatten().for_each(|batch| drop(batch.body(LIMIT)));
            let asked = region.change().bytes_allocated;
            assert!(asked < 200, "asked for {asked} bytes");
        }
    }
}

/// The head allows 4 MiB a block and claims 1 GiB of content; a block of ten bytes gives 2,550 at the most.
fn a_forged_lz4_block_costs_what_its_bytes_can_give() {
    let mut most = 0;
    for checksum in 0..=255 {
        let mut body =
            vec![4, 0x22, 0x4d, 0x18, 0x68, 0x70, 0, 0, 0, 0x40, 0, 0, 0, 0, checksum, 10, 0, 0, 0];
        body.extend_from_slice(&[0x1f, b'v', 1, 0, 255, 255, 255, 255, 255, 0]);
        let blob = lz4_batch(&body);
        let region = Region::new(ALLOCATOR);
        batches(&blob).flatten().for_each(|batch| drop(batch.body(usize::MAX)));
        most = most.max(region.change().bytes_allocated);
    }
    assert!((1000..3000).contains(&most), "asked for {most} bytes");
}

/// A batch whose body may be good: its checksum is not asked for.
fn lz4_batch(body: &[u8]) -> Bytes {
    let mut blob = batch(2, Compression::Lz4, 1)[..61].to_vec();
    blob.extend_from_slice(body);
    let length = i32::try_from(blob.len() - 12).expect("small");
    blob[8..12].copy_from_slice(&length.to_be_bytes());
    blob.into()
}

/// No codec keeps a window or a table for more than there is.
fn compressing_asks_for_a_few_times_the_records() {
    for (compression, size) in Compression::ALL.into_iter().flat_map(|it| [(it, 1 << 10), (it, 1 << 20)]) {
        let mut writer = BatchWriter::new(BytesMut::with_capacity(2 * size), 2 * size);
        for at in 0..size / 100 {
            let value = format!("{at:090}");
            writer.append(0, Some(b"key"), Some(value.as_bytes()), &[]).expect("room");
        }
        let region = Region::new(ALLOCATOR);
        drop(writer.seal(Stamp::NONE, compression.into()));
        let asked = region.change().bytes_allocated;
        println!("{compression} of {size} bytes asked for {asked}");
        assert!(asked < 4 * size + CODEC_BYTES, "{compression} of {size} bytes asked for {asked}");
    }
}

/// The least of some runs: the test harness allocates too, on a thread of its own.
fn iterating_allocates_nothing() {
    for magic in 0..3 {
        let blob = batch(magic, Compression::None, 1000);
        let runs = (0..10).map(|_| {
            let region = Region::new(ALLOCATOR);
            assert_eq!(iterated(&blob), 1000);
            region.change().allocations
        });
        let allocations = runs.min().expect("a run");
        // The blob's bytes become shared once.
        assert!(allocations <= 1, "format {magic}: {allocations} allocations");
    }
}

fn iterated(blob: &Bytes) -> usize {
    let mut sum = 0;
    for batch in batches(blob).flatten() {
        batch.check().expect("its checksum");
        sum += batch.body(LIMIT).expect("a body").iter().flatten().count();
    }
    sum
}

/// Every format with every codec that it has.
fn kinds() -> impl Iterator<Item = (u8, Compression)> {
    let codecs = || Compression::ALL.into_iter().skip(1);
    (0..3)
        .flat_map(move |magic| codecs().map(move |codec| (magic, codec)))
        .filter(|(magic, codec)| *magic == 2 || *codec != Compression::Zstd)
}

fn message_set(magic: u8) -> MessageSetWriter {
    if magic == 0 { MessageSetWriter::format_0() } else { MessageSetWriter::format_1() }
}

fn batch(magic: u8, compression: Compression, count: i64) -> Bytes {
    let value = |at: i64| format!("value {at}").into_bytes();
    if magic < 2 {
        let mut writer = message_set(magic);
        for at in 0..count {
            writer.append(at, Some(b"key"), Some(&value(at))).expect("room");
        }
        return writer.seal(compression.into());
    }
    let mut writer = BatchWriter::new(BytesMut::new(), 1 << 20);
    for at in 0..count {
        writer.append(at, Some(b"key"), Some(&value(at)), &[]).expect("room");
    }
    writer.seal(Stamp::NONE, compression.into())
}

/// The most that a body of so many bytes may ask for.
fn bound(limit: usize, present: usize) -> usize {
    CODEC_BYTES + 2 * limit + 256 * present
}

/// What a codec needs for itself, whatever it reads or writes.
const CODEC_BYTES: usize = 512 * 1024;

const LIMIT: usize = 1024 * 1024;
const LIMITS: [usize; 3] = [1024, LIMIT, 64 * LIMIT];
