//! zstd through structured-zstd, kept behind these two functions.

use structured_zstd::decoding::FrameDecoder;
use structured_zstd::decoding::errors::{
    DecodeBlockContentError, DecodeBufferError, DecompressBlockError, ExecuteSequencesError,
    FrameDecoderError,
};
use structured_zstd::encoding::{CompressionLevel, compress_slice_to_vec};

use crate::records::corrupt::Why;

mod frames;

pub(super) fn compress(records: &[u8], level: Option<i32>, out: &mut Vec<u8>) {
    let level = level.unwrap_or(LEVEL_DEFAULT).clamp(LEVEL_MIN, LEVEL_MAX);
    out.extend_from_slice(&compress_slice_to_vec(records, CompressionLevel::Level(level)));
}

/// Whole frames only. The room is never more than their blocks can give, whatever size is claimed.
pub(super) fn decompress(packed: &[u8], limit: usize) -> Result<Vec<u8>, Why> {
    let size = frames::size(packed).ok_or(BROKEN)?;
    let most = size.most.min(limit);
    let mut room = size.guess.min(most);
    loop {
        let mut out = vec![0; room];
        match FrameDecoder::new().decode_all(packed, &mut out) {
            Ok(written) => {
                out.truncate(written);
                return Ok(out);
            }
            Err(error) if !is_too_small(&error) => return Err(BROKEN),
            Err(_) if room < most => room = most,
            Err(_) if limit < size.most => return Err(Why::Larger { limit }),
            Err(_) => return Err(BROKEN),
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

const BROKEN: Why = Why::Rule("its zstd frame is broken");
