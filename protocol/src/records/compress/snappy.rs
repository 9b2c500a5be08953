//! snappy in xerial's framing: what Java writes; a raw block is read too.

use snap::raw::{Decoder, Encoder, decompress_len, max_compress_len};

use crate::records::corrupt::Why;

pub(super) fn compress(records: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSIONS);
    let mut encoder = Encoder::new();
    for block in records.chunks(BLOCK_BYTES) {
        let size_at = out.len();
        let start = size_at + 4;
        out.resize(start + max_compress_len(block.len()), 0);
        // The room is the most that the block can take.
        let size = encoder.compress(block, &mut out[start..]).unwrap_or(0);
        out[size_at..start].copy_from_slice(&(size as u32).to_be_bytes());
        out.truncate(start + size);
    }
}

/// Streams may stand one after the other, each with its own header.
pub(super) fn decompress(mut packed: &[u8], limit: usize) -> Result<Vec<u8>, Why> {
    let mut out = Vec::new();
    if !packed.starts_with(MAGIC) {
        append(packed, limit, &mut out)?;
        return Ok(out);
    }
    while !packed.is_empty() {
        if packed.starts_with(MAGIC) {
            packed = packed.get(MAGIC.len() + VERSIONS.len()..).ok_or(BROKEN)?;
            continue;
        }
        let (size, rest) = packed.split_first_chunk::<4>().ok_or(BROKEN)?;
        let (block, rest) = rest.split_at_checked(u32::from_be_bytes(*size) as usize).ok_or(BROKEN)?;
        append(block, limit, &mut out)?;
        packed = rest;
    }
    Ok(out)
}

fn append(block: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Why> {
    let size = decompress_len(block).map_err(|_| BROKEN)?;
    // snappy's best is a copy of 64 bytes in three, so a longer claim is a lie.
    if size > block.len().saturating_mul(EXPANSION_MAX) {
        return Err(BROKEN);
    }
    let start = out.len();
    if size > limit - start {
        return Err(Why::Larger { limit });
    }
    out.resize(start + size, 0);
    Decoder::new().decompress(block, &mut out[start..]).map_err(|_| BROKEN)?;
    Ok(())
}

const MAGIC: &[u8] = b"\x82SNAPPY\0";

/// Version 1, compatible with 1.
const VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];

/// What Java's stream compresses at a time.
const BLOCK_BYTES: usize = 32 * 1024;

const EXPANSION_MAX: usize = 64;

const BROKEN: Why = Why::Rule("its snappy stream is broken");
