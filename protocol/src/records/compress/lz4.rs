//! lz4 in its frame format, in independent blocks of 64 KiB as Java writes them.

use std::io::Write;

use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};

use crate::records::corrupt::Why;

pub(super) fn compress(records: &[u8], out: &mut Vec<u8>) {
    let info = FrameInfo::new().block_size(BlockSize::Max64KB).block_mode(BlockMode::Independent);
    let mut encoder = FrameEncoder::with_frame_info(info, out);
    // A Vec takes whatever is written.
    let _ = encoder.write_all(records);
    let _ = encoder.finish();
}

/// One frame; what follows it is ignored, as in Java.
pub(super) fn decompress(packed: &[u8], limit: usize) -> Result<Vec<u8>, Why> {
    let mut out = Vec::new();
    super::read_capped(&mut FrameDecoder::new(packed), limit, &mut out, "its lz4 frame is broken")?;
    Ok(out)
}
