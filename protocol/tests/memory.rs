//! What hostile records may ask of memory: alone in its binary, since it counts every allocation.

use std::alloc::System;

use bytes::{Bytes, BytesMut};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use upsert_kafka_protocol::records::{BatchWriter, Compression, Stamp, batches};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn neither_counts_nor_bombs_reserve_memory() {
    bombs_stop_at_the_limit();
    claimed_counts_reserve_nothing();
    damaged_bodies_stay_within_the_limit();
    a_forged_lz4_head_costs_two_blocks();
    iterating_allocates_nothing();
}

/// 16 MiB of zeros pack into little; whoever allows 1 MiB pays for about that.
fn bombs_stop_at_the_limit() {
    let zeros = vec![0; 16 * LIMIT];
    for compression in Compression::ALL.into_iter().skip(1) {
        let mut writer = BatchWriter::new(BytesMut::new(), 0);
        writer.append(0, None, Some(&zeros), &[]).expect("a first record always fits");
        let blob = writer.seal(Stamp::NONE, compression.into());
        let batch = batches(&blob).next().expect("a batch").expect("a good batch");
        let region = Region::new(ALLOCATOR);
        let error = batch.body(LIMIT).expect_err("too large").to_string();
        assert!(error.ends_with("larger than the limit of 1048576 bytes"), "{compression}: {error}");
        let asked = region.change().bytes_allocated;
        assert!(asked < 3 * LIMIT, "{compression} asked for {asked} bytes");
    }
}

fn claimed_counts_reserve_nothing() {
    let mut blob = batch(Compression::None, 1).to_vec();
    blob[57..61].copy_from_slice(&i32::MAX.to_be_bytes());
    let blob = Bytes::from(blob);
    let region = Region::new(ALLOCATOR);
    let body = batches(&blob).next().expect("a batch").expect("a head").body(LIMIT).expect("a body");
    assert_eq!(body.iter().filter(Result::is_err).count(), 1);
    assert!(region.change().bytes_allocated < 200);
}

/// A window, a block or a content size that a damaged frame claims is not believed.
fn damaged_bodies_stay_within_the_limit() {
    for compression in Compression::ALL.into_iter().skip(1) {
        let good = batch(compression, 50);
        for at in 61..good.len().min(61 + 24) {
            for byte in 0..=255 {
                let mut blob = good.to_vec();
                blob[at] = byte;
                let blob = Bytes::from(blob);
                let region = Region::new(ALLOCATOR);
                batches(&blob).flatten().for_each(|batch| drop(batch.body(LIMIT)));
                let asked = region.change().bytes_allocated;
                assert!(asked < 2 * LIMIT, "{compression}, byte {at} = {byte:#x}: asked for {asked} bytes");
            }
        }
    }
}

/// lz4_flex reserves, untouched, what a head claims for a block: 4 MiB in each buffer, twice that and 64 KiB
/// where blocks are linked. Of 256 checksums one makes the head good.
fn a_forged_lz4_head_costs_two_blocks() {
    let mut most = 0;
    for flags in [0x40, 0x60] {
        for checksum in 0..=255 {
            let mut blob = batch(Compression::Lz4, 1)[..61].to_vec();
            blob.extend_from_slice(&[4, 0x22, 0x4d, 0x18, flags, 0x70, checksum, 0, 0, 0, 0]);
            let length = (blob.len() - 12) as i32;
            blob[8..12].copy_from_slice(&length.to_be_bytes());
            let blob = Bytes::from(blob);
            let region = Region::new(ALLOCATOR);
            batches(&blob).flatten().for_each(|batch| drop(batch.body(LIMIT)));
            most = most.max(region.change().bytes_allocated);
        }
    }
    assert!((8 * LIMIT..13 * LIMIT).contains(&most), "asked for {most} bytes");
}

fn iterating_allocates_nothing() {
    let blob = batch(Compression::None, 1000);
    let region = Region::new(ALLOCATOR);
    let mut sum = 0;
    for batch in batches(&blob).flatten() {
        batch.check().expect("its checksum");
        sum += batch.body(LIMIT).expect("a body").iter().flatten().count();
    }
    let allocations = region.change().allocations;
    assert_eq!(sum, 1000);
    // The blob's bytes become shared once.
    assert!(allocations <= 1, "{allocations} allocations");
}

fn batch(compression: Compression, count: i64) -> Bytes {
    let mut writer = BatchWriter::new(BytesMut::new(), 1 << 20);
    for at in 0..count {
        writer.append(at, Some(b"key"), Some(format!("value {at}").as_bytes()), &[]).expect("room");
    }
    writer.seal(Stamp::NONE, compression.into())
}

const LIMIT: usize = 1024 * 1024;
