//! lz4 in its frame format: written as Java does, in independent blocks of 64 KiB without checksums.

use lz4_flex::block::{
    CompressTable, DecompressError, compress_into_with_table, decompress_into, decompress_into_with_dict,
    get_maximum_output_size,
};
use twox_hash::XxHash32;

use crate::records::corrupt::Why;

/// What the checksum of a frame's head covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeadChecksum {
    /// The flags and what they announce, as lz4's specification says.
    Flags,
    /// The magic number too: so Kafka wrote message format 0. There it is not compared, as in Java.
    MagicToo,
}

impl HeadChecksum {
    /// What a batch of the format `magic` has.
    pub(super) fn of(magic: i8) -> Self {
        if magic == 0 { Self::MagicToo } else { Self::Flags }
    }
}

pub(super) fn compress(records: &[u8], checksum: HeadChecksum, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&WRITTEN_FLAGS);
    let covered = if checksum == HeadChecksum::Flags { start + MAGIC.len() } else { start };
    out.push(head_checksum(&out[covered..]));
    let mut table = CompressTable::large();
    for block in records.chunks(WRITTEN_BLOCK_BYTES) {
        write_block(block, &mut table, out);
    }
    out.extend_from_slice(&END.to_le_bytes());
}

fn write_block(block: &[u8], table: &mut CompressTable, out: &mut Vec<u8>) {
    let head = out.len();
    let body = head + 4;
    out.resize(body + get_maximum_output_size(block.len()), 0);
    // The room is the most that the block can take; were it not, the block would lie there as it is.
    let size = compress_into_with_table(block, &mut out[body..], table).unwrap_or(block.len());
    let word = if size < block.len() {
        out.truncate(body + size);
        size as u32
    } else {
        out.truncate(body);
        out.extend_from_slice(block);
        block.len() as u32 | AS_IT_IS
    };
    out[head..body].copy_from_slice(&word.to_le_bytes());
}

/// One frame; what follows it is ignored, as in Java. Blocks may be linked, which Java refuses. A content size
/// and a content checksum are compared, which Java ignores. Skippable frames and dictionaries are refused.
pub(super) fn decompress(mut packed: &[u8], checksum: HeadChecksum, limit: usize) -> Result<Vec<u8>, Why> {
    let head = Head::take(&mut packed, checksum).ok_or(BROKEN)?;
    let mut out = Vec::with_capacity(head.guess(packed).min(limit));
    loop {
        let word = u32::from_le_bytes(*take(&mut packed).ok_or(BROKEN)?);
        let size = (word & !AS_IT_IS) as usize;
        if size == 0 {
            break;
        }
        if size > head.block_bytes_max {
            return Err(BROKEN);
        }
        let (block, rest) = packed.split_at_checked(size).ok_or(BROKEN)?;
        packed = rest;
        if head.has(BLOCK_CHECKSUMS) {
            check(block, &mut packed)?;
        }
        if word & AS_IT_IS != 0 {
            append(block, limit, &mut out)?;
        } else {
            head.unpack(block, limit, &mut out)?;
        }
    }
    if head.has(CONTENT_CHECKSUM) {
        check(&out, &mut packed)?;
    }
    match head.content_bytes {
        Some(claimed) if claimed != out.len() as u64 => Err(BROKEN),
        _ => Ok(out),
    }
}

/// What leads a frame.
struct Head {
    flags: u8,
    block_bytes_max: usize,
    content_bytes: Option<u64>,
}

impl Head {
    fn take(packed: &mut &[u8], checksum: HeadChecksum) -> Option<Self> {
        if *take(packed)? != MAGIC {
            return None;
        }
        let covered = *packed;
        let [flags, block_size] = *take(packed)?;
        if flags & (VERSION_BITS | RESERVED | DICTIONARY) != VERSION_1 || block_size & !BLOCK_SIZE_BITS != 0 {
            return None;
        }
        let block_bytes_max = match block_size >> 4 {
            4 => 64 << 10,
            5 => 256 << 10,
            6 => 1 << 20,
            7 => 4 << 20,
            _ => return None,
        };
        let content_bytes = match flags & CONTENT_SIZE {
            0 => None,
            _ => Some(u64::from_le_bytes(*take(packed)?)),
        };
        let covered = &covered[..covered.len() - packed.len()];
        let [stored] = *take(packed)?;
        (checksum == HeadChecksum::MagicToo || stored == head_checksum(covered)).then_some(Self {
            flags,
            block_bytes_max,
            content_bytes,
        })
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// What the blocks come to where each fits its first room: asked for once, for growing copies.
    fn guess(&self, mut blocks: &[u8]) -> usize {
        let behind = if self.has(BLOCK_CHECKSUMS) { 4 } else { 0 };
        let mut bytes = 0;
        while let Some(word) = take(&mut blocks) {
            let size = (u32::from_le_bytes(*word) & !AS_IT_IS) as usize;
            let Some(rest) = blocks.get(size + behind..).filter(|_| size > 0) else { break };
            bytes += self.block_bytes_max.min(size * ROOM_FIRST);
            blocks = rest;
        }
        bytes
    }

    /// The room for a block is never more than its bytes can give, whatever the head allows; most blocks fit a
    /// part of that, and what is not asked for need not be zeroed.
    fn unpack(&self, block: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Why> {
        let start = out.len();
        let most = self.block_bytes_max.min(block.len().saturating_mul(EXPANSION_MAX));
        let mut room = most.min(block.len() * ROOM_FIRST).min(limit - start);
        loop {
            out.resize(start + room, 0);
            match self.unpack_into(block, start, out) {
                Ok(size) => {
                    out.truncate(start + size);
                    return Ok(());
                }
                Err(DecompressError::OutputTooSmall { .. }) if room < most.min(limit - start) => {
                    room = most.min(limit - start);
                }
                Err(DecompressError::OutputTooSmall { .. }) if room < most => {
                    return Err(Why::Larger { limit });
                }
                Err(_) => return Err(BROKEN),
            }
        }
    }

    fn unpack_into(&self, block: &[u8], start: usize, out: &mut [u8]) -> Result<usize, DecompressError> {
        let (before, place) = out.split_at_mut(start);
        if self.has(INDEPENDENT) || before.is_empty() {
            decompress_into(block, place)
        } else {
            decompress_into_with_dict(block, place, &before[start.saturating_sub(WINDOW_BYTES)..])
        }
    }
}

fn append(block: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Why> {
    if block.len() > limit - out.len() {
        return Err(Why::Larger { limit });
    }
    out.extend_from_slice(block);
    Ok(())
}

fn check(covered: &[u8], packed: &mut &[u8]) -> Result<(), Why> {
    let stored = u32::from_le_bytes(*take(packed).ok_or(BROKEN)?);
    if stored == XxHash32::oneshot(0, covered) { Ok(()) } else { Err(BROKEN) }
}

fn head_checksum(covered: &[u8]) -> u8 {
    XxHash32::oneshot(0, covered).to_le_bytes()[1]
}

fn take<'a, const N: usize>(packed: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, rest) = packed.split_first_chunk()?;
    *packed = rest;
    Some(taken)
}

const MAGIC: [u8; 4] = 0x184d_2204u32.to_le_bytes();

/// Version 1 in independent blocks, of 64 KiB.
const WRITTEN_FLAGS: [u8; 2] = [VERSION_1 | INDEPENDENT, 4 << 4];
const WRITTEN_BLOCK_BYTES: usize = 64 * 1024;

const VERSION_BITS: u8 = 0xc0;
const VERSION_1: u8 = 0x40;
const INDEPENDENT: u8 = 0x20;
const BLOCK_CHECKSUMS: u8 = 0x10;
const CONTENT_SIZE: u8 = 0x08;
const CONTENT_CHECKSUM: u8 = 0x04;
const RESERVED: u8 = 0x02;
const DICTIONARY: u8 = 0x01;
const BLOCK_SIZE_BITS: u8 = 0x70;

/// In a block's size: it is not compressed.
const AS_IT_IS: u32 = 1 << 31;
/// A block's size that ends the frame.
const END: u32 = 0;

/// How far back a linked block may reach.
const WINDOW_BYTES: usize = 64 * 1024;

/// A match's length grows by 255 with each byte.
const EXPANSION_MAX: usize = 255;

/// Records seldom shrink to less than an eighth.
const ROOM_FIRST: usize = 8;

const BROKEN: Why = Why::Rule("its lz4 frame is broken");

#[cfg(test)]
mod tests;
