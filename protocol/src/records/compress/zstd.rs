//! zstd through structured-zstd, kept behind these two functions.

use structured_zstd::decoding::FrameDecoder;
use structured_zstd::decoding::errors::{
    DecodeBlockContentError, DecodeBufferError, DecompressBlockError, ExecuteSequencesError,
    FrameDecoderError,
};
use structured_zstd::encoding::{CompressionLevel, compress_slice_to_vec};

use crate::records::corrupt::Why;

pub(super) fn compress(records: &[u8], level: Option<i32>, out: &mut Vec<u8>) {
    let level = level.unwrap_or(LEVEL_DEFAULT).clamp(LEVEL_MIN, LEVEL_MAX);
    out.extend_from_slice(&compress_slice_to_vec(records, CompressionLevel::Level(level)));
}

/// Whole frames only. The room grows until the frames fit, so that a lying size costs nothing.
pub(super) fn decompress(packed: &[u8], limit: usize) -> Result<Vec<u8>, Why> {
    let limit = limit.min(packed.len().saturating_mul(EXPANSION_MAX));
    let mut room = packed.len().saturating_mul(ROOM_FIRST).clamp(ROOM_MIN, ROOM_FIRST_MAX).min(limit.max(1));
    let mut decoder = FrameDecoder::new();
    loop {
        let mut out = vec![0; room];
        match decoder.decode_all(packed, &mut out) {
            Ok(size) if size > limit => return Err(Why::Larger { limit }),
            Ok(size) => {
                out.truncate(size);
                return Ok(out);
            }
            Err(error) if !is_too_small(&error) => return Err(Why::Rule("its zstd frame is broken")),
            Err(_) if room < limit => room = room.saturating_mul(4).min(limit),
            Err(_) => return Err(Why::Larger { limit }),
        }
    }
}

/// The decoder says in two ways that the room ran out: between blocks and within one.
fn is_too_small(error: &FrameDecoderError) -> bool {
    match error {
        FrameDecoderError::TargetTooSmall => true,
        FrameDecoderError::FailedToReadBlockBody(DecodeBlockContentError::DecompressBlockError(
            DecompressBlockError::ExecuteSequencesError(inner),
        )) => matches!(
            inner,
            ExecuteSequencesError::OutputBufferOverflow { .. }
                | ExecuteSequencesError::DecodebufferError(DecodeBufferError::OutputBufferOverflow { .. })
        ),
        _ => false,
    }
}

/// Java's own default.
const LEVEL_DEFAULT: i32 = 3;
const LEVEL_MIN: i32 = -7;
const LEVEL_MAX: i32 = 22;

/// A block of 128 KiB takes four bytes at the least.
const EXPANSION_MAX: usize = 128 * 1024 / 4;

/// Text shrinks to a fifth or so: the first guess mostly fits.
const ROOM_FIRST: usize = 8;
const ROOM_MIN: usize = 4 * 1024;
const ROOM_FIRST_MAX: usize = 64 * 1024 * 1024;
