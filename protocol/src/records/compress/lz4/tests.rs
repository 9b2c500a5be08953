//! Our frames against lz4_flex's, and what a head may claim.

use std::io::Write;

use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};

use super::*;

const LIMIT: usize = 16 << 20;

fn text(size: usize) -> Vec<u8> {
    (0..).flat_map(|at: u32| format!("order {at} of {}, ", at % 97).into_bytes()).take(size).collect()
}

fn noise(size: usize) -> Vec<u8> {
    let mut state = 1u32;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(size)
    .collect()
}

fn theirs(info: FrameInfo, content: &[u8]) -> Vec<u8> {
    let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn ours(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    compress(content, HeadChecksum::Flags, &mut out);
    out
}

#[test]
fn what_we_write_lz4_flex_reads_and_so_do_we() {
    for size in [0, 1, 12, 13, 1000, 65_534, 65_535, 65_536, 65_537, 300_000] {
        for content in [text(size), noise(size), vec![0; size]] {
            let frame = ours(&content);
            let mut read = Vec::new();
            std::io::Read::read_to_end(&mut FrameDecoder::new(&frame[..]), &mut read).unwrap();
            assert_eq!(read, content, "{size}");
            assert_eq!(decompress(&frame, HeadChecksum::Flags, LIMIT), Ok(content), "{size}");
        }
    }
}

#[test]
fn every_kind_of_frame_is_read() {
    let sizes = [BlockSize::Max64KB, BlockSize::Max256KB, BlockSize::Max1MB, BlockSize::Max4MB];
    let mut content = text(200_000);
    content.extend_from_slice(&noise(100_000));
    content.extend_from_slice(&text(300_000));
    for block_size in sizes {
        for mode in [BlockMode::Independent, BlockMode::Linked] {
            for bits in 0..8 {
                let info = FrameInfo::new()
                    .block_size(block_size)
                    .block_mode(mode)
                    .block_checksums(bits & 1 != 0)
                    .content_checksum(bits & 2 != 0)
                    .content_size((bits & 4 != 0).then_some(content.len() as u64));
                let frame = theirs(info, &content);
                let read = decompress(&frame, HeadChecksum::Flags, LIMIT).unwrap();
                assert!(read == content, "{block_size:?} {mode:?} {bits}");
            }
        }
    }
}

#[test]
fn a_checksum_or_a_size_that_is_wrong_is_refused() {
    let content = text(60_000);
    let kinds = [
        // Behind the checksum of the only block stands the end, four zeros.
        (FrameInfo::new().block_checksums(true), 5),
        (FrameInfo::new().content_checksum(true), 1),
    ];
    for (info, from_end) in kinds {
        let mut frame = theirs(info, &content);
        assert!(decompress(&frame, HeadChecksum::Flags, LIMIT).is_ok());
        let at = frame.len() - from_end;
        frame[at] ^= 1;
        assert_eq!(decompress(&frame, HeadChecksum::Flags, LIMIT), Err(BROKEN));
    }
    let mut frame = theirs(FrameInfo::new().content_size(Some(60_000)), &content);
    assert!(decompress(&frame, HeadChecksum::Flags, LIMIT).is_ok());
    frame[6] ^= 1;
    frame[14] = head_checksum(&frame[4..14]);
    assert_eq!(decompress(&frame, HeadChecksum::Flags, LIMIT), Err(BROKEN));
}

#[test]
fn format_0_has_a_head_checksum_over_the_magic_too_and_reads_both() {
    let content = text(100);
    let mut old = Vec::new();
    compress(&content, HeadChecksum::MagicToo, &mut old);
    assert_eq!((old[6], ours(&content)[6]), (0x1a, 0x82));
    assert_eq!(decompress(&old, HeadChecksum::Flags, LIMIT), Err(BROKEN));
    for frame in [old, ours(&content)] {
        assert_eq!(decompress(&frame, HeadChecksum::MagicToo, LIMIT), Ok(content.clone()));
    }
}

#[test]
fn a_head_that_java_refuses_is_refused() {
    let good = ours(b"content");
    let head = |flags: u8, block_size: u8| {
        let mut frame = good.clone();
        (frame[4], frame[5]) = (flags, block_size);
        frame[6] = head_checksum(&frame[4..6]);
        decompress(&frame, HeadChecksum::Flags, LIMIT).is_ok()
    };
    assert!(head(0x60, 0x40) && head(0x60, 0x70));
    for (flags, block_size) in
        [(0x20, 0x40), (0xa0, 0x40), (0x62, 0x40), (0x61, 0x40), (0x60, 0x30), (0x60, 0xc0), (0x60, 0x41)]
    {
        assert!(!head(flags, block_size), "{flags:#x} {block_size:#x}");
    }
    let mut skippable = vec![0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0];
    skippable.extend_from_slice(&good);
    assert_eq!(decompress(&skippable, HeadChecksum::Flags, LIMIT), Err(BROKEN));
}

#[test]
fn a_frame_that_ends_early_is_refused_and_what_follows_one_is_not_read() {
    let content = text(70_000);
    let mut frame = ours(&content);
    for end in (0..frame.len()).step_by(97).chain(frame.len() - 5..frame.len()) {
        assert_eq!(decompress(&frame[..end], HeadChecksum::Flags, LIMIT), Err(BROKEN), "{end}");
    }
    frame.extend_from_slice(b"more");
    assert_eq!(decompress(&frame, HeadChecksum::Flags, LIMIT), Ok(content));
}

#[test]
fn the_limit_is_exact() {
    for content in [text(70_000), noise(70_000)] {
        let frame = ours(&content);
        assert!(decompress(&frame, HeadChecksum::Flags, 70_000).is_ok());
        for limit in [0, 1, 65_536, 69_999] {
            assert_eq!(decompress(&frame, HeadChecksum::Flags, limit), Err(Why::Larger { limit }), "{limit}");
        }
    }
}

#[test]
fn a_block_may_not_be_larger_than_the_head_allows() {
    let mut frame = theirs(FrameInfo::new().block_size(BlockSize::Max256KB), &text(200_000));
    assert!(decompress(&frame, HeadChecksum::Flags, LIMIT).is_ok());
    frame[5] = 0x40;
    frame[6] = head_checksum(&frame[4..6]);
    assert_eq!(decompress(&frame, HeadChecksum::Flags, LIMIT), Err(BROKEN));
}
