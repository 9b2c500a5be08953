//! What the heads of zstd frames and of their blocks say about size, by RFC 8878.

/// How large frames become. Where every frame says it, both are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// They do not become larger.
    pub(super) most: usize,
    /// What they become, most likely.
    pub(super) guess: usize,
}

/// Of all frames; `None` where they are broken or others than zstd's.
pub(super) fn size(mut packed: &[u8]) -> Option<Size> {
    let mut sum = Size::default();
    while !packed.is_empty() {
        let frame = take_frame(&mut packed)?;
        sum.most = sum.most.checked_add(frame.most)?;
        sum.guess = sum.guess.checked_add(frame.guess)?;
    }
    Some(sum)
}

fn take_frame(packed: &mut &[u8]) -> Option<Size> {
    let magic = take_number(packed, 4)? as u32;
    if magic & !0xf == SKIPPABLE {
        let size = take_number(packed, 4)?;
        take(packed, usize::try_from(size).ok()?)?;
        return Some(Size::default());
    }
    if magic != MAGIC {
        return None;
    }
    let descriptor = take_number(packed, 1)? as usize;
    let claimed = take_content_size(packed, descriptor)?;
    let blocks = take_blocks(packed)?;
    if descriptor & CHECKSUM != 0 {
        take(packed, 4)?;
    }
    match claimed.map(usize::try_from) {
        None => Some(blocks),
        // More than the blocks can give is a lie.
        Some(claimed) => claimed.ok().filter(|it| *it <= blocks.most).map(|it| Size { most: it, guess: it }),
    }
}

/// What follows the descriptor: a window, a dictionary's id and the content's size, each where it is announced.
fn take_content_size(packed: &mut &[u8], descriptor: usize) -> Option<Option<u64>> {
    let single_segment = descriptor & SINGLE_SEGMENT != 0;
    take(packed, usize::from(!single_segment))?;
    take(packed, [0, 1, 2, 4][descriptor & 3])?;
    match descriptor >> 6 {
        0 if !single_segment => Some(None),
        0 => take_number(packed, 1).map(Some),
        1 => take_number(packed, 2).map(|size| Some(size + 256)),
        2 => take_number(packed, 4).map(Some),
        _ => take_number(packed, 8).map(Some),
    }
}

fn take_blocks(packed: &mut &[u8]) -> Option<Size> {
    let mut sum = Size::default();
    loop {
        let head = take_number(packed, 3)? as usize;
        let size = head >> 3;
        let (present, most, guess) = match head >> 1 & 3 {
            _ if size > BLOCK_BYTES_MAX => return None,
            0 => (size, size, size),
            1 => (1, size, size),
            2 => (size, BLOCK_BYTES_MAX, BLOCK_BYTES_MAX.min(size.saturating_mul(EXPANSION_GUESS))),
            _ => return None,
        };
        take(packed, present)?;
        sum.most = sum.most.checked_add(most)?;
        sum.guess = sum.guess.checked_add(guess)?;
        if head & 1 != 0 {
            return Some(sum);
        }
    }
}

fn take_number(packed: &mut &[u8], size: usize) -> Option<u64> {
    take(packed, size).map(|bytes| bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

fn take<'a>(packed: &mut &'a [u8], size: usize) -> Option<&'a [u8]> {
    let (taken, rest) = packed.split_at_checked(size)?;
    *packed = rest;
    Some(taken)
}

const MAGIC: u32 = 0xfd2f_b528;
/// The lowest of sixteen.
const SKIPPABLE: u32 = 0x184d_2a50;

const SINGLE_SEGMENT: usize = 0x20;
const CHECKSUM: usize = 0x04;

const BLOCK_BYTES_MAX: usize = 128 * 1024;

/// Blocks of records seldom shrink further.
const EXPANSION_GUESS: usize = 16;

#[cfg(test)]
mod tests {
    use structured_zstd::encoding::{CompressionLevel, FrameCompressor};

    use super::*;

    #[test]
    fn a_frame_says_its_size_or_its_blocks_bound_it() {
        for bytes in [0, 1, 255, 256, 65_791, 65_792, 200_000] {
            let said = frame(bytes, true);
            assert_eq!(size(&said), Some(Size { most: bytes, guess: bytes }), "{bytes}");
            let unsaid = size(&frame(bytes, false)).expect("a frame");
            assert!(bytes <= unsaid.most && unsaid.most <= (bytes / BLOCK_BYTES_MAX + 8) * BLOCK_BYTES_MAX);
        }
    }

    #[test]
    fn frames_add_up_and_skippable_ones_are_nothing() {
        let skipped = [0x5f, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 1];
        let frames = [&frame(1000, true)[..], &skipped, &frame(500, true)].concat();
        assert_eq!(size(&frames), Some(Size { most: 1500, guess: 1500 }));
        for cut in (1..10).chain([frames.len() - 1]) {
            assert_eq!(size(&frames[..cut]), None, "{cut}");
        }
    }

    #[test]
    fn a_size_beyond_the_blocks_is_a_lie() {
        // One segment of 128 KiB and a byte, in one block of one repeated byte.
        let lie = [0x28, 0xb5, 0x2f, 0xfd, 0xa0, 1, 0, 2, 0, 3, 0, 0x10, 7];
        assert_eq!(size(&lie), None);
    }

    fn frame(bytes: usize, says_its_size: bool) -> Vec<u8> {
        let text: Vec<u8> = (0..bytes).map(|at| ((at * at) >> 5) as u8 & 0x3f).collect();
        let mut compressor: FrameCompressor = FrameCompressor::new(CompressionLevel::Level(3));
        compressor.set_content_size_flag(says_its_size);
        compressor.compress_independent_frame(&text)
    }
}
